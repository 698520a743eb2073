"""Stored looks: what is read back is what was judged; forgotten when their time is over."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import func, select

from casework.db import Database, utcnow
from casework.errors import NotFound
from casework.looks.codec import Look, packed, rounded, unpacked
from casework.looks.queries import footage_with_looks, look_files
from casework.looks.service import forget, keep, record_looks
from casework.looks.tables import LookFile
from casework.storage import FileStore
from detector.detections import Detections
from ingest.frame import Position, PositionSource
from tests import builders as b

NAMES = ("stall", "路人")
SIZE = (1920, 1080)


def seen(boxes: list[list[float]], confidence: float = 0.4) -> Detections:
    n = len(boxes)
    return Detections(
        np.array(boxes, np.float32).reshape(n, 4),
        np.arange(n) % 2,
        np.full(n, confidence, np.float32),
        NAMES,
        "m-1",
    )


def a_look(seconds: float, count: int = 1, index: int = 0, position: Position | None = None) -> Look:
    boxes = [[10.3 + i, 20.7, 100.1 + i, 200.9] for i in range(count)]
    return Look(b.at(seconds), index, SIZE, rounded(seen(boxes), SIZE), position)


def test_what_is_read_back_is_what_was_put_in() -> None:
    car = Position(31.2, 121.4, 359.99, None, 4.0, PositionSource.GPX, "", 1.5)
    looks = [a_look(0, 2, 0, car), a_look(0.5, 0, 15), a_look(-3600, 3, 16), a_look(7.123456, 1, 900)]
    back = list(unpacked(packed(looks)))
    assert [(x.captured_at, x.index, x.size, x.position) for x in back] == [
        (x.captured_at, x.index, x.size, x.position) for x in looks
    ]
    for one, other in zip(back, looks, strict=True):
        assert (one.seen.names, one.seen.model_id) == (NAMES, "m-1")
        for part in ("xyxy", "class_id", "confidence"):
            mine, theirs = getattr(one.seen, part), getattr(other.seen, part)
            assert mine.dtype == theirs.dtype
            assert np.array_equal(mine, theirs), part
    assert packed(looks) == packed(looks)  # the same bytes, so that a run begun anew writes the same file


def test_tints_are_kept_where_all_looks_have_them() -> None:
    tints = np.array([[1, -2, 127, -128], [0, 0, 5, 6]], np.int8)
    looks = [
        replace(one, seen=replace(one.seen, tints=tints[: len(one.seen)]))
        for one in (a_look(0, 2), a_look(1, 0))
    ]
    back = list(unpacked(packed(looks)))
    assert [one.seen.tints.tolist() for one in back if one.seen.tints is not None] == [tints.tolist(), []]
    assert np.array_equal(rounded(looks[0].seen, SIZE).tints, tints)  # type: ignore[arg-type]
    # Files from before tints, and looks of which one has none.
    assert [one.seen.tints for one in unpacked(packed([*looks, a_look(2)]))] == [None] * 3


def test_rounding_is_small_and_done_once() -> None:
    rng = np.random.default_rng(7)
    corner = rng.uniform(0, 900, (200, 2))
    first = seen(np.hstack([corner, corner + rng.uniform(5, 150, (200, 2))]).tolist())
    once = rounded(first, SIZE)
    # Half a step of 1/65535 of 1920 px is 0.015 px.
    assert np.abs(once.xyxy - first.xyxy).max() <= 0.0151
    assert np.array_equal(rounded(once, SIZE).xyxy, once.xyxy)
    assert rounded(seen([[0, 0, 9, 9]], 0.4), SIZE).confidence[0] == np.float32(0.4)  # 26214 / 65535
    cut = rounded(seen([[-5.0, 20, 100, 1085]]), SIZE)
    assert cut.xyxy[0].tolist() == pytest.approx([0, 20, 100, 1080], abs=0.02)


def test_fifty_boxes_cost_less_than_600_bytes() -> None:
    rng = np.random.default_rng(1)
    corner = rng.uniform(0, 900, (50, 2))
    boxes = np.hstack([corner, corner + rng.uniform(20, 150, (50, 2))])
    looks = [
        Look(b.at(i), i, SIZE, rounded(seen((boxes + rng.normal(0, 2, boxes.shape)).tolist()), SIZE))
        for i in range(200)
    ]
    assert len(packed(looks)) / 200 < 600


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 no archive", packed([a_look(0)])[:-30]])
def test_broken_bytes_are_said_to_be_broken(data: bytes) -> None:
    with pytest.raises(NotFound) as caught:
        list(unpacked(data))
    assert caught.value.code == "looks_broken"


def test_kept_found_and_forgotten(database: Database, folder: Path) -> None:
    store = FileStore(folder / "looks")
    parts = [keep(store, [a_look(i), a_look(i + 1)]) for i in (0, 3600)]
    with database.write() as session:
        device = b.a_device(session)
        row, other = b.a_footage(session, device), b.a_footage(session, device)
        record_looks(session, row, parts, utcnow() - timedelta(days=31))
        record_looks(session, row, parts, utcnow() - timedelta(days=31))  # again: the same rows
        record_looks(session, other, [keep(store, [a_look(7200)])], utcnow())
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(LookFile)) == 3
        assert footage_with_looks(session, b.at(3601), b.at(3602)) == [row.id]  # half-open: [since, until)
        assert footage_with_looks(session, b.at(3602), b.at(7200)) == []
        assert footage_with_looks(session, b.at(0), b.at(9000)) == [row.id, other.id]
        assert footage_with_looks(session, b.at(0), b.at(9000), after=row.id) == [other.id]
        assert footage_with_looks(session, b.at(0), b.at(9000), "CAM-2") == []
        assert [(f.part, f.looks, f.boxes) for f in look_files(session, row.id)] == [(1, 2, 2), (2, 2, 2)]
    orphan = store.put(b"of a run that was killed")
    young = store.put(b"of a run that goes on")
    os.utime(store.path(orphan), (time.time() - 90_000,) * 2)
    with database.write() as session:
        assert forget(session, store, utcnow() - timedelta(days=30)) == 2
    with database.read() as session:
        [left] = session.scalars(select(LookFile))
    assert set(dict(store.aged())) == {left.sha256, young}
