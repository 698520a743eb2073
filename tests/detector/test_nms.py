"""Decoding and suppression: values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from detector.errors import BadOutput
from detector.nms import decode_end2end, decode_raw, overlap, suppress

from .builders import boxes


def test_overlap_by_hand() -> None:
    a = boxes((0, 0, 10, 10))
    # half of each shared: 50 / 150; the same box: 1; beside it: 0; inside it: 25 / 100; without area: 0
    b = boxes((5, 0, 15, 10), (0, 0, 10, 10), (10, 0, 20, 10), (0, 0, 5, 5), (3, 3, 3, 9))
    np.testing.assert_allclose(overlap(a, b), [[1 / 3, 1, 0, 0.25, 0]], rtol=1e-6)


def test_overlap_of_nothing() -> None:
    assert overlap(boxes(), boxes((0, 0, 1, 1))).shape == (0, 1)


def test_the_strongest_of_a_bunch_stays() -> None:
    bunch = boxes((0, 0, 10, 10), (1, 0, 11, 10), (30, 30, 40, 40))
    assert suppress(bunch, np.array([0.6, 0.9, 0.3], np.float32), 0.5).tolist() == [1, 2]


def test_a_chain_is_not_swallowed() -> None:
    # neighbours share 60 / 140 = 0.43; the first and the third 20 / 180: only the middle one goes
    chain = boxes((0, 0, 10, 10), (4, 0, 14, 10), (8, 0, 18, 10))
    assert suppress(chain, np.array([0.9, 0.8, 0.7], np.float32), 0.4).tolist() == [0, 2]


def test_overlap_exactly_at_the_limit_stays() -> None:
    pair = boxes((0, 0, 10, 10), (0, 0, 5, 10))  # 50 / 100
    assert suppress(pair, np.array([0.9, 0.8], np.float32), 0.5).tolist() == [0, 1]


def raw(*anchors: tuple[float, ...]) -> np.ndarray:
    """(1, 4 + C, A) from one tuple per anchor point."""
    return np.array(anchors, np.float32).T[None]


def test_raw_output_is_decoded_and_suppressed_by_class() -> None:
    found = decode_raw(
        raw(
            (20, 20, 10, 10, 0.8, 0.1),  # class 0 at 15..25
            (21, 20, 10, 10, 0.7, 0.2),  # the same thing again
            (20, 20, 10, 10, 0.1, 0.6),  # class 1 at the same place stays
            (60, 60, 10, 10, 0.05, 0.04),  # under the floor
        ),
        floor=0.1,
        limit=0.5,
    )[0]
    np.testing.assert_allclose(found.xyxy, [[15, 15, 25, 25], [15, 15, 25, 25]])
    assert found.class_id.tolist() == [0, 1]
    assert found.confidence.tolist() == pytest.approx([0.8, 0.6])


def test_raw_output_keeps_the_strongest_so_many() -> None:
    anchors = [(50.0 * i, 20.0, 10.0, 10.0, 0.2 + 0.1 * i) for i in range(5)]
    found = decode_raw(raw(*anchors), floor=0.1, limit=0.5, most=2)[0]
    assert found.confidence.tolist() == pytest.approx([0.6, 0.5])


def test_end_to_end_output_is_cut_at_the_floor_and_sorted() -> None:
    output = np.array([[[1, 2, 3, 4, 0.3, 1], [5, 6, 7, 8, 0.9, 0], [0, 0, 0, 0, 0.0, 0]]], np.float32)
    found = decode_end2end(output, floor=0.1)[0]
    assert found.xyxy.tolist() == [[5, 6, 7, 8], [1, 2, 3, 4]]
    assert found.class_id.tolist() == [0, 1]


def test_nothing_seen_is_empty_not_broken() -> None:
    assert len(decode_raw(np.zeros((2, 6, 10), np.float32), floor=0.1, limit=0.5)[1]) == 0
    assert decode_end2end(np.zeros((1, 300, 6), np.float32), floor=0.1)[0].xyxy.shape == (0, 4)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nan_and_infinity_are_refused(bad: float) -> None:
    output = np.zeros((1, 6, 6), np.float32)
    output[0, 3, 3] = bad
    with pytest.raises(BadOutput, match="NaN"):
        decode_raw(output, floor=0.1, limit=0.5)
    with pytest.raises(BadOutput, match="NaN"):
        decode_end2end(output, floor=0.1)


def test_other_shapes_are_refused() -> None:
    with pytest.raises(BadOutput):
        decode_raw(np.zeros((6, 10), np.float32), floor=0.1, limit=0.5)
    with pytest.raises(BadOutput):
        decode_end2end(np.zeros((1, 10, 7), np.float32), floor=0.1)
