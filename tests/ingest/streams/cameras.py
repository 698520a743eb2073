"""Cameras for the tests: encoded pictures, and the RTSP server that sends them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import cv2
import numpy as np
import pytest

SERVER = Path(__file__).with_name("rtsp_server.py")
GOP = 5
FPS = 5


def a_look(i: int, size: tuple[int, int] = (320, 180)) -> np.ndarray:
    """A picture with some structure whose grey level tells its number (steps of 8)."""
    picture = np.full((size[1], size[0], 3), 30 + i % 24 * 8, np.uint8)
    picture[:20] = 255
    picture[-20:, ::8] = 0
    return picture


def a_jpeg(i: int = 0, size: tuple[int, int] = (320, 180)) -> bytes:
    """The same as a JPEG."""
    return cv2.imencode(".jpg", a_look(i, size))[1].tobytes()


def encoded(
    count: int, size: tuple[int, int] = (320, 180), codec: str = "libx264", gop: int = GOP, slices: int = 1
) -> list[bytes]:
    """Access units of a stream, parameter sets in band."""
    if codec == "mjpeg":
        return [a_jpeg(i, size) for i in range(count)]
    context = av.CodecContext.create(codec, "w")
    context.width, context.height, context.pix_fmt, context.framerate = *size, "yuv420p", FPS
    context.time_base = 1 / context.framerate
    own = {"x265-params": f"log-level=none:keyint={gop}:scenecut=0:bframes=0:repeat-headers=1"}
    usual = {"preset": "ultrafast", "tune": "zerolatency", "g": str(gop), "sc_threshold": "0"}
    usual["slices"], usual["x264-params"] = str(slices), "sliced-threads=0"
    context.options = usual | (own if codec == "libx265" else {})
    out = []
    for i in range(count):
        frame = av.VideoFrame.from_ndarray(a_look(i, size), format="bgr24").reformat(format="yuv420p")
        frame.pts = i
        out += [bytes(p) for p in context.encode(frame)]
    return out + [bytes(p) for p in context.encode(None)]


def written(path: Path, pictures: list[bytes]) -> Path:
    """As rtsp_server.py reads them."""
    path.write_bytes(b"".join(len(p).to_bytes(4, "big") + p for p in pictures))
    return path


def python_with_gstreamer() -> str | None:
    """A Python that has PyGObject and GStreamer's RTSP server: Debian's, seldom ours."""
    program = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"
    for name in (sys.executable, "/usr/bin/python3", "python3"):
        found = shutil.which(name)
        if found and subprocess.run([found, "-c", program], capture_output=True, check=False).returncode == 0:
            return found
    return None


@dataclass
class Rtsp:
    """The server's process."""

    process: subprocess.Popen[str]

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def ask(self, do: str, name: str, **more: Any) -> Any:
        """One command."""
        with self._lock:
            assert self.process.stdin is not None
            assert self.process.stdout is not None
            self.process.stdin.write(json.dumps({"do": do, "name": name, **more}) + "\n")
            self.process.stdin.flush()
            return json.loads(self.process.stdout.readline())

    def camera(self, name: str, file: Path, **more: Any) -> str:
        """A new camera: its address."""
        return f"rtsp://127.0.0.1:{self.ask('add', name, file=str(file), **more)}/live"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)
        assert self.process.stdout is not None
        self.process.stdout.close()


def start_rtsp() -> Rtsp:
    """A server with no cameras yet. Skips where GStreamer's is not installed."""
    python = python_with_gstreamer()
    if python is None:
        pytest.skip("no GStreamer RTSP server here: scripts/setup.sh rtsp")
    return Rtsp(
        subprocess.Popen([python, str(SERVER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    )
