"""Client and server killed (-9) in the middle of uploads, again and again: every file arrives, whole and once.

The short form kills a few times; ``make stress`` sets JIEXUN_STRESS_KILLS.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from sqlalchemy import select

from casework.devices.service import give_key
from casework.footage.tables import Footage, Upload
from jiexun.house import open_house
from jiexun.settings import load
from tests.builders import a_device

KILLS = int(os.environ.get("JIEXUN_STRESS_KILLS", "2"))
JIEXUN = Path(sys.executable).parent / "jiexun"
FILE_BYTES = 24 * 2**20


@dataclass
class Scene:
    """A folder with files, a server at a fixed address, a client: both may be killed and started again."""

    home: Path
    folder: Path
    key: str
    port: int
    chance: random.Random = field(default_factory=lambda: random.Random(23))
    made: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def new_file(self) -> None:
        """Another recording, ready under its name at once."""
        data, name = self.chance.randbytes(FILE_BYTES), f"drive-{len(self.made)}.mp4"
        (self.folder / ".coming").write_bytes(data)
        (self.folder / ".coming").rename(self.folder / name)
        self.made[name] = hashlib.sha256(data).hexdigest()

    def serve(self) -> subprocess.Popen[bytes]:
        """The real server; back when it answers."""
        server = subprocess.Popen(
            [JIEXUN, "serve", "--home", self.home, "--port", str(self.port)], stdout=subprocess.DEVNULL,
            env={**os.environ, "JIEXUN_WORKER": "false"},
        )  # fmt: skip
        end = time.monotonic() + 120
        while time.monotonic() < end:
            try:
                if httpx.get(f"{self.url}/api/health", timeout=5, trust_env=False).is_success:
                    return server
            except httpx.TransportError:
                assert server.poll() is None, "the server ended by itself"
                time.sleep(0.05)
        raise AssertionError("the server does not answer")

    def watch(self) -> subprocess.Popen[bytes]:
        """The client, until it is killed."""
        return self._client(
            sys.executable, Path(__file__).parent / "sending_client.py", self.folder, self.url
        )

    def send(self) -> subprocess.Popen[bytes]:
        """The client as people start it, until all is sent."""
        return self._client(
            JIEXUN,
            "upload",
            self.folder,
            "--server",
            self.url,
            "--settle-s",
            "0",
            "--give-up-s",
            "120",
            "--json",
        )

    def _client(self, *command: str | Path) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "JIEXUN_UPLOAD_KEY": self.key},
        )

    def growing(self) -> bool:
        """Whether bytes of an upload lie on the server and more are to come."""
        return any(p.stat().st_size for p in (self.home / "uploads").glob("*") if p.exists())

    def wait_in_the_middle(self, *processes: subprocess.Popen[bytes]) -> None:
        """Until an upload is under way, and a little longer."""
        end = time.monotonic() + 120
        while time.monotonic() < end:
            assert all(p.poll() is None for p in processes), "a process ended by itself"
            try:
                if self.growing():
                    time.sleep(self.chance.uniform(0.0, 0.15))
                    return
            except FileNotFoundError:
                continue
            self.refill()
            time.sleep(0.005)
        raise AssertionError("no upload is under way")

    def refill(self) -> None:
        """There is always something to send."""
        memory = self.folder / ".jiexun-upload.json"
        known = json.loads(memory.read_text("utf-8"))["files"] if memory.exists() else {}
        if all(known.get(name, {}).get("state") in ("accepted", "duplicate") for name in self.made):
            self.new_file()


def _kill(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait(30)
    if process.stdout is not None:
        process.stdout.close()


def _scene(tmp_path: Path) -> Scene:
    home, folder = tmp_path / "home", tmp_path / "card"
    folder.mkdir()
    with open_house(settings=load(home)) as house, house.database.write() as session:
        key = give_key(session, "system", a_device(session, "CAR-1", "vehicle"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return Scene(home, folder, key, free.getsockname()[1])


def test_killed_on_either_side(tmp_path: Path) -> None:
    scene = _scene(tmp_path)
    scene.new_file()
    server, client = scene.serve(), scene.watch()
    try:
        for n in range(KILLS):
            scene.wait_in_the_middle(server, client)
            if n % 2:
                _kill(server)
                server = scene.serve()
            else:
                _kill(client)
                client = scene.watch()
        _kill(client)
        client = scene.send()
        out, _ = client.communicate(timeout=300)
        assert client.returncode == 0
        report = json.loads(out)
        assert (report["files"], report["refused"]) == (len(scene.made), 0)
        assert scene.key not in (scene.folder / ".jiexun-upload.json").read_text("utf-8")
    finally:
        for process in (client, server):
            if process.poll() is None:
                _kill(process)
    with open_house(settings=load(scene.home)) as house, house.database.read() as session:
        rows = list(session.scalars(select(Footage)))
        assert {f.name: f.sha256 for f in rows} == scene.made
        assert len(rows) == len(scene.made)
        for row in rows:
            assert hashlib.sha256(Path(row.path).read_bytes()).hexdigest() == row.sha256
        assert set(session.scalars(select(Upload.state))) <= {"accepted", "duplicate"}
    assert list((scene.home / "uploads").iterdir()) == []
