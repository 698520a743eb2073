"""From raw output to boxes: values worked out by hand."""

from __future__ import annotations

from math import log

import numpy as np
import pytest

from detector.errors import BadOutput
from detector.privacy.decoding import decode_faces, decode_plates, priors


def _maps(*cells: tuple[int, int, float, float, float]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(row, column, confidence, height and width in cells) on a map of 6 x 8; the middle lies a quarter cell on."""
    heat, scale, offset = (np.zeros((n, 6, 8), np.float32) for n in (1, 2, 2))
    for row, column, confidence, height, width in cells:
        heat[0, row, column] = confidence
        scale[:, row, column] = log(height), log(width)
        offset[:, row, column] = 0.25, -0.25
    return heat[0], scale, offset


def test_a_face_is_where_the_heat_is() -> None:
    """Cell (2, 3): middle (3 - 0.25 + 0.5, 2 + 0.25 + 0.5) = (3.25, 2.75) cells = (13, 11) px; 2 x 3 cells are
    8 x 12 px."""
    boxes, confidence = decode_faces(*_maps((2, 3, 0.75, 3, 2)), threshold=0.5, overlap=0.3)
    assert boxes.tolist() == [[9.0, 5.0, 17.0, 17.0]]
    assert confidence.tolist() == [0.75]


def test_weak_ones_and_the_weaker_of_two_alike_go() -> None:
    maps = _maps((2, 3, 0.75, 3, 2), (2, 4, 0.9, 3, 2), (0, 7, 0.4, 1, 1))
    _, confidence = decode_faces(*maps, threshold=0.5, overlap=0.3)
    # 8 px wide, 4 px apart: 4 * 12 of 2 * 96 - 48 = 1/3 is shared
    assert confidence.tolist() == pytest.approx([0.9])
    assert len(decode_faces(*maps, threshold=0.5, overlap=0.34)[0]) == 2
    assert len(decode_faces(*maps, threshold=0.95, overlap=0.3)[0]) == 0


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_faces_that_are_no_numbers_are_refused(bad: float) -> None:
    heat, scale, offset = _maps((2, 3, 0.75, 3, 2))
    scale[0, 2, 3] = bad
    with pytest.raises(BadOutput, match="NaN"):
        decode_faces(heat, scale, offset, threshold=0.5, overlap=0.3)
    with pytest.raises(BadOutput, match="heat map"):
        decode_faces(heat, scale[:1], offset, threshold=0.5, overlap=0.3)


def test_priors_lie_in_the_middle_of_their_cells() -> None:
    """64 x 32 px: 8 x 4, 4 x 2 and 2 x 1 cells, two priors each."""
    fixed = priors(64, 32)
    assert len(fixed) == 2 * (32 + 8 + 2)
    assert fixed[:3].tolist() == [[4, 4, 24, 24], [4, 4, 48, 48], [12, 4, 24, 24]]
    assert fixed[-1].tolist() == [48, 16, 768, 768]


def test_a_plate_is_its_prior_moved() -> None:
    """The second prior, 24 px around (12, 4): moved by 0.1 * 5 * 24 = 12 px right, twice as wide, half as high."""
    moves, confidence = np.zeros((84, 4), np.float32), np.zeros(84, np.float32)
    moves[2], confidence[2] = (5, 0, log(2) / 0.2, log(0.5) / 0.2), 0.8
    boxes, sure = decode_plates(moves, confidence, 64, 32, threshold=0.5, overlap=0.4)
    assert boxes[0].tolist() == pytest.approx([0.0, -2.0, 48.0, 10.0], abs=1e-4)
    assert sure.tolist() == pytest.approx([0.8])
    with pytest.raises(BadOutput, match="priors"):
        decode_plates(moves[:-1], confidence, 64, 32, threshold=0.5, overlap=0.4)
    confidence[3] = np.nan
    with pytest.raises(BadOutput, match="NaN"):
        decode_plates(moves, confidence, 64, 32, threshold=0.5, overlap=0.4)
