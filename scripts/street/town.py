"""The unmoving street: ground, kerbs, markings, shop rows, buildings, trees. Runs along x, shops on the north side."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.random import Generator

from scripts.street import clutter, facade
from scripts.street.facade import Sign
from scripts.street.palette import chance, colour, pick
from scripts.street.shape import Material, Shape

ROAD_Z = -0.12
"""Height of the road below the pavement, metres."""
FIRST = tuple("老李阿福万春锦玉和永大兴顺金德小南美佳新东明胖四张王沈周")
SECOND = tuple("记源丰华香隆盛泰祥发康乐里味家园利友")
TRADES = ("水果", "烟酒", "五金", "面馆", "服饰", "花店", "超市", "包子铺", "小吃", "理发", "药房", "茶庄", "文具",
          "干洗", "房产", "粮油", "奶茶", "熟食", "百货", "鞋店", "眼镜", "烘焙", "咖啡", "杂货",
          "电器维修", "蔬菜")  # fmt: skip


@dataclass(frozen=True)
class Shop:
    """A shop on the north side: its door line runs from (x0, y) to (x1, y), metres."""

    name: str
    x0: float
    x1: float
    y: float


@dataclass
class Town:
    """Unmoving geometry in the world frame, lettering, shops, and trees (shape, place)."""

    ground: Shape = field(default_factory=Shape)
    signs: list[Sign] = field(default_factory=list)
    shops: list[Shop] = field(default_factory=list)
    trees: list[tuple[Shape, tuple[float, float, float]]] = field(default_factory=list)


def shop_name(rng: Generator) -> str:
    """An invented shop name such as 福源水果."""
    return pick(rng, FIRST) + pick(rng, SECOND) + pick(rng, TRADES)


def surfaces(s: Shape, rng: Generator, kerb: float, front: float, x0: float, x1: float) -> None:
    """Road, kerbs, pavements on both sides, markings, patches and manhole covers."""
    mid, length = (x0 + x1) / 2, x1 - x0
    s.box(
        (mid, 0, ROAD_Z - 0.05),
        (length, 2 * kerb, 0.1),
        ("asphalt", colour(rng, ("5a5c5e", "6a6a68", "4c4e50"), 6)),
    )
    paving: Material = (pick(rng, ["slab", "cobble", "square"]),
                        colour(rng, ("a8a49c", "b5a898", "9a9a98", "a58a7a", "8f9490"), 10))  # fmt: skip
    for side in (-1, 1):
        s.box(
            (mid, side * (kerb + 0.1), -0.2),
            (length, 0.2, 0.402),
            ("plain", colour(rng, ("a8a8a4", "8f8f8c"), 6)),
        )
        s.box((mid, side * (kerb + 0.2 + 15), -0.2), (length, 30, 0.4), paving)
        if chance(rng, 0.6):
            s.box((mid, side * (kerb - 0.25), ROAD_Z + 0.002), (length, 0.12, 0.004), ("plain", "d0d0c8"))
        if chance(rng, 0.5):
            y = side * (kerb + 0.2 + 0.45 * (front - kerb))
            s.box((mid, y, 0.002), (length, 0.4, 0.004), ("square", "c8a84a"))
    mark: Material = ("plain", pick(rng, ["d8d8d0", "d8b040"]))
    for x in np.arange(x0, x1, 6.0):
        s.box((x, 0, ROAD_Z + 0.002), (2.6, 0.13, 0.004), mark)
    for _ in range(int(length / 3)):
        at = (float(rng.uniform(x0, x1)), float(rng.uniform(-kerb + 0.8, kerb - 0.8)), ROAD_Z + 0.001)
        size = (float(rng.uniform(0.5, 3)), float(rng.uniform(0.4, 1.2)), 0.003)
        s.box(at, size, ("asphalt", colour(rng, ("4a4c4e", "5c5e60", "707274"), 6)))
    for _ in range(int(length / 14)):
        x, y = float(rng.uniform(x0, x1)), float(rng.uniform(-kerb, front))
        z = 0.0 if abs(y) > kerb else ROAD_Z
        s.tube((x, y, z), (x, y, z + 0.006), 0.35, 0.35, ("metal", "5a5654"), 20)


def shop_row(town: Town, rng: Generator, front: float, names: list[str] | None, x0: float, x1: float) -> None:
    """Shops side by side from x0 towards x1 with door lines at y = front, two or three to a building."""
    x, number = x0, 0
    while x < x1 - 4:
        count, floors, start = int(rng.integers(1, 4)), int(rng.integers(1, 5)), x
        for _ in range(count):
            width = round(float(rng.uniform(6.0, 8.0) if names else rng.uniform(4.0, 8.5)), 1)
            name = names[number % len(names)] if names else shop_name(rng)
            part, signs = facade.shop(rng, width, name)
            town.ground.merge(part, (x, front, 0))
            town.signs += [
                Sign(g.text, g.x + x, g.y + front, g.z, g.height, g.width, g.colour) for g in signs
            ]
            town.shops.append(Shop(name, round(x, 2), round(x + width, 2), front))
            x, number = x + width, number + 1
        town.ground.merge(facade.storeys(rng, x - start, floors), (start, front, 0))


def build(rng: Generator, kerb: float = 4.0, front: float = 9.0, x0: float = -20.0, x1: float = 180.0,
          names: list[str] | None = None, trees: list[tuple[float, int]] | None = None) -> Town:  # fmt: skip
    """A whole street; `names` fixes the shops' names, `trees` their places (x, side 1 north or -1 south)."""
    town = Town()
    surfaces(town.ground, rng, kerb, front, x0 - 60, x1 + 60)
    shop_row(town, rng, front, names, 0.0 if names else x0, 160.0 if names else x1)
    if names:
        for a in (-11.0, town.shops[-1].x1 + 11.0):
            town.ground.merge(facade.block(rng, 21, 9, 12), (a, front + 4.6, 0))
    x = x0
    while x < x1:
        width = float(rng.uniform(12, 24))
        part = facade.block(rng, width, 9, float(rng.uniform(7, 19)))
        town.ground.merge(part, (x + width / 2, -front - 5.5 - float(rng.uniform(0, 2)), 0))
        x += width + float(rng.choice([0.2, 0.2, 5.0]))
    for end in (x0 - 70, x1 + 70):
        for y in (-45, -15, 15, 45):
            part = facade.block(rng, 20, 26, float(rng.uniform(14, 40)))
            town.ground.merge(part, (end + float(rng.uniform(-10, 10)), y, 0))
    kinds = [clutter.tree(rng) for _ in range(3)]
    for x, side in random_trees(rng, x0, x1) if trees is None else trees:
        town.trees.append((pick(rng, kinds), (x, side * (kerb + 0.95), 0.0)))
    lamp = clutter.lamp(rng)
    for x in np.arange(x0 + 10, x1, 28.0):
        town.ground.merge(lamp, (float(x), kerb + 0.45, 0))
    return town


def random_trees(rng: Generator, x0: float, x1: float) -> list[tuple[float, int]]:
    """Rows of trees at an even distance on the south side and, in two streets of three, on the north side."""
    gap, places = float(rng.uniform(7, 16)), []
    for side in (-1, 1):
        if side > 0 and chance(rng, 0.35):
            continue
        places += [(float(x), side) for x in np.arange(x0 + float(rng.uniform(0, gap)), x1, gap)]
    return places
