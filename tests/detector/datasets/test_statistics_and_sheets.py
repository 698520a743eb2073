"""Counts worked out by hand; sheets that show what they should."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from detector.datasets.layout import items, open_dataset
from detector.datasets.sheets import COLOURS, HEIGHT, STRIP, WIDTH, chosen, write_sheets
from detector.datasets.statistics import statistics
from detector.errors import DataSetError
from tests.detector.datasets.folders import a_dataset, a_good_one, put


def test_counts(tmp_path: Path) -> None:
    found = statistics(open_dataset(a_good_one(tmp_path)))
    assert (found["pictures"], found["negatives"]) == (3, 1)
    assert found["boxes"] == {"stall": 1, "shop_goods": 0, "pile": 2}
    assert found["by_split"]["train"] == {
        "pictures": 2,
        "negatives": 1,
        "boxes": {"stall": 1, "shop_goods": 0, "pile": 1},
    }
    assert {k: v["pictures"] for k, v in found["by_group"].items()} == {"site:1": 2, "site:2": 1}
    assert {k: v["pictures"] for k, v in found["by_light"].items()} == {"day": 2, "night": 1}
    assert list(found["by_view"]) == ["phone"]
    assert found["boxes_per_picture"] == {"0": 1, "1": 1, "2": 1}


def test_quartiles_of_widths(tmp_path: Path) -> None:
    """Widths 0.1, 0.2, 0.3, 0.4, 0.5: quartiles 0.2, 0.3, 0.4. All heights 0.1, so areas are a tenth."""
    lines = [f"2 0.5 0.5 {w / 10} 0.1" for w in (3, 1, 5, 2, 4)]
    root = a_dataset(tmp_path, {"train": {"a.jpg": lines}})
    sizes = statistics(open_dataset(root))["sizes"]
    assert sizes["pile"]["width"] == [0.1, 0.2, 0.3, 0.4, 0.5]
    assert sizes["pile"]["height"] == [0.1] * 5
    assert sizes["pile"]["area"] == [0.01, 0.02, 0.03, 0.04, 0.05]
    assert sizes["stall"] is None


def test_a_picture_without_source_counts_as_unknown(tmp_path: Path) -> None:
    root = a_dataset(tmp_path, {"train": {"a.jpg": []}})
    assert list(statistics(open_dataset(root))["by_group"]) == ["unknown"]


def test_choosing_pictures(tmp_path: Path) -> None:
    data = open_dataset(a_good_one(tmp_path))
    every = items(data, "all")
    assert [i.file.name for i in chosen(data, every, "pile", False)] == ["a.jpg", "c.jpg"]
    assert [i.file.name for i in chosen(data, every, None, True)] == ["b.jpg"]
    with pytest.raises(DataSetError, match="no class 'cart'; there are stall, shop_goods, pile"):
        chosen(data, every, "cart", False)
    with pytest.raises(DataSetError, match="no picture is left"):
        chosen(data, every, "shop_goods", False)


def test_ten_pictures_are_two_sheets(tmp_path: Path) -> None:
    """A black picture of 2:1 fills its tile's width; its box's edge lies where the label says."""
    names = {f"{i:02d}.png": ["1 0.5 0.5 0.5 0.5"] for i in range(9)} | {"街.png": []}
    root = a_dataset(tmp_path, {"train": names})
    for name in names:
        put(root / "images" / "train" / name, np.zeros((100, 200, 3), np.uint8))
    data = open_dataset(root)
    written = write_sheets(data, items(data, "train"), tmp_path / "sheets", "train")
    assert [path.name for path in written] == ["train-001.jpg", "train-002.jpg"]
    first, second = (cv2.imread(str(path)) for path in written)
    assert first is not None
    assert second is not None
    assert first.shape == second.shape == (3 * (HEIGHT + STRIP), 3 * WIDTH, 3)
    # The picture is WIDTH x WIDTH/2 in the middle: the box's left edge at a quarter, half way down.
    edge = first[HEIGHT // 2, WIDTH // 4 - 1 : WIDTH // 4 + 2].astype(int)
    assert np.abs(edge - COLOURS[1]).sum(axis=1).min() < 120
    assert second[HEIGHT // 2, WIDTH // 4].max() < 40  # nothing is drawn on a negative
    assert second[HEIGHT // 2, WIDTH + WIDTH // 2].min() > 240  # an empty place on the sheet


def test_the_real_street(street: Path) -> None:
    """The counts that its README gives."""
    by_split = statistics(open_dataset(street))["by_split"]
    assert by_split == {
        "train": {"pictures": 536, "negatives": 252, "boxes": {"stall": 126, "shop_goods": 57, "pile": 275}},
        "val": {"pictures": 121, "negatives": 60, "boxes": {"stall": 23, "shop_goods": 11, "pile": 76}},
    }
