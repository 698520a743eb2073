"""A camera that is moved amid its footage: no candidates from it, somebody is told, and it ends by itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from casework.candidates.queries import all_candidates
from casework.devices.conditions import conditions_of
from casework.devices.pictures import add_picture
from casework.devices.queries import device_by_code
from casework.devices.tables import CameraCondition
from casework.evidence.queries import items_of
from casework.footage.queries import footage
from casework.verify import verify
from detector.backends.scripted import ScriptedDetector, Seen
from ingest.frame import Image
from jiexun.house import House
from jiexun.pipeline.run import RunReport, accept_file, run_footage
from tests.detector.care.painting import noise, street
from tests.jiexun.painted import NAMES, START

STALL = (300, 220, 360, 300)  # on the pavement, px of 640 x 360
RED = (0, 0, 255)


def red(image: Image) -> list[Seen]:
    """The one red thing, wherever it lies."""
    mask = ((image[:, :, 2] > 200) & (image[:, :, 0] < 60) & (image[:, :, 1] < 60)).astype("uint8")
    _count, _labels, stats, _centres = cv2.connectedComponentsWithStats(mask)
    boxes = [(x, y, x + w, y + h) for x, y, w, h, area in stats[1:].tolist() if area > 2000]
    return [("stall", tuple(float(side) for side in box), 0.9) for box in boxes]


def film(path: Path, pictures: list[Image], start: datetime, step_s: float = 10.0) -> Path:
    """A time-lapse whose pictures have noise of their own."""
    with av.open(str(path), "w") as out:
        out.metadata["creation_time"] = start.strftime("%Y-%m-%dT%H:%M:%S.000000Z")
        stream = out.add_stream("libx264", rate=25, options={"preset": "ultrafast", "crf": "18"})
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for i, image in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(noise(image, i), format="bgr24")
            frame.pts, frame.time_base = int(i * step_s * 1000), Fraction(1, 1000)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def stalled(turn_deg: float = 0.0, dx: float = 0.0) -> Image:
    """The street with a stall that stands on the same slabs, as a camera turned or shifted so sees it."""
    image = street(dx=dx, turn_deg=turn_deg)
    left, top, right, bottom = STALL
    cv2.rectangle(image, (left + round(dx), top), (right + round(dx), bottom), RED, -1)
    return image


def looked(house: House, path: Path) -> RunReport:
    """What a run says."""
    return run_footage(house, accept_file(house, path, "C-1"), ScriptedDetector(red, NAMES))


def conditions(house: House) -> list[CameraCondition]:
    """Of the camera, newest first."""
    with house.database.read() as session:
        return conditions_of(session, device_by_code(session, "C-1"))


@pytest.fixture
def watched(house: House) -> House:
    """With a reference picture of the street."""
    done, data = cv2.imencode(".png", noise(street(), 99))
    assert done
    with house.database.write() as session:
        add_picture(session, house.store, "ins", device_by_code(session, "C-1"), data.tobytes())
    return house


def test_a_turned_camera_raises_nothing_and_is_told_until_it_is_well(watched: House, tmp_path: Path) -> None:
    turned = [street()] * 6 + [stalled(turn_deg=5)] * 60  # ten minutes: long enough for a stall
    report = looked(watched, film(tmp_path / "turned.mp4", turned, START))
    assert (report.looks, report.candidates) == (66, 0)
    assert any("its picture is moved" in note for note in report.notes)
    [row] = conditions(watched)
    assert (row.kind, row.until, row.since) == ("moved", None, START + timedelta(seconds=60))
    assert watched.store.measure(row.sha256) == row.sha256
    # The next footage begins as the last one ended, and is well from its first look on.
    later = START + timedelta(hours=1)
    report = looked(watched, film(tmp_path / "well.mp4", [stalled()] * 60, later))
    assert report.candidates == 1
    [row] = conditions(watched)
    assert (row.until, row.ended_by) == (later, "system")


def test_a_small_shift_is_registered_and_its_boxes_lie_on_the_zones(watched: House, tmp_path: Path) -> None:
    report = looked(watched, film(tmp_path / "shift.mp4", [stalled(dx=6)] * 60, START))
    assert report.candidates == 1
    assert any("registered to its reference" in note for note in report.notes)
    assert conditions(watched) == []
    with watched.database.read() as session:
        [candidate] = all_candidates(session)
        assert candidate.first_at == START
        assert footage(session, report.footage).detections == 60
        pictures = [i for i in items_of(session, candidate.id) if i.kind == "picture"]
        assert verify(session, watched.store).bad == []
    # On the sealed pictures everything lies where it is painted there, 6 px to the right of the reference.
    assert len(pictures) >= 3
    for meta in (picture.meta for picture in pictures):
        [box] = [box["xyxy"] for box in meta["boxes"] if box["subject"]]
        painted = np.array([306, 220, 366, 300]) / [640, 360, 640, 360]
        assert box == pytest.approx(painted, abs=2 / 640)
        right, down = meta["shift"]
        assert right * 640 == pytest.approx(6, abs=1)
        assert down * 360 == pytest.approx(0, abs=1)
        zone = next(z for z in meta["zones"] if z["code"] == "C-1-front")
        assert zone["polygon"][0] == pytest.approx([0.5 + right, 0.4 + down], abs=2e-5)


def test_without_a_reference_picture_nothing_is_withheld(house: House, tmp_path: Path) -> None:
    report = looked(house, film(tmp_path / "turned.mp4", [stalled(turn_deg=5)] * 60, START))
    assert report.candidates == 1
    assert conditions(house) == []
