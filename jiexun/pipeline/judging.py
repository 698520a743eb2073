"""One device's looks under its zones and rules: the scene with its own state, and the pictures it may still want."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from casework.db import Session
from casework.devices.service import fixed_position, mounting_from
from casework.devices.tables import Device
from casework.places.queries import (
    PictureLine,
    belongs,
    door_lines,
    on_picture,
    scene_zone,
    shapes_of,
    street_lines,
    zones_of,
)
from casework.places.tables import Street, ZoneVersion
from casework.rules.queries import following, rule_sets
from casework.rules.tables import RuleSet
from detector.detections import Detections
from detector.scene.model import DeviceKind, DoorLine, Rule, SceneEvent, Violation, Zone
from detector.scene.passes import VehicleScene
from detector.scene.permits import EXEMPT_KINDS
from detector.scene.rules import FixedScene
from detector.scene.street_lines import StreetLine
from ingest.frame import Position
from jiexun.pipeline.lookbook import Book, Look, LookBook
from jiexun.pipeline.terms import Term, Terms

SIGHT_M = 500.0
METRES_PER_DEGREE = 111_320.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """zones: on a camera's picture, or on the ground for a vehicle. doors, streets: for a vehicle.

    rules: the set that holds for the first look. later: the sets that follow it, each from a moment on. permits:
    permitted and ignored places on the ground, for a fixed camera that was surveyed. lines: door lines on its picture,
    for people to see. look_every_s: between two looks by plan; 0: not known.
    """

    zones: list[Zone]
    doors: list[DoorLine]
    streets: list[StreetLine]
    rules: RuleSet
    permits: list[Zone] = field(default_factory=list)
    lines: list[PictureLine] = field(default_factory=list)
    look_every_s: float = 0.0
    later: list[tuple[datetime, RuleSet]] = field(default_factory=list)


def surroundings(
    session: Session, device: Device, captured_at: datetime, judged_at: datetime | None = None
) -> Surroundings:
    """What holds around a device from a look on. Rules go by capture time; zones as they were drawn at
    ``judged_at``, now if none."""
    sets, ground = rule_sets(session), zones_of(session, None, judged_at)
    if device.kind == DeviceKind.VEHICLE:
        (_, rules), *later = following(sets, captured_at)
        zones = [scene_zone(z) for z in ground]
        return Surroundings(zones, door_lines(session), street_lines(session), rules, later=later)
    return before_camera(
        device, shapes_of(session, device.id, judged_at), Exempt(ground), following(sets, captured_at)
    )


def before_camera(
    device: Device,
    drawn: Sequence[ZoneVersion],
    exempt: Exempt,
    sets: Sequence[tuple[datetime, RuleSet]],
) -> Surroundings:
    """What holds around a fixed camera. drawn: zones and door lines on its picture. sets: of rules, as ``following``
    tells them from its first look on."""
    zones, lines = on_picture(drawn)
    (_, rules), *later = sets
    return Surroundings(
        [scene_zone(z) for z in zones], [], [], rules, exempt.within_sight(device), lines, later=later
    )


class Exempt:
    """Permitted and ignored places on the ground: read once for as many cameras as there are."""

    def __init__(self, ground: Sequence[ZoneVersion]) -> None:
        """ground: zones on the ground."""
        rows = [row for row in ground if row.kind in EXEMPT_KINDS]
        self._zones = [scene_zone(row) for row in rows]
        corners = [(np.min(row.polygon, axis=0), np.max(row.polygon, axis=0)) for row in rows]
        self._low, self._high = np.array(corners, np.float64).reshape(-1, 2, 2).swapaxes(0, 1)

    def within_sight(self, device: Device) -> list[Zone]:
        """Those within SIGHT_M of a surveyed camera.

        Things farther off are placed with errors larger than that, so what lies nearer lets them off as well.
        """
        if device.latitude is None or device.longitude is None:
            return []  # it places nothing on the ground
        north = SIGHT_M / METRES_PER_DEGREE
        reach = np.array([north / math.cos(math.radians(device.latitude)), north])
        here = np.array([device.longitude, device.latitude])
        near = ((self._low - reach <= here) & (here <= self._high + reach)).all(axis=1)
        return [self._zones[n] for n in np.flatnonzero(near)]


class Judging:
    """Raises BadRule where the rules name a class that the detector does not know.

    device: with its street. begins: capture time of the first look (aware). term: what holds at the latest look.
    """

    def __init__(
        self,
        device: Device,
        around: Surroundings,
        labels: Sequence[str],
        begins: datetime,
        book: Book | None = None,
    ) -> None:
        self.zones, self.lines = around.zones, around.lines
        self._terms = Terms(device, [(begins, around.rules), *around.later], labels)
        self.term = self._terms.at(begins)
        self.book: Book = book if book is not None else LookBook()
        rules = list(self.term.rules.values())
        self.scene: FixedScene | VehicleScene
        if device.kind == DeviceKind.VEHICLE:
            mounting = mounting_from(device.mounting or {})
            self.scene = VehicleScene(
                device.code, rules, around.zones, around.doors, mounting, around.streets
            )
        else:
            surveyed = device.mounting is not None and device.heading is not None
            self.scene = FixedScene(
                device.code,
                [*around.zones, *around.permits],
                rules,
                mounting=mounting_from(device.mounting) if surveyed and device.mounting else None,
                position=fixed_position(device),
                look_every_s=around.look_every_s,
            )

    def look(self, look: Look) -> list[SceneEvent]:
        """Judge one look, and keep its picture while it may be wanted."""
        frame = look.frame
        events = self.judge(frame.captured_at, frame.index, frame.size, look.seen, frame.position)
        # The key pictures of an event may be wanted no more once it is told: keep them until it is written.
        told = frozenset(t for e in events for t in e.violation.key_times)
        self.book.keep(look, self.scene.wanted_times() | told)
        return events

    def renew(self, sets: Sequence[tuple[datetime, RuleSet]]) -> None:
        """Sets from the first look on, as ``rules_from`` tells them by now: one may have been entered meanwhile."""
        self._terms.renew(sets)

    def rules_at(self, captured_at: datetime) -> list[Rule]:
        """The rules that hold for a look. Raises BadRule."""
        return list(self._terms.at(captured_at).rules.values())

    def term_of(self, violation: Violation) -> Term:
        """The rules under which it began, which decide about it to its end."""
        return self._terms.at(violation.start)

    def judge(
        self,
        captured_at: datetime,
        index: int,
        size: tuple[int, int],
        seen: Detections,
        position: Position | None,
    ) -> list[SceneEvent]:
        """Judge one look without a picture. Raises BadRule where rules begin to hold that cannot be used here."""
        term = self._terms.at(captured_at)
        if term is not self.term:
            self.term = term
            self.scene.change_rules(list(term.rules.values()))
        if isinstance(self.scene, VehicleScene):
            return self.scene.look(captured_at, index, size, seen, position)
        return self.scene.look(captured_at, index, size, seen)

    def off_grade(self, session: Session, violation: Violation) -> bool:
        """Whether a vehicle's violation lies on a street whose grade its rule does not mean.

        A fixed camera's rules were chosen by its own street.
        """
        conditions = self.term_of(violation).conditions[violation.rule]
        ground = violation.sighting.ground
        if not conditions.grades or ground is None or isinstance(self.scene, FixedScene):
            return False
        street_id = belongs(session, ground.latitude, ground.longitude).street_id
        street = session.get(Street, street_id) if street_id is not None else None
        return not conditions.holds_on(street.grade if street is not None else None)
