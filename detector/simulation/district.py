"""The truth of the simulated district: streets with shops, and what stands, comes and goes there.

One site is a pavement before four shops, seen by one camera. Metres: east and north of the point below the
camera; the pavement runs north, the shops' door lines lie on its east side. Seconds: from the day's begin.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time

import numpy as np

from detector.scene.boxes import Floats
from detector.scene.ground import LocalPlane, to_pixels, view_of
from detector.scene.model import Calendar, Mounting, Space, Zone, ZoneKind
from ingest.frame import Position, PositionSource

SIZE = (1920, 1080)
BEGIN = datetime(2026, 5, 10, 22, 0, tzinfo=UTC)  # Monday 06:00 in Shanghai
DAY_S = 16 * 3600.0  # 06:00 to 22:00
EVENING_S = 11 * 3600.0  # 17:00: the permitted places of the evening open
NIGHT_S = 15 * 3600.0  # 21:00: they close
DUSK_S = 12.5 * 3600.0  # 18:30: the lamps are lit

DOOR = 6.5  # metres east: the shops' door lines
KERB = 1.5
FRONT = 5.0  # frontage: from here to the door line
SHOP_M = 5.0  # width of a shop
NEAREST = 8.0  # metres north of the camera: where the first shop begins
SHOPS = 4

BODY = {"stall": (1.8, 1.2, 1.7), "shop_goods": (2.2, 0.7, 0.9), "pile": (1.2, 1.0, 0.8)}
"""Width (north), depth (east), height of a thing, metres."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A spot where one kind of thing may stand. east, north: its middle.

    permitted: spans of the day at which it may stand there. drawn: such a place is drawn on the camera's picture,
    else on the ground only. judged: no rule minds what stands here (goods behind the door line).
    """

    label: str
    east: float
    north: float
    permitted: tuple[tuple[float, float], ...] = ()
    drawn: bool = True
    judged: bool = True


@dataclass(frozen=True, slots=True)
class Standing:
    """One thing that stood. body: width, depth, height. from_s may lie before the day, to_s after it."""

    slot: int
    label: str
    east: float
    north: float
    body: tuple[float, float, float]
    from_s: float
    to_s: float


@dataclass(frozen=True, slots=True)
class Site:
    """A camera and its street. zones: as a person would have drawn them."""

    device_id: str
    mounting: Mounting
    position: Position
    slots: tuple[Slot, ...]
    zones: tuple[Zone, ...]


def a_site(number: int, rng: np.random.Generator) -> Site:
    """A site: stalls' and piles' spots on the pavement, goods before the doors and behind them, permitted places.

    Every site has a permitted place all day and one in the evening; every second one has the latter drawn on the
    ground only.
    """
    mounting = Mounting(float(rng.uniform(4.5, 6.0)), float(rng.uniform(14, 18)), 0.0, 0.0, 75.0)
    position = Position(31.2 + 0.01 * number, 121.4, 14.0, 0.0, 0.5, PositionSource.FIXED)
    drawn = number % 2 == 0
    slots = [
        Slot("stall", 3.2, 9.0),
        Slot("stall", 2.8, 14.5),
        Slot("stall", 3.4, 20.0, ((EVENING_S, NIGHT_S),), drawn),
        Slot("stall", 2.9, 25.5, ((0.0, DAY_S),)),
        Slot("pile", 3.6, 11.8),
        Slot("pile", 2.4, 17.3),
        Slot("pile", 3.6, 22.8),
    ]
    for shop in range(SHOPS):
        north = NEAREST + SHOP_M * (shop + 0.5)
        slots.append(Slot("shop_goods", DOOR - 0.6, north))
        slots.append(Slot("shop_goods", DOOR + 1.6, north, judged=False))
    plan = _Plan(mounting, position)
    zones = [plan.drawn("pavement", ZoneKind.PAVEMENT, KERB, 6.0, FRONT, 30.0)]
    for shop in range(SHOPS):
        south = NEAREST + SHOP_M * shop
        code = f"S{number:04d}-{shop + 1}"
        zones.append(
            plan.drawn(f"front-{shop + 1}", ZoneKind.FRONTAGE, FRONT, south, DOOR, south + SHOP_M, shop=code)
        )
    for n, slot in enumerate(slots):
        if slot.permitted:
            around = (slot.east - 1.1, slot.north - 1.4, slot.east + 1.1, slot.north + 1.4)
            draw = plan.drawn if slot.drawn else plan.mapped
            zones.append(draw(f"permit-{n}", ZoneKind.PERMITTED, *around, calendar=_calendar(slot)))
    return Site(f"cam-{number:04d}", mounting, position, tuple(slots), tuple(zones))


class _Plan:
    """Draws rectangles of the ground on the picture or on the map."""

    def __init__(self, mounting: Mounting, position: Position) -> None:
        self._view = view_of(mounting, position.heading or 0.0, SIZE)
        self._plane = LocalPlane(position.latitude, position.longitude)

    def drawn(
        self, code: str, kind: ZoneKind, west: float, south: float, east: float, north: float, **more: object
    ) -> Zone:
        """In image space; corners beyond the picture are brought to its edge."""
        shares = to_pixels(self._view, _corners(west, south, east, north)) / SIZE
        return Zone(code, 1, kind, Space.IMAGE, np.clip(shares, 0.0, 1.0), **more)  # type: ignore[arg-type]

    def mapped(
        self, code: str, kind: ZoneKind, west: float, south: float, east: float, north: float, **more: object
    ) -> Zone:
        """In ground space."""
        lonlat = self._plane.to_wgs84(_corners(west, south, east, north))
        return Zone(code, 1, kind, Space.GROUND, lonlat, **more)  # type: ignore[arg-type]


def _corners(west: float, south: float, east: float, north: float) -> Floats:
    return np.array([[west, south], [east, south], [east, north], [west, north]], np.float64)


def _calendar(slot: Slot) -> Calendar:
    (begin, end), *_ = slot.permitted
    if (begin, end) == (0.0, DAY_S):
        return Calendar()
    return Calendar(hours=((_clock(begin), _clock(end)),))


def _clock(seconds: float) -> time:
    minutes = 6 * 60 + round(seconds / 60)
    return time(minutes // 60 % 24, minutes % 60)


def a_day(site: Site, rng: np.random.Generator) -> list[Standing]:
    """What stood at a site on one day. A slot holds one thing at a time, and who comes back stands where he stood.

    Two in five stay for a minute or three only; a fifth of the slots is taken when the day begins; stalls of the
    evening come to their permitted place and half of them stay past its hours; shops bring their goods out and
    take them in when they close, the goods behind the door all day long.
    """
    things: list[Standing] = []
    for n, slot in enumerate(site.slots):
        spot = np.array([slot.east, slot.north]) + rng.uniform(-1, 1, 2) * [0.2, 0.4]
        for begin, end in _spans(slot, rng):
            body = tuple(float(side * rng.uniform(0.85, 1.15)) for side in BODY[slot.label])
            east, north = (spot + rng.uniform(-0.05, 0.05, 2)).tolist()
            things.append(Standing(n, slot.label, east, north, body, begin, end))  # type: ignore[arg-type]
    return things


def _spans(slot: Slot, rng: np.random.Generator) -> list[tuple[float, float]]:
    if not slot.judged:
        return [(-1.0, DAY_S + 1.0)]
    if slot.permitted and slot.permitted[0][0] > 0:
        begin, end = slot.permitted[0]
        late = rng.uniform(900, 2400) if rng.random() < 0.5 else -rng.uniform(60, 900)
        return [(begin + rng.uniform(60, 3600), end + late)] if rng.random() < 0.8 else []
    spans = []
    at = -1.0 if rng.random() < 0.2 else float(rng.exponential(3 * 3600))
    while at < DAY_S:
        stays = rng.uniform(30, 200) if rng.random() < 0.4 else 420 + rng.exponential(2400)
        spans.append((at, at + float(stays)))
        at += float(stays + 60 + rng.exponential(3 * 3600))
    return spans
