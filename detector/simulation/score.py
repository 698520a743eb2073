"""Candidates against the truth: which events there were, which were found, and how well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import NDArray

from detector.scene.boxes import Floats, iou
from detector.scene.model import Rule, Violation
from detector.scene.sightings import MATCH, Mask
from detector.scene.stands import LEAST_SEEN
from detector.simulation.camera import Day
from detector.simulation.district import DAY_S, SIZE, Site

CLEAR = 0.5
"""An event's thing must be uncovered by this share in this share of its looks, else nobody could judge it."""


Run = tuple[int, int]
"""First and last look (indices) of a stand that lasted the dwell."""


@dataclass(frozen=True, slots=True)
class Event:
    """A thing stood where a rule forbids it, for the rule's dwell or longer.

    first, last: the looks (indices) at which it stood there. clear: its stands, had every look with a clear view
    seen it. seen: those over which the detector did see it as the rule asks. An event has one of either at least.
    box: (4,) 0-1. things: of the day that stood there, one after the other. empty_s: how long nothing must be seen
    there for what comes then to be another matter.
    """

    type: str
    box: Floats
    first: int
    last: int
    clear: tuple[Run, ...]
    seen: tuple[Run, ...]
    things: tuple[int, ...] = (0,)
    empty_s: float = 3600.0


@dataclass(slots=True)
class Tally:
    """Counts and errors; two are added field by field.

    events, seen: of the truth. found, found_seen: of these. false: candidates that are no event, among them those
    on a permitted place in its hours, those of an event under another type, and those on nothing at all.
    """

    events: int = 0
    seen: int = 0
    found: int = 0
    found_seen: int = 0
    candidates: int = 0
    duplicates: int = 0
    false: int = 0
    permitted_false: int = 0
    wrong_type: int = 0
    on_nothing: int = 0
    looks: int = 0
    dwell_errors: list[float] = field(default_factory=list)
    seen_dwell_errors: list[float] = field(default_factory=list)
    position_errors: list[float] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Add the counts of another."""
        for f in fields(self):
            setattr(self, f.name, getattr(self, f.name) + getattr(other, f.name))

    def precision(self, *, any_type: bool) -> float | None:
        """Share of the candidates that are an event, doubles left out; none without candidates.

        any_type: the right thing at the right time under the type of another counts as right.
        """
        judged = self.candidates - self.duplicates
        false = self.false - (self.wrong_type if any_type else 0)
        return (judged - false) / judged if judged else None


def events_of(site: Site, day: Day, rules: Sequence[Rule], every_s: float) -> list[Event]:
    """The events of a day as the rules define them, from the looks that arrived.

    Things that stood one after the other on one spot are one, unless it was empty for so long that it is known to
    have been (``Rule.empty_after_s``).
    """
    events = []
    for n, slot in enumerate(site.slots):
        if not slot.judged:
            continue
        rule = next(rule for rule in rules if slot.label in rule.labels)
        spans: list[tuple[float, float, list[int]]] = []
        for k, thing in enumerate(day.things):
            for begin, end in _forbidden(thing.from_s, thing.to_s, slot.permitted) if thing.slot == n else []:
                if spans and begin - spans[-1][1] <= rule.empty_after_s():
                    spans[-1] = (spans[-1][0], end, [*spans[-1][2], k])
                else:
                    spans.append((begin, end, [k]))
        for span in spans:
            events += _events(day, rule, every_s, *span)
    return events


def _forbidden(
    begin: float, end: float, permitted: Sequence[tuple[float, float]]
) -> list[tuple[float, float]]:
    """The parts of a span that lie outside the permitted ones."""
    parts = [(max(begin, -1.0), min(end, DAY_S))]
    for start, stop in permitted:
        parts = [p for a, b in parts for p in ((a, min(b, start)), (max(a, stop), b)) if p[0] < p[1]]
    return parts


def _events(day: Day, rule: Rule, every_s: float, begin: float, end: float, things: list[int]) -> list[Event]:
    """The events of one span, parted where for too long nothing was to be seen of it."""
    looks = np.flatnonzero((day.times >= begin) & (day.times <= end))
    clear = day.visible[looks][:, things].max(axis=1) >= CLEAR
    confidence = day.seen[looks][:, things].max(axis=1)
    shown = looks[clear | (confidence >= rule.stop_confidence)]
    parts = np.flatnonzero(np.diff(day.times[shown]) > rule.empty_after_s()) + 1
    box = day.boxes[things[0]] / [*SIZE, *SIZE]
    found = []
    for part in np.split(shown, parts):
        if not len(part):
            continue
        here = np.flatnonzero((looks >= part[0]) & (looks <= part[-1]))

        def runs(kept: Mask, sure: Mask, here: NDArray[np.int64] = here) -> tuple[Run, ...]:
            gap_s = rule.longest_gap_s(every_s)
            pairs = stands(day.times[looks[here]], kept[here], sure[here], clear[here], rule, gap_s)
            return tuple((int(looks[here[a]]), int(looks[here[b]])) for a, b in pairs)

        stood = runs(clear, clear)
        seen = runs(confidence >= rule.stop_confidence, confidence >= rule.start_confidence)
        if stood or seen:
            empty_s = rule.empty_after_s() - rule.clock_tolerance_s  # the camera's clock drifts
            found.append(
                Event(rule.type, box, int(part[0]), int(part[-1]), stood, seen, tuple(things), empty_s)
            )
    return found


def stands(times: Floats, kept: Mask, sure: Mask, clear: Mask, rule: Rule, gap_s: float) -> list[Run]:
    """(first, last) of the stands that a rule makes of looks (L,) at ``times``, in their order.

    A stand begins with a ``sure`` look and goes on with ``kept`` ones, none further apart than ``gap_s``. It counts
    when it lasts the dwell with its pictures, and a fifth of its looks with a clear view are kept ones.
    """
    found: list[Run] = []
    first: int | None = None
    last = 0
    for i in [*np.flatnonzero(kept).tolist(), None]:
        if first is not None and (i is None or times[i] - times[last] > gap_s):
            long = times[last] - times[first] >= rule.dwell_s
            often = kept[first : last + 1].sum() >= LEAST_SEEN * clear[first : last + 1].sum()
            if long and often and kept[first : last + 1].sum() >= rule.pictures:
                found.append((first, last))
            first = None
        if i is not None:
            first = i if first is None and sure[i] else first
            last = i
    return found


def score(site: Site, day: Day, events: Sequence[Event], violations: Sequence[Violation]) -> Tally:
    """Candidates of one camera's day against its events. Every violation that was raised counts as a candidate.

    Another candidate of an event is a double where it is of the same thing, or of another one at the same place before
    that was known to be empty. So a thing that nobody sees does not join one that stood before it with one after it.
    """
    tally = Tally(events=len(events), seen=sum(bool(e.seen) for e in events), looks=len(day.times))
    taken: dict[int, list[Violation]] = {}
    for violation in violations:
        tally.candidates += 1
        near = [i for i, event in enumerate(events) if _meets(event, violation)]
        right = [i for i in near if events[i].type == violation.type]
        if right:
            i = max(right, key=lambda i: _overlap(events[i].box, violation))
            if i in taken:
                tally.duplicates += any(_doubles(day, events[i], violation, one) for one in taken[i])
                taken[i].append(violation)
                continue
            taken[i] = [violation]
            _measure_dwell(tally, events[i], violation)
            continue
        tally.false += 1
        tally.wrong_type += bool(near)
        if not near:
            permitted = _permitted(site, day, violation)
            tally.permitted_false += permitted
            tally.on_nothing += not permitted and not _on_a_thing(day, violation)
    tally.found = len(taken)
    tally.found_seen = sum(bool(events[i].seen) for i in taken)
    return tally


def _doubles(day: Day, event: Event, one: Violation, other: Violation) -> bool:
    """Whether two candidates of one event are of one thing, or follow each other too soon at one place."""
    first, second = sorted(
        tuple(day.times[[v.sighting.frames[0], v.sighting.frames[-1]]].tolist()) for v in (one, other)
    )
    together = any(day.things[k].from_s <= first[1] and second[0] <= day.things[k].to_s for k in event.things)
    soon = second[0] - first[1] <= event.empty_s
    return together or (soon and _overlap(one.sighting.place.astype(np.float64), other) >= MATCH)


def _measure_dwell(tally: Tally, event: Event, violation: Violation) -> None:
    """Errors of the dwell, in looks that arrived: against the stand that it is of."""
    frames = violation.sighting.frames
    for runs, errors in ((event.clear, tally.dwell_errors), (event.seen, tally.seen_dwell_errors)):
        if runs:
            first, last = max(runs, key=lambda run: min(run[1], frames[-1]) - max(run[0], frames[0]))
            errors.append(abs((frames[-1] - frames[0]) - (last - first)))


def _meets(event: Event, violation: Violation) -> bool:
    frames = violation.sighting.frames
    return frames[0] <= event.last and frames[-1] >= event.first and _overlap(event.box, violation) >= MATCH


def _overlap(box: Floats, violation: Violation) -> float:
    return float(iou(box[None], violation.sighting.place[None].astype(np.float64))[0, 0])


def _permitted(site: Site, day: Day, violation: Violation) -> bool:
    """Whether all that the violation accuses stood on a permitted place in its hours."""
    begin, end = (float(day.times[n]) for n in (violation.sighting.frames[0], violation.sighting.frames[-1]))
    for k, thing in enumerate(day.things):
        allowed = any(a <= begin and end <= b for a, b in site.slots[thing.slot].permitted)
        if allowed and _overlap(day.boxes[k] / [*SIZE, *SIZE], violation) >= MATCH:
            return True
    return False


def _on_a_thing(day: Day, violation: Violation) -> bool:
    return any(_overlap(box / [*SIZE, *SIZE], violation) >= MATCH for box in day.boxes)
