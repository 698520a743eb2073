"""Vehicle uploads by tus 1.0: begun, broken off, taken up again, counted once."""

from __future__ import annotations

import base64
import errno
import hashlib
import os
import socket
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from sqlalchemy import select

from api.app import make_app
from api.routes import uploads as routes
from casework.audit.tables import AuditEvent
from casework.db import Database
from casework.devices.queries import device_by_code
from casework.devices.service import give_key
from casework.footage.tables import Footage, TrackFile, Upload
from tests.api.office import Office, open_office, serving
from tests.api.tus_talk import (
    BYTES,
    TUS,
    VIDEO,
    a_car,
    another_car,
    begin,
    create,
    metadata,
    offset_of,
    patch,
)
from tests.drives import gpx


def _footage(database: Database) -> list[Footage]:
    with database.read() as session:
        return list(session.scalars(select(Footage).order_by(Footage.id)))


def _rows(office: Office) -> list[Footage]:
    """Footage beyond what the district was made with."""
    return [f for f in _footage(office.database) if not f.name.startswith("clip-")]


def test_what_the_server_can_do(office: Office) -> None:
    answer = office.anybody().options("/api/uploads")
    assert answer.status_code == 204
    said = {k: answer.headers[k] for k in ("tus-resumable", "tus-version", "tus-extension", "tus-max-size")}
    assert said == {
        "tus-resumable": "1.0.0",
        "tus-version": "1.0.0",
        "tus-extension": "creation,creation-with-upload,expiration,checksum,termination,concatenation",
        "tus-max-size": str(20 * 2**30),
    }


def test_a_file_in_two_pieces(office: Office) -> None:
    car = a_car(office)
    url = begin(car, start="2026-10-12T10:00:00+08:00")
    assert offset_of(car, url) == 0
    first = patch(car, url, 0, VIDEO[:4000])
    assert (first.status_code, first.headers["upload-offset"]) == (204, "4000")
    assert offset_of(car, url) == 4000
    assert _rows(office) == []
    assert office.woken == []
    last = patch(car, url, 4000, VIDEO[4000:])
    assert (last.status_code, last.headers["upload-offset"]) == (204, str(len(VIDEO)))
    (row,) = _rows(office)
    assert (row.name, row.size, row.state) == ("drive.mp4", len(VIDEO), "accepted")
    assert row.sha256 == hashlib.sha256(VIDEO).hexdigest()
    assert row.given_start == datetime(2026, 10, 12, 2, 0, tzinfo=UTC)
    assert Path(row.path).read_bytes() == VIDEO
    assert office.woken == [1]
    assert offset_of(car, url) == len(VIDEO)
    assert list(office.context.uploads_dir.iterdir()) == []
    with office.database.read() as session:
        log = session.scalars(select(AuditEvent).where(AuditEvent.action == "footage_accepted")).all()[-1]
    assert (log.actor, log.detail["device"]) == ("device:CAR-1", "CAR-1")


def test_a_file_of_many_pieces_on_the_way(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server writes in pieces of its own (here 1 KiB); the file is ten of them to the byte."""
    monkeypatch.setattr(routes, "PIECE", 1024)
    car = a_car(office)

    def chunks() -> Any:
        yield from (VIDEO[i : i + 1024] for i in range(0, len(VIDEO), 1024))

    url = begin(car)
    headers = {"Upload-Offset": "0", "Content-Type": BYTES}
    assert car.patch(url, content=chunks(), headers=headers).headers["upload-offset"] == "10240"
    (row,) = _rows(office)
    assert Path(row.path).read_bytes() == VIDEO
    assert list(office.context.uploads_dir.iterdir()) == []


def test_a_wrong_offset_is_a_conflict_and_writes_nothing(office: Office) -> None:
    car = a_car(office)
    url = begin(car)
    patch(car, url, 0, VIDEO[:4000])
    for offset in (0, 3999, 4001):
        answer = patch(car, url, offset, VIDEO[offset : offset + 10])
        assert (answer.status_code, answer.json()["code"]) == (409, "wrong_offset")
        assert "4000" in answer.json()["detail"]
    assert offset_of(car, url) == 4000
    patch(car, url, 4000, VIDEO[4000:])
    assert Path(_rows(office)[0].path).read_bytes() == VIDEO


@pytest.mark.parametrize("offset", ["-1", "x", ""])
def test_an_offset_that_is_no_number(office: Office, offset: str) -> None:
    car = a_car(office)
    url = begin(car)
    answer = car.patch(url, content=b"x", headers={"Upload-Offset": offset, "Content-Type": BYTES})
    assert answer.status_code == 422


def test_more_bytes_than_announced(office: Office) -> None:
    car = a_car(office)
    url = begin(car, length=10)
    answer = patch(car, url, 0, b"01234567890")
    assert (answer.status_code, answer.json()["code"]) == (413, "too_long")
    assert offset_of(car, url) == 0
    assert patch(car, url, 0, b"0123456789").status_code == 204


@pytest.mark.parametrize(
    ("length", "status", "code"),
    [("0", 422, "empty_upload"), ("-1", 422, "bad_fields"), ("x", 422, "bad_fields"), (None, 422, "bad_fields"),
     (str(20 * 2**30 + 1), 413, "too_long")]
)  # fmt: skip
def test_lengths_that_are_refused(office: Office, length: str | None, status: int, code: str) -> None:
    headers = {"Upload-Metadata": metadata(filename="a.mp4")}
    if length is not None:
        headers["Upload-Length"] = length
    answer = a_car(office).post("/api/uploads", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    "name", ["", "notes.txt", "run.sh", "a.mp4.exe", "..", ".mp4", "README.md", "a\x00.mp4", "a\n.mp4"]
)
def test_names_that_are_refused(office: Office, name: str) -> None:
    answer = create(a_car(office), filename=name)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_filename")


@pytest.mark.parametrize("name", ["../../../etc/cron.d/a.mp4", "/etc/a.mp4", "..\\..\\a.mp4", "C:\\a.mp4"])
def test_a_path_in_a_name_leads_nowhere(office: Office, name: str) -> None:
    car = a_car(office)
    patch(car, begin(car, filename=name), 0, VIDEO)
    (row,) = _rows(office)
    assert row.name == "a.mp4"
    assert Path(row.path).is_relative_to(office.context.footage_dir)
    files = [p for p in office.context.footage_dir.parent.rglob("*.mp4") if p.is_file()]
    assert files == [Path(row.path)]


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("filename ###", "bad_metadata"),
        (f"filename {base64.b64encode(bytes([255, 254])).decode()}", "bad_metadata"),
        (metadata(filename="a.mp4", start="yesterday"), "bad_start"),
        (metadata(filename="a.mp4", start="2026-10-12T10:00:00"), "bad_start"),  # which clock?
        ("", "bad_filename"),
    ],
)
def test_metadata_that_is_refused(office: Office, header: str, code: str) -> None:
    headers = {"Upload-Length": "10", "Upload-Metadata": header}
    answer = a_car(office).post("/api/uploads", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_bytes_of_another_content_type_are_refused(office: Office) -> None:
    car = a_car(office)
    url = begin(car)
    headers = {"Upload-Offset": "0", "Content-Type": "application/octet-stream"}
    assert car.patch(url, content=b"x", headers=headers).json()["code"] == "bad_type"


def test_the_same_file_twice_is_one_footage(office: Office) -> None:
    car = a_car(office)
    for name in ("drive.mp4", "again.mp4"):
        assert patch(car, begin(car, filename=name), 0, VIDEO).status_code == 204
    (row,) = _rows(office)
    assert row.name == "drive.mp4"
    with office.database.read() as session:
        results = session.scalars(select(Upload.result).order_by(Upload.made_at)).all()
    assert results == [{"footage": row.id, "duplicate": False}, {"footage": row.id, "duplicate": True}]


def test_another_devices_upload_is_not_found(office: Office) -> None:
    car, other = a_car(office), another_car(office)
    url = begin(car)
    assert other.head(url).status_code == 404
    answer = patch(other, url, 0, VIDEO)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert offset_of(car, url) == 0


def test_the_same_bytes_from_another_device_are_a_conflict(office: Office) -> None:
    car, other = a_car(office), another_car(office)
    patch(car, begin(car), 0, VIDEO)
    answer = patch(other, begin(other), 0, VIDEO)
    assert (answer.status_code, answer.json()["code"]) == (409, "footage_elsewhere")
    assert len(_rows(office)) == 1


def test_an_old_key_stops_in_the_middle(office: Office) -> None:
    car = a_car(office)
    url = begin(car)
    with office.database.write() as session:
        give_key(session, "system", device_by_code(session, "CAR-1"))
    assert patch(car, url, 0, VIDEO).status_code == 401


def test_a_track_is_kept_beside_its_footage(office: Office) -> None:
    car = a_car(office)
    patch(car, begin(car), 0, VIDEO)
    patch(car, begin(car, filename="drive.gpx", length=len(gpx())), 0, gpx())
    with office.database.read() as session:
        track = session.scalars(select(TrackFile)).one()
    assert _rows(office)[0].track_path == track.path


def test_a_full_disk_is_said_and_what_was_safe_stays(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    car = a_car(office)
    url = begin(car)
    patch(car, url, 0, VIDEO[:4000])

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        answer = patch(car, url, 4000, VIDEO[4000:])
    assert (answer.status_code, answer.json()["code"]) == (507, "disk_full")
    assert offset_of(car, url) == 4000
    assert patch(car, url, 4000, VIDEO[4000:]).status_code == 204
    assert Path(_rows(office)[0].path).read_bytes() == VIDEO


# Broken off ------------------------------------------------------------------------------------------


def test_a_restart_in_the_middle_keeps_the_bytes(office: Office) -> None:
    """Over real HTTP: half is sent, the server ends, another begins over the same home; HEAD says where to go on."""
    headers = {"Authorization": f"Bearer {office.key}", **TUS}
    with serving(office.app) as address, httpx.Client(base_url=address, headers=headers) as car:
        url = begin(car)
        patch(car, url, 0, VIDEO[:5000])
    with serving(make_app(office.context)) as address, httpx.Client(base_url=address, headers=headers) as car:
        assert offset_of(car, url) == 5000
        assert patch(car, url, 5000, VIDEO[5000:]).status_code == 204
    assert Path(_rows(office)[0].path).read_bytes() == VIDEO


def test_a_line_that_breaks_keeps_what_came(office: Office) -> None:
    """The client announces 3 MB, sends 2 MB and hangs up; what the application had read is safe, and it goes on.

    What uvicorn itself still held when the line broke (some 100 KB) is sent again.
    """
    video, sent = VIDEO * 300, 2_000_000
    headers = {"Authorization": f"Bearer {office.key}", **TUS}
    with serving(office.app) as address, httpx.Client(base_url=address, headers=headers) as car:
        url = begin(car, length=len(video))
        where = urlsplit(address)
        with socket.create_connection((where.hostname, where.port), timeout=10) as line:
            head = (
                f"PATCH {url} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {office.key}\r\nUpload-Offset: 0\r\n"
                f"Tus-Resumable: 1.0.0\r\nContent-Type: {BYTES}\r\nContent-Length: {len(video)}\r\n\r\n"
            )
            line.sendall(head.encode() + video[:sent])
        at = _until_positive(lambda: offset_of(car, url))
        assert sent / 2 < at <= sent
        assert patch(car, url, at, video[at:]).status_code == 204
    assert Path(_rows(office)[0].path).read_bytes() == video


def _until_positive(ask: Any) -> int:
    """Ask until the server has noticed the broken line (or 20 s are over, which fails the test)."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if (at := ask()) > 0:
            return int(at)
        time.sleep(0.02)
    raise AssertionError("the bytes that came before the break were not kept")


def test_a_crash_before_the_taking_over_is_made_good_by_asking(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All bytes are there, the process ends before they became footage: HEAD finishes it, once."""
    car = a_car(office)
    url = begin(car)
    with monkeypatch.context() as patched:
        patched.setattr(routes, "_finish", lambda ctx, device, row: row)
        patch(car, url, 0, VIDEO)
    assert _rows(office) == []
    for _ in range(2):
        assert offset_of(car, url) == len(VIDEO)
    assert [f.size for f in _rows(office)] == [len(VIDEO)]
    assert office.woken == [1]


@pytest.mark.postgres
def test_on_postgresql(postgresql: Database, folder: Path) -> None:
    office = open_office(postgresql, folder)
    car = a_car(office)
    url = begin(car)
    patch(car, url, 0, VIDEO[:4000])
    assert patch(car, url, 1, b"x").status_code == 409
    patch(car, url, offset_of(car, url), VIDEO[4000:])
    assert Path(_rows(office)[0].path).read_bytes() == VIDEO
    office.close()
