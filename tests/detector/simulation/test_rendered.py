"""Rendered mode on a small painted day: its truth is read, its looks are judged, its figures are those of the truth.

What the renderer paints is looked at with the real detector by ``jiexun simulate --rendered``; here the detections are
written down, so that each figure can be worked out by hand.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from detector.backends.scripted import ScriptedDetector, Seen
from detector.errors import DataSetError
from detector.scene.ground import view_of
from detector.simulation.camera import box_of
from detector.simulation.district import BEGIN, SIZE, Standing, a_site
from detector.simulation.rendered import judge_day, read_day, seen_of

NAMES = ("person", "stall", "shop_goods", "pile")
SEED, CAMERA, EVERY_S = 3, 0, 60.0
SMALL = (320, 180)
SITE = a_site(CAMERA, np.random.default_rng((SEED, CAMERA, 0)))
STALL = Standing(0, "stall", 3.2, 9.0, (1.8, 1.2, 1.7), 0.0, 600.0)
PILE = Standing(5, "pile", 2.4, 17.3, (1.2, 1.0, 0.8), 0.0, 1800.0)
TIMES = np.arange(30.0, 1800.0, EVERY_S)


def small_box(thing: Standing) -> tuple[float, float, float, float]:
    """The thing's box in the small picture."""
    view = view_of(SITE.mounting, SITE.position.heading or 0.0, SIZE)
    left, top, right, bottom = (box_of(view, [thing])[0] / 6).tolist()
    return left, top, right, bottom


def a_folder(folder: Path, **changes: Any) -> Path:
    """Half an hour, a look a minute: a stall for ten minutes, a pile all the time, both in clear view."""
    things = [
        {name: getattr(thing, name) for name in ("slot", "label", "east", "north", "body", "from_s", "to_s")}
        | {"box": small_box(thing)}
        for thing in (STALL, PILE)
    ]
    looks = [{"at_s": t, "visible": {"0": 1.0, "1": 1.0} if t <= 600 else {"1": 1.0}} for t in TIMES.tolist()]
    text = {"begin": BEGIN.isoformat(), "seed": SEED, "camera": CAMERA, "every_s": EVERY_S, "size": SMALL}
    (folder / "pictures").mkdir()
    for n in range(len(TIMES)):
        cv2.imwrite(str(folder / "pictures" / f"{n:04d}.jpg"), np.full((*SMALL[::-1], 3), 90, np.uint8))
    (folder / "day.json").write_text(json.dumps(text | {"things": things, "looks": looks} | changes))
    return folder


def script(pile_as: str) -> list[list[Seen]]:
    """The stall while it stands, and the pile under that name."""
    stall: Seen = ("stall", small_box(STALL), 0.8)
    pile: Seen = (pile_as, small_box(PILE), 0.7)
    return [[stall, pile] if t <= 600 else [pile] for t in TIMES.tolist()]


def test_what_is_seen_well_is_found(tmp_path: Path) -> None:
    day = read_day(a_folder(tmp_path))
    report = judge_day(day, ScriptedDetector(script("pile"), NAMES))
    assert (report["events"], report["events_seen"], report["events_found"]) == (2, 2, 2)
    assert (report["precision_of_all"], report["recall_of_all"], report["duplicates"]) == (1.0, 1.0, 0)
    assert report["dwell_error_looks"] == {"median": 0.0, "p95": 0.0}
    assert report["looks"] == 30


def test_what_bears_another_name_is_seen_by_nobody(tmp_path: Path) -> None:
    day = read_day(a_folder(tmp_path))
    report = judge_day(day, ScriptedDetector(script("stall"), NAMES))
    assert (report["events"], report["events_seen"], report["events_found"]) == (2, 1, 1)
    assert (report["candidates"], report["false_wrong_type"]) == (2, 1)
    assert (report["precision"], report["precision_of_all"], report["recall_of_all"]) == (1.0, 0.5, 0.5)


def test_a_box_elsewhere_sees_nothing(tmp_path: Path) -> None:
    day = read_day(a_folder(tmp_path))
    left, top, right, bottom = small_box(STALL)
    beside: Seen = ("stall", (left + 0.6 * (right - left), top, right + 0.6 * (right - left), bottom), 0.9)
    detector = ScriptedDetector([[beside]], NAMES, repeat=True)
    found = [detector.detect([np.zeros((180, 320, 3), np.uint8)])[0] for _ in TIMES]
    # Two fifths in common: IoU 0.4 / 1.6 = 0.25, less than 0.3.
    assert not seen_of(day.day, SMALL, found).any()


def test_no_rendered_day_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(DataSetError, match="render a day first"):
        read_day(tmp_path)
    folder = a_folder(tmp_path, things=[{"slot": 0}])
    with pytest.raises(DataSetError, match="is no rendered day"):
        read_day(folder)
