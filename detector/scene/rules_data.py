"""Rules as data: reading them from TOML, checking them, and choosing those in force on a day."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime
from importlib.resources import files
from typing import TypeGuard

from detector.detections import UNNAMED
from detector.errors import BadRule
from detector.scene import company
from detector.scene import conditions as more
from detector.scene.conditions import Conditions
from detector.scene.model import Rule, ZoneKind

_NAMES = {field.name for field in fields(Rule)} - {"company"}
_WHOLE = {"version", "pictures", "passes", "looks_per_pass"}
_TEXTS = {"code", "type"}
_LISTS = {"labels", "zone_kinds"}


@dataclass(frozen=True, slots=True)
class DatedRule:
    """A rule and the days on which it is in force: from ``valid_from`` to ``valid_to``, both included."""

    rule: Rule
    valid_from: date
    valid_to: date | None = None
    conditions: Conditions = field(default_factory=Conditions)

    def in_force(self, on: date) -> bool:
        """Whether a day is one of its days."""
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)


def default_rules(known_labels: Collection[str], on: date) -> tuple[Rule, ...]:
    """The shipped rules in force on a day. Raises BadRule."""
    return in_force(parse(shipped(), known_labels), on)


def shipped() -> str:
    """The text of the shipped rules."""
    return files(__package__).joinpath("rules.toml").read_text("utf-8")


def in_force(rules: Sequence[DatedRule], on: date) -> tuple[Rule, ...]:
    """The rules in force on a day, in their order."""
    return tuple(r.rule for r in rules if r.in_force(on))


def parse(text: str, known_labels: Collection[str] | None) -> tuple[DatedRule, ...]:
    """Checked rules from TOML text: ``[[rule]]`` tables, and before them ``persons``, the labels that are persons.
    known_labels: what the models can see; None leaves the labels unchecked.

    Raises BadRule.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadRule(f"rules are no TOML: {error}; mend that line") from error
    rules, persons = tables.get("rule", []), tables.get("persons", [])
    listed = isinstance(rules, list) and all(isinstance(r, dict) for r in rules)
    if set(tables) - {"rule", "persons"} or not listed:
        raise BadRule("rules hold something besides persons and [[rule]] tables; keep only those")
    if not isinstance(persons, list) or not all(isinstance(one, str) and one for one in persons):
        raise BadRule(f'persons is {persons!r}; give the labels that are persons, as in ["person"]')
    dated = tuple(_dated(table, known_labels, persons) for table in rules)
    _check_validity(dated)
    return dated


def _check_validity(dated: Sequence[DatedRule]) -> None:
    for i, one in enumerate(dated):
        name = f"rule {one.rule.code!r}"
        if one.valid_to is not None and one.valid_to < one.valid_from:
            raise BadRule(f"{name} ends on {one.valid_to}, before it begins; mend its dates")
        for other in dated[:i]:
            if other.rule.code != one.rule.code:
                continue
            if other.rule.version == one.rule.version:
                raise BadRule(f"{name} has version {one.rule.version} twice; count the version up")
            if one.valid_from <= (other.valid_to or date.max) and other.valid_from <= (
                one.valid_to or date.max
            ):
                raise BadRule(f"{name} has two versions in force at once; give the older one a valid_to")


def _dated(
    table: Mapping[str, object], known_labels: Collection[str] | None, persons: Sequence[str]
) -> DatedRule:
    values = dict(table)
    valid_from, valid_to = values.pop("valid_from", None), values.pop("valid_to", None)
    extra = {part: values.pop(part) for part in more.PARTS if part in values}
    beside = {part: values.pop(part) for part in company.PARTS if part in values}
    rule = from_dict(values, known_labels)
    asked = company.read(f"rule {rule.code!r}", rule.labels, beside, persons, known_labels)
    rule, conditions = more.read(replace(rule, company=asked), extra)
    if not _is_day(valid_from) or not (valid_to is None or _is_day(valid_to)):
        raise BadRule(
            f"rule {rule.code!r}: valid_from {valid_from!r} to {valid_to!r} are no days; give YYYY-MM-DD"
        )
    return DatedRule(rule, valid_from, valid_to, conditions)


def _is_day(value: object) -> TypeGuard[date]:
    return isinstance(value, date) and not isinstance(value, datetime)


def from_dict(data: Mapping[str, object], known_labels: Collection[str] | None) -> Rule:
    """One checked rule from plain values. Raises BadRule."""
    name = f"rule {data.get('code')!r}"
    if unknown := sorted(set(data) - _NAMES):
        known = ", ".join(sorted(_NAMES | set(company.PARTS)))
        raise BadRule(f"{name} has unknown parts {', '.join(unknown)}; known are {known}")
    if missing := sorted({"code", "version", "type", "labels", "zone_kinds"} - set(data)):
        raise BadRule(f"{name} lacks {', '.join(missing)}; add them")
    values = {key: _value(name, key, value) for key, value in data.items()}
    return checked(Rule(**values), known_labels)  # type: ignore[arg-type]


def _value(name: str, key: str, value: object) -> object:
    if key in _TEXTS and isinstance(value, str):
        return value
    if key in _LISTS and isinstance(value, list) and all(isinstance(item, str) for item in value):
        if key == "labels":
            return tuple(value)
        if strange := [item for item in value if item not in set(ZoneKind)]:
            raise BadRule(f"{name}: zone kind {strange[0]!r} is unknown; known are {', '.join(ZoneKind)}")
        return tuple(ZoneKind(item) for item in value)
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if number and key in _WHOLE and isinstance(value, int):
        return value
    if number and key not in _TEXTS | _LISTS | _WHOLE and isinstance(value, (int, float)):
        return float(value)
    raise BadRule(f"{name}: {key} is {value!r}; give {_kind_of(key)}")


def _kind_of(key: str) -> str:
    if key in _TEXTS:
        return "text"
    return "a list of texts" if key in _LISTS else "a whole number" if key in _WHOLE else "a number"


def checked(rule: Rule, known_labels: Collection[str] | None = None) -> Rule:
    """The rule itself. known_labels: None leaves the labels unchecked. Raises BadRule, in one line."""
    name = f"rule {rule.code!r}"
    seen = (*(known_labels or ()), UNNAMED)
    strange = [label for label in rule.labels if known_labels is not None and label not in seen]
    if strange:
        raise BadRule(
            f"{name}: no model sees {strange[0]!r}; known labels are {', '.join(sorted(known_labels or ()))}"
        )
    judged = {ZoneKind.PAVEMENT, ZoneKind.FRONTAGE}
    spans = (rule.dwell_s, rule.spacing_s, rule.clock_tolerance_s, rule.pass_spacing_s, rule.door_reach_m)
    gaps = (rule.gap_looks, rule.gap_most_s)
    ends = (rule.gap_s, rule.reach_m)
    least = (rule.version, rule.pictures, rule.passes, rule.looks_per_pass)
    wrong = [
        (not rule.code or not rule.type, "code and type must not be empty"),
        (not rule.labels, "names no label; name what it is seen by"),
        (
            not rule.zone_kinds or not set(rule.zone_kinds) <= judged,
            "zone_kinds must be of pavement and frontage",
        ),
        (not all(math.isfinite(v) for v in (*spans, *ends, *gaps)), "a time or distance is not a number"),
        (min(spans) < 0, "dwell, spacing, tolerance and door reach must be 0 or more"),
        (
            rule.duty_dwell_s is not None and not 0 <= rule.duty_dwell_s <= rule.dwell_s,
            "duty_dwell_s must be 0 or more and at most dwell_s: a duty never lets things stand longer",
        ),
        (min(gaps) < 0, "gap_looks and gap_most_s must be 0 or more; 0 leaves gap_s alone"),
        (not min(ends) > 0, "gap_s and reach_m must be more than 0, else nothing ever stands"),
        (min(least) < 1, "version, pictures, passes and looks_per_pass must be 1 or more"),
        (not 0 < rule.overlap <= 1, "overlap must be more than 0 and at most 1"),
        (
            not 0 <= rule.stop_confidence <= rule.start_confidence <= 1,
            "confidences must be 0 <= stop_confidence <= start_confidence <= 1",
        ),
    ]
    for is_wrong, how in wrong:
        if is_wrong:
            raise BadRule(f"{name}: {how}")
    return rule


def distinct(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """The rules of one scene, each checked. Raises BadRule, also where a code is given twice."""
    codes = [checked(rule).code for rule in rules]
    doubled = sorted({code for code in codes if codes.count(code) > 1})
    if doubled:
        raise BadRule(f"rule {doubled[0]!r} is given twice; keep the version in force")
    return tuple(rules)
