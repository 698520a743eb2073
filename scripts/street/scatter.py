"""Random movable things on a street for training pictures, placed without overlap."""

from __future__ import annotations

from math import pi

import numpy as np
from numpy.random import Generator

from scripts.street import clutter, people, piles, shopgoods, stalls, vehicles
from scripts.street.labels import Thing
from scripts.street.palette import chance, pick
from scripts.street.shape import Shape, placed
from scripts.street.town import ROAD_Z

Rectangle = tuple[float, float, float, float]


class Ground:
    """Keeps taken rectangles (x0, y0, x1, y1), metres, and the things set down so far."""

    def __init__(self) -> None:
        self.taken: list[Rectangle] = []
        self.things: list[Thing] = []

    def put(
        self, label: str, shape: Shape, x: float, y: float, turn: float, z: float = 0.0, gap: float = 0.15
    ) -> bool:
        """Set a thing down if its ground rectangle is free; says whether it was. Label "" is never labelled."""
        points = placed(shape.vertices, (x, y, z), turn)
        (ax, ay), (bx, by) = points[:, :2].min(0) - gap, points[:, :2].max(0) + gap
        if any(ax < q[2] and q[0] < bx and ay < q[3] and q[1] < by for q in self.taken):
            return False
        self.taken.append((ax, ay, bx, by))
        self.things.append(Thing(label, shape, (x, y, z), turn))
        return True


def scatter(
    rng: Generator, focus: float, kerb: float, front: float, domain: bool, reach: float = 11.0
) -> list[Thing]:
    """Things around x = focus; without `domain` none of the three classes of interest."""
    ground = Ground()
    if domain:
        for _ in range(int(rng.integers(3, 9))):
            _domain(ground, rng, focus + float(rng.normal(0, reach * 0.42)), kerb, front)
    for _ in range(int(rng.integers(1, 7))):
        y = kerb + 0.6 if chance(rng, 0.6) else float(rng.uniform(kerb + 0.6, front - 0.6))
        ground.put(
            "",
            clutter.random_clutter(rng),
            focus + float(rng.uniform(-reach, reach)),
            y,
            float(rng.normal(0, 0.1)),
        )
    _parked_bikes(ground, rng, focus, kerb, front, reach)
    _traffic(ground, rng, focus, kerb, reach)
    _walkers(ground, rng, focus, kerb, front, reach)
    return ground.things


def _domain(ground: Ground, rng: Generator, x: float, kerb: float, front: float) -> None:
    kind = pick(rng, ["stall", "stall", "shop_goods", "shop_goods", "pile"])
    if kind == "shop_goods":
        ground.put(kind, shopgoods.random_goods(rng), x, front - float(rng.uniform(0.0, 0.15)), 0.0)
        return
    if kind == "stall":
        shape = stalls.random_stall(rng)
        turn = float(rng.normal(0, 0.1)) + pick(rng, [0.0, 0.0, pi, pi / 2, -pi / 2])
        y = pick(rng, [kerb + 1.2, kerb + 1.7, (kerb + front) / 2 + 0.3])
        if ground.put(kind, shape, x, y, turn) and chance(rng, 0.75):
            back = np.array((-np.sin(turn), np.cos(turn))) * float(rng.uniform(0.75, 1.1))
            at = (x + back[0] + float(rng.normal(0, 0.3)), y + back[1])
            ground.things.append(
                Thing("person", people.person(people.random_look(rng)), (*at, 0.0), turn - pi / 2)
            )
            if chance(rng, 0.5):
                at = (x - 1.2 * back[0] + float(rng.normal(0, 0.4)), y - 1.25 * back[1])
                ground.things.append(
                    Thing("person", people.person(people.random_look(rng)), (*at, 0.0), turn + pi / 2)
                )
        return
    y = pick(rng, [front - 0.6, front - 0.75, kerb + 0.9, (kerb + front) / 2])
    ground.put(kind, piles.random_pile(rng), x, y, float(rng.normal(0, 0.15)) + pick(rng, [0.0, 0.0, pi / 2]))


def _parked_bikes(
    ground: Ground, rng: Generator, focus: float, kerb: float, front: float, reach: float
) -> None:
    for _ in range(int(rng.integers(0, 4))):
        x, y = focus + float(rng.uniform(-reach, reach)), pick(rng, [kerb + 1.1, kerb + 1.1, front - 1.1])
        turn, two = pi / 2 + float(rng.normal(0.25, 0.12)), chance(rng, 0.5)
        for i in range(int(rng.integers(1, 6))):
            shape = vehicles.bicycle(rng) if two else vehicles.scooter(rng)
            way = turn + float(rng.normal(0, 0.06)) + (pi if chance(rng, 0.1) else 0)
            ground.put("bicycle" if two else "motorcycle", shape, x + 0.72 * i, y, way, gap=-0.1)


def _traffic(ground: Ground, rng: Generator, focus: float, kerb: float, reach: float) -> None:
    for lane, way, odds in (
        (kerb - 1.15, pi, 0.4),
        (1.6, pi, 0.4),
        (-1.6, 0.0, 0.4),
        (-kerb + 1.15, 0.0, 0.4),
    ):
        for _ in range(int(rng.integers(0, 3))):
            if chance(rng, odds):
                x = focus + float(rng.uniform(-1.6 * reach, 1.6 * reach))
                ground.put("car", vehicles.car(rng), x, lane, way + float(rng.normal(0, 0.02)), ROAD_Z, 0.4)
    for _ in range(int(rng.integers(0, 3))):
        x, lane = focus + float(rng.uniform(-reach, reach)), pick(rng, [kerb - 0.9, 1.9, -1.9])
        rider(ground, rng, x, lane, pi if lane > 0 else 0.0)


def rider(ground: Ground, rng: Generator, x: float, y: float, turn: float) -> None:
    """A bicycle or scooter on the road with its rider."""
    two = chance(rng, 0.4)
    shape = vehicles.bicycle(rng) if two else vehicles.scooter(rng)
    if ground.put("bicycle" if two else "motorcycle", shape, x, y, turn, ROAD_Z, 0.2):
        look = people.random_look(rng)
        lift = (0.9 if two else 0.8) - 0.51 * look.height
        back = -0.22 if two else -0.3
        at = (x + back * float(np.cos(turn)), y + back * float(np.sin(turn)), ROAD_Z + lift)
        ground.things.append(Thing("person", people.person(look, seated=True), at, turn))


def _walkers(ground: Ground, rng: Generator, focus: float, kerb: float, front: float, reach: float) -> None:
    for _ in range(int(rng.integers(2, 11))):
        phase = None if chance(rng, 0.3) else float(rng.uniform(0, 1))
        shape = people.person(people.random_look(rng), phase)
        turn = (
            pick(rng, [0.0, pi]) + float(rng.normal(0, 0.3))
            if phase is not None
            else float(rng.uniform(0, 2 * pi))
        )
        ground.put(
            "person",
            shape,
            focus + float(rng.uniform(-reach, reach)),
            float(rng.uniform(kerb + 0.5, front - 0.3)),
            turn,
        )
