"""Footage: taken in once, leased to one worker, counted once; resumable uploads on disk."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import func, select, text

from casework import schema
from casework.db import Database, utcnow
from casework.devices.tables import Device
from casework.errors import Conflict, Invalid, NotFound
from casework.footage import queries, service, taking, uploads
from casework.footage.growing import Folders, append, held
from casework.footage.limits import Limits
from casework.footage.service import Handed, Looked
from casework.footage.tables import Footage, LookTally, TrackFile, Upload
from casework.footage.uploads import Asked
from tests import builders as b
from tests.drives import START, gpx

WAIT = timedelta(minutes=10)
LIMITS = Limits()


def _footage(database: Database, number: int = 1) -> Footage:
    with database.read() as session:
        return session.get_one(Footage, number)


# The queue of footage ----------------------------------------------------------------------------------


def test_the_same_bytes_are_taken_once(database: Database) -> None:
    with database.write() as session:
        camera = b.a_device(session)
        first, again = service.accept(session, "system", camera, Handed("aa", 10, "a.mp4", "/a"))
        other, doubled = service.accept(session, "system", camera, Handed("aa", 10, "renamed.mp4", "/b"))
        assert (first.id, again, doubled) == (other.id, False, True)
        assert session.scalar(select(func.count()).select_from(Footage)) == 1
        with pytest.raises(Conflict) as caught:
            service.accept(session, "system", b.a_device(session, "CAM-2"), Handed("aa", 10, "a.mp4", "/a"))
        assert caught.value.code == "footage_elsewhere"


def test_failed_footage_handed_in_again_is_tried_again(database: Database) -> None:
    with database.write() as session:
        camera = b.a_device(session)
        row = b.a_footage(session, camera, "a.mp4")
        service.lease(session, row, "w1")
        service.fail(session, row.id, "w1", "cannot be decoded")
        assert (row.state, row.notes) == ("failed", ["cannot be decoded"])
        again, known = service.accept(session, "system", camera, Handed(row.sha256, 10, "a.mp4", "/new"))
        assert known
        assert (again.state, again.notes, again.path) == ("accepted", [], "/new")


def test_one_worker_at_a_time(database: Database) -> None:
    with database.write() as session:
        row = b.a_footage(session, b.a_device(session))
        service.lease(session, row, "w1")
        service.lease(session, row, "w1")  # its own again: after a restart under the same name
        with pytest.raises(Conflict) as caught:
            service.lease(session, row, "w2")
        assert caught.value.code == "footage_held"
        row.lease_until = utcnow() - timedelta(seconds=1)
        service.lease(session, row, "w2")
        for act in (
            lambda: service.renew(session, row.id, "w1"),
            lambda: service.finish(session, row.id, "w1", Looked(1, 0, [b.START], "device", [])),
        ):
            with pytest.raises(Conflict) as caught:
                act()
            assert caught.value.code == "lease_lost"
        service.fail(session, row.id, "w1", "late")  # no longer its own: nothing happens
        assert (row.state, row.worker) == ("running", "w2")


def test_workers_never_take_the_same_footage(database: Database) -> None:
    with database.write() as session:
        camera = b.a_device(session)
        for _ in range(12):
            b.a_footage(session, camera)

    def take(worker: int) -> int | None:
        with database.write() as session:
            row = queries.waiting(session, utcnow(), WAIT)
            if row is None:
                return None
            service.lease(session, row, f"w{worker}")
            return row.id

    with ThreadPoolExecutor(6) as pool:
        taken = [n for n in pool.map(take, range(18)) if n is not None]
    assert len(taken) == len(set(taken))
    # A worker may find all that wait locked by others and come back later; nothing is lost for it.
    with database.write() as session:
        while (row := queries.waiting(session, utcnow(), WAIT)) is not None:
            service.lease(session, row, "last")
            taken.append(row.id)
    assert sorted(taken) == list(range(1, 13))


def test_a_vehicle_waits_for_its_track(database: Database) -> None:
    with database.write() as session:
        car = b.a_device(session, "CAR-1", "vehicle")
        row = b.a_footage(session, car, "drive.mp4")
        now = row.received_at
        assert queries.waiting(session, now + timedelta(minutes=9), WAIT) is None
        assert queries.waiting(session, now + timedelta(minutes=10), WAIT) is row  # waited long enough
        row.track_path = "/track.gpx"
        assert queries.waiting(session, now, WAIT) is row


def test_a_lost_workers_footage_is_given_again(database: Database) -> None:
    with database.write() as session:
        row = b.a_footage(session, b.a_device(session))
        service.lease(session, row, "w1")
        session.flush()
        assert queries.waiting(session, utcnow(), WAIT) is None
        assert queries.waiting(session, utcnow() + timedelta(minutes=5, seconds=1), WAIT) is row


def test_looks_are_counted_per_hour_and_once(database: Database) -> None:
    """Looks at 02:59:58, 02:59:59, 03:00:00 and 03:30:00 UTC: two in each hour; begun twice, counted once."""
    hour = datetime(2026, 10, 12, 3, tzinfo=UTC)
    times = [hour - timedelta(seconds=2), hour - timedelta(seconds=1), hour, hour + timedelta(minutes=30)]
    with database.write() as session:
        squad = b.a_squad(session)
        row = b.a_footage(session, b.a_device(session, squad=squad))
        session.add(  # of a run that died after its tally and before its end
            LookTally(footage_id=row.id, hour=hour, device_id=row.device_id, squad_id=squad.id, looks=99)
        )
        service.lease(session, row, "w1")
        service.finish(session, row.id, "w1", Looked(100, 7, times, "device", ["a note"]))
    done = _footage(database)
    assert (done.state, done.frames, done.looks, done.detections) == ("done", 100, 4, 7)
    assert (done.started_at, done.ended_at, done.time_source) == (times[0], times[3], "device")
    assert (done.worker, done.lease_until, done.notes) == (None, None, ["a note"])
    with database.read() as session:
        tally = session.scalars(select(LookTally).order_by(LookTally.hour)).all()
        assert [(t.hour, t.looks, t.squad_id) for t in tally] == [
            (hour - timedelta(hours=1), 2, squad.id), (hour, 2, squad.id),
        ]  # fmt: skip
    with pytest.raises(Conflict), database.write() as session:
        service.finish(session, 1, "w1", Looked(1, 1, times, "device", []))


def test_footage_without_a_look_is_done_all_the_same(sqlite: Database) -> None:
    with sqlite.write() as session:
        row = b.a_footage(session, b.a_device(session))
        service.lease(session, row, "w1")
        service.finish(session, row.id, "w1", Looked(0, 0, [], None, []))
        assert (row.state, row.looks, row.started_at) == ("done", 0, None)


# Uploads ---------------------------------------------------------------------------------------------


@pytest.fixture
def folders(folder: Path) -> Folders:
    made = Folders(folder / "uploads", folder / "footage")
    made.uploads.mkdir()
    made.footage.mkdir()
    return made


def _whole(database: Database, folders: Folders, name: str, data: bytes) -> str:
    """A file sent at once."""
    id = _begin(database, name, len(data))
    _send(database, folders, id, 0, data)
    return id


def _begin(database: Database, name: str = "a.mp4", length: int = 10) -> str:
    with database.write() as session:
        device = session.scalar(select(Device).where(Device.code == "CAM-1")) or b.a_device(session)
        return uploads.begin(session, device, Asked(length, name), LIMITS).id


def _send(database: Database, folders: Folders, id: str, offset: int, data: bytes) -> int:
    """As the API does it; whole uploads are taken over."""
    with database.read() as session:
        device = session.scalars(select(Device).where(Device.code == "CAM-1")).one()
        row = uploads.upload(session, device, id, lock=False)
    if not data:
        return row.offset
    with held(folders, id):
        at = append(folders, row, offset, data)
        with database.write() as session:
            uploads.advance(session, row, offset, LIMITS)
    taking.take_over(database, folders, device, id)
    return at


def _row(database: Database, id: str) -> Upload:
    with database.read() as session:
        return session.get_one(Upload, id)


def test_pieces_become_footage(database: Database, folders: Folders) -> None:
    id = _begin(database)
    assert _send(database, folders, id, 0, b"01234") == 5
    assert _send(database, folders, id, 5, b"56789") == 10
    assert _row(database, id).result == {"footage": 1, "duplicate": False}
    row = _footage(database)
    assert (row.name, row.size, row.state) == ("a.mp4", 10, "accepted")
    assert Path(row.path).read_bytes() == b"0123456789"
    assert list(folders.uploads.iterdir()) == []


def test_bytes_beyond_what_the_row_says_are_cut(database: Database, folders: Folders) -> None:
    """A crash after the write and before the commit: the row says 5, the file has 25."""
    id = _begin(database)
    _send(database, folders, id, 0, b"01234")
    with (folders.uploads / id).open("ab") as file:
        file.write(b"x" * 20)
    assert _send(database, folders, id, 5, b"56789") == 10
    assert Path(_footage(database).path).read_bytes() == b"0123456789"


def test_bytes_that_the_disk_lost_are_never_made_up(database: Database, folders: Folders) -> None:
    """The row says 5, the file has 3: going on would fill the hole with zeros and seal them."""
    id = _begin(database)
    _send(database, folders, id, 0, b"01234")
    (folders.uploads / id).write_bytes(b"012")
    with pytest.raises(Conflict) as caught:
        _send(database, folders, id, 5, b"56789")
    assert caught.value.code == "upload_lost"
    (folders.uploads / id).unlink()
    with pytest.raises(Conflict):
        _send(database, folders, id, 5, b"56789")
    assert _row(database, id).offset == 5


def test_nothing_more_after_the_end_leaves_nothing_behind(database: Database, folders: Folders) -> None:
    """A body whose last piece was full is followed by an empty one; a client may send an empty one, too."""
    id = _begin(database)
    _send(database, folders, id, 0, b"0123456789")
    assert _send(database, folders, id, 10, b"") == 10
    assert list(folders.uploads.iterdir()) == []


@pytest.mark.parametrize(("offset", "data", "code"), [(4, b"x", "wrong_offset"), (6, b"x", "wrong_offset"),
                                                      (5, b"567890", "too_long")])  # fmt: skip
def test_a_piece_that_does_not_fit(
    sqlite: Database, folders: Folders, offset: int, data: bytes, code: str
) -> None:
    id = _begin(sqlite)
    _send(sqlite, folders, id, 0, b"01234")
    with pytest.raises((Conflict, Invalid)) as caught:
        _send(sqlite, folders, id, offset, data)
    assert caught.value.code == code
    assert (_row(sqlite, id).offset, (folders.uploads / id).read_bytes()) == (5, b"01234")


def test_a_file_sent_twice_is_one_footage(database: Database, folders: Folders) -> None:
    for name, duplicate in (("a.mp4", False), ("b.mp4", True)):
        id = _begin(database, name)
        _send(database, folders, id, 0, b"0123456789")
        assert _row(database, id).result == {"footage": 1, "duplicate": duplicate}


@pytest.mark.parametrize("track_first", [True, False])
def test_a_track_finds_its_footage_by_name(database: Database, folders: Folders, track_first: bool) -> None:
    names = ["drive.gpx", "drive.mp4", "other.mp4"]
    for name in names if track_first else reversed(names):
        _whole(database, folders, name, gpx() if name.endswith("gpx") else name.encode())
    with database.read() as session:
        track = session.scalars(select(TrackFile)).one()
        by_name = {f.name: f.track_path for f in session.scalars(select(Footage))}
    assert by_name == {"drive.mp4": track.path, "other.mp4": None}
    assert Path(track.path).read_bytes() == gpx()
    assert (track.started_at, track.ended_at, track.faults) == (START, START + timedelta(seconds=60), [])


def test_a_long_recording_fits(database: Database) -> None:
    """8 hours of video are more than the 2 GiB that a 32-bit column holds."""
    with database.write() as session:
        camera = b.a_device(session)
        row = uploads.begin(session, camera, Asked(20 * 2**30, "day.mp4"), LIMITS)
        row.offset = 5 * 2**30
        session.flush()
        footage, _ = service.accept(session, "system", camera, Handed("aa", 20 * 2**30, "day.mp4", "/day"))
        assert (row.length, footage.size) == (20 * 2**30, 20 * 2**30)


def test_an_upload_expires(sqlite: Database, folders: Folders) -> None:
    id = _begin(sqlite)
    with sqlite.write() as session:
        session.get_one(Upload, id).expires_at = utcnow() - timedelta(seconds=1)
    with pytest.raises(NotFound):
        _send(sqlite, folders, id, 0, b"01234")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a.MP4", "a.MP4"),
        ("../../etc/a.mp4", "a.mp4"),
        ("/etc/a.mp4", "a.mp4"),
        ("C:\\videos\\a.mp4", "a.mp4"),
        ("a.mp4/", "a.mp4"),
        ("街面 1.mp4", "街面 1.mp4"),
    ],
)
def test_folders_in_a_name_are_dropped(database: Database, given: str, kept: str) -> None:
    assert _row(database, _begin(database, given)).filename == kept


@pytest.mark.parametrize(
    "name",
    ["", ".mp4", "a", "a.txt", "a.mp4.exe", "..", "../..", "notes.md", "a" * 200 + ".mp4",
     "a\x00.mp4", "a\n.mp4", "a\x1b[31m.mp4"],
)  # fmt: skip
def test_names_that_are_refused(database: Database, name: str) -> None:
    with pytest.raises(Invalid) as caught:
        _begin(database, name)
    assert caught.value.code == "bad_filename"


def test_uploads_of_the_schema_before_get_their_state(folder: Path) -> None:
    """Rows as version 0007 wrote them: open, whole but not taken over, accepted, twice, refused, a track."""
    database = Database(f"sqlite:///{folder / 'old.db'}")
    config = schema._config()
    with database.engine.connect() as plain:
        connection = plain.execution_options(writes=True)
        with connection.begin():
            config.attributes["connection"] = connection
            command.upgrade(config, "0007")
            connection.execute(text("INSERT INTO device (id, code, kind, name, name_en, active, made_at) "
                                    "VALUES (1, 'C', 'vehicle', 'C', 'C', 1, '2026-10-12 00:00:00')"))  # fmt: skip
            rows = [("open", 5, None), ("whole", 10, "null"), ("accepted", 10, {"footage": 1, "duplicate": False}),
                    ("duplicate", 10, {"footage": 1, "duplicate": True}), ("refused", 10, {"error": "x"}),
                    ("track", 10, {"track": "a.gpx"})]  # fmt: skip
            for id, offset, result in rows:
                said = json.dumps(result) if isinstance(result, dict) else result
                connection.execute(
                    text('INSERT INTO upload (id, device_id, length, "offset", filename, made_at, expires_at, result) '
                         "VALUES (:id, 1, 10, :offset, 'a.mp4', '2026-10-12 00:00:00', '2026-10-19 00:00:00', :said)"),
                    {"id": id, "offset": offset, "said": said},
                )  # fmt: skip
            command.upgrade(config, "head")
            states = dict(connection.execute(text("SELECT id, state FROM upload")).all())  # type: ignore[arg-type]
    database.close()
    assert states == {
        **{n: n for n in ("open", "whole", "accepted", "duplicate", "refused")},
        "track": "accepted",
    }
