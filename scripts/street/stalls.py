"""Vendors' units (class `stall`). Local frame: x along the counter, customers at -y, origin on the ground."""

from __future__ import annotations

from collections.abc import Callable
from math import cos, pi, sin

import numpy as np
from numpy.random import Generator

from scripts.street import goods
from scripts.street import palette as pal
from scripts.street.palette import DARK, METAL, STEEL, TYRE, chance, pick, plain
from scripts.street.shape import Array, Material, Shape


def canopy(s: Shape, rng: Generator, w: float, d: float, z: float) -> None:
    """A roof over w x d with its eaves at z: flat and sloping, gabled or a pyramid, with a hanging valance."""
    kind, mat = int(rng.integers(3)), plain(rng, pal.CANOPIES, pick(rng, ["fabric", "fabric", "stripe"]))
    x, y, up = w / 2, d / 2, float(rng.uniform(0.15, 0.5))
    if kind == 0:
        s.add(np.array([(-x, -y, z), (x, -y, z), (x, y, z + up), (-x, y, z + up)]), [(0, 1, 2, 3)], mat)
    elif kind == 1:
        ridge = [(-x, 0, z + up), (x, 0, z + up)]
        pts = np.array([(-x, -y, z), (x, -y, z), (x, y, z), (-x, y, z), *ridge])
        s.add(pts, [(0, 1, 5, 4), (2, 3, 4, 5), (0, 4, 3), (1, 2, 5)], mat)
    else:
        pts = np.array([(-x, -y, z), (x, -y, z), (x, y, z), (-x, y, z), (0, 0, z + up * 1.4)])
        s.add(pts, [(0, 1, 4), (1, 2, 4), (2, 3, 4), (3, 0, 4)], mat)
    drop = float(rng.uniform(0.06, 0.22))
    s.box((0, -y, z - drop / 2), (w, 0.015, drop), mat)
    for side in (-1, 1):
        s.box((side * x, 0, z - drop / 2), (0.015, d, drop), mat)


def umbrella(s: Shape, rng: Generator, at: tuple[float, float], radius: float, height: float) -> None:
    """A big parasol of eight panels on a pole."""
    mats: list[Material] = [plain(rng, pal.CANOPIES, "fabric")] * 2
    if chance(rng, 0.5):
        mats[1] = plain(rng, pal.CANOPIES, "fabric")
    lean = rng.normal(0, 0.06, 2)
    top = np.array((at[0] + lean[0], at[1] + lean[1], height))
    s.tube((at[0], at[1], 0), top, 0.02, 0.02, METAL, 8)
    turn = float(rng.uniform(0, 1))
    rim = [
        top + np.array((radius * cos(a + turn), radius * sin(a + turn), -0.336 * radius))
        for a in np.arange(8) * pi / 4
    ]
    mid = [top + (p - top) * (0.55, 0.55, 0.35) for p in rim]
    for i in range(8):
        j = (i + 1) % 8
        s.add(np.array([top, mid[i], mid[j]]), [(0, 1, 2)], mats[i % 2])
        s.add(np.array([mid[i], rim[i], rim[j], mid[j]]), [(0, 1, 2, 3)], mats[i % 2])
        low = np.array([rim[i], rim[j], rim[j] - (0, 0, 0.14), rim[i] - (0, 0, 0.14)])
        s.add(low, [(0, 1, 2, 3)], mats[i % 2])
    if chance(rng, 0.7):
        s.box((at[0], at[1], 0.05), (0.4, 0.4, 0.1), DARK)


def posts(s: Shape, w: float, d: float, z0: float, z1: float, r: float = 0.018) -> None:
    """Four corner posts of a w x d rectangle from z0 to z1."""
    for x in (-w / 2, w / 2):
        for y in (-d / 2, d / 2):
            s.tube((x, y, z0), (x, y, z1), r, r, METAL, 6)


def cooker(s: Shape, rng: Generator, x: float, z: float) -> None:
    """Steamers, a griddle or pots on a counter at (x, z)."""
    r = float(rng.uniform(0.18, 0.26))
    if chance(rng, 0.5):
        for k in range(int(rng.integers(2, 5))):
            s.tube((x, 0, z + k * 0.11), (x, 0, z + k * 0.11 + 0.1), r, r, ("wood", "b8935c"), 16)
    else:
        s.tube((x, 0, z), (x, 0, z + 0.22), r, r, STEEL, 16)
        s.box((x + 0.45, 0, z + 0.06), (0.4, 0.45, 0.12), DARK)


def cart(rng: Generator) -> Shape:
    """A snack or fruit cart on wheels with a counter and a roof."""
    s = Shape()
    w, d, top = float(rng.uniform(1.5, 2.3)), float(rng.uniform(0.75, 1.0)), float(rng.uniform(0.82, 0.98))
    body = plain(rng, pal.CANOPIES + pal.SIGNS, pick(rng, ["gloss", "plain", "metal"]))
    s.box((0, 0, (top + 0.28) / 2), (w, d, top - 0.28), body)
    s.box((0, 0, top), (w * 1.04, d * 1.06, 0.04), STEEL)
    s.box((0, -d / 2 - 0.006, top * 0.66), (w * 0.86, 0.012, top * 0.34), plain(rng, pal.SIGNS, "print"))
    for x in (-w * 0.33, w * 0.33):
        for y in (-d / 2, d / 2):
            s.wheel((x, y, 0.25), 0.25, 0.07, METAL, TYRE)
    eaves = float(rng.uniform(1.95, 2.25))
    posts(s, w * 0.96, d * 0.92, top, eaves + 0.1)
    canopy(s, rng, w * float(rng.uniform(1.05, 1.25)), d * float(rng.uniform(1.1, 1.6)), eaves)
    if chance(rng, 0.6):
        s.box((0, -d * 0.55, eaves - 0.2), (w * 0.9, 0.03, 0.3), plain(rng, pal.SIGNS, "print"))
    if chance(rng, 0.5):
        cooker(s, rng, -w * 0.28, top + 0.02)
        part = Shape()
        goods.spread(part, rng, w * 0.45, d * 0.85, 0)
        s.merge(part, (w * 0.24, 0, top + 0.02))
        s.box((0, -d * 0.42, top + 0.2), (w * 0.5, 0.012, 0.36), ("glass", "aabbbb"))
    else:
        goods.spread(s, rng, w * 0.95, d * 0.9, top + 0.02)
    if chance(rng, 0.5):
        s.tube((w * 0.62, 0.1, 0), (w * 0.62, 0.1, 0.6), 0.15, 0.15, plain(rng, ("8a8f94", "b04030")), 12)
    return s


def tricycle(rng: Generator) -> Shape:
    """A cargo tricycle with goods in its bed and a parasol."""
    s = Shape()
    body = plain(rng, ("1d58a8", "1f7f4a", "8a2020", "3a3f44", "2aa0a8"), "gloss")
    s.box((0.25, 0, 0.55), (1.5, 0.95, 0.06), body)
    for y in (-0.46, 0.46):
        s.box((0.25, y, 0.7), (1.5, 0.03, 0.3), body)
        s.wheel((0.45, y * 1.06, 0.28), 0.28, 0.09, METAL, TYRE)
    for x in (-0.5, 1.0):
        s.box((x, 0, 0.7), (0.03, 0.95, 0.3), body)
    s.wheel((-1.35, 0, 0.28), 0.28, 0.08, METAL, TYRE)
    s.tube((-0.5, 0, 0.5), (-1.2, 0, 0.62), 0.035, 0.035, body)
    s.tube((-1.35, 0, 0.28), (-1.15, 0, 1.0), 0.03, 0.03, METAL)
    s.tube((-1.15, -0.32, 1.02), (-1.15, 0.32, 1.02), 0.018, 0.018, DARK)
    s.ball((-0.72, 0, 0.82), (0.17, 0.13, 0.07), DARK)
    part = Shape()
    goods.spread(part, rng, 1.4, 0.85, 0)
    s.merge(part, (0.25, 0, 0.62))
    if chance(rng, 0.75):
        umbrella(s, rng, (0.3, 0.25), float(rng.uniform(1.0, 1.5)), float(rng.uniform(2.2, 2.6)))
    elif chance(rng, 0.7):
        roof = Shape()
        canopy(roof, rng, 1.7, 1.25, 2.0)
        posts(roof, 1.45, 0.9, 0.6, 2.1)
        s.merge(roof, (0.25, 0, 0))
    return s


def table(rng: Generator) -> Shape:
    """One or two folding tables with goods, perhaps a cloth, a parasol and boxes beneath."""
    s = Shape()
    w, d, h = float(rng.uniform(1.2, 2.4)), float(rng.uniform(0.6, 0.85)), float(rng.uniform(0.68, 0.8))
    s.box((0, 0, h), (w, d, 0.035), plain(rng, ("d8d8d8", "8a6240", "b0b4b8")))
    posts(s, w * 0.92, d * 0.85, 0, h)
    if chance(rng, 0.55):
        cloth = plain(rng, pal.CANOPIES, pick(rng, ["fabric", "check", "stripe"]))
        s.box((0, -d / 2 - 0.01, h * 0.6), (w * 1.02, 0.012, h * 0.8), cloth)
        s.box((0, 0, h + 0.02), (w * 1.02, d * 1.02, 0.012), cloth)
    goods.spread(s, rng, w * 0.95, d * 0.95, h + 0.03)
    for _ in range(int(rng.integers(0, 3))):
        at = (float(rng.uniform(-w / 2, w / 2)), 0.3 * d, 0.17)
        s.box(at, (0.42, 0.34, 0.34), plain(rng, pal.CARTONS, "carton"))
    if chance(rng, 0.5):
        umbrella(s, rng, (0, d * 0.4), float(rng.uniform(1.1, 1.5)), float(rng.uniform(2.2, 2.5)))
    elif chance(rng, 0.35):
        for i in np.arange(-w / 2, w / 2, 0.12):
            goods.garment(s, rng, float(i), d / 2 + 0.35, 1.55)
        s.tube((-w / 2, d / 2 + 0.35, 1.56), (w / 2, d / 2 + 0.35, 1.56), 0.015, 0.015, METAL, 6)
        for x in (-w / 2, w / 2):
            s.tube((x, d / 2 + 0.35, 0), (x, d / 2 + 0.35, 1.6), 0.015, 0.015, METAL, 6)
    return s


def ground_spread(rng: Generator) -> Shape:
    """A cloth on the ground with goods laid out, baskets beside it and a low stool."""
    s = Shape()
    w, d = float(rng.uniform(1.4, 2.6)), float(rng.uniform(1.0, 1.5))
    s.box(
        (0, 0, 0.008),
        (w, d, 0.016),
        plain(rng, pal.CANOPIES + pal.CLOTHES, pick(rng, ["fabric", "check", "stripe"])),
    )
    goods.spread(s, rng, w * 0.92, d * 0.9, 0.018)
    for _ in range(int(rng.integers(0, 4))):
        at = (float(rng.uniform(-w / 2, w / 2)), d / 2 + float(rng.uniform(0.15, 0.3)), 0)
        s.merge(pick(rng, [goods.basin, goods.crate_stack])(rng), at)
    return s


def tent(rng: Generator) -> Shape:
    """A pop-up tent with tables of goods on two or three sides."""
    s = Shape()
    w, d = float(rng.uniform(2.0, 3.0)), float(rng.uniform(1.8, 2.4))
    posts(s, w, d, 0, 2.15, 0.022)
    canopy(s, rng, w * 1.03, d * 1.03, 2.1)
    cloth: Array | Material = plain(rng, pal.CANOPIES, "fabric")
    for x, y, lx, ly in ((0, -d / 2 + 0.3, w * 0.95, 0.6), (-w / 2 + 0.3, 0.3, 0.55, d * 0.55)):
        s.box((x, y, 0.38), (lx, ly, 0.72), cloth)
        part = Shape()
        goods.spread(part, rng, lx * 0.95, ly * 0.95, 0)
        s.merge(part, (x, y, 0.75))
    return s


KINDS: dict[str, Callable[[Generator], Shape]] = {
    "cart": cart,
    "tricycle": tricycle,
    "table": table,
    "ground": ground_spread,
    "tent": tent,
}


def random_stall(rng: Generator) -> Shape:
    """One of the kinds, each equally likely."""
    return KINDS[pick(rng, list(KINDS))](rng)
