"""VehicleScene: from a patrol vehicle's detections to clues, one pass at a time, by place on the ground."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from detector.detections import Detections
from detector.scene.beside import Companions, add, facts, fits
from detector.scene.boxes import Floats, contained, foot_points, iou, pair_up
from detector.scene.calendar import holds
from detector.scene.ground import Errors, LocalPlane, covariances, heading_error, to_ground, view_of
from detector.scene.looks import MOST_LOOKS, LookClock, LookNotes, microseconds
from detector.scene.model import Change, DoorLine, Mounting, Rule, SceneEvent, Zone
from detector.scene.pictures import Ladder
from detector.scene.roadside import Points, RoadThing, Told, distances, settle, spread_of
from detector.scene.rules_data import distinct
from detector.scene.sightings import SAME, Bounds
from detector.scene.stands import LABEL_SHARE
from detector.scene.street import Street
from detector.scene.street_lines import StreetLine
from detector.tints import known
from ingest.frame import Position

BEHIND_S = 5.0
"""A thing not seen for so long (or three normal steps between looks, if longer) is behind the vehicle."""

BEYOND_M = 15.0
"""... and so is one that lies this far beyond the rule's reach."""

PART = 0.75
"""A box of which this share lies in another, and whose foot is level with the other's, is a part of it."""

FOOT_LEVEL = 0.15
"""Feet that differ by up to this share of the larger height are level."""

EDGE_PX = 2.0
"""A box this near to the left, right or lower edge of the picture is cut by it."""

_HAIR = 1e-6


class VehicleScene:
    """Judges the looks of one driving camera; holds state, touches nothing.

    zones: in ground space. door_lines: of the shops along the way. street_lines: middle lines of the streets,
    where they are known. Raises BadZone, BadRule.

    A thing is raised once in a pass, as a clue (``proven`` False), when it is behind the vehicle or at
    ``finish``: with ``looks_per_pass`` looks or more, the best of them sure enough to begin a sighting, most of
    what was seen under one label, and not on permitted or ignored ground. Its pass lasts until nobody saw it
    for the rule's ``gap_s``; seen again later, it is a new pass. A rule's ``zone_kinds`` do not limit a
    vehicle: zones of these kinds that hold the place are named, not needed.
    """

    def __init__(
        self,
        device_id: str,
        rules: Sequence[Rule],
        zones: Sequence[Zone],
        door_lines: Sequence[DoorLine],
        mounting: Mounting,
        street_lines: Sequence[StreetLine] = (),
    ) -> None:
        self.device_id = device_id
        self._street = Street(zones, door_lines, street_lines)
        self._mounting = mounting
        self._clock = LookClock(0.0)
        self._things: list[RoadThing] = []
        self._plane: LocalPlane | None = None
        self._told: list[Told] = []
        self._company = Companions()
        self.change_rules(rules)

    def change_rules(self, rules: Sequence[Rule]) -> None:
        """From the next look on these rules hold, for things first seen from then on. Raises BadRule."""
        self._rules = distinct(rules)
        asked = {*self._rules, *(rule for thing in self._things for rule in thing.rules)}
        self._bounds = Bounds.of(tuple(asked))
        self._reach = {
            label: max(r.reach_m for r in asked if label in r.labels) for label in self._bounds.start
        }
        self._gap_s = self._clock.gap_s = max((rule.gap_s for rule in asked), default=0.0)
        self._pictures = max((rule.pictures for rule in asked), default=1)
        self._company.ask(self._rules)

    @property
    def notes(self) -> LookNotes:
        """What was wrong with the looks so far."""
        return self._clock.notes

    def look(
        self,
        captured_at: datetime,
        frame_index: int,
        size: tuple[int, int],
        detections: Detections,
        position: Position | None,
    ) -> list[SceneEvent]:
        """Judge one look. captured_at: aware UTC. size: (width, height) px. position: of the camera, WGS-84.

        A look captured no later than the one before is ignored; one without position or heading sees nothing;
        both are counted in ``notes``. Raises BadTime, BadMounting (pictures of another shape than was measured).
        """
        at_s = self._clock.admit(captured_at)
        if at_s is None:
            return []
        vehicle: Floats | None = None
        seen: set[RoadThing] = set()
        if position is None or position.heading is None:
            self._clock.note(unplaced=1)
        else:
            if self._plane is None:
                self._plane = LocalPlane(position.latitude, position.longitude)
            vehicle = self._plane.to_local(np.array([position.longitude, position.latitude]))
            seen = self._see(captured_at, at_s, frame_index, size, detections, position, vehicle)
        for thing in self._things:
            if thing not in seen:
                thing.history.miss(hidden=False)
        return self._close(at_s, vehicle)

    def finish(self) -> list[SceneEvent]:
        """End of the source: what was not raised yet is judged now."""
        events = [event for thing in self._things if not thing.told for event in self._tell(thing)]
        self._things = []
        return events

    def wanted_times(self) -> frozenset[datetime]:
        """Capture times whose original pictures may still be needed: per thing a ladder and the latest."""
        return frozenset(
            at
            for thing in self._things
            if not thing.told
            for at in (*thing.ladder.rungs, thing.history.latest)
        )

    def _see(
        self,
        at: datetime,
        at_s: float,
        frame: int,
        size: tuple[int, int],
        detections: Detections,
        position: Position,
        vehicle: Floats,
    ) -> set[RoadThing]:
        which, points = self._place(size, detections, position, vehicle)
        pairs = []
        if len(which) and self._things:
            pairs = pair_up(distances(self._things, points), 0.0)
        found = {col: self._things[row] for row, col in pairs}
        at_us, scale = microseconds(at), np.array([*size, *size], np.float64)
        scaled = detections.xyxy / scale
        beside = self._company.look(scaled[which], scale, detections) if self._company else None
        for col, i in enumerate(which):
            label, confidence = detections.label(i), float(detections.confidence[i])
            thing = found.get(col)
            if thing is None:
                thing = found[col] = RoadThing(
                    at,
                    size,
                    Ladder(0.0, self._pictures),
                    points.local[col].copy(),
                    np.zeros((2, 2)),
                    self._rules,
                )
                self._things.append(thing)
            if thing.told and not thing.raised:
                # It was hidden for a while and judged too early; pictures from before are gone.
                thing.told, thing.ladder = False, Ladder(0.0, self._pictures)
            thing.add(points, col, vehicle)
            thing.evidence[label] = thing.evidence.get(label, 0.0) + confidence
            if beside is not None:
                thing.company = add(thing.company, beside[col])
            thing.best[label] = max(thing.best.get(label, 0.0), confidence)
            thing.history.see(at_us, at_s, frame, scaled[i].tolist(), confidence, self._clock.normal_step_s)
            thing.ladder.offer(at)
            if thing.history.kept >= MOST_LOOKS:
                thing.history.thin(thing.ladder.rungs)
        return set(found.values())

    def _place(
        self, size: tuple[int, int], detections: Detections, position: Position, vehicle: Floats
    ) -> tuple[list[int], Points]:
        """The detections that matter and lie within reach, and their ground points; doubles of one thing
        left out.
        """
        names = detections.names
        stop = np.array([self._bounds.stop.get(name, np.inf) for name in names])
        reach = np.array([self._reach.get(name, 0.0) for name in names])
        boxes, class_id = detections.xyxy.astype(np.float64), detections.class_id
        view = view_of(self._mounting, position.heading or 0.0, size)
        ground = to_ground(view, foot_points(boxes))
        flat = (boxes[:, 2:] <= boxes[:, :2]).any(axis=1)
        sure = detections.confidence + _HAIR >= stop[class_id]
        # Beyond the horizon the distance is NaN, and NaN is never within reach.
        mine = np.flatnonzero(sure & ~flat & (np.hypot(ground[:, 0], ground[:, 1]) <= reach[class_id]))
        mine = mine[_first_of_doubles(boxes[mine], detections.confidence[mine])]
        cut = (
            (boxes[mine, 0] <= EDGE_PX)
            | (boxes[mine, 2] >= size[0] - EDGE_PX)
            | (boxes[mine, 3] >= size[1] - EDGE_PX)
        ).tolist()
        errors = Errors(heading=heading_error(position))
        spread = spread_of(covariances(view, foot_points(boxes[mine]), errors), cut)
        # Height and width are small angles at the foot's depth: good to some per cent, enough to tell apart.
        depth = np.column_stack([ground[mine], np.full(len(mine), -view.height_m)]) @ view.axes[2]
        metres = (boxes[mine, 2:] - boxes[mine, :2]) / view.focal_px * depth[:, None]
        return mine.tolist(), Points(
            vehicle + ground[mine], spread, cut, metres, position.accuracy, known(detections)[mine]
        )

    def _close(self, at_s: float, vehicle: Floats | None) -> list[SceneEvent]:
        """Raise what is behind the vehicle; forget what nobody saw for longer than the gap."""
        events: list[SceneEvent] = []
        patience = max(BEHIND_S, 3 * self._clock.normal_step_s)
        for thing in self._things:
            unseen_s = at_s - thing.history.last_s
            reach = self._reach[thing.label] + BEYOND_M
            far = vehicle is not None and float(np.hypot(*(thing.centre - vehicle))) > reach
            if not thing.told and (far or unseen_s > min(patience, self._gap_s) + _HAIR):
                thing.told = True
                events += self._tell(thing)
        self._things = [t for t in self._things if at_s - t.history.last_s <= self._gap_s + _HAIR]
        self._told = [t for t in self._told if at_s - t.last_s <= self._gap_s + _HAIR]
        return events

    def _tell(self, thing: RoadThing) -> list[SceneEvent]:
        """The clue that a thing makes, if it makes one."""
        label = thing.label
        looks = thing.history.tally.seen
        meant = [r for r in thing.rules if label in r.labels and holds(r.calendar, thing.begun)]
        company = [(r, self._company.shares(r, thing.company, (), looks)) for r in meant]
        rule, shares = next(((r, s) for r, s in company if fits(r, s)), (None, None))
        if rule is None or shares is None or self._plane is None or looks < rule.looks_per_pass:
            return []
        if thing.best[label] + _HAIR < rule.begins_at(label) or thing.label_share < LABEL_SHARE:
            return []
        settled = settle(thing)
        told = Told(rule.type, settled, frozenset(thing.history.times), thing.history.last_s)
        if any(told.doubles(other) for other in self._told):
            self._clock.note(duplicates=1)
            return []
        clue = self._street.clue(self.device_id, thing, rule, settled, self._plane, facts(rule, shares))
        if clue is None:
            self._clock.note(let_off=1)
            return []
        self._told.append(told)
        thing.raised = True
        return [SceneEvent(Change.RAISED, clue)]


def _first_of_doubles(boxes: Floats, confidence: NDArray[np.float32]) -> list[int]:
    """Which boxes of one look stay when each thing (two labels, seen twice, or with a part) keeps its surest."""
    order = np.argsort(-confidence, kind="stable").tolist()
    heights = boxes[:, 3] - boxes[:, 1]
    # A part of a thing, boxed as well: nearly all of it inside, and both end at the same ground. A thing further
    # away may lie inside a nearer one's box too, but its foot is higher in the picture.
    level = np.abs(boxes[:, None, 3] - boxes[None, :, 3]) <= FOOT_LEVEL * np.maximum(
        heights[:, None], heights[None, :]
    )
    same = (iou(boxes, boxes) >= SAME) | ((contained(boxes, boxes) >= PART) & level)
    kept: list[int] = []
    for i in order:
        if not same[i, kept].any():
            kept.append(i)
    return sorted(kept)
