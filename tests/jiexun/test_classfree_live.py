"""A live camera knows its street from one day to the next: what was put down is unnamed on both."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from casework.devices.queries import device_by_code
from casework.plans.model import Due
from detector.backends.scripted import ScriptedDetector
from detector.detections import Detections
from ingest.frame import Frame, Image, TimeSource
from ingest.streams.model import StreamAddress, StreamKind
from jiexun.house import House
from jiexun.live.camera import LiveCamera
from jiexun.live.opening import Opening
from jiexun.live.references import References
from jiexun.live.seers import Seers
from jiexun.live.spool import Spool
from jiexun.warehouse import Detectors
from tests.detector.background.painted import crate, empty, grainy
from tests.jiexun.painted import NAMES
from tests.jiexun.test_classfree import blind

MIDNIGHT = datetime(2026, 11, 2, 16, 0, tzinfo=UTC)  # in Shanghai


def labels(camera: LiveCamera, at: datetime, image: Image, number: int) -> list[str]:
    """What is judged in one look."""
    frame = Frame("C-1", number, at, TimeSource.DEVICE, grainy(image, number), None)
    looked = camera.look(frame, Detections.empty(NAMES, "painted"))
    assert looked.judged is not None
    return [looked.judged.seen.label(i) for i in range(len(looked.judged.seen))]


def test_what_was_put_down_before_midnight_is_unnamed_after_it(house: House, tmp_path: Path) -> None:
    with house.database.read() as session:
        device_id = device_by_code(session, "C-1").id
    address = StreamAddress(StreamKind.FOLDER, f"file://{tmp_path}")
    seers = Seers(Detectors(ScriptedDetector(blind, NAMES)))
    opening = Opening(house, Spool(tmp_path / "spool"), References(house.store, tmp_path / "references"))
    due = Due(device_id, "C-1", MIDNIGHT, 20.0, 1, (), None, None, "t", address, None, None)

    def opened(at: datetime, known: LiveCamera | None) -> LiveCamera:
        return opening.open(seers, due, at, known)

    before = MIDNIGHT - timedelta(seconds=500)
    camera = opened(before, None)
    for i in range(24):
        said = labels(camera, before + timedelta(seconds=20 * i), empty() if i < 8 else crate(empty()), i)
        camera.number += 1
        assert i in range(8, 14) or said == (["unnamed"] if i >= 14 else [])
    assert opened(MIDNIGHT - timedelta(seconds=10), camera) is camera
    next_day = opened(MIDNIGHT, camera)
    assert next_day is not camera
    assert labels(next_day, MIDNIGHT, crate(empty()), 24) == ["unnamed"]
    alone = opened(MIDNIGHT, None)  # after a restart it is part of the street
    assert labels(alone, MIDNIGHT, crate(empty()), 24) == []
