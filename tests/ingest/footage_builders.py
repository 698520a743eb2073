"""Small videos and pictures made for tests: every frame is a flat grey whose level tells its number."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np

from ingest.frame import Frame, Image

START = datetime(2026, 10, 31, 6, 5, 12, tzinfo=UTC)
NOW = datetime(2026, 11, 1, tzinfo=UTC)
CLIPS = Path(__file__).resolve().parents[3] / "shared" / "data" / "clips"
GPS = CLIPS.parent / "gps"


def grey(index: int) -> int:
    """The level of frame ``index``: steps of 5, so that neighbours stay apart after lossy coding."""
    return 20 + index * 5 % 225


def number(frame: Frame) -> int:
    """Which frame (modulo 45) this is, read from its picture (coding makes it a little darker)."""
    return round((float(frame.image[8:-8, 8:-8].mean()) - 18.5) / 5)


def a_picture(index: int = 0, width: int = 64, height: int = 48) -> Image:
    """A flat grey picture with a white bar along its top edge (to tell which way is up)."""
    picture = np.full((height, width, 3), grey(index), np.uint8)
    picture[:6] = 255
    return picture


def a_video(
    path: Path,
    times: Sequence[float],
    codec: str = "libx264",
    metadata: dict[str, str] | None = None,
    container: str | None = None,
    **options: str,
) -> Path:
    """A video with one frame at each of ``times`` (s). options: the encoder's."""
    base = Fraction(1, 1000)
    pix_fmt = {"mjpeg": "yuvj420p", "gif": "rgb8"}.get(codec, "yuv420p")
    step = min((b - a for a, b in pairwise(times)), default=0.1)
    with av.open(str(path), "w", format=container) as target:
        target.metadata.update(metadata or {})
        stream = target.add_stream(codec, rate=Fraction(1 / step).limit_denominator(1000))
        stream.width, stream.height, stream.pix_fmt = 64, 48, pix_fmt
        stream.bit_rate = 2_000_000
        # x264's scene-cut detector would put key frames where no test expects them
        usual = {"libx264": {"sc_threshold": "0"}, "libx265": {"x265-params": "log-level=none"}}
        stream.options = usual.get(codec, {}) | options
        stream.codec_context.time_base = (
            base if path.suffix != ".avi" else Fraction(step).limit_denominator(1000)
        )
        for i, t in enumerate(times):
            frame = av.VideoFrame.from_ndarray(a_picture(i), format="bgr24").reformat(format=pix_fmt)
            frame.time_base = stream.codec_context.time_base
            frame.pts = round(t / frame.time_base)
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    return path


def seconds(frames: Sequence[Frame], start: datetime = START) -> list[float]:
    """Capture times as seconds since ``start``, to the millisecond."""
    return [round((frame.captured_at - start).total_seconds(), 3) for frame in frames]


def turn(path: Path) -> None:
    """Mark an MP4 as shot on its side: to be shown turned clockwise by 90 degrees."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 44  # version 0: flags, times, ids and volume come before the matrix
    one = 0x10000
    quarter = (0, one, 0, -one & 0xFFFFFFFF, 0, 0, 0, 0, 0x40000000)
    data[at : at + 36] = b"".join(v.to_bytes(4) for v in quarter)
    path.write_bytes(data)
