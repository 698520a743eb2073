"""Lens distortion from straight lines: known k1 found, too little says so, bent kerbs do no harm."""

from __future__ import annotations

import numpy as np
import pytest

from detector.scene.boxes import Floats
from detector.scene.lens import lens


def lines(k1: float, count: int, noise: float = 0.0003, bent: int = 0) -> list[Floats]:
    """Straight lines as a lens shows them (focal lengths from the middle); ``bent`` of them are arcs."""
    random = np.random.default_rng(3)
    found = []
    for i in range(count):
        ends = random.uniform([-0.8, -0.45], [0.8, 0.45], (2, 2))
        share = np.linspace(0, 1, 60)[:, None]
        line = ends[0] + share * (ends[1] - ends[0])
        if i < bent:
            line = line + 0.02 * share * (1 - share) * [0, 1]
        r2 = (line**2).sum(axis=1, keepdims=True)
        found.append(line * (1 + k1 * r2) + random.normal(0, noise, line.shape))
    return found


@pytest.mark.parametrize("k1", [-0.15, -0.05, 0.1])
def test_a_known_distortion_is_found(k1: float) -> None:
    found = lens(lines(k1, 60))
    assert found is not None
    assert found.k1 == pytest.approx(k1, abs=max(0.01, 3 * found.error))
    assert found.error <= 0.02


def test_lines_that_are_bent_in_the_street_do_little() -> None:
    found = lens(lines(-0.1, 80, bent=16))
    assert found is not None
    assert found.k1 == pytest.approx(-0.1, abs=0.03)


def test_a_good_lens_stays_at_zero_and_too_few_edges_say_nothing() -> None:
    found = lens(lines(0.0, 60))
    assert found is not None
    assert found.k1 == 0.0
    assert lens(lines(-0.1, 30)) is None
