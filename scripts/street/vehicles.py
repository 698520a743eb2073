"""Cars, vans, bicycles and electric scooters. Local frame: origin on the ground at the middle, heading +x."""

from __future__ import annotations

from math import pi

import numpy as np
from numpy.random import Generator

from scripts.street import palette as pal
from scripts.street.palette import DARK, METAL, STEEL, TYRE, chance, colour, pick, plain
from scripts.street.shape import Array, Material, Shape

GLASS: Material = ("glass", "1a2024")
# Side profiles: (x, bottom z, belt or bonnet z, half width) from tail to nose; the roof: four x and its z.
Profile = tuple[list[tuple[float, float, float, float]], tuple[float, float, float, float, float]]
PROFILES: dict[str, Profile] = {
    "sedan": ([(-2.33, 0.42, 0.78, 0.72), (-2.25, 0.3, 0.95, 0.84), (-1.7, 0.22, 1.0, 0.9), (-0.6, 0.2, 0.98, 0.91),
               (0.8, 0.2, 0.95, 0.91), (1.2, 0.2, 0.93, 0.9), (2.0, 0.24, 0.8, 0.85), (2.3, 0.32, 0.62, 0.7)],
              (-1.75, -1.0, 0.35, 1.2, 1.46)),
    "suv": ([(-2.25, 0.45, 0.95, 0.78), (-2.18, 0.36, 1.1, 0.88), (-1.5, 0.28, 1.12, 0.93), (0.8, 0.26, 1.1, 0.93),
             (1.15, 0.26, 1.08, 0.92), (2.05, 0.3, 0.98, 0.88), (2.25, 0.38, 0.74, 0.76)],
            (-2.15, -1.85, 0.35, 1.15, 1.7)),
    "hatch": ([(-1.85, 0.4, 0.85, 0.72), (-1.8, 0.3, 0.98, 0.82), (-1.2, 0.22, 1.0, 0.86), (0.7, 0.2, 0.96, 0.86),
               (1.0, 0.2, 0.93, 0.85), (1.75, 0.26, 0.8, 0.8), (1.92, 0.34, 0.62, 0.68)],
              (-1.78, -1.45, 0.2, 0.98, 1.5)),
    "van": ([(-2.0, 0.36, 1.0, 0.74), (-1.96, 0.28, 1.1, 0.8), (-1.0, 0.24, 1.12, 0.82), (1.4, 0.24, 1.1, 0.82),
             (1.85, 0.26, 0.95, 0.8), (2.0, 0.34, 0.7, 0.72)],
            (-1.94, -1.85, 1.0, 1.62, 1.88)),
}  # fmt: skip


def section(x: float, low: float, high: float, half: float) -> Array:
    """A rounded cross-section of a car's body at x, ten points."""
    mid = (low + high) / 2
    ys = [-half * 0.86, -half, -half, -half * 0.97, -half * 0.86]
    zs = [low, low + 0.1, mid, high - 0.07, high]
    left = [(x, y, z) for y, z in zip(ys, zs, strict=True)]
    return np.array(left + [(px, -py, pz) for px, py, pz in reversed(left)])


def car(rng: Generator, kind: str | None = None, paint: str | None = None) -> Shape:
    """A car of `kind` (a key of PROFILES) in `paint` (hex)."""
    s = Shape()
    stations, (x0, x1, x2, x3, roof) = PROFILES[kind or pick(rng, list(PROFILES))]
    body: Material = ("paint", paint or colour(rng, pal.CARS, 8))
    s.loft([section(*st) for st in stations], body)
    belt = float(np.interp(0.0, [st[0] for st in stations], [st[2] for st in stations])) - 0.02
    half = max(st[3] for st in stations)
    low, top = half * 0.93, half * 0.74

    def layer(xa: float, xb: float, z: float, y: float) -> Array:
        return np.array([(xa, -y * 0.93, z), (xb, -y, z), (xb, y, z), (xa, y * 0.93, z)])

    base, crown = layer(x0, x3, belt, low), layer(x1, x2, roof - 0.03, top)
    s.loft([base, crown], GLASS, smooth=False)
    lid = layer(x1 + 0.12, x2 - 0.12, roof + 0.02, top * 0.86)
    s.loft([crown - (0, 0, 0.03), crown + np.array((0, 0, 0.015)), lid], body)
    for side in (-1, 1):
        for t in (0.0, 0.47, 1.0):
            xb, xt = x0 + (x3 - x0) * t, x1 + (x2 - x1) * t
            k = 0.965 if t < 1 else 1.0
            s.tube((xb, side * low * k, belt), (xt, side * top * k, roof - 0.02), 0.045, 0.04, body, 6)
        for x in (0.64, -0.62):
            s.wheel((stations[-1][0] * x, side * (half - 0.11), 0.32), 0.32, 0.2, STEEL, TYRE)
            arch = stations[-1][0] * x
            s.tube(
                (arch, side * (half - 0.015), 0.34),
                (arch, side * (half + 0.004), 0.34),
                0.385,
                0.385,
                DARK,
                20,
            )
            s.wheel((stations[-1][0] * x, side * (half - 0.06), 0.32), 0.32, 0.16, STEEL, TYRE)
        s.box((x3 - 0.35, side * (half + 0.08), belt + 0.08), (0.12, 0.16, 0.11), body)
        nose, tail = stations[-2], stations[1]
        s.box((nose[0] + 0.12, side * half * 0.68, nose[2] - 0.1), (0.3, 0.32, 0.11), ("gloss", "e8ecec"))
        s.box((tail[0] - 0.02, side * half * 0.72, tail[2] - 0.12), (0.12, 0.26, 0.14), ("gloss", "a01818"))
        s.box((0, side * (half + 0.002), belt - 0.12), (0.18, 0.01, 0.025), STEEL)
    plate = pick(rng, ["1d4fa0", "1d4fa0", "3aa060"])
    s.box((stations[-1][0], 0, 0.45), (0.03, 0.42, 0.13), ("plain", plate))
    s.box((stations[0][0], 0, 0.62), (0.03, 0.42, 0.13), ("plain", plate))
    s.box((stations[-1][0] - 0.02, 0, 0.55), (0.05, 0.8, 0.12), DARK)
    return s


def bicycle(rng: Generator) -> Shape:
    """A city bicycle, often in the colours of a share scheme."""
    s, r = Shape(), 0.32
    frame = plain(rng, ("e0c020", "2aa0d8", "1a9a5a", "1b1c1e", "c8ccd0", "b03030"), "gloss")
    for x in (-0.52, 0.52):
        s.ring((x, 0, r), r - 0.02, 0.022, TYRE)
        for a in np.arange(6) * pi / 6:
            d = np.array((np.cos(a), 0, np.sin(a))) * (r - 0.03)
            s.tube(np.array((x, 0, r)) - d, np.array((x, 0, r)) + d, 0.003, 0.003, STEEL, 4)
    seat, crank, head, rear, front = (
        (-0.2, 0, 0.82),
        (-0.06, 0, 0.3),
        (0.38, 0, 0.78),
        (-0.52, 0, r),
        (0.52, 0, r),
    )
    for a, b in (
        (crank, seat),
        (crank, head),
        (rear, crank),
        (rear, (-0.17, 0, 0.7)),
        (front, (0.34, 0, 0.96)),
    ):
        s.tube(a, b, 0.024, 0.024, frame, 7)
    s.ball((-0.22, 0, 0.88), (0.14, 0.08, 0.04), DARK)
    s.tube((0.3, -0.28, 1.0), (0.3, 0.28, 1.0), 0.014, 0.014, DARK, 6)
    s.tube((-0.06, -0.12, 0.3), (-0.06, 0.12, 0.3), 0.09, 0.09, DARK, 12)
    s.box((-0.52, 0, r * 2 + 0.02), (0.5, 0.06, 0.015), frame)
    if chance(rng, 0.7):
        s.box((0.6, 0, 0.82), (0.3, 0.34, 0.2), ("mesh", "4a4e52"), taper=0.75)
    return s


def scooter(rng: Generator) -> Shape:
    """An electric scooter (电动自行车), class `motorcycle`."""
    s, r = Shape(), 0.23
    paint = plain(rng, ("d8d8d6", "1b1c1e", "b02828", "2a5aa0", "3a7a6a", "d87aa0", "c8b090"), "paint")
    for x in (-0.58, 0.6):
        s.wheel((x, 0, r), r, 0.09, METAL, TYRE)
    s.box((0.05, 0, 0.27), (0.55, 0.28, 0.08), paint)
    s.loft([ellipse_x(x, z0, z1, y) for x, z0, z1, y in
            [(-0.88, 0.55, 0.66, 0.06), (-0.7, 0.36, 0.72, 0.14), (-0.3, 0.26, 0.72, 0.16), (-0.12, 0.24, 0.66, 0.14)]],
           paint)  # fmt: skip
    s.ball((-0.42, 0, 0.77), (0.38, 0.14, 0.07), DARK)
    s.loft([ellipse_x(0.3 + 0.1 * k, z0, z1, y) for k, (z0, z1, y) in
            enumerate([(0.25, 0.92, 0.17), (0.26, 0.95, 0.19), (0.4, 0.9, 0.12)])], paint)  # fmt: skip
    s.tube((0.6, 0, r), (0.38, 0, 0.95), 0.035, 0.035, METAL, 8)
    s.ball((0.38, 0, 0.98), (0.1, 0.12, 0.09), paint)
    s.tube((0.32, -0.32, 1.04), (0.32, 0.32, 1.04), 0.017, 0.017, DARK, 6)
    s.ball((0.5, 0, 0.9), (0.04, 0.07, 0.06), ("gloss", "e8ecec"))
    for side in (-1, 1):
        s.tube((0.32, side * 0.25, 1.04), (0.3, side * 0.3, 1.22), 0.008, 0.008, DARK, 5)
        s.ball((0.3, side * 0.3, 1.24), (0.02, 0.06, 0.04), DARK)
    if chance(rng, 0.5):
        s.box((-0.82, 0, 0.92), (0.36, 0.38, 0.32), plain(rng, ("1b1c1e", "e0c020", "2aa0d8", "d86a1c")))
    if chance(rng, 0.35):
        s.box((0.46, 0, 0.6), (0.04, 0.62, 0.62), plain(rng, pal.CANOPIES, "fabric"))
    return s


def ellipse_x(x: float, z0: float, z1: float, half: float, n: int = 10) -> Array:
    """An upright ellipse in the plane x = const from z0 to z1, (n, 3) metres."""
    a = np.arange(n) * 2 * pi / n
    return np.stack([np.full(n, x), half * np.cos(a), (z0 + z1) / 2 + (z1 - z0) / 2 * np.sin(a)], 1)
