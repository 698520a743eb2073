"""Goods put out before a shop (class `shop_goods`). Local frame: door line at y = 0, the street at -y, x along it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import Generator

from scripts.street import goods
from scripts.street import palette as pal
from scripts.street.palette import DARK, METAL, STEEL, WOOD, chance, pick, plain
from scripts.street.shape import Shape
from scripts.street.stalls import umbrella


def fruit_rows(rng: Generator, w: float) -> Shape:
    """Stepped rows of crates rising to the door line."""
    s = Shape()
    rows = int(rng.integers(2, 5))
    kind = pick(rng, [goods.fruit_crate, goods.fruit_crate, goods.basin])
    n = max(2, int(w / 0.56))
    for row in range(rows):
        z = 0.18 + 0.17 * (rows - 1 - row)
        y = -0.35 - 0.42 * row
        s.box((0, y, z / 2), (w, 0.4, z), WOOD if row % 2 else plain(rng, pal.PLASTICS))
        for i in range(n):
            s.merge(kind(rng), ((i + 0.5) / n * w - w / 2, y, z))
    return s


def clothes_rail(rng: Generator, w: float) -> Shape:
    """One or two rails of clothes."""
    s = Shape()
    for row in range(int(rng.integers(1, 3))):
        y, h = -0.6 - 0.8 * row, float(rng.uniform(1.35, 1.7))
        s.tube((-w / 2, y, h), (w / 2, y, h), 0.018, 0.018, STEEL, 8)
        for x in (-w / 2, w / 2):
            s.tube((x, y, 0.06), (x, y, h), 0.018, 0.018, STEEL, 8)
            s.tube((x, y - 0.28, 0.05), (x, y + 0.28, 0.05), 0.02, 0.02, STEEL, 8)
        for x in np.arange(-w / 2 + 0.08, w / 2 - 0.05, float(rng.uniform(0.07, 0.13))):
            goods.garment(s, rng, float(x), y, h - 0.05)
    return s


def racks(rng: Generator, w: float) -> Shape:
    """Shelf racks with packets, bottles and basins."""
    s = Shape()
    unit = w / max(1, round(w / 1.0))
    for x in np.arange(-w / 2 + unit / 2, w / 2, unit):
        h, shelves = float(rng.uniform(1.1, 1.8)), int(rng.integers(3, 5))
        for sx in (-1, 1):
            for y in (-0.25, -0.65):
                s.box((x + sx * unit * 0.48, y, h / 2), (0.03, 0.03, h), METAL)
        for k in range(shelves):
            z = 0.15 + k * (h - 0.25) / shelves
            s.box((x, -0.45, z), (unit * 0.96, 0.44, 0.025), METAL)
            part = pick(rng, [goods.box_goods, goods.bottles])(rng, unit * 0.9, 0.4, h / shelves * 0.62)
            s.merge(part, (x, -0.45, z + 0.015))
    return s


def terrace(rng: Generator, w: float) -> Shape:
    """Tables and chairs, perhaps with parasols."""
    s = Shape()
    seat = plain(rng, (*pal.PLASTICS, "8a6240", "5a3a24"))
    top = pick(rng, [WOOD, plain(rng, ("e4e2dc", "2a2c2e"))])
    parasol = chance(rng, 0.4)
    n = max(1, int(w / 1.5))
    for i in range(n):
        for row in range(2 if chance(rng, 0.35) else 1):
            x, y = (i + 0.5) / n * w - w / 2, -0.85 - 1.5 * row
            s.box((x, y, 0.72), (0.7, 0.7, 0.035), top)
            s.tube((x, y, 0), (x, y, 0.72), 0.04, 0.04, METAL, 8)
            s.tube((x, y, 0), (x, y, 0.03), 0.25, 0.25, DARK, 12)
            for dx, dy in ((-0.6, 0), (0.6, 0), (0, -0.62)):
                chair(s, x + dx + float(rng.normal(0, 0.05)), y + dy, (dx, dy), seat)
            if parasol:
                umbrella(s, rng, (x, y), 1.15, 2.4)
    return s


def chair(s: Shape, x: float, y: float, away: tuple[float, float], mat) -> None:  # type: ignore[no-untyped-def]
    """A chair or stool at (x, y), its back on the side `away` from the table."""
    s.box((x, y, 0.44), (0.4, 0.4, 0.04), mat)
    for dx in (-0.17, 0.17):
        for dy in (-0.17, 0.17):
            s.box((x + dx, y + dy, 0.22), (0.03, 0.03, 0.44), mat)
    bx, by = (0.19 if away[0] > 0 else -0.19 if away[0] < 0 else 0), (-0.19 if away[1] < 0 else 0)
    s.box((x + bx, y + by, 0.72), (0.03 if bx else 0.4, 0.03 if by else 0.4, 0.34), mat)


def flowers(rng: Generator, w: float) -> Shape:
    """Rows of potted plants and buckets of flowers, tall ones at the back."""
    s = Shape()
    for row in range(int(rng.integers(2, 4))):
        size = 1.9 - 0.45 * row
        for x in np.arange(-w / 2 + 0.2, w / 2, 0.3 * size + 0.05):
            s.merge(goods.plant_pot(rng, size), (float(x), -0.35 - 0.48 * row, 0))
    return s


def household(rng: Generator, w: float) -> Shape:
    """Basins, stacked stools, buckets of brooms, crates of drinks, an upright cooler."""
    s = Shape()
    x = -w / 2 + 0.3
    while x < w / 2 - 0.2:
        kind = int(rng.integers(4))
        if kind == 0:
            s.merge(goods.crate_stack(rng), (x, -0.45, 0))
            s.merge(goods.crate_stack(rng), (x, -0.95, 0))
        elif kind == 1:
            for k in range(int(rng.integers(3, 9))):
                s.tube(
                    (x, -0.5, k * 0.07), (x, -0.5, k * 0.07 + 0.2), 0.17, 0.24, plain(rng, pal.PLASTICS), 12
                )
        elif kind == 2:
            s.tube((x, -0.5, 0), (x, -0.5, 0.4), 0.18, 0.22, plain(rng, pal.PLASTICS), 12)
            for _ in range(6):
                lean = rng.normal(0, 0.14, 2)
                s.tube((x, -0.5, 0.1), (x + lean[0], -0.5 + lean[1], 1.35), 0.012, 0.012, WOOD, 5)
        else:
            s.box((x, -0.4, 0.75), (0.58, 0.55, 1.5), plain(rng, ("d8d8d8", "b3202a", "1d58a8")))
            s.box((x, -0.68, 0.85), (0.48, 0.02, 1.1), ("glass", "607078"))
        x += 0.62
    return s


KINDS: dict[str, Callable[[Generator, float], Shape]] = {
    "fruit": fruit_rows,
    "clothes": clothes_rail,
    "racks": racks,
    "terrace": terrace,
    "flowers": flowers,
    "household": household,
}


def random_goods(rng: Generator) -> Shape:
    """One of the kinds, 1.4 to 4.2 m wide."""
    return KINDS[pick(rng, list(KINDS))](rng, float(rng.uniform(1.4, 4.2)))
