"""Evidence pictures of a camera that is a little off its reference: boxes and zones as they lie on the picture.

By hand: the picture is 1000 x 500 px and lies 6 px to the right of and 5 px above the reference.
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from casework.places.queries import PictureLine
from detector.detections import Detections
from detector.scene.model import Space, Zone, ZoneKind
from ingest.frame import Frame, TimeSource
from jiexun.pipeline import exhibits
from jiexun.pipeline.colours import colours, colours_of
from jiexun.pipeline.lookbook import STILL, Look, LookBook, Shift, on_reference
from tests import builders as b

SHIFT: Shift = (0.006, -0.01)
RAW = (106, 195, 206, 295)  # where the thing is on the picture; 100, 200, 200, 300 on the reference
ZONE = Zone("Z1", 1, ZoneKind.PAVEMENT, Space.IMAGE, np.array([[0.0, 0.4], [1.0, 0.4], [1.0, 0.9]]))
LINE = PictureLine("D-1", "SH-1", [(0.1, 0.5), (0.3, 0.5)])


def a_look(shift: Shift, seconds: float = 0.0) -> Look:
    """A red thing on grey, seen where it is, registered."""
    image = np.full((500, 1000, 3), 128, np.uint8)
    left, top, right, bottom = RAW
    image[top:bottom, left:right] = (0, 0, 255)
    frame = Frame("CAM-1", 7, b.at(seconds), TimeSource.DEVICE, image)
    found = Detections(
        np.array([RAW], np.float32), np.zeros(1, np.int64), np.full(1, 0.9, np.float32), ("stall",), "m"
    )
    return Look(frame, on_reference(found, shift, frame.size), shift)


def a_book(shift: Shift) -> LookBook:
    book = LookBook()
    for seconds in (0.0, 300.0):
        book.keep(a_look(shift, seconds), frozenset(b.at(s) for s in (0.0, 300.0)))
    return book


def test_a_registered_look_says_both_places() -> None:
    look = a_look(SHIFT)
    assert look.seen.xyxy[0] == pytest.approx([100, 200, 200, 300])
    assert look.on_picture(look.seen.xyxy)[0] == pytest.approx(RAW)
    still = a_look(STILL)
    assert still.seen.xyxy[0] == pytest.approx(RAW)
    assert still.on_picture(still.seen.xyxy)[0] == pytest.approx(RAW)


def test_boxes_and_zones_are_drawn_where_they_lie_on_the_picture() -> None:
    violation = b.a_violation(box=(100, 200, 200, 300))
    first, latest = exhibits.pictures(violation, a_book(SHIFT), [ZONE], [LINE])
    for meta in (first.meta, latest.meta):
        [box] = meta["boxes"]
        assert box["xyxy"] == [0.106, 0.39, 0.206, 0.59]
        assert box["subject"]
        zone, line = meta["zones"]
        # The left edge stays at 0 on the reference, so 0.6 % inside; the right one leaves the picture.
        assert zone["polygon"] == [[0.006, 0.39], [1.006, 0.39], [1.006, 0.89]]
        assert line["polygon"] == [[0.106, 0.49], [0.306, 0.49]]
        assert meta["shift"] == [0.006, -0.01]
    assert latest.captured_at - first.captured_at == timedelta(seconds=300)


def test_without_a_shift_all_is_as_it_was() -> None:
    [meta, _] = [e.meta for e in exhibits.pictures(b.a_violation(box=RAW), a_book(STILL), [ZONE], [])]
    assert meta["boxes"][0]["xyxy"] == [0.106, 0.39, 0.206, 0.59]
    assert meta["zones"][0]["polygon"] == [[0.0, 0.4], [1.0, 0.4], [1.0, 0.9]]
    assert meta["shift"] == [0.0, 0.0]


def test_colours_are_taken_from_where_the_thing_is() -> None:
    red = colours(a_look(STILL).frame.image, [float(v) for v in RAW])
    assert colours_of(b.a_violation(box=(100, 200, 200, 300)), a_book(SHIFT)) == red
