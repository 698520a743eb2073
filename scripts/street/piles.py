"""Things stacked or heaped that are not on sale (class `pile`). Origin on the ground at the heap's middle."""

from __future__ import annotations

from collections.abc import Callable
from math import pi

import numpy as np
from numpy.random import Generator

from scripts.street import palette as pal
from scripts.street.palette import WOOD, chance, colour, pick, plain
from scripts.street.shape import Shape


def cartons(rng: Generator, size: float = 1.0) -> Shape:
    """Closed cardboard boxes in two to four uneven layers."""
    s = Shape()
    n, base = int(rng.integers(2, 5)), pick(rng, pal.CARTONS)
    w, d, h = rng.uniform(0.4, 0.62), rng.uniform(0.34, 0.5), rng.uniform(0.28, 0.46)
    heights = np.zeros((n, 2))
    rows = 2 if chance(rng, 0.6) else 1
    for i in range(n):
        for j in range(rows):
            for _ in range(int(rng.integers(1, 2 + round(2 * size)))):
                k = float(rng.uniform(0.82, 1.0))
                at = (
                    (i - (n - 1) / 2) * w * 1.06,
                    (j - (rows - 1) / 2) * d * 1.08,
                    heights[i, j] + h * k / 2,
                )
                s.box(at + rng.normal(0, 0.02, 3) * (1, 1, 0), (w * k, d * k, h * k),
                      ("carton", colour(rng, (base,), 10)), float(rng.normal(0, 0.07)))  # fmt: skip
                heights[i, j] += h * k
    if chance(rng, 0.4):
        s.box((n * w * 0.5 + 0.2, 0, 0.4), (0.05, 0.7, 0.8), ("carton", base), 0.2)
    return s


def sack(s: Shape, rng: Generator, at: tuple[float, float, float], mat, turn: float) -> None:  # type: ignore[no-untyped-def]
    """A filled woven sack lying flat, about 0.75 x 0.45 x 0.22 m."""
    rings = []
    for t in np.linspace(-1, 1, 7):
        k = (1 - abs(t) ** 3) ** 0.5 * 0.92 + 0.08
        a = np.arange(10) * 2 * pi / 10
        c, q = np.cos(a), np.sin(a)
        y = np.sign(c) * np.abs(c) ** 0.7 * 0.23 * (0.75 + 0.25 * k)
        z = np.sign(q) * np.abs(q) ** 0.8 * 0.12 * k
        rings.append(np.stack([np.full(10, t * 0.37), y, z + 0.12], 1) + rng.normal(0, 0.008, (10, 3)))
    part = Shape()
    part.loft(rings, mat)
    s.merge(part, at, turn)


def sacks(rng: Generator, size: float = 1.0) -> Shape:
    """A heap of sacks laid crosswise."""
    s = Shape()
    base = pick(rng, pal.SACKS)
    n = int(rng.integers(2, 4))
    for layer in range(int(rng.integers(2, 4 + round(size)))):
        for i in range(max(1, n - layer // 2)):
            for j in range(2):
                mat = ("fabric", colour(rng, (base,), 12))
                at = (
                    (i - (n - 1) / 2) * 0.76 + rng.normal(0, 0.05),
                    (j - 0.5) * 0.48 + rng.normal(0, 0.03),
                    layer * 0.2,
                )
                sack(s, rng, at, mat, float(rng.normal(0, 0.12)))
    return s


def pallets(rng: Generator, size: float = 1.0) -> Shape:
    """Wooden pallets, empty or with cartons, sacks or drums on them."""
    s, z = Shape(), 0.0
    wood = plain(rng, ("a8845a", "8f6f4a", "b8976a"), "wood")
    for _ in range(int(rng.integers(1, 2 + round(4 * size)))):
        turn = float(rng.normal(0, 0.03))
        for x in (-0.5, 0, 0.5):
            s.box((x, 0, z + 0.05), (0.1, 1.0, 0.08), wood, turn)
        for y in np.linspace(-0.45, 0.45, 6):
            s.box((0, y, z + 0.105), (1.2, 0.12, 0.022), wood, turn)
        z += 0.13
    if chance(rng, 0.6):
        s.merge(pick(rng, [cartons, sacks])(rng, 0.7), (0, 0, z), float(rng.normal(0, 0.05)))
    return s


def boards(rng: Generator, size: float = 1.0) -> Shape:
    """Planks and boards stacked flat, with pipes or bricks beside them."""
    s = Shape()
    length, wood = float(rng.uniform(1.6, 2.6)), pick(rng, ["a8845a", "c2a577", "8a8d8f", "d8d4cc"])
    for k in range(int(rng.integers(4, 12))):
        s.box((rng.normal(0, 0.05), rng.normal(0, 0.03), 0.03 + k * 0.05), (length, 0.5, 0.045),
              ("wood", colour(rng, (wood,), 10)), float(rng.normal(0, 0.02)))  # fmt: skip
    if chance(rng, 0.5):
        for k in range(8):
            y, z = 0.45 + 0.09 * (k % 4), 0.05 + 0.08 * (k // 4)
            s.tube(
                (-length / 2, y, z),
                (length / 2, y, z),
                0.042,
                0.042,
                plain(rng, ("b0b4b6", "d86a1c", "e4e4e0")),
                8,
            )
    else:
        for i in range(5):
            for k in range(int(rng.integers(2, 6))):
                s.box(
                    (-0.5 + i * 0.25, 0.5, 0.035 + 0.07 * k),
                    (0.235, 0.36, 0.065),
                    plain(rng, ("9a4a34", "8a4230")),
                )
    return s


def bags(rng: Generator, size: float = 1.0) -> Shape:
    """A heap of full bags, black, white or woven."""
    s = Shape()
    mats = [
        plain(rng, pick(rng, [("1c1d1f",), ("d8d8d4",), ("3a5a7a", "b04040")]), "gloss") for _ in range(2)
    ]
    for i in range(int(rng.integers(5, 10))):
        r = float(rng.uniform(0.2, 0.34))
        x, y = rng.normal(0, 0.42, 2) * (1, 0.55)
        z = r * 0.75 + (0.28 if i > 4 else 0)
        mat = pick(rng, mats)
        s.ball((x, y, z), (r * rng.uniform(0.85, 1.2), r, r * 0.8), mat, float(rng.uniform(0, 3)), 10)
        s.tube((x, y, z + r * 0.6), (x + 0.03, y, z + r * 1.05), r * 0.25, r * 0.1, mat, 7)
    return s


def empties(rng: Generator, size: float = 1.0) -> Shape:
    """Stacks of empty plastic crates or foam boxes."""
    s = Shape()
    base = colour(rng, (*pal.PLASTICS, "e8e8e4", "e8e8e4"))
    for i in range(int(rng.integers(2, 5))):
        for k in range(int(rng.integers(2, 4 + round(2 * size)))):
            z = 0.14 + 0.29 * k
            s.box(
                (i * 0.6 - 0.9, rng.normal(0, 0.03), z),
                (0.56, 0.42, 0.27),
                ("plain", base),
                float(rng.normal(0, 0.05)),
            )
            s.box((i * 0.6 - 0.9, 0, z + 0.135), (0.57, 0.43, 0.02), ("plain", colour(rng, (base,), 20)))
    return s


def furniture(rng: Generator, size: float = 1.0) -> Shape:
    """Discarded furniture: a sofa or cabinet with boards and a rolled carpet."""
    s = Shape()
    cloth = plain(rng, pal.CLOTHES, "fabric")
    s.box((0, 0, 0.25), (1.7, 0.8, 0.36), cloth)
    s.box((0, 0.35, 0.6), (1.7, 0.2, 0.5), cloth)
    for x in (-0.85, 0.85):
        s.box((x, 0, 0.4), (0.18, 0.82, 0.55), cloth)
    s.tube((-0.9, -0.1, 0.55), (0.7, 0.05, 0.62), 0.11, 0.11, plain(rng, pal.CANOPIES, "fabric"), 10)
    s.box((1.25, 0.1, 0.45), (0.5, 0.6, 0.9), WOOD, float(rng.normal(0, 0.2)))
    return s


KINDS: dict[str, Callable[[Generator, float], Shape]] = {
    "cartons": cartons,
    "sacks": sacks,
    "pallets": pallets,
    "boards": boards,
    "bags": bags,
    "empties": empties,
    "furniture": furniture,
}


def random_pile(rng: Generator) -> Shape:
    """One of the kinds; cartons and sacks are the most common."""
    kind = pick(rng, ["cartons", "cartons", "cartons", "sacks", "sacks", *KINDS])
    return KINDS[kind](rng, float(rng.uniform(0.6, 1.4)))
