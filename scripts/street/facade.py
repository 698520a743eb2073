"""Shop fronts and buildings. Local frame of a shop: door line at y = 0, the street at -y, x from 0 to its width."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from scripts.street import palette as pal
from scripts.street.palette import DARK, METAL, chance, colour, pick, plain
from scripts.street.shape import Material, Shape
from scripts.street.vehicles import GLASS

SHOP_TOP = 3.9
"""Height of the ground floor, metres."""


@dataclass(frozen=True)
class Sign:
    """Lettering in the world frame: lower middle of the text at (x, y, z), letter height and widest width in metres."""

    text: str
    x: float
    y: float
    z: float
    height: float
    width: float
    colour: str


def shop(rng: Generator, width: float, name: str) -> tuple[Shape, list[Sign]]:
    """A ground-floor shop: pillars, recessed lit interior with shelves, window or open front, sign board."""
    s = Shape()
    wall: Material = (pick(rng, ["plaster", "tile", "brick", "plaster"]), colour(rng, pal.WALLS))
    front = 2.75
    for x in (0.2, width - 0.2):
        s.box((x, 0.15, SHOP_TOP / 2), (0.4, 0.3, SHOP_TOP), wall)
    s.box((width / 2, 0.3, (front + SHOP_TOP) / 2), (width, 0.3, SHOP_TOP - front), wall)
    interior(s, rng, width)
    door_at = float(rng.uniform(1.2, width - 1.8)) if width > 3.2 else width / 2
    frame = plain(rng, ("1b1c1e", "8a8f94", "5a3a24", "d8dadb", "2a4a3a"), "gloss")
    style = int(rng.integers(4))
    if style < 3:
        for a, b in ((0.4, door_at), (door_at + 1.2, width - 0.4)):
            if b - a > 0.3:
                glazing(s, rng, a, b, 0.55 if style == 1 else 0.08, front, frame, wall)
    if style == 0:
        s.box((door_at + 0.6, 0.22, 1.35), (1.1, 0.03, 2.6), GLASS)
    s.box((width / 2, 0.12, front - 0.05), (width - 0.8, 0.2, 0.1), frame)
    board = colour(rng, pal.SIGNS)
    high = float(rng.uniform(0.75, 0.95))
    z = front + 0.12 + high / 2
    s.box(
        (width / 2, -0.02, z), (width - 0.25, 0.22, high), ("gloss" if chance(rng, 0.5) else "plain", board)
    )
    for dz in (-high / 2, high / 2):
        s.box((width / 2, -0.14, z + dz), (width - 0.2, 0.05, 0.05), METAL)
    light = sum(int(board[i : i + 2], 16) for i in (0, 2, 4)) < 420
    ink = pick(rng, ["f4e9c8", "ffffff", "f0c840"] if light else ["a01818", "1b1c1e", "0f4f3a"])
    signs = [Sign(name, width / 2, -0.145, z - high * 0.36, high * 1.05, width - 0.9, ink)]
    if chance(rng, 0.3):
        awning(s, rng, width, front)
    if chance(rng, 0.5):
        s.box((0.2, -0.03, 1.5), (0.32, 0.05, float(rng.uniform(0.5, 1.4))), plain(rng, pal.SIGNS, "print"))
    return s, signs


def interior(s: Shape, rng: Generator, width: float) -> None:
    """A room 3.2 m deep with shelves, a counter and a lit ceiling."""
    deep, high = 3.2, 2.85
    tone = plain(rng, ("d8d4c8", "c8c0b0", "b8b4aa", "8a7a64"))
    s.box((width / 2, deep, high / 2), (width, 0.1, high), tone)
    for x in (0.02, width - 0.02):
        s.box((x, deep / 2 + 0.2, high / 2), (0.06, deep - 0.3, high), tone)
    s.box((width / 2, deep / 2 + 0.1, high), (width, deep, 0.06), ("plain", "d0d0cc"))
    s.box((width / 2, deep / 2 + 0.15, 0.01), (width, deep, 0.03), plain(rng, ("8a8478", "6a5a48", "a8a49a")))
    s.box(
        (width / 2, deep / 2, high - 0.06),
        (width * 0.7, 0.25, 0.04),
        ("lamp", pick(rng, ["fff0d8", "f4f8ff"])),
    )
    s.box((width / 2, deep - 0.35, 1.0), (width * 0.88, 0.5, 1.9), ("shelf", colour(rng, pal.WALLS)))
    if chance(rng, 0.6):
        s.box((width * 0.65, deep * 0.5, 0.5), (width * 0.4, 0.5, 1.0), plain(rng, pal.SIGNS, "print"))


def glazing(
    s: Shape, rng: Generator, a: float, b: float, low: float, top: float, frame: Material, wall: Material
) -> None:
    """A shop window from x = a to b above a sill at `low`, with mullions and sometimes stickers."""
    if low > 0.2:
        s.box(((a + b) / 2, 0.15, low / 2), (b - a, 0.2, low), wall)
    s.box(((a + b) / 2, 0.2, (low + top) / 2), (b - a, 0.02, top - low), ("pane", "9fb0b0"))
    for x in np.linspace(a, b, max(2, round((b - a) / 1.3) + 1)):
        s.box((x, 0.18, (low + top) / 2), (0.06, 0.08, top - low), frame)
    s.box(((a + b) / 2, 0.18, low + 0.03), (b - a, 0.08, 0.06), frame)
    if chance(rng, 0.4):
        x = float(rng.uniform(a + 0.3, max(a + 0.31, b - 0.3)))
        s.box((x, 0.17, low + 0.9), (0.5, 0.01, 0.7), plain(rng, pal.SIGNS + pal.CANOPIES, "print"))


def awning(s: Shape, rng: Generator, width: float, z: float) -> None:
    """A sloping awning over the front."""
    out, mat = float(rng.uniform(0.7, 1.3)), plain(rng, pal.CANOPIES, pick(rng, ["fabric", "stripe"]))
    pts = np.array(
        [
            (0.2, -0.1, z + 0.1),
            (width - 0.2, -0.1, z + 0.1),
            (width - 0.2, -out, z - 0.3),
            (0.2, -out, z - 0.3),
        ]
    )
    s.add(np.concatenate([pts, pts[2:] - (0, 0, 0.2)]), [(0, 1, 2, 3), (3, 2, 4, 5)], mat)


def storeys(rng: Generator, width: float, floors: int) -> Shape:
    """Upper floors over a shop row: windows, sills, air conditioners, balconies, bands and a parapet."""
    s = Shape()
    wall: Material = (pick(rng, ["plaster", "tile", "brick", "plaster"]), colour(rng, pal.WALLS))
    frame = plain(rng, ("d8dadb", "5a4a3a", "3a3f44", "8f9a9a"))
    top = SHOP_TOP + floors * 3.1
    s.box((width / 2, 3.5, (SHOP_TOP + top) / 2), (width, 6.6, top - SHOP_TOP), wall)
    s.box((width / 2, 0.15, top + 0.3), (width, 0.25, 0.6), wall)
    band = plain(rng, ("d8d4c8", "8a8478", "a5755a"))
    balcony, rail = chance(rng, 0.2), plain(rng, pal.WALLS, "plaster")
    step = float(rng.uniform(2.0, 2.9))
    n = max(1, int(width / step))
    w, h = float(rng.uniform(1.0, 1.6)), float(rng.uniform(1.3, 1.7))
    for f in range(floors):
        z = SHOP_TOP + 3.1 * f
        s.box((width / 2, 0.14, z + 0.1), (width, 0.2, 0.18), band)
        for i in range(n):
            x = (i + 0.5) * width / n
            s.box((x, 0.19, z + 1.65), (w + 0.14, 0.1, h + 0.14), frame)
            s.box((x, 0.15, z + 1.65), (w, 0.06, h), GLASS)
            s.box((x, 0.11, z + 1.65), (0.05, 0.05, h), frame)
            s.box((x, 0.08, z + 1.6 - h / 2), (w + 0.2, 0.2, 0.06), band)
            if balcony:
                s.box((x, -0.25, z + 0.75), (w + 0.5, 0.8, 0.8), rail)
            elif chance(rng, 0.35):
                s.box((x + w * 0.2, -0.08, z + 0.5), (0.8, 0.34, 0.58), ("plain", "d4d4ce"))
                s.tube((x + w * 0.1, -0.26, z + 0.5), (x + w * 0.1, -0.25, z + 0.5), 0.22, 0.22, DARK, 16)
    return s


def block(rng: Generator, width: float, deep: float, height: float) -> Shape:
    """A plain building with rows of windows on all sides; origin at the middle of its ground plan."""
    s = Shape()
    s.box(
        (0, 0, height / 2),
        (width, deep, height),
        (pick(rng, ["plaster", "tile", "brick"]), colour(rng, pal.WALLS)),
    )
    for z in np.arange(1.8, height - 1, 3.1):
        for side in (-1, 1):
            for x in np.arange(-width / 2 + 1.3, width / 2 - 0.8, 2.7):
                s.box((x, side * deep / 2, z), (1.5, 0.1, 1.6), GLASS)
            for y in np.arange(-deep / 2 + 1.3, deep / 2 - 0.8, 2.7):
                s.box((side * width / 2, y, z), (0.1, 1.5, 1.6), GLASS)
    return s
