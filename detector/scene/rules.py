"""FixedScene: from one fixed camera's detections to violations, look by look, in capture time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np

from detector.detections import Detections
from detector.scene.boxes import Floats, feet
from detector.scene.calendar import holds
from detector.scene.held import HeldPlaces, same_spot
from detector.scene.looks import KEPT_LOOKS, LookClock, LookNotes
from detector.scene.model import Change, Mounting, Rule, SceneEvent, Space, Zone
from detector.scene.permits import GroundPermits
from detector.scene.rules_data import distinct
from detector.scene.sightings import Bounds, Lost, StandingThings, Thing
from detector.scene.stands import (
    LABEL_SHARE,
    PlaceFile,
    Raised,
    Stand,
    Verdict,
    judge,
    violation_key,
)
from detector.scene.zones import ZoneSet
from ingest.frame import Position

MEASURE_AGAIN = 0.02
"""A place that moved by this share of its width or height is laid over the zones again."""

_HAIR = 1e-6


class FixedScene:
    """Judges the looks of one fixed camera; holds state, touches nothing.

    zones: in image space; permitted and ignored ones in ground space too, which count where mounting and
    position (with a surveyed heading) tell where a thing stands. look_every_s: seconds between two looks by
    plan, which a rule's longest gap depends on; 0 where it is not known. Raises BadZone, BadRule, ValueError.

    A violation is raised once: when its thing stood for ``dwell_s`` where the rule forbids it, ``pictures``
    looks ``spacing_s`` apart are there to prove it, a fifth of the looks that could see it did, and most of what
    was seen bears one label. It is updated at most every ``spacing_s`` while the thing stands. Its seconds end when
    the thing is not seen for ``gap_s`` or the clock is set back; it ends itself when its place is empty, the thing
    moves or comes under a permission, or at ``finish`` (docs/PLACE-AND-TIME.md).
    """

    def __init__(
        self,
        device_id: str,
        zones: Sequence[Zone],
        rules: Sequence[Rule],
        *,
        mounting: Mounting | None = None,
        position: Position | None = None,
        look_every_s: float = 0.0,
    ) -> None:
        if not 0 <= look_every_s < float("inf"):
            raise ValueError(f"look_every_s is {look_every_s}; give the seconds between two looks")
        self.device_id = device_id
        self._zones = ZoneSet([z for z in zones if z.space is Space.IMAGE], Space.IMAGE)
        self._permits = GroundPermits([z for z in zones if z.space is Space.GROUND], mounting, position)
        self._rules = tuple(replace(r, gap_s=r.longest_gap_s(look_every_s)) for r in distinct(rules))
        self._empty_after_s = {rule.code: rule.empty_after_s(look_every_s) for rule in rules}
        gap_s = max((rule.gap_s for rule in self._rules), default=0.0)
        self._one_gap = all(rule.gap_s == gap_s for rule in self._rules)
        self._clock = LookClock(gap_s)
        self._things = StandingThings(Bounds.of(rules), gap_s)
        self._files: dict[Thing, PlaceFile] = {}
        self._held = HeldPlaces()
        self._at_s = 0.0
        self._minute = -1
        self._active: tuple[bool, ...] = ()
        self._permits_active: tuple[bool, ...] = ()
        self._rules_active: tuple[bool, ...] = ()
        self._epoch = 0

    @property
    def notes(self) -> LookNotes:
        """What was wrong with the looks so far."""
        return self._clock.notes

    @property
    def standing(self) -> int:
        """How many things stand now, whether a rule minds them or not."""
        return len(self._things.things)

    def look(
        self, captured_at: datetime, frame_index: int, size: tuple[int, int], detections: Detections
    ) -> list[SceneEvent]:
        """Judge one look. captured_at: aware UTC. size: (width, height) px of the picture looked at.

        A look captured no later than the one before is ignored and counted in ``notes``; where the clock was
        set back for good, all that stood ends and the look is the first of a new count. Raises BadTime.
        """
        at_s = self._clock.admit(captured_at)
        if at_s is None and self._clock.set_back:
            self._restart()
            at_s = self._clock.admit(captured_at)
        if at_s is None:
            return []
        self._at_s = at_s
        self._ask_calendars(captured_at)
        seen, ended = self._things.look(self._clock, captured_at, at_s, frame_index, size, detections)
        events = [event for lost in ended for event in self._lose(lost)]
        events += self._held.release(
            at_s
        )  # first: what was away for so long has gone, whatever stands there now
        self._held.see(self._things.boxes, at_s)
        if not self._one_gap:
            self._end_by_gap(at_s)
        self._measure(seen)
        for row in seen:
            events += self._judge(row, captured_at, at_s)
        return events

    def finish(self) -> list[SceneEvent]:
        """End of the source: what is raised ends with what is known."""
        ended = [event for lost in self._things.finish() for event in self._end(lost.thing)]
        return ended + self._held.finish(self._at_s, self._things.gap_s)

    def wanted_times(self) -> frozenset[datetime]:
        """Capture times whose original pictures may still be needed: per thing a ladder of bounded length."""
        standing = (stand for file in self._files.values() for stand in file.stands.values())
        held = (at for event in self._held for at in event.violation.key_times)
        return frozenset([*(at for stand in standing for at in stand.wanted), *held])

    def _ask_calendars(self, at: datetime) -> None:
        """Which zones and rules hold now. Calendars are kept to the minute, so they are asked once a minute."""
        minute = int(at.timestamp() // 60)
        if minute == self._minute:
            return
        active, permits = self._zones.active(at), self._permits.active(at)
        rules = tuple(holds(rule.calendar, at) for rule in self._rules)
        if (active, permits, rules) != (self._active, self._permits_active, self._rules_active):
            self._active, self._permits_active, self._epoch = active, permits, self._epoch + 1
            self._rules_active = rules
        self._minute = minute

    def _measure(self, seen: list[int]) -> None:
        """Lay new places, and those that moved, over the zones."""
        places, measured = self._things.places, self._things.measured
        least = MEASURE_AGAIN * (measured[:, 2:] - measured[:, :2]).min(axis=1, initial=np.inf)
        # A new place was never measured: its distance is NaN, and NaN is never small enough.
        stays = np.abs(places - measured).max(axis=1, initial=0.0) <= least
        stale = [row for row in seen if not stays[row]]
        if not stale:
            return
        measured[stale] = places[stale]
        for row, laid in zip(stale, self._zones.shares(feet(places[stale])), strict=True):
            thing = self._things.things[row]
            shares = laid.copy()  # a row of the table would keep all of it in memory
            file = self._files.get(thing)
            permits = self._permits.near(places[row], thing.size, file.permits if file else ())
            if file is None:
                self._files[thing] = PlaceFile(shares, permits, thing.begun)
            else:
                file.shares, file.permits, file.epoch = shares, permits, -1

    def _judge(self, row: int, at: datetime, at_s: float) -> list[SceneEvent]:
        """What one thing that is seen now does under each rule."""
        thing = self._things.things[row]
        file = self._files[thing]
        history = thing.history
        events: list[SceneEvent] = []
        if file.epoch != self._epoch:
            file.verdicts, file.epoch = self._verdicts(row, file), self._epoch
            # The looks of what is let off end with the look before this one.
            for code in sorted(file.stands.keys() - {rule.code for rule, _ in file.verdicts}):
                events += [replace(event, gone=True) for event in self._leave(thing, file, code)]
            file.begin_stands(at, at_s, history.before_last)
        step = at_s - file.end_s
        file.end, file.end_s, file.after = at, at_s, history.tally
        if file.labels != len(thing.evidence):
            file.labels = len(thing.evidence)
            file.want_pictures(thing.evidence)
        for stand in file.stands.values():
            if step > stand.longest_step_s and stand.start_s < at_s:
                stand.longest_step_s = step
            if stand.ladder is not None:
                stand.ladder.offer(at)
        if file.open is not None:
            events += self._update(thing, file, file.open, at, at_s)
        elif at_s >= file.due_s:
            events += self._raise(row, file, at, at_s)
        if len(history.times) >= KEPT_LOOKS:
            wanted = {t for stand in file.stands.values() for t in (stand.start, *stand.wanted)}
            history.thin(wanted, KEPT_LOOKS // 3)
        return events

    def _verdicts(self, row: int, file: PlaceFile) -> list[tuple[Rule, Verdict]]:
        if any(self._permits_active[i] for i in file.permits):
            return []
        foot = feet(self._things.measured[row][None])[0]
        rules = [rule for rule, holds_now in zip(self._rules, self._rules_active, strict=True) if holds_now]
        verdicts = [(rule, judge(rule, self._zones, self._active, foot, file.shares)) for rule in rules]
        return [(rule, verdict) for rule, verdict in verdicts if verdict is not None]

    def _update(
        self, thing: Thing, file: PlaceFile, stand: Stand, at: datetime, at_s: float
    ) -> list[SceneEvent]:
        """A raised violation goes on."""
        if at_s - stand.told_s + _HAIR < max(stand.rule.spacing_s, 1.0):
            return []
        stand.told_s, stand.key_times = at_s, (*stand.key_times[:-1], at)
        return self._event(Change.UPDATED, thing, file, stand)

    def _raise(self, row: int, file: PlaceFile, at: datetime, at_s: float) -> list[SceneEvent]:
        """Raise the violation of a thing that stood long enough under some rule; it has one at most."""
        thing = self._things.things[row]
        for rule, verdict in file.verdicts:
            stand = file.stands.get(rule.code)
            if stand is None or at_s - stand.start_s + _HAIR < rule.dwell_s or thing.label not in rule.labels:
                continue
            keys = stand.ladder.pick(rule.pictures, at) if stand.ladder is not None else ()
            enough = len(keys) == rule.pictures and verdict.share + _HAIR >= rule.overlap
            sure_of_label = thing.agreement(thing.label) >= LABEL_SHARE
            if not (enough and sure_of_label and stand.often_seen(file.after)):
                continue
            if self._open_beside(row, rule.type):
                self._clock.note(duplicates=1)
                continue
            stand.told_s, stand.key_times = at_s, keys
            stand.ladder = None  # its work is done
            stand.raised = self._raised(thing, self._things.places[row], stand, verdict)
            file.open = stand
            return self._event(Change.RAISED, thing, file, stand)
        return []

    def _open_beside(self, row: int, type_: str) -> bool:
        """Whether a violation of this type is open, or held, where this thing stands."""
        here, places = self._things.places[row], self._things.places
        if self._held.blocks(here, type_):
            return True
        for other in np.flatnonzero(same_spot(here[None], places)[0]).tolist():
            file = self._files.get(self._things.things[other])
            if file is not None and file.open is not None and file.open.rule.type == type_:
                return True
        return False

    def _raised(self, thing: Thing, place: Floats, stand: Stand, verdict: Verdict) -> Raised:
        key = violation_key(self.device_id, stand.rule, stand.start, place.tolist(), 2)
        label = thing.label
        ground = self._permits.ground(place, thing.size)
        return Raised(key, label, thing.label_share(label), verdict, ground)

    def _end_by_gap(self, at_s: float) -> None:
        """End the stands whose own rule allows a shorter gap than the scene's longest."""
        for row, thing in enumerate(self._things.things):
            file = self._files.get(thing)
            if file is None:
                continue
            # What is seen at this very look is judged only after this, so its old stand ends here too.
            for code in [c for c, s in file.stands.items() if at_s - file.end_s > s.rule.gap_s + _HAIR]:
                for event in self._leave(thing, file, code):
                    self._hold(event, self._things.places[row], file.end_s)
                file.epoch = -1  # a new stand may begin

    def _lose(self, lost: Lost) -> list[SceneEvent]:
        """A thing is followed no longer: what is raised ends where it moved away, else it is held."""
        file = self._files.get(lost.thing)
        end_s = file.end_s if file else 0.0
        events = self._end(lost.thing)
        if lost.moved:
            return [replace(event, gone=True) for event in events]
        for event in events:
            self._hold(event, lost.place, end_s)
        return []

    def _hold(self, event: SceneEvent, place: Floats, last_s: float) -> None:
        self._held.add(event, place, last_s, self._empty_after_s[event.violation.rule])

    def _restart(self) -> None:
        """The clock was set back: no seconds are counted over it. What is raised is held, the rest begins anew."""
        for lost in self._things.finish():
            self._lose(lost)
        self._held.restart()
        self._clock.begin_again()
        self._minute = -1

    def _end(self, thing: Thing) -> list[SceneEvent]:
        file = self._files.pop(thing, None)
        return (
            [event for code in list(file.stands) for event in self._leave(thing, file, code)] if file else []
        )

    def _leave(self, thing: Thing, file: PlaceFile, code: str) -> list[SceneEvent]:
        """A stand ends, and its violation with it."""
        stand = file.stands.pop(code)
        if file.open is stand:
            file.open = None
        return self._event(Change.ENDED, thing, file, stand)

    def _event(self, change: Change, thing: Thing, file: PlaceFile, stand: Stand) -> list[SceneEvent]:
        """The event, if the stand has a violation at all."""
        if stand.raised is None:
            return []
        violation = stand.violation(self.device_id, thing, file, stand.raised, self._clock.first)
        return [SceneEvent(change, violation)]
