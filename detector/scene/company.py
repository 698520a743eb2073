"""Company: what must stand beside a thing for a rule to mean it, and whether somebody attends it.

As parts of a ``[[rule]]`` table::

    with_labels = ["umbrella", "shop_goods"]
    with_all = false
    with_share = 0.5
    attended = "yes"
    attended_share = 0.3
    beside = 0.5

Which labels are persons stands once at the head of the text: ``persons = ["person"]``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from detector.errors import BadRule

PARTS = ("with_labels", "with_all", "with_share", "attended", "attended_share", "beside")
MOST_BESIDE = 3.0
"""Further away than three times its own size nothing stands beside a thing."""


class Attended(StrEnum):
    """Whether a rule means things with a person beside them."""

    ANY = "any"
    YES = "yes"
    NO = "no"


@dataclass(frozen=True, slots=True)
class Company:
    """What a rule asks of the looks that saw a thing. Shares 0-1 of these looks.

    with_labels: one of them (with_all: each of them) is beside the thing in ``with_share`` of the looks at least.
    attended: a person is beside it in ``attended_share`` of the looks at least (yes), or in fewer (no). persons:
    the labels that are persons. beside: how near that is, in the thing's own width and height.
    """

    with_labels: tuple[str, ...] = ()
    with_all: bool = False
    with_share: float = 0.5
    attended: Attended = Attended.ANY
    attended_share: float = 0.3
    persons: tuple[str, ...] = ()
    beside: float = 0.5

    @property
    def labels(self) -> tuple[str, ...]:
        """All labels that it asks for."""
        return (*self.with_labels, *(self.persons if self.attended is not Attended.ANY else ()))


def read(
    name: str,
    labels: Sequence[str],
    values: Mapping[str, object],
    persons: Sequence[str],
    known_labels: Collection[str] | None,
) -> Company:
    """Checked company from plain values. name: of the rule, for errors. labels: what the rule is about. values: of
    ``PARTS``. known_labels: what the models see; none leaves the labels unchecked. Raises BadRule.
    """
    with_labels, with_all = _with_labels(name, labels, values, known_labels), values.get("with_all", False)
    if not isinstance(with_all, bool):
        raise BadRule(f"{name}: with_all is {with_all!r}; give true or false")
    if idle := [part for part in ("with_all", "with_share") if part in values and not with_labels]:
        raise BadRule(
            f"{name}: {idle[0]} without with_labels means nothing; name the labels, or leave it out"
        )
    if values.get("attended", "any") not in set(Attended):
        raise BadRule(f'{name}: attended is {values["attended"]!r}; give "yes", "no" or "any"')
    attended = Attended(str(values.get("attended", "any")))
    if attended is not Attended.ANY:
        _check_persons(name, labels, persons, known_labels)
    elif "attended_share" in values:
        raise BadRule(f'{name}: attended_share without attended = "yes" or "no" means nothing; leave it out')
    if "beside" in values and not with_labels and attended is Attended.ANY:
        raise BadRule(f"{name}: beside without with_labels or attended means nothing; leave it out")
    usual = Company()
    return Company(
        with_labels,
        with_all,
        _number(name, "with_share", values.get("with_share", usual.with_share), 1.0),
        attended,
        _number(name, "attended_share", values.get("attended_share", usual.attended_share), 1.0),
        tuple(persons) if attended is not Attended.ANY else (),
        _number(name, "beside", values.get("beside", usual.beside), MOST_BESIDE),
    )


def _with_labels(
    name: str, labels: Sequence[str], values: Mapping[str, object], known_labels: Collection[str] | None
) -> tuple[str, ...]:
    asked = values.get("with_labels", [])
    if not isinstance(asked, list) or not all(isinstance(one, str) and one for one in asked):
        raise BadRule(f"{name}: with_labels is {asked!r}; give a list of texts")
    for label in asked:
        if label in labels:
            raise BadRule(
                f"{name}: with_labels names {label!r}, which the rule itself is about; leave it out"
            )
        if known_labels is not None and label not in known_labels:
            known = ", ".join(sorted(known_labels))
            raise BadRule(
                f"{name}: with_labels names {label!r}, which no model sees; known labels are {known}"
            )
    return tuple(dict.fromkeys(asked))


def _check_persons(
    name: str, labels: Sequence[str], persons: Sequence[str], known_labels: Collection[str] | None
) -> None:
    if not persons:
        raise BadRule(
            f"{name} asks for attended, but the rules do not say which labels are persons; "
            'write persons = ["person"] above the first [[rule]]'
        )
    if both := sorted(set(persons) & set(labels)):
        raise BadRule(f"{name} asks for attended and is about {both[0]!r}, a person itself; mend its labels")
    if known_labels is not None and not set(persons) & set(known_labels):
        raise BadRule(
            f"{name} asks for attended, but no model sees a person: {', '.join(persons)} missing of the labels "
            f"{', '.join(sorted(known_labels))}; leave attended out or use an algorithm with such a label"
        )


def _number(name: str, part: str, value: object, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= most:
        raise BadRule(f"{name}: {part} is {value!r}; give a number more than 0 and at most {most:g}")
    return float(value)
