"""Goods on sale in small units: heaps, boxes, bottles, pots, garments. Local origin at the unit's base centre."""

from __future__ import annotations

from collections.abc import Callable
from math import pi

import numpy as np
from numpy.random import Generator

from scripts.street import palette as pal
from scripts.street.palette import chance, colour, pick, plain
from scripts.street.shape import Shape


def fruit_crate(rng: Generator, w: float = 0.5, d: float = 0.36, h: float = 0.2) -> Shape:
    """An open crate or basket with a heap of round fruit or vegetables."""
    s = Shape()
    side = plain(rng, pal.PLASTICS) if chance(rng, 0.5) else ("wood", colour(rng, ("b08a5c", "c4a06c")))
    t = 0.02
    s.box((0, 0, t / 2), (w, d, t), side)
    for sx in (-1, 1):
        s.box((sx * (w - t) / 2, 0, h / 2), (t, d, h), side)
        s.box((0, sx * (d - t) / 2, h / 2), (w, t, h), side)
    heap(s, rng, (0, 0, h * 0.75), w * 0.92, d * 0.9)
    return s


def heap(s: Shape, rng: Generator, at: tuple[float, float, float], w: float, d: float) -> None:
    """Round goods heaped over a rectangle w x d at `at`, two layers."""
    r = float(rng.uniform(0.03, 0.075))
    options = pal.FRUIT if chance(rng, 0.6) else pal.VEGETABLES
    base = pick(rng, options)
    long = float(rng.choice([1.0, 1.0, 1.8]))
    for layer in range(2):
        ww, dd = w - layer * 2.2 * r, d - layer * 2.2 * r
        for x in np.arange(-ww / 2 + r, ww / 2 - r * 0.5, 1.9 * r):
            for y in np.arange(-dd / 2 + r, dd / 2 - r * 0.5, 1.9 * r * long):
                j = rng.uniform(-0.25, 0.25, 3) * r
                centre = (at[0] + x + j[0], at[1] + y + j[1], at[2] + layer * r * 1.3 + j[2])
                s.ball(centre, (r, r * long, r * 0.9), ("plain", colour(rng, (base,), 22)), n=6)


def box_goods(rng: Generator, w: float = 0.5, d: float = 0.4, h: float = 0.0) -> Shape:
    """Rows of small coloured packets or boxes over w x d."""
    s = Shape()
    bw, bd = float(rng.uniform(0.07, 0.16)), float(rng.uniform(0.08, 0.2))
    bh = h or float(rng.uniform(0.05, 0.24))
    base = [colour(rng, pal.PLASTICS + pal.SIGNS, 30) for _ in range(4)]
    for x in np.arange(-w / 2 + bw / 2, w / 2 - bw / 3, bw * 1.08):
        for y in np.arange(-d / 2 + bd / 2, d / 2 - bd / 3, bd * 1.1):
            height = bh * float(rng.uniform(0.8, 1.15))
            s.box(
                (x, y, height / 2), (bw, bd, height), ("print", pick(rng, base)), float(rng.normal(0, 0.04))
            )
    return s


def bottles(rng: Generator, w: float = 0.5, d: float = 0.35, h: float = 0.0) -> Shape:
    """Rows of bottles or jars."""
    s = Shape()
    r, height = float(rng.uniform(0.03, 0.05)), h or float(rng.uniform(0.15, 0.28))
    base = [colour(rng, pal.PLASTICS + pal.FRUIT, 20) for _ in range(3)]
    for x in np.arange(-w / 2 + r, w / 2, 2.3 * r):
        mat = ("gloss", pick(rng, base))
        for y in np.arange(-d / 2 + r, d / 2, 2.4 * r):
            s.tube((x, y, 0), (x, y, height * 0.72), r, r, mat, 7)
            s.tube((x, y, height * 0.72), (x, y, height), r * 0.8, r * 0.35, mat, 6)
    return s


def plant_pot(rng: Generator, size: float = 1.0) -> Shape:
    """A pot with leaves and perhaps flowers, about 0.5 m high at size 1."""
    s = Shape()
    r, h = 0.12 * size * float(rng.uniform(0.8, 1.2)), 0.2 * size * float(rng.uniform(0.8, 1.3))
    s.tube((0, 0, 0), (0, 0, h), r * 0.72, r, plain(rng, ("8a4a2c", "d8d6d0", "2a2c2e", "a05a3a")), 10)
    green = ("leaf", colour(rng, ("2f5a24", "4c7a2c", "3a6a3a", "6c8a3c")))
    spread, top = r * float(rng.uniform(1.3, 2.4)), h * float(rng.uniform(1.0, 2.6))
    leaves(
        s, rng, (0, 0, h + top * 0.5), (spread, spread, top * 0.6), int(60 + 60 * size), 0.07 * size, green
    )
    if chance(rng, 0.55):
        bloom = plain(rng, ("c8324a", "e8c22a", "e8e4e0", "b04a9a", "e07a3a"))
        for _ in range(14):
            p = rng.normal(0, 0.4, 3) * (spread, spread, top * 0.25) + (0, 0, h + top * 0.95)
            s.ball(p, (0.028 * size,) * 3, bloom, n=6)
    return s


def leaves(s: Shape, rng: Generator, at, radii, count: int, size: float, mat) -> None:  # type: ignore[no-untyped-def]
    """Randomly turned leaf quads of edge `size` filling an ellipsoid about `at`."""
    way = rng.normal(size=(count, 3))
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    centre = np.asarray(at) + way * rng.uniform(0.45, 1.0, (count, 1)) ** 0.6 * np.asarray(radii)
    a = rng.normal(size=(count, 3))
    a /= np.linalg.norm(a, axis=1, keepdims=True)
    b = np.cross(a, rng.normal(size=(count, 3)))
    b /= np.linalg.norm(b, axis=1, keepdims=True)
    a, b = a * size * rng.uniform(0.6, 1.2, (count, 1)), b * size * 0.5
    quads = np.stack([centre - a, centre + b, centre + a, centre - b], 1).reshape(-1, 3)
    s.add(quads, [(4 * i, 4 * i + 1, 4 * i + 2, 4 * i + 3) for i in range(count)], mat)


def garment(s: Shape, rng: Generator, x: float, y: float, top: float, along_x: bool = True) -> None:
    """A shirt, dress or jacket hanging from height `top`, seen edge-on along the rail."""
    width, length = float(rng.uniform(0.36, 0.5)), float(rng.uniform(0.6, 1.05))
    thick = float(rng.uniform(0.03, 0.06))
    mat = plain(rng, pal.CLOTHES + pal.CANOPIES, "fabric")
    outline = [(-0.12, 0), (-0.5, -0.1), (-0.46, -0.38), (-0.36, -0.36), (-0.42, -1), (0.42, -1), (0.36, -0.36),
               (0.46, -0.38), (0.5, -0.1), (0.12, 0)]  # fmt: skip
    pts = np.array([(0.0, u * width, top + v * length) for u, v in outline])
    if not along_x:
        pts = pts[:, [1, 0, 2]]
    off = np.array((thick / 2, 0, 0) if along_x else (0, thick / 2, 0))
    lean = np.array((float(rng.normal(0, 0.01)), 0, 0))
    s.loft([pts - off + (x, y, 0) + lean, pts + off + (x, y, 0) + lean], mat, smooth=False)


def crate_stack(rng: Generator) -> Shape:
    """Two to four plastic crates of goods on each other."""
    s, z = Shape(), 0.0
    mat = plain(rng, pal.PLASTICS)
    for _ in range(int(rng.integers(1, 4))):
        s.box((0, 0, z + 0.13), (0.52, 0.38, 0.26), mat, float(rng.normal(0, 0.04)), 0.93)
        s.box((0, 0, z + 0.255), (0.55, 0.41, 0.03), mat)
        z += 0.28
    return s.merge(bottles(rng, 0.46, 0.32, 0.2) if chance(rng, 0.4) else fruit_crate(rng), (0, 0, z))


def basin(rng: Generator) -> Shape:
    """A wide basin or bucket, perhaps with a heap in it."""
    s = Shape()
    r, h = float(rng.uniform(0.16, 0.3)), float(rng.uniform(0.1, 0.32))
    s.tube((0, 0, 0), (0, 0, h), r * 0.75, r, plain(rng, pal.PLASTICS), 14)
    heap(s, rng, (0, 0, h), r * 1.3, r * 1.3)
    return s


UNITS: tuple[Callable[[Generator], Shape], ...] = (fruit_crate, box_goods, bottles, basin)


def spread(
    s: Shape, rng: Generator, w: float, d: float, z: float, maker: Callable[[Generator], Shape] | None = None
) -> None:
    """Fill a w x d surface at height z with units of goods, of one kind or mixed."""
    mixed = maker is None and chance(rng, 0.4)
    one = maker or pick(rng, UNITS)
    nx, ny = max(1, int(w / 0.56)), max(1, int(d / 0.44))
    for i in range(nx):
        for j in range(ny):
            if chance(rng, 0.06):
                continue
            unit = pick(rng, UNITS)(rng) if mixed else one(rng)
            at = ((i + 0.5) / nx * w - w / 2, (j + 0.5) / ny * d - d / 2, z)
            s.merge(unit, at, float(rng.normal(0, 0.05)) + (pi if chance(rng, 0.5) else 0))
