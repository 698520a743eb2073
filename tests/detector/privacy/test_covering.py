"""Nothing of a covered region can be won back, and the rest is as it was."""

from __future__ import annotations

import numpy as np
import pytest

from detector.privacy.clips import around
from detector.privacy.covering import covered, grown
from detector.privacy.regions import ClipLimits, Regions, shipped_limits

LIMITS = shipped_limits()
NOISE = np.random.default_rng(3).integers(0, 256, (120, 160, 3), dtype=np.uint8)


def _regions(*rows: tuple[str, float, float, float, float]) -> Regions:
    return Regions.of([{"kind": r[0], "xyxy": r[1:], "confidence": 0.5} for r in rows])


def test_a_margin_is_added_all_around() -> None:
    assert grown(np.array([[20, 40, 60, 100]], np.float32), 0.25).tolist() == [[10, 25, 70, 115]]


def test_outside_the_regions_nothing_changes_and_the_given_picture_neither() -> None:
    before = NOISE.copy()
    out = covered(NOISE, _regions(("face", 40, 40, 60, 80)), LIMITS)
    assert np.array_equal(NOISE, before)
    inside = np.zeros(NOISE.shape[:2], np.bool_)
    inside[30:90, 35:65] = True  # 20 x 40 px and a quarter of each around
    assert (out[~inside] == NOISE[~inside]).all()
    assert (out[inside] != NOISE[inside]).mean() > 0.9


def test_all_that_is_left_of_a_face_are_the_means_of_its_cells() -> None:
    """36 x 36 px are 6 x 6 cells of 6 px. With every cell turned around in itself the same is left: what was in a cell
    cannot be told."""
    whole = _regions(("face", 0, 0, 36, 36))
    face, other = NOISE[:36, :36], NOISE[:36, :36].copy()
    for y in range(0, 36, 6):
        for x in range(0, 36, 6):
            other[y : y + 6, x : x + 6] = other[y : y + 6, x : x + 6][::-1, ::-1]
    left = covered(face, whole, LIMITS)
    assert (covered(other, whole, LIMITS) == left).all()
    assert (other != face).mean() > 0.9
    assert np.abs(np.diff(left.astype(int), axis=1)).max() < 64  # nothing sharp stays


def test_a_plate_is_left_with_one_colour() -> None:
    out = covered(NOISE, _regions(("plate", 50, 50, 90, 60)), LIMITS)
    assert len(np.unique(out[48:62, 42:98].reshape(-1, 3), axis=0)) == 1


@pytest.mark.parametrize(
    "box", [(-30, -30, 5, 5), (155, 115, 400, 300), (500, 500, 520, 520), (10, 10, 10, 10)]
)
def test_regions_at_and_beyond_the_edges(box: tuple[float, float, float, float]) -> None:
    assert covered(NOISE, _regions(("face", *box)), LIMITS).shape == NOISE.shape


def test_regions_are_kept_as_json() -> None:
    regions = _regions(("face", 1.04, 2, 3, 4.06), ("plate", 5, 6, 7, 8))
    assert [r["xyxy"] for r in regions.rows()] == [[1.0, 2.0, 3.0, 4.1], [5.0, 6.0, 7.0, 8.0]]
    assert Regions.of(regions.rows()).kind == ("face", "plate")
    assert len(Regions.of([])) == 0
    with pytest.raises(ValueError, match="kinds"):
        Regions(("hat",), np.zeros((1, 4), np.float32), np.zeros(1, np.float32))


# Moving pictures --------------------------------------------------------------------------------------

CLIP = ClipLimits(every_s=0.2, looks=2, near=2.5)


def test_between_two_looks_the_whole_way_is_covered() -> None:
    """20 px faces 30 px apart: within 2.5 sides. At 100 ms both places and the way between are covered."""
    seen = [_regions(("face", 0, 0, 20, 20)), _regions(("face", 30, 0, 50, 20))]
    assert around([0, 200], seen, 100, CLIP).xyxy.tolist() == [
        [0, 0, 20, 20],
        [30, 0, 50, 20],
        [0, 0, 50, 20],
    ]


def test_two_people_far_apart_are_not_joined() -> None:
    seen = [_regions(("face", 0, 0, 20, 20)), _regions(("face", 60, 0, 80, 20), ("plate", 0, 0, 20, 20))]
    assert len(around([0, 200], seen, 100, CLIP)) == 3


def test_what_one_look_missed_is_covered_by_its_neighbours() -> None:
    nothing, face = _regions(), _regions(("face", 0, 0, 20, 20))
    times = [0, 200, 400, 600, 800]
    seen = [nothing, face, nothing, nothing, nothing]
    held = [len(around(times, seen, at, CLIP)) for at in (0, 199, 200, 399, 400, 599, 600, 900)]
    assert held == [1, 1, 1, 1, 1, 1, 0, 0]
