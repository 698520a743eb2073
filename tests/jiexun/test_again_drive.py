"""After a notice the next pass looks again by itself: painted drives past a stall, the whole way to both pictures."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest

from casework.candidates.queries import all_candidates
from casework.devices.service import add_device
from casework.evidence.queries import best_pictures, items_of
from casework.evidence.tables import EvidenceItem
from casework.verify import verify
from casework.watches.queries import page_of_watches
from casework.watches.service import watch
from casework.watches.tables import Watch
from detector.backends.scripted import ScriptedDetector, Seen
from detector.scene.mounting import Mounting
from ingest.frame import Image
from jiexun.house import House
from jiexun.pipeline.run import RunReport, accept_file, run_footage
from tests import builders as b
from tests.jiexun.painted import NAMES
from tests.jiexun.painted_drive import STALL, START, paint_drive

MOUNTING = Mounting(2.0, 5.0, 0.0, 0.0, 75.0)
HERE, ELSEWHERE = (4.0, 20.0), (-4.0, 20.0)  # to the right and to the left of the street, 20 m on
HOUR = timedelta(hours=1)


def red(image: Image) -> list[Seen]:
    """Every painted stall."""
    mask = (np.abs(image.astype(int) - STALL).max(axis=2) < 60).astype(np.uint8)
    _count, _labels, stats, _centres = cv2.connectedComponentsWithStats(mask)
    return [
        ("stall", (float(x), float(y), float(x + w), float(y + h)), 0.9)
        for x, y, w, h, area in stats[1:].tolist()
        if area > 150
    ]


def drive(house: House, folder: Path, start: datetime, *stalls: tuple[float, float]) -> RunReport:
    """A car passes at a time."""
    folder = folder / start.strftime("%H%M")
    folder.mkdir()
    video, track = paint_drive(folder, MOUNTING, start=start, squares=0, stalls=stalls, hdop=0.3)
    footage = accept_file(house, video, "CAR-1", track=track)
    return run_footage(house, footage, ScriptedDetector(red, NAMES))


def reddish(house: House, item: EvidenceItem) -> bool:
    """Whether a sealed picture shows a stall."""
    image = cv2.imdecode(np.frombuffer(house.store.get(item.sha256), np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return bool(red(image))  # type: ignore[arg-type]


@pytest.fixture
def patrolled(house: House) -> House:
    with house.database.write() as session:
        mounting = {"height_m": 2.0, "pitch_deg": 5.0, "yaw_deg": 0.0, "roll_deg": 0.0, "hfov_deg": 75.0}
        add_device(session, "test", {"code": "CAR-1", "kind": "vehicle", "mounting": mounting})
    return house


def test_the_next_pass_says_whether_it_was_corrected(patrolled: House, tmp_path: Path) -> None:
    house = patrolled
    assert drive(house, tmp_path, START, HERE).candidates == 1
    with house.database.write() as session:
        officer = b.a_person(session, "officer")
        [about] = all_candidates(session)
        for hours in (1, 3):  # a notice, and after it was of no use another
            watch(session, officer, about.id, START + hours * HOUR, START + (hours + 2) * HOUR)

    def state() -> tuple[Watch, Watch]:
        with house.database.read() as session:
            (second, first), _ = page_of_watches(session, officer, 1, 10)
            return first, second

    # A pass that ends before the time to correct is over says nothing.
    drive(house, tmp_path, START + 0.5 * HOUR)
    assert [one.state for one in state()] == ["waiting", "waiting"]
    # It still stands there; the second watch has not begun.
    drive(house, tmp_path, START + 2 * HOUR, HERE)
    first, second = state()
    assert (first.state, first.seen, second.state) == ("not_corrected", first.looks, "waiting")
    assert first.looks >= 3
    # It is gone; a stall across the street is another one.
    drive(house, tmp_path, START + 4 * HOUR, ELSEWHERE)
    first, second = state()
    assert (first.state, second.state, second.seen) == ("not_corrected", "corrected", 0)
    assert second.looks >= 3
    with house.database.read() as session:
        sealed = {item.id: item for item in items_of(session, about.id)}
        assert verify(session, house.store).bad == []
        # It is still known by a picture that it was raised by, not by one of an empty place.
        assert best_pictures(session, [about.id])[about.id] not in (first.after_id, second.after_id)
    for one, shows_it in ((first, True), (second, False)):
        before, after = sealed[one.before_id or 0], sealed[one.after_id or 0]
        assert before.captured_at <= one.since <= after.captured_at == one.seen_at < one.until
        assert after.role == "after"
        assert reddish(house, before)
        own_side = [box for box in after.meta["boxes"] if box["xyxy"][0] > 0.5]
        assert (own_side != []) == shows_it
        assert reddish(house, after)  # the second shows the one across the street
