"""Live looks: written once, counted once; a day and its parts; what people changed."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import select

from casework.algorithms.scopes import all_chosen
from casework.audit.service import record
from casework.db import Database, Session
from casework.devices.pictures import references_of
from casework.devices.tables import ReferencePicture
from casework.errors import Conflict
from casework.footage.tables import Footage, LookTally
from casework.live import queries
from casework.live.codec import from_bytes, to_bytes
from casework.live.queries import Changes, Mark, StoredLook, changes, current_days, looks_of
from casework.live.service import Around, Begin, NewLook, begin_days, close_day, pack_day, write_looks
from casework.live.tables import LiveDay, LiveLook
from casework.looks.codec import rounded, unpacked
from casework.looks.queries import look_files
from casework.places.queries import ground_mark, shapes_on
from casework.places.service import set_zones
from casework.storage import FileStore
from casework.watches.queries import waiting_on
from detector.detections import Detections
from tests import builders as b

DAY = date(2026, 10, 31)
SIZE = (640, 360)


def around(stamp: str = "a") -> Around:
    return Around(stamp, ("stall", "pile"), "model-1", "f" * 64, 300.0, b.START)


def seen(count: int, tinted: bool = False) -> Detections:
    """Boxes side by side, as they would be read back."""
    left = np.arange(count, dtype=np.float32) * 30
    boxes = np.stack([left, left + 10, left + 25, left + 90], axis=1).astype(np.float32).reshape(-1, 4)
    tints = np.arange(count * 4, dtype=np.int8).reshape(count, 4) if tinted else None
    confidence = np.full(count, 0.7, np.float32)
    return rounded(
        Detections(
            boxes, np.arange(count, dtype=np.int64) % 2, confidence, ("stall", "pile"), "model-1", tints
        ),
        SIZE,
    )


def look(row: LiveDay, number: int, at: datetime, boxes: int | None = 2) -> NewLook:
    """boxes none: camera care did not let it be judged."""
    judged = None
    if boxes is not None:
        judged = StoredLook(number, at, "device", SIZE, (0.01, 0.0), seen(boxes))
    return NewLook(row.footage_id, row.device_id, None, number, at, "device", 3, judged)


def begun(session: Session, *stamps: str) -> list[LiveDay]:
    """Parts of one camera's day."""
    device = b.a_device(session)
    return [begin_days(session, [Begin(device.id, device.code, DAY, around(s))])[0] for s in stamps]


@pytest.mark.parametrize("count", [0, 1, 5])
@pytest.mark.parametrize("tinted", [False, True])
def test_what_is_read_back_is_what_was_judged(count: int, tinted: bool) -> None:
    judged = seen(count, tinted)
    data = to_bytes(judged, SIZE)
    assert len(data) == 1 + count * (15 if tinted else 11)
    back = from_bytes(data, SIZE, judged.names, judged.model_id)
    for one, other in ((back.xyxy, judged.xyxy), (back.confidence, judged.confidence)):
        assert one.tobytes() == other.tobytes()
    assert back.class_id.tolist() == judged.class_id.tolist()
    assert (back.tints is None) == (judged.tints is None)
    assert back.tints is None or judged.tints is None or back.tints.tolist() == judged.tints.tolist()


def test_looks_are_written_and_counted_once(database: Database) -> None:
    with database.write() as session:
        [row] = begun(session, "a")
        write_looks(session, [look(row, 0, b.START)])
        write_looks(session, [look(row, 1, b.START + timedelta(minutes=30), boxes=None)])
        write_looks(session, [look(row, 2, b.START + timedelta(minutes=70), boxes=0)])
    with pytest.raises(Conflict, match="another worker wrote"), database.write() as session:
        write_looks(session, [look(row, 2, b.START + timedelta(minutes=71))])
    with database.read() as session:
        footage = session.get_one(Footage, row.footage_id)
        assert (footage.frames, footage.looks, footage.detections) == (3, 3, 9)
        assert (footage.started_at, footage.ended_at) == (b.START, b.START + timedelta(minutes=70))
        tally = session.execute(select(LookTally.hour, LookTally.looks).order_by(LookTally.hour)).all()
        hour = b.START.replace(minute=0, second=0)
        assert [tuple(t) for t in tally] == [(hour, 2), (hour + timedelta(hours=1), 1)]
        stored = looks_of(session, session.get_one(LiveDay, row.footage_id))
        assert [(s.number, len(s.seen), s.shift) for s in stored] == [
            (0, 2, (0.01, 0.0)),
            (2, 0, (0.01, 0.0)),
        ]


def test_a_day_and_its_parts(database: Database, store: FileStore) -> None:
    with database.write() as session:
        first, second = begun(session, "a", "b")
        write_looks(session, [look(first, 0, b.START)])
        found = current_days(session, [second.device_id], DAY)
        assert {i: (d.part, d.stamp) for i, d in found.items()} == {second.device_id: (2, "b")}
        write_looks(
            session,
            [
                look(second, 0, b.START),
            ],
        )
        counts = queries.look_counts(session, [first.footage_id, second.footage_id])
        assert counts == {
            second.footage_id: 1
        }  # whoever still has the first part in memory learns that it is over
        # The first part was replaced, so it is closed though the day goes on; the second only when it is over.
        over = queries.day_to_close(session, DAY)
        assert over is not None
        assert over.footage_id == first.footage_id
        close_day(session, over, pack_day(session, store, over), ["a note"])
        assert queries.day_to_close(session, DAY) is None
        last = queries.day_to_close(session, DAY + timedelta(days=1))
        assert last is not None
        assert last.footage_id == second.footage_id
        assert queries.day_to_close(session, DAY + timedelta(days=1), (second.device_id % 2 + 1, 2)) is None
    with database.read() as session:
        [file] = look_files(session, first.footage_id)
        assert (file.looks, file.boxes, file.look_every_s, file.judged_at) == (1, 2, 300.0, b.START)
        assert [len(one.seen) for one in unpacked(store.get(file.sha256))] == [2]
        assert {row.footage_id for row in session.scalars(select(LiveLook))} == {second.footage_id}
        done = session.get_one(Footage, first.footage_id)
        assert (done.state, done.kind, done.notes) == ("done", "live", ["a note"])


def test_what_people_changed(database: Database) -> None:
    with database.write() as session:
        record(session, "account:a", "zones_set", "device:C-1", {})
        before = changes(session, Mark())
        assert (before.codes, before.everything) == (frozenset({"C-1"}), False)
        record(session, "account:a", "case_opened", "case:1", {})
        assert changes(session, before.mark) == Changes(before.mark, frozenset(), False)
        record(session, "account:a", "picture_set", "device:C-2", {})
        record(session, "account:a", "zones_set", "ground", {})
        after = changes(session, before.mark)
        assert (after.codes, after.everything) == (frozenset({"C-2"}), True)
        about = b.a_candidate_row(session, b.a_device(session, "C-3"))
        record(session, "account:a", "watch_asked", f"candidate:{about.id}", {})
        last = changes(session, after.mark)
        assert (last.codes, last.everything) == (frozenset({"C-3"}), False)


def test_what_is_around_many_devices_is_what_is_around_each(database: Database) -> None:
    square = [[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]]
    with database.write() as session:
        devices = [b.a_device(session, f"CAM-{n}") for n in (1, 2, 3)]
        ids = [device.id for device in devices]
        for device in devices[:2]:
            set_zones(
                session, "test", device, [{"code": f"{device.code}-a", "kind": "pavement", "polygon": square}]
            )
        marks = [ground_mark(session)]
        for code in ("P-1", "P-2"):
            set_zones(session, "test", None, [b.a_ground_place(code)])
            marks.append(ground_mark(session))
        assert len(set(marks)) == 3
        shown = [
            ReferencePicture(
                device_id=ids[n],
                sha256=str(n) * 64,
                width=640,
                height=360,
                source="upload",
                set_by="t",
                set_at=b.START,
            )
            for n in (0, 2, 0)
        ]
        session.add_all(shown)
        session.flush()
        found = references_of(session, ids)
        assert {i: row.id for i, row in found.items()} == {ids[0]: shown[2].id, ids[2]: shown[1].id}
        assert {i: [row.code for row in rows] for i, rows in shapes_on(session, ids).items()} == {
            ids[0]: ["CAM-1-a"],
            ids[1]: ["CAM-2-a"],
            ids[2]: [],
        }
        for many in (
            queries.devices_of(session, ids),
            all_chosen(session, devices),
            waiting_on(session, ids, b.START),
        ):
            assert sorted(many) == sorted(ids)
        assert queries.devices_of(session, ids)[ids[1]].code == "CAM-2"
