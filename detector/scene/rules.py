"""FixedScene: from one fixed camera's detections to violations, look by look, in capture time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import numpy as np

from detector.detections import Detections
from detector.scene.boxes import Floats, contained, foot_points, iou
from detector.scene.ground import place_on_ground
from detector.scene.looks import MOST_LOOKS, LookClock, LookNotes
from detector.scene.model import Change, GroundPlace, Mounting, Rule, SceneEvent, Space, Zone
from detector.scene.rules_data import distinct
from detector.scene.sightings import MATCH, Bounds, StandingThings, Thing
from detector.scene.stands import PlaceFile, Raised, Stand, Verdict, foot_of, judge, violation_key
from detector.scene.zones import ZoneSet
from ingest.frame import Position

MEASURE_AGAIN = 0.02
"""A place that moved by this share of its width or height is laid over the zones again."""

_HAIR = 1e-6


class FixedScene:
    """Judges the looks of one fixed camera; holds state, touches nothing.

    zones: in image space. mounting and position (with a surveyed heading) give each sighting a ground place.
    Raises BadZone, BadRule.

    A violation is raised once: when its thing stood for ``dwell_s`` where the rule forbids it, ``pictures``
    looks ``spacing_s`` apart are there to prove it, and a fifth of the looks that could see it did. It is
    updated at most every ``spacing_s`` while the thing stands, and ends when the thing is gone for ``gap_s``,
    moves, comes under a permission, or at ``finish``.
    """

    def __init__(
        self,
        device_id: str,
        zones: Sequence[Zone],
        rules: Sequence[Rule],
        *,
        mounting: Mounting | None = None,
        position: Position | None = None,
    ) -> None:
        self.device_id = device_id
        self._zones = ZoneSet(zones, Space.IMAGE)
        self._rules = distinct(rules)
        self._mounting, self._position = mounting, position
        gap_s = max((rule.gap_s for rule in rules), default=0.0)
        self._one_gap = all(rule.gap_s == gap_s for rule in rules)
        self._clock = LookClock(gap_s)
        self._things = StandingThings(Bounds.of(rules), gap_s)
        self._files: dict[Thing, PlaceFile] = {}
        self._active: tuple[bool, ...] = ()
        self._epoch = 0

    @property
    def notes(self) -> LookNotes:
        """What was wrong with the looks so far."""
        return self._clock.notes

    def look(
        self, captured_at: datetime, frame_index: int, size: tuple[int, int], detections: Detections
    ) -> list[SceneEvent]:
        """Judge one look. captured_at: aware UTC. size: (width, height) px of the picture looked at.

        A look captured no later than the one before is ignored and counted in ``notes``. Raises BadTime.
        """
        at_s = self._clock.admit(captured_at)
        if at_s is None:
            return []
        active = self._zones.active(captured_at)
        if active != self._active:
            self._active, self._epoch = active, self._epoch + 1
        seen, ended = self._things.look(self._clock, captured_at, at_s, frame_index, size, detections)
        events = [event for thing in ended for event in self._end(thing)]
        if not self._one_gap:
            events += self._end_by_gap(at_s)
        self._measure(seen)
        for row in seen:
            events += self._judge(row, captured_at, at_s)
        return events

    def finish(self) -> list[SceneEvent]:
        """End of the source: what is raised ends with what is known."""
        return [event for thing in self._things.finish() for event in self._end(thing)]

    def wanted_times(self) -> frozenset[datetime]:
        """Capture times whose original pictures may still be needed: per thing a ladder of bounded length."""
        return frozenset(
            at for file in self._files.values() for stand in file.stands.values() for at in stand.wanted
        )

    def _measure(self, seen: list[int]) -> None:
        """Lay new places, and those that moved, over the zones."""
        things, places = self._things.things, self._things.places
        stale = [row for row in seen if things[row] not in self._files]
        known = [row for row in seen if things[row] in self._files]
        if known:
            was = np.array([self._files[things[row]].measured for row in known])
            now = places[known]
            moved = np.abs(now - was).max(axis=1) > MEASURE_AGAIN * (was[:, 2:] - was[:, :2]).min(axis=1)
            stale += [row for row, move in zip(known, moved.tolist(), strict=True) if move]
        if not stale:
            return
        feet = np.array([foot_of(places[row]) for row in stale])
        for row, shares in zip(stale, self._zones.shares(feet), strict=True):
            file = self._files.get(things[row])
            if file is None:
                self._files[things[row]] = PlaceFile(places[row].copy(), shares, epoch=-1)
            else:
                file.measured, file.shares, file.epoch = places[row].copy(), shares, -1

    def _judge(self, row: int, at: datetime, at_s: float) -> Iterator[SceneEvent]:
        """What one thing that is seen now does under each rule."""
        thing = self._things.things[row]
        file = self._files[thing]
        if file.epoch != self._epoch:
            file.verdicts, file.epoch = self._verdicts(file), self._epoch
            let_off = file.stands.keys() - {rule.code for rule, _ in file.verdicts}
            for code in sorted(let_off):
                yield from self._leave(thing, file.stands.pop(code))
        for rule, verdict in file.verdicts:
            stand = file.stands.get(rule.code)
            if stand is None and verdict.share + _HAIR >= rule.overlap:
                stand = file.stands[rule.code] = Stand.begin(rule, at, at_s, thing.history)
            if stand is not None:
                stand.go_on(at, at_s, thing)
        yield from self._tell(row, file, at, at_s)
        if len(thing.history.times) >= MOST_LOOKS:
            thing.history.thin({t for stand in file.stands.values() for t in (stand.start, *stand.wanted)})

    def _verdicts(self, file: PlaceFile) -> list[tuple[Rule, Verdict]]:
        foot = foot_of(file.measured)
        verdicts = [(rule, judge(rule, self._zones, self._active, foot, file.shares)) for rule in self._rules]
        return [(rule, verdict) for rule, verdict in verdicts if verdict is not None]

    def _tell(self, row: int, file: PlaceFile, at: datetime, at_s: float) -> Iterator[SceneEvent]:
        """Raise or update the violation of a thing; it has one at most."""
        thing, open_ = self._things.things[row], file.open
        if open_ is not None:
            if at_s - open_.told_s + _HAIR >= max(open_.rule.spacing_s, 1.0):
                open_.told_s, open_.key_times = at_s, (*open_.key_times[:-1], at)
                yield from self._event(Change.UPDATED, thing, open_)
            return
        for rule, verdict in file.verdicts:
            stand = file.stands.get(rule.code)
            if stand is None or at_s - stand.start_s + _HAIR < rule.dwell_s or thing.label not in rule.labels:
                continue
            keys = stand.ladder.pick(rule.pictures, at)
            enough = len(keys) == rule.pictures and verdict.share + _HAIR >= rule.overlap
            if not (enough and stand.often_seen):
                continue
            if self._open_beside(row, rule.type):
                self._clock.note(duplicates=1)
                continue
            stand.told_s, stand.key_times = at_s, keys
            stand.raised = self._raise(thing, self._things.places[row], stand, verdict)
            yield from self._event(Change.RAISED, thing, stand)
            return

    def _open_beside(self, row: int, type_: str) -> bool:
        """Whether a violation of this type is open where this thing stands."""
        here = self._things.places[row][None]
        for other, thing in enumerate(self._things.things):
            stand = self._files[thing].open if thing in self._files else None
            if stand is None or stand.rule.type != type_:
                continue
            there = self._things.places[other][None]
            if iou(here, there)[0, 0] >= MATCH or contained(here, there)[0, 0] >= 1 - MATCH:
                return True
        return False

    def _raise(self, thing: Thing, place: Floats, stand: Stand, verdict: Verdict) -> Raised:
        key = violation_key(self.device_id, stand.rule, stand.start, place.tolist(), 2)
        label = thing.label
        return Raised(key, label, thing.label_share(label), verdict, self._ground(place, thing.size))

    def _end_by_gap(self, at_s: float) -> list[SceneEvent]:
        """End the stands whose own rule allows a shorter gap than the scene's longest."""
        events: list[SceneEvent] = []
        for thing, file in self._files.items():
            # What is seen at this very look is judged only after this, so its old stand ends here too.
            for code in [c for c, s in file.stands.items() if at_s - s.last_s > s.rule.gap_s + _HAIR]:
                events += self._leave(thing, file.stands.pop(code))
        return events

    def _end(self, thing: Thing) -> list[SceneEvent]:
        file = self._files.pop(thing, None)
        stands = file.stands.values() if file else ()
        return [event for stand in stands for event in self._leave(thing, stand)]

    def _leave(self, thing: Thing, stand: Stand) -> list[SceneEvent]:
        return list(self._event(Change.ENDED, thing, stand))

    def _event(self, change: Change, thing: Thing, stand: Stand) -> Iterator[SceneEvent]:
        """The event, if the stand has a violation at all."""
        if stand.raised is not None:
            first = self._clock.first
            yield SceneEvent(change, stand.violation(self.device_id, thing, stand.raised, first))

    def _ground(self, place: Floats, size: tuple[int, int]) -> GroundPlace | None:
        if self._mounting is None or self._position is None or self._position.heading is None:
            return None
        x, y = foot_points(place[None])[0] * size
        return place_on_ground(self._mounting, self._position, size, float(x), float(y))
