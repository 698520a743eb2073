"""Lens distortion from lines that are straight in the street (Brown 1971, the plumb-line method)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from detector.scene.boxes import Floats

LEAST_EDGES = 40
GRID = np.arange(-0.5, 0.3001, 0.005)
CAP = 3.0
"""An edge further from straight than so many times the usual counts as no worse: it is bent in the street."""
DRAWS = 200
POINTS = 40  # of one edge: more add little
WORST = 0.05
SEEN = 3.0
"""A distortion smaller than so many of its own sigmas was not seen, and stays 0."""


@dataclass(frozen=True, slots=True)
class Lens:
    """k1 of ``Mounting`` with its one-sigma error; edges: how many it is from. k1 is 0 where none was seen."""

    k1: float
    error: float
    edges: int


def lens(edges: Sequence[Floats], seed: int = 0) -> Lens | None:
    """The distortion under which edges become straight. edges: (K, 2) each, from the middle, in focal lengths.

    Only k1: edges in a street do not part it from k2. Its error comes from drawing the edges anew (bootstrap,
    Efron 1979). None where there are too few edges, or they do not agree.
    """
    if len(edges) < LEAST_EDGES:
        return None
    edges = [edge[:: max(1, len(edge) // POINTS)] for edge in edges]
    furthest = max(float(np.hypot(edge[:, 0], edge[:, 1]).max()) for edge in edges)
    # r (1 + k1 r2) has its top at 4 / 27 of 1 / seen2: beyond, the lens would fold what was seen.
    grid = GRID[4 / 27 / furthest**2 * -0.95 < GRID]
    costs = np.array([[_bend(_straightened(edge, k1)) for edge in edges] for k1 in grid])
    usual = np.median(costs.min(axis=0))
    costs = np.minimum(costs, (CAP**2) * max(float(usual), 1e-12))
    random = np.random.default_rng(seed)
    drawn = [
        grid[costs[:, random.integers(0, len(edges), len(edges))].sum(axis=1).argmin()] for _ in range(DRAWS)
    ]
    k1, error = float(grid[costs.sum(axis=1).argmin()]), max(float(np.std(drawn)), 0.005)
    if error > WORST:
        return None
    return Lens(k1 if abs(k1) >= SEEN * error else 0.0, error, len(edges))


def _straightened(edge: Floats, k1: float) -> Floats:
    """Points as they were without the distortion: r (1 + k1 r2) = seen, by Newton's method from below."""
    seen = np.hypot(edge[:, 0], edge[:, 1])
    r = np.zeros_like(seen) if k1 < 0 else seen.copy()
    for _ in range(12):
        r = r - (r + k1 * r**3 - seen) / (1 + 3 * k1 * r**2)
    straight: Floats = edge * np.divide(r, seen, out=np.ones_like(seen), where=seen > 0)[:, None]
    return straight


def _bend(points: Floats) -> float:
    """Mean squared distance from the best line."""
    middle = points - points.mean(axis=0)
    spread = middle.T @ middle / len(points)
    half, rest = (spread[0, 0] + spread[1, 1]) / 2, (spread[0, 0] - spread[1, 1]) / 2
    return float(half - np.hypot(rest, spread[0, 1]))
