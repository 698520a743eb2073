"""The tiled look on seams worked out by hand. The detector in these tests is real: it finds painted rectangles."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest

from detector.backends.scripted import ScriptedDetector, Seen
from detector.detections import Detections
from detector.errors import BadPicture
from detector.tiles import Tile, TiledDetector, merge, tile_plan
from ingest.frame import Image

from .builders import boxes

NAMES = ("stall", "pile")
COLOURS = {"stall": (0, 0, 255), "pile": (255, 0, 0)}


def rectangles(image: Image) -> list[Seen]:
    """One box for each patch of a class's colour; patches of less than 3 x 3 pixels are too small to see."""
    seen: list[Seen] = []
    for name, colour in COLOURS.items():
        mask = (image == np.array(colour, np.uint8)).all(axis=2).astype(np.uint8)
        count, _, stats, _ = cv2.connectedComponentsWithStats(mask)
        for left, top, width, height, _ in stats[1:count].tolist():
            if min(width, height) >= 3:
                seen.append(
                    (name, (left, top, left + width, top + height), 0.5 + 0.4 * width / image.shape[1])
                )
    return seen


def half_blind(image: Image) -> list[Seen]:
    """As ``rectangles``, but what is smaller than an eighth of the picture's width is not seen."""
    return [s for s in rectangles(image) if s[1][2] - s[1][0] >= image.shape[1] / 8]


def a_street(*things: tuple[str, tuple[int, int, int, int]], width: int = 180, height: int = 100) -> Image:
    image = np.full((height, width, 3), 90, np.uint8)
    for name, (left, top, right, bottom) in things:
        image[top:bottom, left:right] = COLOURS[name]
    return image


def tiled(image: Image, script: object = rectangles) -> list[tuple[str, list[float]]]:
    detector = TiledDetector(ScriptedDetector(script, NAMES), tile=100, shared=0.2)  # type: ignore[arg-type]
    seen = detector.detect([image])[0]
    return sorted((seen.label(i), [round(float(v), 1) for v in seen.xyxy[i]]) for i in range(len(seen)))


def test_the_plan_by_hand() -> None:
    # 180 wide, tiles of 100 sharing 20: 0-100 and 80-180; 100 high: one row
    assert tile_plan(180, 100, tile=100, shared=0.2) == [Tile(0, 0, 100, 100), Tile(80, 0, 180, 100)]
    # 260 wide: 0-100, 80-180, 160-260. 50 high: the tile ends with the picture
    assert [t.left for t in tile_plan(260, 50, tile=100, shared=0.2)] == [0, 80, 160]
    assert tile_plan(260, 50, tile=100, shared=0.2)[2] == Tile(160, 0, 260, 50)
    assert tile_plan(64, 48, tile=100) == [Tile(0, 0, 64, 48)]


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (20_000, 300), (641, 640), (3840, 2160)])
def test_the_plan_covers_all_and_stays_small(width: int, height: int) -> None:
    plan = tile_plan(width, height)
    assert len(plan) <= 24
    seen = np.zeros((height, width), np.bool_)
    for t in plan:
        seen[t.top : t.bottom, t.left : t.right] = True
    assert seen.all()
    assert all(a.right - b.left >= 0.2 * (a.right - a.left) - 1
               for a, b in pairwise(plan) if a.top == b.top)  # fmt: skip


@pytest.mark.parametrize("bad", [{"tile": 0}, {"shared": 0.95}, {"shared": -0.1}, {"most": 0}])
def test_plans_that_cannot_be(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="no tiles"):
        tile_plan(100, 100, **bad)  # type: ignore[arg-type]


def test_a_thing_cut_by_a_seam_is_one_box() -> None:
    # in 0-100 it ends at the seam 100, in 80-180 it begins at the seam 80: 60-100 and 80-150, together 60-150
    thing = ("stall", (60, 20, 150, 70))
    assert tiled(a_street(thing)) == [("stall", [60, 20, 150, 70])]


def test_it_is_one_box_even_when_the_whole_look_misses_it() -> None:
    def tiles_only(image: Image) -> list[Seen]:
        return [] if image.shape[1] == 180 else rectangles(image)

    assert tiled(a_street(("stall", (60, 20, 150, 70))), tiles_only) == [("stall", [60, 20, 150, 70])]
    # over three tiles of a picture 260 wide, and over the crossing of four
    assert tiled(a_street(("stall", (10, 20, 250, 70)), width=260), lambda i: [] if i.shape[1] == 260 else
                 rectangles(i)) == [("stall", [10, 20, 250, 70])]  # fmt: skip
    assert tiled(a_street(("pile", (60, 60, 130, 130)), height=180), lambda i: [] if i.shape[0] == 180 else
                 rectangles(i)) == [("pile", [60, 60, 130, 130])]  # fmt: skip


def test_a_piece_whose_other_side_was_seen_whole_goes() -> None:
    # 85-120: cut at 100 in the first tile, whole in the second
    assert tiled(a_street(("stall", (85, 20, 120, 70)))) == [("stall", [85, 20, 120, 70])]


def test_neighbours_at_a_seam_stay_two() -> None:
    # one thing ends at 95, the other begins at 103: neither is cut on the other's side
    two = [("stall", (60, 20, 95, 70)), ("stall", (103, 20, 140, 70))]
    assert tiled(a_street(*two)) == [("stall", [60, 20, 95, 70]), ("stall", [103, 20, 140, 70])]


def test_pieces_at_other_heights_stay_two() -> None:
    # given by hand: the left piece ends at the seam 100 at rows 0-30, the right one begins at 80 at rows 60-90
    left = seen(boxes((60, 0, 100, 30)))
    right = seen(boxes((0, 60, 40, 90)))
    both = merge([left, right], [Tile(0, 0, 100, 100), Tile(80, 0, 180, 100)], 180, 100, 0.6)
    assert sorted(both.xyxy.tolist()) == [[60, 0, 100, 30], [80, 60, 120, 90]]


def test_classes_are_never_joined() -> None:
    left, right = seen(boxes((60, 10, 100, 50)), kind=0), seen(boxes((0, 10, 40, 50)), kind=1)
    both = merge([left, right], [Tile(0, 0, 100, 100), Tile(80, 0, 180, 100)], 180, 100, 0.6)
    assert len(both) == 2


def test_the_joined_box_has_the_confidence_of_its_strongest_piece() -> None:
    left, right = seen(boxes((60, 10, 100, 50)), 0.4), seen(boxes((0, 10, 40, 50)), 0.7)
    one = merge([left, right], [Tile(0, 0, 100, 100), Tile(80, 0, 180, 100)], 180, 100, 0.6)
    assert one.xyxy.tolist() == [[60, 10, 120, 50]]
    assert one.confidence.tolist() == pytest.approx([0.7])


def test_a_thing_at_the_edge_of_the_picture_is_not_cut() -> None:
    assert tiled(a_street(("stall", (0, 0, 40, 40)), ("pile", (150, 60, 180, 100)))) == [
        ("pile", [150, 60, 180, 100]),
        ("stall", [0, 0, 40, 40]),
    ]


def test_small_things_are_seen_in_tiles_only() -> None:
    street = a_street(("pile", (20, 20, 40, 40)))  # 20 of 180 is under an eighth, 20 of 100 is not
    assert ScriptedDetector(half_blind, NAMES).detect([street])[0].xyxy.tolist() == []
    assert tiled(street, half_blind) == [("pile", [20, 20, 40, 40])]


def test_nothing_seen_and_small_pictures_and_no_pictures() -> None:
    assert tiled(a_street()) == []
    assert tiled(a_street(("pile", (2, 2, 12, 12)), width=60, height=50)) == [("pile", [2, 2, 12, 12])]
    with pytest.raises(BadPicture):
        TiledDetector(ScriptedDetector(rectangles, NAMES)).detect([np.zeros((4, 4), np.uint8)])


def seen(xyxy: np.ndarray, confidence: float = 0.5, kind: int = 0) -> Detections:
    n = len(xyxy)
    return Detections(xyxy, np.full(n, kind, np.int64), np.full(n, confidence, np.float32), NAMES, "hand")
