"""From a device's upload to a candidate: tus over HTTP, the worker beside the server, nothing left behind."""

from __future__ import annotations

import base64
import time
from pathlib import Path

import pytest

from api.app import make_app
from casework.candidates.queries import all_candidates
from casework.devices.queries import device_by_code
from casework.devices.service import give_key
from casework.errors import StorageFull
from casework.footage.queries import footage
from casework.footage.service import lease
from casework.storage import FileStore
from casework.verify import verify
from jiexun.house import House
from jiexun.pipeline.run import accept_file
from jiexun.pipeline.worker import Worker
from jiexun.pipeline.workers import worker_name
from jiexun.server import context_of
from tests.api.office import TestClient
from tests.jiexun.painted import Thing, colour_detector, film

STALL = Thing("stall", (40, 140, 100, 200), 60, 720)
LIMIT_S = 60.0


def upload(client: TestClient, key: str, path: Path) -> None:
    """As a vehicle does it, in two pieces."""
    data, half = path.read_bytes(), path.stat().st_size // 2
    signed = {"Authorization": f"Bearer {key}", "Tus-Resumable": "1.0.0"}
    name = base64.b64encode(path.name.encode()).decode()
    made = client.post(
        "/api/uploads",
        headers={**signed, "Upload-Length": str(len(data)), "Upload-Metadata": f"filename {name}"},
    )
    assert made.status_code == 201, made.text
    for at, piece in ((0, data[:half]), (half, data[half:])):
        headers = {**signed, "Upload-Offset": str(at), "Content-Type": "application/offset+octet-stream"}
        assert client.patch(made.headers["Location"], content=piece, headers=headers).status_code == 204


def wait_for(house: House, footage_id: int, state: str) -> None:
    """Until the worker has brought footage to a state."""
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        with house.database.read() as session:
            if footage(session, footage_id).state == state:
                return
        time.sleep(0.1)
    raise AssertionError(f"the footage did not come to be {state}")


def test_an_upload_becomes_a_candidate(house: House, tmp_path: Path) -> None:
    with house.database.write() as session:
        key = give_key(session, "test", device_by_code(session, "C-1"))
    worker = Worker(house, colour_detector())
    client = TestClient(make_app(context_of(house, worker.wake)))
    worker.start()
    try:
        upload(client, key, film(tmp_path / "street.mp4", [STALL], 900))
        wait_for(house, 1, "done")
    finally:
        worker.stop()
    with house.database.read() as session:
        [candidate] = all_candidates(session)
        assert (candidate.type, candidate.proof) == ("stall", "evidence")
        assert verify(session, house.store).bad == []
    assert list(house.settings.uploads_dir.iterdir()) == []  # the whole file lies under its hash now


def test_what_cannot_be_used_is_said_and_the_next_goes_on(house: House, tmp_path: Path) -> None:
    with house.database.write() as session:
        key = give_key(session, "test", device_by_code(session, "C-1"))
    client = TestClient(make_app(context_of(house)))
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video at all" * 100)
    upload(client, key, broken)
    upload(client, key, film(tmp_path / "street.mp4", [STALL], 900))
    worker = Worker(house, colour_detector())
    worker.start()
    try:
        wait_for(house, 1, "failed")
        wait_for(house, 2, "done")
    finally:
        worker.stop()
    with house.database.read() as session:
        [note] = footage(session, 1).notes
    assert "broken" in note or "video" in note


@pytest.mark.parametrize("gone", [True, False])
def test_a_killed_workers_footage_is_taken_up(house: House, tmp_path: Path, gone: bool) -> None:
    footage_id = accept_file(house, film(tmp_path / "street.mp4", [STALL], 900), "C-1")
    machine, process, began = "here", "1", "0"
    if gone:  # a process of this machine that ended: its number was given to nobody, or to another
        machine, process, _ = worker_name().split(":")
    with house.database.write() as session:
        lease(session, footage(session, footage_id), f"{machine}:{process}:{began}")
    worker = Worker(house, colour_detector())
    worker.start()
    try:
        if gone:
            wait_for(house, footage_id, "done")
        else:  # a worker of another machine may be at work: its lease holds
            time.sleep(1.0)
            with house.database.read() as session:
                assert footage(session, footage_id).state == "running"
    finally:
        worker.stop()


def test_a_full_disk_leaves_footage_in_the_queue(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    footage_id = accept_file(house, film(tmp_path / "street.mp4", [STALL], 900), "C-1")
    put, refused = house.store.put, []

    def full_once(data: bytes) -> str:
        if not refused:
            refused.append(len(data))
            raise StorageFull("disk_full", zh="满", en="full")
        return put(data)

    monkeypatch.setattr(FileStore, "put", lambda _store, data: full_once(data))
    monkeypatch.setattr("jiexun.pipeline.worker.LOOK_EVERY_S", 0.1)
    worker = Worker(house, colour_detector())
    worker.start()
    try:
        wait_for(house, footage_id, "done")
    finally:
        worker.stop()
    assert refused
    with house.database.read() as session:
        assert [c.type for c in all_candidates(session)] == ["stall"]
