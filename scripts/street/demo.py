"""The staged world of the demonstration on 梧桐路: what stands where from when to when, who walks, what drives.

Times are seconds since `geo.START`; places are metres in the world frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi, sin

import numpy as np
from numpy.random import Generator

from scripts.street import people, piles, shopgoods, stalls, vehicles
from scripts.street import town as towns
from scripts.street.camera import Camera
from scripts.street.labels import Thing
from scripts.street.shape import Shape
from scripts.street.town import ROAD_Z, Town

SEED = 20261031
FIXED_SECONDS, FIXED_STEP = 720.0, 4.0
PATROL_START, PATROL_FRAMES, PATROL_STEP = 540.0, 64, 0.5
LONG_AGO, LONG_AFTER = -900.0, 1800.0
NAMES = ["和顺茶庄", "阿福包子铺", "春晖文具", "锦源粮油", "佳佳水果", "永兴五金", "小满咖啡", "万利烟酒", "老周面馆",
         "玉兰花店", "明视眼镜", "四季蔬果", "东升百货", "新新干洗", "金麦烘焙", "福临超市", "德康药房", "美衣服饰",
         "大有杂货", "顺发电器", "南风奶茶", "同乐鞋店", "香满熟食", "安居房产", "兴旺小吃", "百合理发"]  # fmt: skip
TREES = [(8.0, 1), (18.0, 1), (58.0, 1), (70.0, 1), (82.0, 1), (91.0, 1), (114.5, 1), (118.5, 1), (150.0, 1),
         *((float(x), -1) for x in (-12, -2, 8, 62, 74, 86, 98, 110, 122, 134, 146, 158))]  # fmt: skip


@dataclass(frozen=True)
class Staged:
    """A staged thing that stands from `start` to `end`; `kind` is the violation type, or none and `why` says why."""

    code: str
    thing: Thing
    kind: str | None
    why: str | None
    start: float
    end: float
    shop: int | None = None


@dataclass(frozen=True)
class Walker:
    """Somebody who walks along x at a steady pace: at x = `x0` at time `start`, direction `way` (1 east)."""

    look: people.Look
    start: float
    x0: float
    y: float
    way: int
    speed: float

    def at(self, t: float) -> Thing:
        """The figure at time t."""
        gone = self.speed * (t - self.start)
        shape = people.person(self.look, (gone / (0.8 * self.look.height)) % 1.0)
        z = 0.0 if self.y >= 4.2 else ROAD_Z
        return Thing("person", shape, (self.x0 + self.way * gone, self.y, z), 0.0 if self.way > 0 else pi)


@dataclass
class World:
    """Everything of the demonstration."""

    town: Town
    staged: list[Staged]
    walkers: list[Walker]
    cars: list[tuple[Shape, float, int, float]]
    vendors: list[tuple[Thing, float, float]]
    cart: Shape
    pusher: people.Look
    patrol_car: Shape


def build() -> World:
    """The same world each time."""
    rng = np.random.default_rng(SEED)
    town = towns.build(rng, 4.0, 9.0, -20.0, 180.0, NAMES, TREES)
    cart = stalls.tricycle(np.random.default_rng(5))
    staged = _staged(town, cart)
    vendors = [
        (Thing("person", people.person(people.random_look(rng)), (x, y, 0.0), -pi / 2), start, LONG_AFTER)
        for x, y, start in ((38.5, 6.25, 48.0), (29.2, 6.4, LONG_AGO), (140.3, 6.25, LONG_AGO))
    ]
    paint = vehicles.car(np.random.default_rng(8), "suv", "e8eaec")
    for side in (-1, 1):
        paint.box((0, side * 0.935, 0.78), (3.2, 0.012, 0.16), ("gloss", "1d4fa0"))
    paint.box((-0.3, 0, 1.78), (0.3, 1.1, 0.12), ("gloss", "2040c0"))
    return World(town, staged, _walkers(rng), _cars(rng), vendors, cart, people.random_look(rng), paint)


def shop_at(town: Town, x: float) -> int:
    """Index of the shop in front of x."""
    return next(i for i, s in enumerate(town.shops) if s.x0 <= x < s.x1)


def _staged(town: Town, cart: Shape) -> list[Staged]:
    """Stands of the whole demonstration; see the README for what each is for."""

    def rng(n: int) -> Generator:
        return np.random.default_rng((SEED, n))

    near, far = shop_at(town, 32.0), shop_at(town, 124.0)
    mid = {i: (town.shops[i].x0 + town.shops[i].x1) / 2 for i in (near, far)}

    def thing(label: str, shape: Shape, x: float, y: float, turn: float = 0.0, z: float = 0.0) -> Thing:
        return Thing(label, shape, (x, y, z), turn)

    person = people.person(people.random_look(rng(9)))
    bike, scoot = vehicles.bicycle(rng(10)), vehicles.scooter(rng(11))
    parked = vehicles.car(rng(12), "sedan", "3a3c3f")
    return [
        Staged("T-01", thing("stall", stalls.cart(rng(1)), 38.2, 5.3), "stall", None, 60, LONG_AFTER),
        Staged("T-02", thing("shop_goods", shopgoods.fruit_rows(rng(2), 3.2), mid[near], 8.95), "cross_door", None, 100,
               LONG_AFTER, near),
        Staged("T-03", thing("pile", piles.cartons(rng(10), 1.2), 34.9, 5.5), "stacked_goods", None, 150,
               LONG_AFTER),
        Staged("T-04", thing("stall", stalls.table(rng(10)), 28.9, 5.6), None, "permitted place 疏导点 P-WT-01",
               LONG_AGO, LONG_AFTER),
        Staged("T-05", thing("stall", cart, 41.2, 4.95), None, "moving vendor, stops for 60 s only", 400, 460),
        Staged("T-06", thing("person", person, 34.2, 7.7, -1.2), None, "a person standing", 200, 380),
        Staged("T-07", thing("car", vehicles.car(rng(13), "hatch", "d8dadb"), 40.8, 2.95, pi, ROAD_Z), None,
               "car parked at the kerb", 60, 300),
        Staged("T-08", thing("bicycle", bike, 37.6, 8.3, 0.1), None, "parked bicycle", LONG_AGO, LONG_AFTER),
        Staged("T-11", thing("stall", stalls.tricycle(rng(21)), 140.0, 5.3, 0.05), "stall", None, LONG_AGO, LONG_AFTER),
        Staged("T-12", thing("shop_goods", shopgoods.clothes_rail(rng(22), 3.0), mid[far], 8.95), "cross_door", None,
               LONG_AGO, LONG_AFTER, far),
        Staged("T-13", thing("pile", piles.sacks(rng(23), 1.2), 103.5, 8.0), "stacked_goods", None, LONG_AGO,
               LONG_AFTER),
        Staged("T-14", thing("motorcycle", scoot, 132.5, 5.1, 1.8), None, "parked scooter", LONG_AGO, LONG_AFTER),
        Staged("T-15", thing("car", parked, 110.0, 4.9, pi), None, "parked car", LONG_AGO, LONG_AFTER),
        Staged("T-16", thing("person", people.person(people.random_look(rng(24))), 97.0, 7.9, -1.6), None,
               "a person standing", LONG_AGO, LONG_AFTER),
    ]  # fmt: skip


def _walkers(rng: Generator) -> list[Walker]:
    """People along the whole street; most pass behind the things on the pavement, some in front of them."""
    out = []
    for start in np.arange(-160.0, FIXED_SECONDS, 5.2):
        way = 1 if rng.random() < 0.5 else -1
        behind = rng.random() < 0.72
        y = (
            float(rng.uniform(6.65, 7.1))
            if behind
            else float(rng.choice([3.45, 4.35]) + rng.uniform(-0.1, 0.1))
        )
        out.append(
            Walker(
                people.random_look(rng),
                float(start + rng.uniform(0, 5)),
                -10.0 if way > 0 else 170.0,
                y,
                way,
                float(rng.uniform(1.1, 1.45)),
            )
        )
    return out


def _cars(rng: Generator) -> list[tuple[Shape, float, int, float]]:
    """Passing cars (shape, time at x = 30, way, speed m/s); none westbound around the patrol's passage."""
    kinds = [vehicles.car(rng) for _ in range(6)]
    out = []
    for start in np.arange(0.0, FIXED_SECONDS, 9.0):
        way = 1 if rng.random() < 0.5 else -1
        when = float(start + rng.uniform(0, 8))
        if way > 0 or not PATROL_START - 40 < when < PATROL_START + 70:
            out.append((kinds[int(rng.integers(6))], when, way, float(rng.uniform(6.0, 9.0))))
    return out


def patrol_x(t: float) -> float:
    """Where the patrol vehicle's camera is along x at time t; its speed swings between 4.5 and 5.5 m/s."""
    s = t - PATROL_START
    return 160.0 - (5.0 * s + 0.5 * 20 / (2 * pi) * (1 - cos(2 * pi * s / 20)))


def patrol_speed(t: float) -> float:
    """Its speed in m/s at time t."""
    return 5.0 + 0.5 * sin(2 * pi * (t - PATROL_START) / 20)


def cart_at(t: float) -> tuple[float, float, bool]:
    """Where the moving vendor's cart is: (x, y, moving)."""
    if 400 <= t <= 460:
        return 41.2, 4.95, False
    s = t - 400 if t < 400 else t - 460
    y = 3.2 + 1.75 * max(0.0, 1 - abs(s) / 5)
    return 41.2 - 1.25 * s, y, True


def movers(world: World, t: float, patrol: bool = True) -> list[Thing]:
    """All that moves, and vendors, at time t, anywhere in the street."""
    out = [w.at(t) for w in world.walkers if -12 < w.x0 + w.way * w.speed * (t - w.start) < 172]
    for shape, when, way, speed in world.cars:
        x = 30 + way * speed * (t - when)
        if -40 < x < 200:
            out.append(Thing("car", shape, (x, -1.9 if way > 0 else 1.8, ROAD_Z), 0.0 if way > 0 else pi))
    x, y, moving = cart_at(t)
    if -10 < x < 110:
        if moving:
            out.append(Thing("stall", world.cart, (x, y, 0.0 if y > 4.2 else ROAD_Z), 0.0))
        shape = people.person(world.pusher, (t * 0.8) % 1.0 if moving else None)
        out.append(Thing("person", shape, (x - 0.95, y + 0.62, 0.0 if y > 3.6 else ROAD_Z), pi))
    out += [thing for thing, start, end in world.vendors if start <= t < end]
    if patrol and -20 < patrol_x(t) < 180:
        out.append(Thing("car", world.patrol_car, (patrol_x(t), 2.0, ROAD_Z), pi))
    return out


def fixed_camera(width: int = 1280) -> Camera:
    """C-0101."""
    return Camera(30.0, -5.0, 5.0, 21.0, 15.5, 74.0, width, width * 9 // 16)


def patrol_camera(t: float, width: int = 960) -> Camera:
    """V-01's camera at time t: heading 270, yaw +50."""
    return Camera(patrol_x(t), 2.0, 1.9, 320.0, 4.0, 75.0, width, width * 9 // 16)
