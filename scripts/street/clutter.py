"""Street furniture that is never labelled: trees, bins, lamps, bollards, rails, A-boards, cabinets, cones."""

from __future__ import annotations

from math import pi

import numpy as np
from numpy.random import Generator

from scripts.street import palette as pal
from scripts.street.goods import leaves, plant_pot
from scripts.street.palette import DARK, METAL, STEEL, WOOD, chance, colour, pick, plain
from scripts.street.shape import Shape


def tree(rng: Generator) -> Shape:
    """A street tree (梧桐): square of soil with a rim, mottled trunk, forked branches, leaves."""
    s = Shape()
    s.box((0, 0, 0.005), (1.2, 1.2, 0.03), ("plain", "3a3026"))
    for k in (-1, 1):
        s.box((0, k * 0.6, 0.02), (1.3, 0.1, 0.06), ("plain", "8a8a86"))
        s.box((k * 0.6, 0, 0.02), (0.1, 1.3, 0.06), ("plain", "8a8a86"))
    bark = ("bark", colour(rng, ("8a806a", "6a6252", "7a7462"), 8))
    fork = np.array((rng.normal(0, 0.1), rng.normal(0, 0.1), rng.uniform(2.6, 3.4)))
    s.tube((0, 0, 0), fork, 0.17, 0.13, bark, 12)
    green = ("leaf", colour(rng, ("4a6a2a", "6a7a30", "8a7a30", "3a5a28")))
    for i in range(int(rng.integers(4, 6))):
        a = 2 * pi * i / 5 + float(rng.uniform(0, 0.8))
        out, up = float(rng.uniform(1.0, 2.0)), float(rng.uniform(1.6, 3.0))
        tip = fork + np.array((out * np.cos(a), out * np.sin(a), up))
        s.tube(fork, tip, 0.09, 0.03, bark, 8)
        leaves(s, rng, tip, (1.4, 1.4, 1.1), 190, 0.19, green)
    return s


def bin_pair(rng: Generator) -> Shape:
    """A litter bin with two openings."""
    s = Shape()
    mats = [plain(rng, ("3a6a4a", "2a4a7a", "6a6e72", "8a8f94")), plain(rng, ("6a6e72", "b03030", "2a2c2e"))]
    for i, mat in enumerate(mats):
        s.box((i * 0.46 - 0.23, 0, 0.5), (0.42, 0.4, 0.85), mat)
        s.box((i * 0.46 - 0.23, -0.21, 0.75), (0.28, 0.02, 0.14), DARK)
    s.box((0, 0, 1.0), (0.98, 0.46, 0.06), METAL)
    return s


def lamp(rng: Generator) -> Shape:
    """A street lamp reaching over the road (towards -y)."""
    s = Shape()
    mat = plain(rng, ("3a3f44", "7a7f84", "2a4a3a"))
    s.tube((0, 0, 0), (0, 0, 7.5), 0.1, 0.06, mat, 10)
    s.tube((0, 0, 7.4), (0, -1.6, 7.8), 0.045, 0.035, mat, 8)
    s.box((0, -1.7, 7.78), (0.22, 0.6, 0.09), STEEL)
    s.tube((0, 0, 0), (0, 0, 0.5), 0.16, 0.14, mat, 10)
    return s


def a_board(rng: Generator) -> Shape:
    """A folding sign board."""
    s = Shape()
    for k in (-1, 1):
        pts = np.array([(-0.3, k * 0.28, 0), (0.3, k * 0.28, 0), (0.3, 0, 0.95), (-0.3, 0, 0.95)])
        s.add(pts, [(0, 1, 2, 3)], plain(rng, pal.SIGNS, "print"))
    return s


def cabinet(rng: Generator) -> Shape:
    """A grey utility cabinet."""
    s = Shape()
    s.box((0, 0, 0.65), (0.9, 0.4, 1.3), plain(rng, ("8a9094", "b8bcb8", "6a7a70")))
    s.box((0, -0.205, 0.7), (0.02, 0.01, 1.0), DARK)
    return s


def bollards(rng: Generator) -> Shape:
    """A row of three to six bollards along x."""
    s = Shape()
    mat = plain(rng, ("3a3f44", "c8ccd0", "8a6a3a"))
    for i in range(int(rng.integers(3, 7))):
        s.tube((i * 1.4, 0, 0), (i * 1.4, 0, 0.8), 0.07, 0.06, mat, 10)
        s.tube((i * 1.4, 0, 0.66), (i * 1.4, 0, 0.74), 0.075, 0.075, ("plain", "e0c020"), 10)
    return s


def railing(rng: Generator, length: float = 6.0) -> Shape:
    """A low pavement railing along x."""
    s = Shape()
    mat = plain(rng, ("d8dadb", "3a5a8a", "7a8f7a"))
    for z in (0.25, 0.85):
        s.box((length / 2, 0, z), (length, 0.05, 0.05), mat)
    for x in np.arange(0, length + 0.1, 0.15):
        wide = abs(x / 2.0 - round(x / 2.0)) < 0.02
        s.box((x, 0, 0.5), (0.08 if wide else 0.025, 0.05, 1.0 if wide else 0.7), mat)
    return s


def planter(rng: Generator) -> Shape:
    """A lone planter box with a shrub."""
    s = Shape()
    s.box((0, 0, 0.25), (0.9, 0.5, 0.5), plain(rng, ("8a6240", "6a6a66", "b8b4aa")))
    green = ("leaf", colour(rng, ("3a5a28", "4c7a2c")))
    leaves(s, rng, (0, 0, 0.75), (0.5, 0.32, 0.35), 400, 0.08, green)
    return s


def cones(rng: Generator) -> Shape:
    """Two or three traffic cones in use."""
    s = Shape()
    for i in range(int(rng.integers(1, 4))):
        x = i * 1.2
        s.box((x, 0, 0.02), (0.36, 0.36, 0.04), DARK)
        s.tube((x, 0, 0.04), (x, 0, 0.7), 0.14, 0.03, ("plain", "d84a1c"), 12)
        s.tube((x, 0, 0.32), (x, 0, 0.46), 0.101, 0.076, ("plain", "e8e8e8"), 12)
    return s


def bench(rng: Generator) -> Shape:
    """A park bench."""
    s = Shape()
    for k in range(3):
        s.box((0, k * 0.14, 0.45), (1.5, 0.11, 0.04), WOOD)
    for x in (-0.6, 0.6):
        s.box((x, 0.14, 0.22), (0.06, 0.4, 0.44), DARK)
    return s


KINDS = (bin_pair, a_board, cabinet, bollards, planter, cones, bench, railing)


def random_clutter(rng: Generator) -> Shape:
    """One of the small kinds (no tree, no lamp); sometimes a lone flower pot."""
    return plant_pot(rng, 1.4) if chance(rng, 0.15) else pick(rng, list(KINDS))(rng)
