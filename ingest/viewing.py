"""A copy of a clip for looking at: small H.264 that every browser plays. Never evidence."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
from av.packet import Packet
from av.video.stream import VideoStream

from ingest.container import open_video
from ingest.errors import BadVideo
from ingest.frame import Image
from ingest.pixels import quarter_turns, to_bgr

VIEW_SIDE = 1280
"""Longest side of a viewing copy, px."""


def viewing_copy(
    data: bytes, longest_side: int = VIEW_SIDE, paint: Callable[[Image, int], Image] | None = None
) -> bytes:
    """A small H.264 MP4 (yuv420p, index in front, upright) of a clip's bytes, for browsers.

    For looking at only: the stream copy is the evidence. longest_side: px, at most. Times are kept to the
    millisecond. paint: what is done to each picture before it is scaled, given its time in ms (as ``pictures`` gives
    both). Raises BadVideo when not one frame can be decoded.
    """
    with tempfile.TemporaryDirectory(prefix="jiexun-view-") as folder:
        source, out = Path(folder) / "clip", Path(folder) / "view.mp4"
        source.write_bytes(data)
        with (
            open_video(source) as (container, stream),
            av.open(str(out), "w", format="mp4", options={"movflags": "+faststart"}) as target,
        ):
            stream.thread_type = "AUTO"
            view: VideoStream | None = None
            for at_ms, picture in _stamped(container.demux(stream)):
                upright = _upright(picture)
                if paint is not None:
                    upright = av.VideoFrame.from_ndarray(paint(to_bgr(picture), at_ms), format="bgr24")
                if view is None:
                    view = target.add_stream("libx264", rate=stream.average_rate or 25)
                    view.width, view.height = _small(upright.width, upright.height, longest_side)
                    view.pix_fmt = "yuv420p"
                    view.options = {"preset": "veryfast", "crf": "28"}
                    view.codec_context.time_base = Fraction(1, 1000)
                frame = upright.reformat(view.width, view.height, "yuv420p")
                frame.pts, frame.time_base = at_ms, Fraction(1, 1000)
                target.mux(view.encode(frame))
            if view is None:
                raise BadVideo("clip: not one frame can be decoded; cut it again")
            target.mux(view.encode(None))
        return out.read_bytes()


def pictures(data: bytes) -> Iterator[tuple[int, Image]]:
    """All pictures of a clip's bytes, upright, each with its time in ms. Raises BadVideo when there is none."""
    with tempfile.TemporaryDirectory(prefix="jiexun-view-") as folder:
        source = Path(folder) / "clip"
        source.write_bytes(data)
        none = True
        with open_video(source) as (container, stream):
            stream.thread_type = "AUTO"
            for at_ms, picture in _stamped(container.demux(stream)):
                none = False
                yield at_ms, to_bgr(picture)
        if none:
            raise BadVideo("clip: not one frame can be decoded; cut it again")


def _stamped(source: Iterator[Packet[VideoStream]]) -> Iterator[tuple[int, av.VideoFrame]]:
    """Frames with their times in ms, strictly rising; one without a time follows the one before."""
    last = -1
    for picture in _decoded(source):
        last = max(last + 1, round(picture.time * 1000) if picture.time is not None else 0)
        yield last, picture


def _decoded(source: Iterator[Packet[VideoStream]]) -> Iterator[av.VideoFrame]:
    while True:
        try:
            packet = next(source, None)
            if packet is None:
                return
            pictures = packet.decode()
        except av.FFmpegError:  # a damaged packet: the copy shows what can be shown
            continue
        yield from pictures


def _upright(picture: av.VideoFrame) -> av.VideoFrame:
    return av.VideoFrame.from_ndarray(to_bgr(picture), format="bgr24") if quarter_turns(picture) else picture


def _small(width: int, height: int, longest_side: int) -> tuple[int, int]:
    """(width, height) scaled down to the longest side, both even (yuv420p)."""
    scale = min(1.0, longest_side / max(height, width))
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)
