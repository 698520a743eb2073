"""The client of devices: what it waits for, remembers and sends; against the real server over real sockets."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import select

from casework.db import Database
from casework.devices.service import give_key
from casework.footage.limits import Limits
from casework.footage.tables import Footage, TrackFile, Upload
from jiexun.upload_client.backoff import LEAST_PIECE, MOST_PIECE, Backoff, piece_size
from jiexun.upload_client.errors import Later, Stop
from jiexun.upload_client.folder import Seen, Settling, in_turn, scan
from jiexun.upload_client.memory import Memory, Sent, alone
from jiexun.upload_client.remote import Remote
from jiexun.upload_client.sending import Sender
from tests import builders as b
from tests.api.office import Office, serving
from tests.api.tus_talk import a_depot
from tests.drives import gpx

VIDEO = bytes(range(256)) * 4096  # 1 MiB


class Quiet:
    """Nobody looks; what was said is kept."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def begins(self, name: str, size: int) -> None:
        self.said.append(f"begins {name}")

    def moved(self, name: str, offset: int) -> None:
        self.said.append(f"{name} {offset}")

    def ends(self, name: str, sent: Sent) -> None:
        self.said.append(f"ends {name} {sent.state}")

    def waits(self, why: str, seconds: float) -> None:
        self.said.append(f"waits {why}")


# Pure ------------------------------------------------------------------------------------------------


def test_a_file_is_sent_when_it_stood_still_for_ten_seconds() -> None:
    """Seen growing at 0 and 4 s, then the same from 8 s on: ready at 18 s, not at 17.9."""
    settling = Settling(10.0)
    for now, size in ((0.0, 10), (4.0, 20), (8.0, 30), (12.0, 30), (17.9, 30)):
        assert settling.settled({"a": Seen(size, 1)}, now) == set()
    assert settling.settled({"a": Seen(30, 1), "b": Seen(1, 1)}, 18.0) == {"a"}
    assert settling.settled({"a": Seen(30, 2)}, 19.0) == set()  # written to again, to the same length
    assert settling.settled({}, 20.0) == set()
    assert settling.settled({"a": Seen(30, 2)}, 40.0) == set()  # it was away meanwhile: begins anew


def test_waits_double_up_to_a_minute_with_jitter() -> None:
    """Full jitter from a tenth: 1, 2, 4, 8, 16, 32, 60, 60 s at most each."""
    backoff = Backoff(Random(5))
    waits = [backoff.next_s() for _ in range(9)]
    for wait, most in zip(waits, (1, 2, 4, 8, 16, 32, 60, 60, 60), strict=True):
        assert most / 10 <= wait <= most
    assert len(set(waits)) == 9
    backoff.moved()
    assert backoff.next_s() <= 1


def test_pieces_last_about_five_seconds() -> None:
    """1 MiB in 4 s is 1.25 MiB in 5 s; a quick one doubles at most; a slow one shrinks at once, to 256 KiB at least."""
    mib = 2**20
    assert piece_size(mib, 4.0) == 1.25 * mib
    assert piece_size(mib, 0.1) == 2 * mib
    assert piece_size(8 * mib, 80.0) == 0.5 * mib
    assert piece_size(mib, 1000.0) == LEAST_PIECE
    assert piece_size(16 * mib, 0.0) == MOST_PIECE


def test_what_a_folder_holds(tmp_path: Path) -> None:
    for name in ("b.mp4", "a.MP4", "day/c.gpx", ".hidden.mp4", ".trash/d.mp4", "notes.txt", "e.mp4.part"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "link.mp4").symlink_to(tmp_path / "b.mp4")
    for i, name in enumerate(("b.mp4", "a.MP4", "day/c.gpx")):
        os.utime(tmp_path / name, (1000 + i, 1000 + i))
    found = scan(tmp_path)
    assert in_turn(found) == ["day/c.gpx", "b.mp4", "a.MP4"]


def test_the_memory_is_of_one_server_and_of_unchanged_files(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    memory = Memory.load(path, "https://a/")
    memory.keep("a.mp4", memory.of("a.mp4", 10, 5), sha256="ab", url="https://a/api/uploads/1", state="open")
    again = Memory.load(path, "https://a/")
    assert again.of("a.mp4", 10, 5) == Sent(10, 5, "ab", "https://a/api/uploads/1", "open")
    assert again.of("a.mp4", 10, 6) == Sent(10, 6)
    assert Memory.load(path, "https://b/").files == {}
    path.write_text("{broken")
    assert Memory.load(path, "https://a/").files == {}


def test_one_client_for_a_folder(tmp_path: Path) -> None:
    with alone(tmp_path, tmp_path / "s.json"), pytest.raises(Stop, match="another jiexun upload"):
        alone(tmp_path, tmp_path / "s.json").__enter__()
    with alone(tmp_path, tmp_path / "s.json"):
        pass


@pytest.mark.parametrize("server", ["ftp://x", "jiexun.example", "https://", "https://user:word@x.example"])
def test_an_address_that_is_none(server: str) -> None:
    with pytest.raises(Stop, match="--server"):
        Remote(server, "key")


# Against the real server -----------------------------------------------------------------------------


@pytest.fixture
def office(sqlite: Database, folder: Path) -> Iterator[Office]:
    made = a_depot(sqlite, folder, upload_limits=Limits(open_most=5))
    yield made
    made.close()


Send = Callable[..., Sender]


@pytest.fixture
def sender_of() -> Iterator[Send]:
    """Senders whose connections are closed at the end."""
    made: list[Remote] = []

    def sender(folder: Path, address: str, key: str, give_up_s: float | None = None) -> Sender:
        remote = Remote(address, key)
        made.append(remote)
        memory = Memory.load(folder / ".jiexun-upload.json", remote.url)
        return Sender(folder, remote, memory, Quiet(), give_up_s)

    yield sender
    for remote in made:
        remote.__exit__(None, None, None)


def _hashes(office: Office) -> list[str]:
    with office.database.read() as session:
        rows = session.scalars(select(Footage).order_by(Footage.id)).all()
        return [f.sha256 for f in rows if not f.name.startswith("clip-")]


def test_a_folder_is_sent_once(office: Office, tmp_path: Path, sender_of: Send) -> None:
    (tmp_path / "drive.mp4").write_bytes(VIDEO)
    (tmp_path / "drive.gpx").write_bytes(gpx())
    (tmp_path / "copy.mp4").write_bytes(VIDEO)
    with serving(office.app) as address:
        sender = sender_of(tmp_path, address, office.key)
        sent = dict(sender.send_all(0.0, watch=False))
        states = {name: one.state for name, one in sent.items()}
        assert sorted(states.items()) == [
            ("copy.mp4", "duplicate"),
            ("drive.gpx", "accepted"),
            ("drive.mp4", "accepted"),
        ]
        again = sender_of(tmp_path, address, office.key)
        assert dict(again.send_all(0.0, watch=False)) == sent
        assert again.watcher.said == []
        (tmp_path / ".jiexun-upload.json").unlink()  # even without its memory nothing is sent twice
        sender_of(tmp_path, address, office.key).send_all(0.0, watch=False)
    assert _hashes(office) == [hashlib.sha256(VIDEO).hexdigest()]
    with office.database.read() as session:
        assert len(session.scalars(select(TrackFile)).all()) == 1
    assert office.key not in (tmp_path / ".jiexun-upload.json").read_text("utf-8")


def test_an_upload_that_the_server_dropped_is_begun_anew(
    office: Office, tmp_path: Path, sender_of: Send
) -> None:
    (tmp_path / "a.mp4").write_bytes(VIDEO)
    with serving(office.app) as address:
        sender = sender_of(tmp_path, address, office.key)
        sender.sleep = lambda seconds: None
        begun = sender.remote.create("a.mp4", len(VIDEO), hashlib.sha256(VIDEO).hexdigest())
        seen = scan(tmp_path)["a.mp4"]
        sha256 = hashlib.sha256(VIDEO).hexdigest()
        sender.memory.keep(
            "a.mp4", Sent(seen.size, seen.modified_ns), sha256=sha256, url=begun.url, state="open"
        )
        sender.remote.end(begun.url)
        assert [one.state for _, one in sender.send_all(0.0, watch=False)] == ["accepted"]
    assert any("begun anew" in line for line in sender.watcher.said)


def test_a_file_that_changes_under_way_is_sent_as_it_is_then(
    office: Office, tmp_path: Path, sender_of: Send
) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(VIDEO)
    with serving(office.app) as address:
        sender = sender_of(tmp_path, address, office.key)
        send = sender.remote.send

        def meddling(url: str, offset: int, data: bytes):  # type: ignore[no-untyped-def]
            if offset == 0 and path.stat().st_size == len(VIDEO):
                path.write_bytes(VIDEO + b"more")
            return send(url, offset, data)

        sender.remote.send = meddling  # type: ignore[method-assign]
        sent = sender.send_all(0.0, watch=False)
    assert [one.state for _, one in sent] == ["accepted"]
    assert _hashes(office) == [hashlib.sha256(VIDEO + b"more").hexdigest()]
    with office.database.read() as session:
        assert set(session.scalars(select(Upload.state))) == {"ended", "accepted"}


def test_what_is_refused_is_said_and_the_rest_goes_on(
    office: Office, tmp_path: Path, sender_of: Send
) -> None:
    """The same bytes belong to another vehicle."""
    (tmp_path / "a.mp4").write_bytes(VIDEO)
    (tmp_path / "b.mp4").write_bytes(VIDEO[::-1])
    with serving(office.app) as address:
        sender_of(tmp_path, address, office.key).send_all(0.0, watch=False)
        (tmp_path / ".jiexun-upload.json").unlink()
        with office.database.write() as session:
            key = give_key(session, "system", b.a_device(session, "CAR-2", "vehicle"))
        (tmp_path / "c.mp4").write_bytes(VIDEO[:9999])
        sent = dict(sender_of(tmp_path, address, key).send_all(0.0, watch=False))
    assert {name: one.state for name, one in sent.items()} == {
        "a.mp4": "refused",
        "b.mp4": "refused",
        "c.mp4": "accepted",
    }
    assert "another device" in str(sent["a.mp4"].problem)


def test_a_wrong_key_and_a_dead_server_end_in_words_without_the_key(
    office: Office, tmp_path: Path, sender_of: Send
) -> None:
    (tmp_path / "a.mp4").write_bytes(VIDEO)
    with serving(office.app) as address:
        with pytest.raises(Stop, match="does not know this key") as stopped:
            sender_of(tmp_path, address, "jx_secret").send_all(0.0, watch=False)
        assert "jx_secret" not in str(stopped.value)
        with pytest.raises(Stop, match="is this the address"):
            sender_of(tmp_path, f"{address}/other", office.key).send_all(0.0, watch=False)
    sender = sender_of(tmp_path, address, "jx_secret", give_up_s=0.0)
    sender.sleep = lambda seconds: None
    with pytest.raises(Later, match="no answer from the server"):
        sender.send_all(0.0, watch=False)
    assert "jx_secret" not in json.dumps(sender.watcher.said)
