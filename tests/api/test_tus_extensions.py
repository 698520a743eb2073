"""tus beyond its core: creation with bytes, checksums, ending, expiry, joining parts, quotas, slow clients."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from sqlalchemy import select

from api import tus
from casework.db import Database, utcnow
from casework.devices.service import SHANGHAI
from casework.errors import Busy
from casework.footage import service, taking
from casework.footage.growing import Folders, held
from casework.footage.limits import Limits
from casework.footage.tables import Footage, TrackFile, Upload
from ingest.recorded import open_recording
from ingest.track_files import read_track
from tests.api.office import Office, serving
from tests.api.tus_talk import (
    BYTES,
    TUS,
    VIDEO,
    a_car,
    a_depot,
    another_car,
    begin,
    create,
    metadata,
    offset_of,
    patch,
)
from tests.drives import START, gpx
from tests.ingest.footage_builders import CLIPS

SHA256 = hashlib.sha256(VIDEO).hexdigest()


@pytest.fixture
def office(sqlite: Database, folder: Path) -> Iterator[Office]:
    made = a_depot(sqlite, folder)
    yield made
    made.close()


def _sum(data: bytes, algorithm: str = "sha256") -> str:
    return f"{algorithm} {base64.b64encode(hashlib.new(algorithm, data).digest()).decode()}"


def _checked(car: Any, url: str, at: int, data: bytes, checksum: str) -> httpx.Response:
    headers = {"Upload-Offset": str(at), "Content-Type": BYTES, "Upload-Checksum": checksum}
    answer: httpx.Response = car.patch(url, content=data, headers=headers)
    return answer


def _upload(office: Office, url: str) -> Upload:
    with office.database.read() as session:
        return session.get_one(Upload, url.rsplit("/", 1)[1])


def _footage(office: Office) -> list[Footage]:
    with office.database.read() as session:
        return [f for f in session.scalars(select(Footage)) if not f.name.startswith("clip-")]


def _folders(office: Office) -> Folders:
    return Folders(office.context.uploads_dir, office.context.footage_dir)


def _files(office: Office) -> list[str]:
    return sorted(p.name for p in office.context.uploads_dir.iterdir())


def _refused(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["tus-resumable"] == "1.0.0"
    return answer.status_code, answer.json()["code"]


@contextmanager
def _limited(database: Database, folder: Path, **limits: Any) -> Iterator[Office]:
    office = a_depot(database, folder, upload_limits=Limits(**limits))
    yield office
    office.close()


# Version, types, methods -----------------------------------------------------------------------------


@pytest.mark.parametrize("version", [None, "0.2.2", "1.0.1", ""])
def test_another_version_is_refused(office: Office, version: str | None) -> None:
    url = begin(a_car(office))
    plain = office.vehicle()
    headers = {"Upload-Offset": "0", "Upload-Length": "9", "Content-Type": BYTES}
    if version is not None:
        headers["Tus-Resumable"] = version
    for method, where in (("POST", "/api/uploads"), ("HEAD", url), ("PATCH", url), ("DELETE", url)):
        answer = plain.request(method, where, headers=headers)
        assert (answer.status_code, answer.headers["tus-version"]) == (412, "1.0.0"), method
    assert offset_of(a_car(office), url) == 0


@pytest.mark.parametrize("given", ["application/octet-stream", "", "text/plain"])
def test_bytes_of_another_type_are_415(office: Office, given: str) -> None:
    car = a_car(office)
    answer = car.patch(begin(car), content=b"x", headers={"Upload-Offset": "0", "Content-Type": given})
    assert _refused(answer) == (415, "bad_type")


def test_methods_that_a_network_does_not_let_through(office: Office) -> None:
    car = a_car(office)
    url = begin(car)
    headers = {"X-HTTP-Method-Override": "PATCH", "Upload-Offset": "0", "Content-Type": BYTES}
    assert car.post(url, content=VIDEO[:100], headers=headers).headers["upload-offset"] == "100"
    assert car.post(url, headers={"X-HTTP-Method-Override": "DELETE"}).status_code == 204
    assert car.head(url).status_code == 410
    assert _refused(car.post(url, headers={"X-HTTP-Method-Override": "PUT"})) == (405, "bad_method")


def test_what_was_said_is_said_again(office: Office) -> None:
    car = a_car(office)
    url = begin(car, filename="街面.mp4")
    answer = car.head(url)
    assert answer.headers["upload-metadata"] == metadata(filename="街面.mp4")
    assert answer.headers["upload-length"] == str(len(VIDEO))


# Creation with bytes ---------------------------------------------------------------------------------


def _create_with(car: Any, data: bytes, length: int = len(VIDEO), **headers: str) -> httpx.Response:
    given = {
        "Upload-Length": str(length),
        "Upload-Metadata": metadata(filename="a.mp4"),
        "Content-Type": BYTES,
    }
    answer: httpx.Response = car.post("/api/uploads", content=data, headers={**given, **headers})
    return answer


def test_the_first_bytes_come_with_the_creation(office: Office) -> None:
    car = a_car(office)
    answer = _create_with(car, VIDEO[:4000])
    assert (answer.status_code, answer.headers["upload-offset"]) == (201, "4000")
    assert patch(car, answer.headers["location"], 4000, VIDEO[4000:]).status_code == 204
    assert Path(_footage(office)[0].path).read_bytes() == VIDEO


def test_a_whole_file_comes_with_the_creation(office: Office) -> None:
    answer = _create_with(a_car(office), VIDEO, **{"Upload-Checksum": _sum(VIDEO)})
    assert (answer.headers["upload-offset"], answer.headers["upload-state"]) == (str(len(VIDEO)), "accepted")
    assert _footage(office)[0].sha256 == SHA256


@pytest.mark.parametrize(
    ("data", "headers", "refused"),
    [
        (VIDEO, {"Upload-Checksum": _sum(b"x")}, (460, "checksum_mismatch")),
        (VIDEO + b"x", {}, (413, "too_long")),
        (VIDEO, {"Content-Type": "video/mp4"}, (415, "bad_type")),
    ],
)
def test_refused_first_bytes_leave_no_upload_behind(
    office: Office, data: bytes, headers: dict[str, str], refused: tuple[int, str]
) -> None:
    assert _refused(_create_with(a_car(office), data, **headers)) == refused
    with office.database.read() as session:
        assert set(session.scalars(select(Upload.state))) <= {"ended"}
    assert _files(office) == []


# Checksums -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["sha256", "sha1", "md5"])
def test_a_piece_with_its_checksum(office: Office, algorithm: str) -> None:
    car = a_car(office)
    url = begin(car)
    answer = _checked(car, url, 0, VIDEO[:5000], _sum(VIDEO[:5000], algorithm))
    assert (answer.status_code, answer.headers["upload-offset"]) == (204, "5000")
    assert _checked(car, url, 5000, VIDEO[5000:], _sum(VIDEO[5000:], algorithm)).status_code == 204
    assert Path(_footage(office)[0].path).read_bytes() == VIDEO


def test_nothing_of_a_damaged_piece_is_kept(office: Office) -> None:
    car = a_car(office)
    url = begin(car)
    patch(car, url, 0, VIDEO[:100])
    damaged = b"X" + VIDEO[101:5000]
    assert _refused(_checked(car, url, 100, damaged, _sum(VIDEO[100:5000]))) == (460, "checksum_mismatch")
    assert offset_of(car, url) == 100
    assert (office.context.uploads_dir / url.rsplit("/", 1)[1]).read_bytes() == VIDEO[:100]
    assert _checked(car, url, 100, VIDEO[100:], _sum(VIDEO[100:])).status_code == 204
    assert Path(_footage(office)[0].path).read_bytes() == VIDEO


@pytest.mark.parametrize(
    "header", ["crc32 AAAA", "sha256", "sha256 ###", "sha256 AAAA", "sha1 " + _sum(b"")[7:], ""]
)
def test_a_checksum_that_is_none(office: Office, header: str) -> None:
    car = a_car(office)
    url = begin(car)
    assert _refused(_checked(car, url, 0, VIDEO, header)) == (400, "bad_checksum")
    assert offset_of(car, url) == 0


def test_a_checked_piece_larger_than_is_held(sqlite: Database, folder: Path) -> None:
    with _limited(sqlite, folder, piece_max=1000) as office:
        car = a_car(office)
        url = begin(car)
        assert _refused(_checked(car, url, 0, VIDEO, _sum(VIDEO))) == (413, "piece_too_long")
        assert _checked(car, url, 0, VIDEO[:1000], _sum(VIDEO[:1000])).status_code == 204


# The whole file's hash -------------------------------------------------------------------------------


def test_a_file_that_is_here_need_not_be_sent(office: Office) -> None:
    car = a_car(office)
    patch(car, begin(car), 0, VIDEO)
    answer = create(car, filename="again.mp4", sha256=SHA256)
    assert (answer.headers["upload-offset"], answer.headers["upload-state"]) == (str(len(VIDEO)), "duplicate")
    assert offset_of(car, answer.headers["location"]) == len(VIDEO)
    assert len(_footage(office)) == 1
    # Whether another device has a file is not told.
    assert create(another_car(office), sha256=SHA256).headers["upload-offset"] == "0"


def test_bytes_that_are_not_the_announced_ones(office: Office) -> None:
    car = a_car(office)
    url = begin(car, sha256="0" * 64)
    assert _refused(patch(car, url, 0, VIDEO)) == (422, "wrong_sha256")
    answer = car.head(url)
    assert (answer.headers["upload-state"], answer.headers["upload-problem"]) == ("refused", "wrong_sha256")
    assert (_footage(office), _files(office)) == ([], [])


def test_a_creation_whose_answer_was_lost_makes_no_second_upload(office: Office) -> None:
    car = a_car(office)
    url = begin(car, sha256=SHA256)
    patch(car, url, 0, VIDEO[:4000])
    answer = create(car, sha256=SHA256)
    assert (answer.headers["location"], answer.headers["upload-offset"]) == (url, "4000")
    assert begin(car, sha256=SHA256, filename="other.mp4") != url


def test_a_hash_that_is_none(office: Office) -> None:
    assert _refused(create(a_car(office), sha256="abc")) == (422, "bad_sha256")


# Ending and expiry -----------------------------------------------------------------------------------


def test_an_upload_that_is_given_up(office: Office) -> None:
    car = a_car(office)
    url = begin(car)
    patch(car, url, 0, VIDEO[:4000])
    assert _files(office) != []
    assert another_car(office).delete(url).status_code == 404
    assert car.delete(url).status_code == 204
    assert _files(office) == []
    assert car.head(url).status_code == 410
    assert _refused(patch(car, url, 4000, VIDEO[4000:])) == (410, "upload_gone")
    assert _refused(car.delete(url)) == (410, "upload_gone")
    assert _files(office) == []


def test_what_was_accepted_cannot_be_given_up(office: Office) -> None:
    car = a_car(office)
    url = begin(car)
    patch(car, url, 0, VIDEO)
    assert _refused(car.delete(url)) == (403, "upload_accepted")
    assert Path(_footage(office)[0].path).read_bytes() == VIDEO
    assert _files(office) == []


def test_every_answer_says_until_when_it_is_kept(office: Office) -> None:
    car = a_car(office)
    answer = create(car)
    url = answer.headers["location"]
    week = utcnow() + timedelta(days=7)
    for said in (answer, patch(car, url, 0, VIDEO[:4000]), car.head(url)):
        at = parsedate_to_datetime(said.headers["upload-expires"])
        assert abs(at - week) < timedelta(seconds=60)
    assert "upload-expires" not in patch(car, url, 4000, VIDEO[4000:]).headers


def _let_expire(office: Office, *urls: str) -> None:
    with office.database.write() as session:
        for url in urls:
            session.get_one(Upload, url.rsplit("/", 1)[1]).expires_at = utcnow() - timedelta(seconds=1)


def test_the_sweep_drops_what_expired_and_nothing_else(office: Office) -> None:
    """One open and late, one open, one accepted and late, one late part, one late and whole but not taken over."""
    car = a_car(office)
    late, still, accepted, left = (begin(car, filename=f"{n}.mp4") for n in "abcd")
    part = _part(car, VIDEO[:100])
    for url, data in ((late, VIDEO[:4000]), (still, VIDEO[:5000]), (accepted, VIDEO)):
        patch(car, url, 0, data)
    other = VIDEO[::-1]
    patch(car, left, 0, other[:4000])
    with office.database.write() as session:  # as a server that was killed after the last byte leaves it
        row = session.get_one(Upload, left.rsplit("/", 1)[1])
        row.offset, row.state, row.moved_at = len(other), "whole", utcnow() - timedelta(hours=1)
    (office.context.uploads_dir / left.rsplit("/", 1)[1]).write_bytes(other)
    _let_expire(office, late, accepted, part, left)
    swept = taking.sweep(office.database, _folders(office))
    assert (swept.expired, swept.taken, swept.files) == (2, 1, 2)
    assert [car.head(url).status_code for url in (late, still, accepted, part, left)] == [
        410,
        200,
        200,
        410,
        200,
    ]
    assert offset_of(car, still) == 5000
    assert {f.sha256 for f in _footage(office)} == {SHA256, hashlib.sha256(other).hexdigest()}
    assert _files(office) == [still.rsplit("/", 1)[1]]
    assert taking.sweep(office.database, _folders(office)) == taking.Swept()


def test_the_sweep_comes_after_a_creation(office: Office) -> None:
    car = a_car(office)
    late = begin(car)  # the first creation sweeps, the next one only after an hour
    patch(car, late, 0, VIDEO[:4000])
    _let_expire(office, late)
    begin(car, filename="b.mp4")
    assert _upload(office, late).state == "open"
    office.app.state.sweep_uploads_at = 0.0
    begin(car, filename="c.mp4")
    assert (_upload(office, late).state, _files(office)) == ("expired", [])


# Parts -----------------------------------------------------------------------------------------------


def _part(car: Any, data: bytes) -> str:
    answer = car.post("/api/uploads", headers={"Upload-Length": str(len(data)), "Upload-Concat": "partial"})
    assert answer.status_code == 201, answer.text
    url: str = answer.headers["location"]
    patch(car, url, 0, data)
    return url


def _join(car: Any, urls: list[str], **said: str) -> httpx.Response:
    headers = {
        "Upload-Concat": f"final;{' '.join(urls)}",
        "Upload-Metadata": metadata(**{"filename": "a.mp4", **said}),
    }
    answer: httpx.Response = car.post("/api/uploads", headers=headers)
    return answer


def test_parts_are_joined_in_the_order_named(office: Office) -> None:
    car = a_car(office)
    second, first = _part(car, VIDEO[6000:]), _part(car, VIDEO[:6000])
    assert car.head(first).headers["upload-concat"] == "partial"
    assert _footage(office) == []
    answer = _join(car, [first, f"https://x.example{second}"])
    assert (answer.status_code, answer.headers["upload-state"]) == (201, "accepted")
    (row,) = _footage(office)
    assert (row.sha256, Path(row.path).read_bytes()) == (SHA256, VIDEO)
    head = car.head(answer.headers["location"])
    assert head.headers["upload-concat"] == f"final;{first} {second}"
    assert head.headers["upload-length"] == str(len(VIDEO))
    assert car.head(first).status_code == 410
    assert _files(office) == []
    again = _join(car, [first, second])  # its answer was lost
    assert again.headers["location"] == answer.headers["location"]
    assert _refused(patch(car, answer.headers["location"], 0, b"x")) == (403, "final_upload")


def test_parts_that_cannot_be_joined(office: Office) -> None:
    car = a_car(office)
    whole, plain = _part(car, VIDEO[:6000]), begin(car)
    half = car.post("/api/uploads", headers={"Upload-Length": "10", "Upload-Concat": "partial"}).headers[
        "location"
    ]
    foreign = _part(another_car(office), b"x")
    ended = _part(car, b"y")
    car.delete(ended)
    for urls, refused in (
        ([whole, half], (409, "part_not_whole")),
        ([whole, plain], (422, "not_a_part")),
        ([whole, foreign], (404, "not_found")),
        ([whole, ended], (410, "upload_gone")),
        ([whole, whole], (422, "bad_parts")),
        ([], (422, "bad_parts")),
        (["/etc/passwd"], (422, "bad_parts")),
    ):
        assert _refused(_join(car, urls)) == refused, urls
    assert _refused(_join(car, [whole], filename="run.sh")) == (422, "bad_filename")
    assert offset_of(car, whole) == 6000
    headers = {"Upload-Length": "1", "Upload-Concat": "both"}
    assert _refused(car.post("/api/uploads", headers=headers)) == (422, "bad_fields")


def test_a_join_that_a_crash_cut_off_is_done_when_asked_again(office: Office) -> None:
    """The row of the whole is there, its bytes are not: as after a kill while the parts were copied."""
    car = a_car(office)
    urls = [_part(car, VIDEO[:6000]), _part(car, VIDEO[6000:])]
    answer = _join(car, urls[:1], filename="half.mp4")
    assert answer.status_code == 201
    urls = [_part(car, VIDEO[:6000]), urls[1]]
    ids = [u.rsplit("/", 1)[1] for u in urls]
    with office.database.write() as session:
        row = session.get_one(Upload, answer.headers["location"].rsplit("/", 1)[1])
        row.concat, row.state, row.offset, row.length = f"final;{' '.join(ids)}", "open", 0, len(VIDEO)
        row.result, row.filename = None, "a.mp4"
    (office.context.uploads_dir / row.id).write_bytes(VIDEO[:3000])
    again = _join(car, urls)
    assert (again.headers["location"], again.headers["upload-state"]) == (
        answer.headers["location"],
        "accepted",
    )
    assert SHA256 in {f.sha256 for f in _footage(office)}


# Quotas, sizes, the disk -----------------------------------------------------------------------------


def test_a_device_sends_no_more_than_its_day(sqlite: Database, folder: Path) -> None:
    """25,000 bytes a day: two files of 10,240 fit, a third does not; a file known by its hash costs nothing."""
    with _limited(sqlite, folder, day_bytes=25_000) as office:
        car = a_car(office)
        patch(car, begin(car), 0, VIDEO)
        begin(car, filename="b.mp4")
        assert _refused(create(car, filename="c.mp4")) == (429, "day_quota")
        assert create(car, filename="again.mp4", sha256=SHA256).status_code == 201
        assert create(another_car(office)).status_code == 201
        with office.database.write() as session:  # yesterday's do not count
            for row in session.scalars(select(Upload)):
                row.made_at -= timedelta(days=1)
        assert create(car, filename="c.mp4").status_code == 201


def test_what_was_given_up_counts_by_what_was_sent(sqlite: Database, folder: Path) -> None:
    with _limited(sqlite, folder, day_bytes=20_000) as office:
        car = a_car(office)
        url = begin(car)
        patch(car, url, 0, VIDEO[:5000])
        car.delete(url)
        assert create(car, length=15_001).status_code == 429
        assert create(car, length=15_000).status_code == 201


def test_a_device_has_only_so_many_open(sqlite: Database, folder: Path) -> None:
    with _limited(sqlite, folder, open_most=2) as office:
        car = a_car(office)
        urls = [begin(car, filename=f"{n}.mp4") for n in "ab"]
        assert _refused(create(car)) == (429, "open_quota")
        patch(car, urls[0], 0, VIDEO)
        assert create(car).status_code == 201


def test_twenty_gigabytes_are_announced_and_grow(office: Office) -> None:
    """The row counts beyond 32 bits; the file is sparse, so that the test needs no 20 GB."""
    car = a_car(office)
    url = begin(car, length=20 * 2**30)
    patch(car, url, 0, VIDEO)
    id, far = url.rsplit("/", 1)[1], 19 * 2**30
    with (office.context.uploads_dir / id).open("r+b") as file:
        file.truncate(far)
    with office.database.write() as session:
        session.get_one(Upload, id).offset = far
    assert patch(car, url, far, VIDEO).headers["upload-offset"] == str(far + len(VIDEO))
    assert _refused(patch(car, url, 0, VIDEO)) == (409, "wrong_offset")
    assert car.delete(url).status_code == 204


def test_uploads_leave_room_on_the_disk(sqlite: Database, folder: Path) -> None:
    """Evidence and database need the last of it: with more to be left than there is, nothing is begun or added."""
    with _limited(sqlite, folder) as office:
        car = a_car(office)
        url = begin(car)
        patch(car, url, 0, VIDEO[:4000])
    fresh = folder / "again"
    fresh.mkdir()
    full = Limits(keep_free=shutil.disk_usage(folder).total)
    office.app.state.context = replace(office.context, upload_limits=full)
    car = a_car(office)
    assert _refused(patch(car, url, 4000, VIDEO[4000:])) == (507, "disk_full")
    assert _refused(create(car, filename="b.mp4")) == (507, "disk_full")
    assert offset_of(car, url) == 4000


def test_two_connections_do_not_write_at_once(office: Office) -> None:
    car = a_car(office)
    url = begin(car)
    id = url.rsplit("/", 1)[1]
    with held(_folders(office), id), pytest.raises(Busy), held(_folders(office), id, wait_s=0.05):
        pass
    assert patch(car, url, 0, VIDEO).status_code == 204


def test_of_four_that_send_the_same_piece_one_is_taken(office: Office) -> None:
    """A device whose connection seemed dead sends again while the server still reads the first."""
    with serving(office.app) as address:
        headers = {"Authorization": f"Bearer {office.key}", **TUS}
        with httpx.Client(base_url=address, headers=headers, timeout=30) as car:
            url = begin(car)

            def send(n: int) -> int:
                with httpx.Client(base_url=address, headers=headers, timeout=30) as line:
                    return patch(line, url, 0, VIDEO[: 5000 + n]).status_code

            with ThreadPoolExecutor(4) as pool:
                answers = sorted(pool.map(send, range(4)))
            assert answers == [204, 409, 409, 409]
            at = offset_of(car, url)
            assert 5000 <= at < 5004
            assert patch(car, url, at, VIDEO[at:]).status_code == 204
    assert Path(_footage(office)[0].path).read_bytes() == VIDEO


# Slow clients, over real sockets ---------------------------------------------------------------------


def _dripping(address: str, key: str, url: str, send: list[bytes], pause_s: float) -> bytes:
    """Announce a whole file, send these bytes with pauses, and read what the server answers until it hangs up."""
    where = urlsplit(address)
    head = (
        f"PATCH {url} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nTus-Resumable: 1.0.0\r\n"
        f"Upload-Offset: 0\r\nContent-Type: {BYTES}\r\nContent-Length: {len(VIDEO)}\r\n\r\n"
    )
    with socket.create_connection((where.hostname, where.port), timeout=10) as line:
        line.sendall(head.encode())
        for part in send:
            line.sendall(part)
            time.sleep(pause_s)
        answer = b""
        while data := line.recv(65536):
            answer += data
        return answer


def test_a_client_that_stands_still_is_let_go_and_its_bytes_stay(sqlite: Database, folder: Path) -> None:
    with _limited(sqlite, folder, idle_s=0.3) as office, serving(office.app) as address:
        headers = {"Authorization": f"Bearer {office.key}", **TUS}
        with httpx.Client(base_url=address, headers=headers) as car:
            url = begin(car)
            began = time.monotonic()
            answer = _dripping(address, office.key, url, [VIDEO[:3000]], 0.0)
            assert time.monotonic() - began < 5
            assert answer.startswith(b"HTTP/1.1 408")
            assert b"too_slow" in answer
            assert offset_of(car, url) == 3000
            assert patch(car, url, 3000, VIDEO[3000:]).status_code == 204


def test_the_pace_by_hand() -> None:
    """100 bytes/s: 6,000 in the first minute are enough, 5,999 in the second are not."""
    now = [0.0]
    pace = tus.Pace(100.0, clock=lambda: now[0])
    for second in range(1, 61):
        now[0] = float(second)
        pace.came(100)
    now[0] = 119.0
    pace.came(5900)
    now[0] = 120.0
    with pytest.raises(tus.TooSlow):
        pace.came(99)


# What comes beside -----------------------------------------------------------------------------------


def _send(car: Any, name: str, data: bytes, **said: str) -> str:
    url = begin(car, length=len(data), filename=name, **said)
    assert patch(car, url, 0, data).status_code == 204
    return url


def test_a_start_in_json_comes_before_or_after(office: Office) -> None:
    car = a_car(office)
    said = json.dumps({"start": START.astimezone(SHANGHAI).isoformat()}).encode()
    _send(car, "before.json", said)
    _send(car, "before.mp4", VIDEO)
    _send(car, "after.mp4", VIDEO[::-1])
    _send(car, "after.json", said + b" ")
    assert {(f.name, f.given_start) for f in _footage(office)} == {
        ("before.mp4", START),
        ("after.mp4", START),
    }


def test_a_track_that_cannot_be_read_is_said_and_harms_no_footage(office: Office) -> None:
    car = a_car(office)
    _send(car, "drive.mp4", VIDEO)
    url = _send(car, "drive.gpx", b"<gpx>")
    row = _upload(office, url)
    assert (row.state, row.result["track"]) == ("accepted", "drive.gpx")
    assert row.result["faults"][0].startswith("drive.gpx: this is no GPX")
    assert _footage(office)[0].track_path is None
    _send(car, "drive.gpx", gpx())  # sent anew
    with office.database.read() as session:
        tracks = session.scalars(select(TrackFile).order_by(TrackFile.id)).all()
    assert [t.positions for t in tracks] == [False, True]
    assert _footage(office)[0].track_path == tracks[1].path
    assert _upload(office, _send(car, "drive.gpx", gpx())).state == "duplicate"


def test_footage_that_was_looked_at_without_its_track_is_looked_at_again(office: Office) -> None:
    car = a_car(office)
    _send(car, "drive.mp4", VIDEO)
    _look(office, _footage(office)[0].id, START)
    _send(car, "drive.gpx", gpx())
    (row,) = _footage(office)
    assert (row.state, row.track_path is not None) == ("accepted", True)
    _look(office, row.id, START)
    _send(car, "drive.gpx", gpx(30))  # another track later: what was judged stays
    assert (_footage(office)[0].state, _footage(office)[0].track_path) == ("done", row.track_path)


def test_positions_inside_the_video_serve_as_its_track(office: Office) -> None:
    clip = CLIPS / "gopro_max_walk_gps.mp4"
    if not clip.is_file():
        pytest.skip(f"{clip} is not here: shared clips are kept outside the project")
    _send(a_car(office), "walk.mp4", clip.read_bytes())
    (row,) = _footage(office)
    assert row.track_path == row.path
    began = datetime(2019, 11, 18, 23, 45, 15, tzinfo=UTC)
    assert row.given_start is not None
    assert abs((row.given_start - began).total_seconds()) < 1
    frames = list(open_recording(Path(row.path), "CAR-1", row.given_start, 2.0, read_track(row.track_path)))
    assert sum(f.position is not None for f in frames) == len(frames) == 21
    with office.database.read() as session:
        track = session.scalars(select(TrackFile)).one()
    assert (track.positions, track.started_at) == (True, row.given_start)
    _send(a_car(office), "walk.gpx", gpx())  # what lies beside it comes first
    assert _footage(office)[0].track_path.endswith(".gpx")


def _look(office: Office, footage_id: int, start: datetime) -> None:
    with office.database.write() as session:
        row = session.get_one(Footage, footage_id)
        service.lease(session, row, "w1")
        service.finish(session, footage_id, "w1", service.Looked(2, 0, [start], "device", []))


@pytest.mark.postgres
def test_on_postgresql(postgresql: Database, folder: Path) -> None:
    office = a_depot(postgresql, folder)
    car = a_car(office)
    answer = _join(car, [_part(car, VIDEO[:6000]), _part(car, VIDEO[6000:])])
    assert answer.headers["upload-state"] == "accepted"
    url = begin(car, filename="b.mp4")
    assert _refused(_checked(car, url, 0, VIDEO, _sum(b""))) == (460, "checksum_mismatch")
    _let_expire(office, url)
    assert taking.sweep(office.database, _folders(office)).expired == 1
    assert create(car, sha256=SHA256).headers["upload-state"] == "duplicate"
    office.close()
