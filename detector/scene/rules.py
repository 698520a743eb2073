"""FixedScene: from one fixed camera's detections to violations, look by look, in capture time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType

import numpy as np

from detector.detections import Detections
from detector.scene.beside import Companions, Counts, add, fits
from detector.scene.beside import facts as company_facts
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
    Alike,
    PlaceFile,
    Raised,
    Stand,
    Verdict,
    alike,
    judge,
    violation_key,
)
from detector.scene.zones import ZoneSet
from ingest.frame import Position

ANEW = -1
"""Epoch of a file whose thing was laid over the zones since its verdicts."""

NOTHING_MORE: Mapping[str, float | int | bool | str] = MappingProxyType({})

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
    the thing is not seen for ``gap_s`` or the clock is set back; it ends itself when its place is empty, whatever let
    the thing off meanwhile, or at ``finish`` (docs/PLACE-AND-TIME.md).
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
        self._look_every_s = look_every_s
        self._alike: tuple[Alike, ...] = ()  # rules that hold, then older ones that some stand goes on under
        self._in_force = 0  # how many of these hold
        self._order: list[tuple[Rule, Alike]] = []  # the rules in the order in which they are asked
        self._empty_after_s: dict[str, float] = {}
        self._one_gap = True
        self._clock = LookClock(0.0)
        self._things = StandingThings(Bounds.of(()), 0.0)
        self._company = Companions()
        self._files: dict[Thing, PlaceFile] = {}
        self._held = HeldPlaces()
        self._at_s = 0.0
        self._laid: dict[int, Floats] = {}  # by row, of this look
        self._minute = -1
        self._active: tuple[bool, ...] = ()
        self._permits_active: tuple[bool, ...] = ()
        self._alike_active: tuple[bool, ...] = ()
        self._epoch = 0
        self.change_rules(rules)

    def change_rules(self, rules: Sequence[Rule]) -> None:
        """From the next look on these rules hold. Raises BadRule.

        They decide about what begins to stand from then on; what stands goes on under the version under which it
        began, to its end (docs/decisions/0011).
        """
        asked = [replace(r, gap_s=r.longest_gap_s(self._look_every_s)) for r in distinct(rules)]
        standing = {id(stand.alike) for file in self._files.values() for stand in file.stands}
        before = [one for one in self._alike if id(one) in standing]
        now = alike(asked, before)
        self._alike, self._in_force = (*now, *(one for one in before if one not in now)), len(now)
        place = {rule.code: i for i, rule in enumerate(asked)}
        pairs = [(rule, one) for one in self._alike for rule in one.rules]
        self._order = sorted(pairs, key=lambda pair: place.get(pair[0].code, len(place)))
        self._empty_after_s |= {rule.code: rule.empty_after_s() for rule in rules}
        every = [rule for rule, _ in pairs]
        gap_s = max((rule.gap_s for rule in every), default=0.0)
        self._one_gap = all(rule.gap_s == gap_s for rule in every)
        self._clock.gap_s = gap_s
        self._things.ask(Bounds(Bounds.of(asked).start, Bounds.of(every).stop), gap_s)
        self._company.ask(asked)
        self._minute, self._epoch = -1, self._epoch + 1

    @property
    def notes(self) -> LookNotes:
        """What was wrong with the looks so far."""
        return self._clock.notes

    @property
    def standing(self) -> int:
        """How many things stand now, whether a rule minds them or not."""
        return len(self._things.things)

    @property
    def starting(self) -> bool:
        """Whether something stands that may yet become a violation: not raised, and no longer there than twice the
        time that its rule asks for."""
        return any(
            self._at_s - stand.start_s <= 2 * rule.dwell_s
            for file in self._files.values()
            if file.open is None
            for stand in file.stands
            for rule, _ in stand.ladders
        )

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
        for lost in ended:
            self._lose(lost)
        # First: what was away for so long has gone, whatever stands there now.
        events = list(self._held.release(at_s))
        self._held.see(self._things.boxes, self._things.labels, at_s)
        self._things.labels = []  # of this look only, and large
        if not self._one_gap:
            self._end_by_gap(at_s)
        self._measure(seen)
        company = self._beside(seen, size, detections)
        for row, beside in zip(seen, company, strict=True):
            events += self._judge(row, captured_at, at_s, beside)
        return events

    def finish(self) -> list[SceneEvent]:
        """End of the source: what is raised ends with what is known."""
        ended = [event for lost in self._things.finish() for event in self._end(lost.thing)]
        return ended + self._held.finish(self._at_s, self._things.gap_s)

    def wanted_times(self) -> frozenset[datetime]:
        """Capture times whose original pictures may still be needed: per thing a ladder of bounded length."""
        standing = (stand for file in self._files.values() for stand in file.stands)
        held = (at for event in self._held for at in event.violation.key_times)
        return frozenset([*(at for stand in standing for at in stand.wanted), *held])

    def _ask_calendars(self, at: datetime) -> None:
        """Which zones and rules hold now. Calendars are kept to the minute, so they are asked once a minute."""
        minute = int(at.timestamp() // 60)
        if minute == self._minute:
            return
        active, permits = self._zones.active(at), self._permits.active(at)
        rules = tuple(holds(one.first.calendar, at) for one in self._alike)
        if (active, permits, rules) != (self._active, self._permits_active, self._alike_active):
            self._active, self._permits_active, self._epoch = active, permits, self._epoch + 1
            self._alike_active = rules
        self._minute = minute

    def _measure(self, seen: list[int]) -> None:
        """Lay new places, and those that moved, over the zones."""
        places, measured = self._things.places, self._things.measured
        least = MEASURE_AGAIN * (measured[:, 2:] - measured[:, :2]).min(axis=1, initial=np.inf)
        # A new place was never measured: its distance is NaN, and NaN is never small enough.
        stays = np.abs(places - measured).max(axis=1, initial=0.0) <= least
        stale = [row for row in seen if not stays[row]]
        self._laid = {}
        if not stale:
            return
        measured[stale] = places[stale]
        for row, laid in zip(stale, self._zones.shares(feet(places[stale])), strict=True):
            thing = self._things.things[row]
            self._laid[row] = laid
            file = self._files.get(thing)
            permits = self._permits.near(places[row], thing.size, file.permits if file else ())
            if file is None:
                self._files[thing] = PlaceFile(permits, thing.begun)
            else:
                file.permits, file.epoch = permits, ANEW

    def _shares(self, row: int) -> Floats:
        """(Z,) shares of a thing's foot in the zones, calendars aside. Not kept: asked for when a thing is new or
        moved, or a calendar changed; and a thousand cameras have fifty things each."""
        if row not in self._laid:
            self._laid[row] = self._zones.shares(feet(self._things.measured[row][None]))[0]
        return self._laid[row]

    def _beside(self, seen: list[int], size: tuple[int, int], detections: Detections) -> Sequence[Counts]:
        """What this look saw beside the things that it saw, where a rule asks for it."""
        if not self._company:
            return [()] * len(seen)
        return self._company.look(self._things.places[seen], np.array([*size, *size], np.float64), detections)

    def _judge(self, row: int, at: datetime, at_s: float, beside: Counts) -> list[SceneEvent]:
        """What one thing that is seen now does under each rule. beside: what this look saw beside it."""
        thing = self._things.things[row]
        file = self._files[thing]
        history = thing.history
        events: list[SceneEvent] = []
        if file.epoch != self._epoch:
            file.verdicts, file.epoch = self._verdicts(row, file), self._epoch
            # The looks of what is let off end with the look before this one.
            judged = [under for under, _ in file.verdicts]
            let_off = [stand for stand in file.stands if stand.alike not in judged]
            # Its box jittered over an edge, or the hours of a permitted place began: the thing has not gone, and
            # nothing new is raised there.
            for event in [event for stand in let_off for event in self._leave(thing, file, stand)]:
                self._hold(event, self._things.places[row], file.end_s)
            if let_off and self._in_force < len(self._alike):
                file.verdicts = self._verdicts(row, file)  # the rules that hold take over from an older one
            file.begin_stands(at, at_s, history.before_last)
        step = at_s - file.end_s
        file.end, file.end_s, file.after = at, at_s, history.tally
        if beside:
            file.company = add(file.company, beside)
        if file.labels != len(thing.evidence):
            file.labels = len(thing.evidence)
            file.want_pictures(thing.evidence)
        if step > file.quiet_s:
            file.step(step, at, at_s)
        if at_s >= file.due_s:
            if file.open is None:
                events += self._raise(row, file, at, at_s)
            else:
                events += self._update(thing, file, file.open, at, at_s)
        if history.kept >= KEPT_LOOKS:
            wanted = {t for stand in file.stands for t in (stand.start, *stand.wanted)}
            history.thin(wanted, KEPT_LOOKS // 3)
        return events

    def _verdicts(self, row: int, file: PlaceFile) -> tuple[tuple[Alike, Verdict], ...]:
        if any(self._permits_active[i] for i in file.permits):
            return ()
        foot = feet(self._things.measured[row][None])[0]
        verdicts = []
        for i, under in enumerate(self._alike):
            if self._alike_active[i] and self._decides(i, under, file):
                verdict = judge(under.first, self._zones, self._active, foot, self._shares(row))
                if verdict is not None:
                    verdicts.append((under, verdict))
        return tuple(verdicts)

    def _decides(self, i: int, under: Alike, file: PlaceFile) -> bool:
        """Whether these rules decide about a thing: it stands under them, or they hold and it stands under no older
        version of one of them."""
        if self._in_force == len(self._alike) or file.stand(under) is not None:
            return True
        return i < self._in_force and not any(stand.alike.shares_code(under) for stand in file.stands)

    def _update(
        self, thing: Thing, file: PlaceFile, stand: Stand, at: datetime, at_s: float
    ) -> list[SceneEvent]:
        """A raised violation goes on."""
        stand.told_s, stand.key_times = at_s, (*stand.key_times[:-1], at)
        file.ask_again()
        return self._event(Change.UPDATED, thing, file, stand)

    def _raise(self, row: int, file: PlaceFile, at: datetime, at_s: float) -> list[SceneEvent]:
        """Raise the violation of a thing that stood long enough under some rule; it has one at most."""
        thing = self._things.things[row]
        label, verdicts = thing.label, dict(file.verdicts)
        for rule, under in self._order:
            stand, verdict = file.stand(under), verdicts.get(under)
            if label not in rule.labels or stand is None or verdict is None or at_s < stand.due_s(rule):
                continue
            ladder = stand.ladder(rule)
            keys = ladder.pick(rule.pictures, at) if ladder is not None else ()
            enough = len(keys) == rule.pictures and verdict.share + _HAIR >= rule.overlap
            sure_of_label = thing.agreement(label) >= LABEL_SHARE
            if not (enough and sure_of_label and stand.often_seen(file.after)):
                continue
            looks = file.after.seen - stand.before.seen
            shares = self._company.shares(rule, file.company, stand.company, looks)
            if not fits(rule, shares):
                continue
            if self._open_beside(row, rule.type):
                self._clock.note(duplicates=1)
                continue
            stand.told_s, stand.key_times = at_s, keys
            stand.ladders = tuple(kept for kept in stand.ladders if kept[0] is not rule)  # its work is done
            facts = stand.duty_facts(rule, verdict, at_s) | company_facts(rule, shares) or NOTHING_MORE
            stand.raised = self._raised(thing, self._things.places[row], stand, rule, verdict, facts)
            file.open = stand
            file.ask_again()
            return self._event(Change.RAISED, thing, file, stand)
        return []

    def _open_beside(self, row: int, type_: str) -> bool:
        """Whether a violation of this type is open, or held, where this thing stands."""
        here, places = self._things.places[row], self._things.places
        if self._held.blocks(here, type_):
            return True
        for other in np.flatnonzero(same_spot(here[None], places)[0]).tolist():
            file = self._files.get(self._things.things[other])
            raised = file.open.raised if file is not None and file.open is not None else None
            if raised is not None and raised.rule.type == type_:
                return True
        return False

    def _raised(
        self,
        thing: Thing,
        place: Floats,
        stand: Stand,
        rule: Rule,
        verdict: Verdict,
        facts: Mapping[str, float | int | bool | str],
    ) -> Raised:
        key = violation_key(self.device_id, rule, stand.start, place.tolist(), 2)
        label = thing.label
        ground = self._permits.ground(place, thing.size)
        return Raised(rule, key, label, thing.label_share(label), verdict, ground, facts)

    def _end_by_gap(self, at_s: float) -> None:
        """End the stands whose own rule allows a shorter gap than the scene's longest."""
        for row, thing in enumerate(self._things.things):
            file = self._files.get(thing)
            if file is None:
                continue
            # What is seen at this very look is judged only after this, so its old stand ends here too.
            for stand in [s for s in file.stands if at_s - file.end_s > s.alike.first.gap_s + _HAIR]:
                for event in self._leave(thing, file, stand):
                    self._hold(event, self._things.places[row], file.end_s)
                file.epoch = ANEW  # a new stand may begin

    def _lose(self, lost: Lost) -> None:
        """A thing is followed no longer: what is raised is held.

        Where it moved as well: half its width away it still overlaps its old place, and a place that was first seen
        as a mere part of the thing moves as much. It has gone once nothing is seen there.
        """
        file = self._files.get(lost.thing)
        end_s = file.end_s if file else 0.0
        for event in self._end(lost.thing):
            self._hold(event, lost.place, end_s)

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
        return [event for stand in file.stands for event in self._leave(thing, file, stand)] if file else []

    def _leave(self, thing: Thing, file: PlaceFile, stand: Stand) -> list[SceneEvent]:
        """A stand ends, and its violation with it."""
        file.stands = tuple(one for one in file.stands if one is not stand)
        if file.open is stand:
            file.open = None
        return self._event(Change.ENDED, thing, file, stand)

    def _event(self, change: Change, thing: Thing, file: PlaceFile, stand: Stand) -> list[SceneEvent]:
        """The event, if the stand has a violation at all."""
        if stand.raised is None:
            return []
        violation = stand.violation(self.device_id, thing, file, stand.raised, self._clock.first)
        return [SceneEvent(change, violation)]
