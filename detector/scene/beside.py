"""Counting company: in how many looks something was beside a thing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from detector.detections import Detections
from detector.scene.boxes import Floats, contained, iou
from detector.scene.company import Attended
from detector.scene.model import Rule

PART = 0.5
"""Least share of the smaller of the two, a box and the thing's surroundings, that they have in common."""

SAME = 0.5
"""A box that overlaps the thing so far (IoU) and bears the label of some rule is the thing under another name."""

Counts = tuple[int, ...]
"""Looks at one thing with company, by the number of the group. Shorter than all groups: none of the rest yet."""

_HAIR = 1e-6


@dataclass(frozen=True, slots=True)
class Group:
    """Labels of which one beside a thing is enough, each with its least confidence. beside: see ``Company``."""

    labels: tuple[tuple[str, float], ...]
    beside: float


@dataclass(frozen=True, slots=True)
class Shares:
    """Shares 0-1 of the looks at a thing. beside: with what the rule asks for; of each label alone where it asks
    for all, the least. attended: with a person. None where the rule does not ask.
    """

    beside: float | None
    attended: float | None


class Companions:
    """What the rules of one scene ask to be beside a thing. Groups keep their numbers when rules are added."""

    def __init__(self) -> None:
        self._groups: dict[Group, int] = {}
        self._mine: frozenset[str] = frozenset()

    def ask(self, rules: Iterable[Rule]) -> None:
        """Count for these rules too from now on."""
        for rule in rules:
            self._mine |= set(rule.labels)
            for group in (*_with(rule), *_persons(rule)):
                self._groups.setdefault(group, len(self._groups))

    def __bool__(self) -> bool:
        return bool(self._groups)

    def look(self, places: Floats, scale: Floats, detections: Detections) -> list[Counts]:
        """What one look saw beside things, 1 or 0 by group. places: (T, 4) of things that it saw. scale: (4,) what
        ``detections`` are divided by to be in their unit.
        """
        found = np.zeros((len(places), len(self._groups)), np.int64)
        names = np.array(detections.names)[detections.class_id]
        boxes = detections.xyxy / scale
        whole = (boxes[:, 2:] > boxes[:, :2]).all(axis=1)
        for group, column in self._groups.items():
            least = dict(group.labels)
            sure = np.array([least.get(name, np.inf) for name in detections.names])[detections.class_id]
            which = np.flatnonzero(whole & (detections.confidence + _HAIR >= sure))
            if not len(which):
                continue
            near = contained(grown(places, group.beside), boxes[which]) >= PART
            named = np.isin(names[which], list(self._mine))
            near &= ~((iou(places, boxes[which]) >= SAME) & named)
            found[:, column] = near.any(axis=1)
        return [tuple(row) for row in found.tolist()]

    def shares(self, rule: Rule, now: Counts, before: Counts, looks: int) -> Shares:
        """Of the looks between two counts. looks: their number, 1 or more."""

        def share(group: Group) -> float:
            return (_at(now, self._groups[group]) - _at(before, self._groups[group])) / looks

        return Shares(
            min((share(group) for group in _with(rule)), default=None),
            min((share(group) for group in _persons(rule)), default=None),
        )


def add(counts: Counts, more: Counts) -> Counts:
    """The sum of two counts. more: as long or longer."""
    return tuple(_at(counts, i) + one for i, one in enumerate(more))


def fits(rule: Rule, shares: Shares) -> bool:
    """Whether a thing has the company that the rule asks for."""
    asked = rule.company
    if shares.beside is not None and shares.beside + _HAIR < asked.with_share:
        return False
    if shares.attended is None:
        return True
    return (shares.attended + _HAIR >= asked.attended_share) == (asked.attended is Attended.YES)


def facts(rule: Rule, shares: Shares) -> dict[str, float | int | bool | str]:
    """What was asked for and seen, by plain names; nothing where the rule does not ask."""
    told: dict[str, float | int | bool | str] = {}
    if shares.beside is not None:
        joined = " + " if rule.company.with_all else " / "
        told |= {"with": joined.join(rule.company.with_labels), "with_share": round(shares.beside, 3)}
    if shares.attended is not None:
        told |= {"attended": rule.company.attended.value, "attended_share": round(shares.attended, 3)}
    return told


def grown(places: Floats, beside: float) -> Floats:
    """(N, 4) boxes with so much of their width and height added on each side."""
    size = places[:, 2:] - places[:, :2]
    return np.hstack([places[:, :2] - beside * size, places[:, 2:] + beside * size])


def _with(rule: Rule) -> Sequence[Group]:
    asked = rule.company
    labels = [(label, rule.begins_at(label)) for label in asked.with_labels]
    groups = [(one,) for one in labels] if asked.with_all else [tuple(labels)] if labels else []
    return [Group(group, asked.beside) for group in groups]


def _persons(rule: Rule) -> Sequence[Group]:
    asked = rule.company
    if asked.attended is Attended.ANY:
        return []
    return [Group(tuple((label, rule.begins_at(label)) for label in asked.persons), asked.beside)]


def _at(counts: Counts, i: int) -> int:
    return counts[i] if i < len(counts) else 0
