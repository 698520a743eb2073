"""Where and when a rule holds beyond its zones: grades of street, cameras, and whether it only warns.

As parts of a ``[[rule]]`` table::

    calendar = { weekdays = [1, 2, 3, 4, 5], hours = [["07:00", "22:00"]] }
    label_confidence = { stall = 0.5 }
    camera_confidence = { "CAM-1" = { stall = 0.6 } }
    grades = ["严禁"]
    warning_only = true
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from detector.errors import BadRule, BadZone
from detector.scene import calendar as calendars
from detector.scene.model import Rule

PARTS = ("calendar", "label_confidence", "camera_confidence", "grades", "warning_only")
Confidences = tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Conditions:
    """camera_confidence: device code -> least confidence to begin by label. grades: empty does not limit.

    warning_only: what the rule raises is looked at by people and never becomes a case.
    """

    camera_confidence: Mapping[str, Confidences] = field(default_factory=dict)
    grades: tuple[str, ...] = ()
    warning_only: bool = False

    def holds_on(self, grade: str | None) -> bool:
        """Whether a street of this grade is meant; where the rule names grades, one without a grade is not."""
        return not self.grades or grade in self.grades

    def at_camera(self, rule: Rule, device: str) -> Rule:
        """The rule with the confidences of one camera, which go before the rule's own."""
        own = self.camera_confidence.get(device)
        return rule if own is None else replace(rule, label_confidence=_together(rule.label_confidence, own))


def _together(common: Confidences, own: Confidences) -> Confidences:
    return tuple(sorted((dict(common) | dict(own)).items()))


def read(rule: Rule, values: Mapping[str, object]) -> tuple[Rule, Conditions]:
    """The rule with its calendar and confidences, and the rest. values: of ``PARTS``. Raises BadRule."""
    name = f"rule {rule.code!r}"
    calendar, grades = values.get("calendar", {}), values.get("grades", [])
    warning_only, cameras = values.get("warning_only", False), values.get("camera_confidence", {})
    if not isinstance(calendar, dict) or not isinstance(cameras, dict):
        raise BadRule(f"{name}: calendar and camera_confidence are tables; write them as {{ ... }}")
    if not isinstance(grades, list) or not all(isinstance(g, str) and g for g in grades):
        raise BadRule(f"{name}: grades is {grades!r}; give a list of texts")
    if not isinstance(warning_only, bool):
        raise BadRule(f"{name}: warning_only is {warning_only!r}; give true or false")
    try:
        hours = calendars.from_dict(calendar)
    except BadZone as error:
        raise BadRule(f"{name}: {error}") from error
    rule = replace(
        rule,
        calendar=hours,
        label_confidence=_confidences(rule, values.get("label_confidence", {})),
    )
    by_camera = {code: _confidences(rule, value) for code, value in cameras.items()}
    return rule, Conditions(by_camera, tuple(grades), warning_only)


def _confidences(rule: Rule, value: object) -> Confidences:
    name = f"rule {rule.code!r}"
    if not isinstance(value, dict):
        raise BadRule(f"{name}: confidences are {value!r}; give a table of label = number")
    for label, number in value.items():
        if label not in (*rule.labels, *rule.company.labels):
            raise BadRule(f"{name}: confidence for {label!r}, which the rule does not name; mend the label")
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise BadRule(f"{name}: confidence for {label!r} is {number!r}; give a number")
        if not rule.stop_confidence <= number <= 1:
            raise BadRule(
                f"{name}: confidence {number:g} for {label!r}; give stop_confidence "
                f"({rule.stop_confidence:g}) to 1"
            )
    return tuple(sorted((label, float(number)) for label, number in value.items()))
