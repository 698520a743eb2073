"""Short clips around a moment: stream copies of the original packets, fit to be sealed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream
from numpy.typing import NDArray

from ingest.container import open_video
from ingest.errors import BadTime, BadVideo
from ingest.plausible import as_utc
from ingest.start import moment
from ingest.survey import Survey, packets
from ingest.survey import survey as survey_of

_MP4_CODECS = frozenset({"h264", "hevc", "av1", "vp9", "mpeg4", "mjpeg", "mpeg2video", "mpeg1video"})


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """A stream copy of part of a recording. start, end: UTC, capture times of its first and last picture.
    media_type: of ``data``. plays_in_browsers: H.264 in MP4; else show a
    :func:`ingest.viewing.viewing_copy`."""

    data: bytes
    media_type: str
    codec: str
    start: datetime
    end: datetime
    frames: int
    plays_in_browsers: bool


def clip(
    path: Path | str,
    start: datetime,
    at: datetime,
    before_s: float,
    after_s: float,
    survey: Survey | None = None,
) -> Clip:
    """The recording's own packets from the key frame before ``at - before_s`` up to ``at + after_s``.

    Nothing is encoded anew. MP4 with the index in front, or Matroska for codecs that MP4 does not carry, or
    the source's own container where neither does (GIF). The same call gives the same bytes.
    start: capture time of the recording's first frame (``RecordingInfo.start``). before_s, after_s: seconds.
    survey: of the same file, when it was read already (``Recording.survey``).
    Raises BadTime when the span lies outside the recording, BadVideo when the file cannot be read or has
    missing or restarting stamps, so that moments cannot be found in its packets.
    """
    path = Path(path)
    found = survey if survey is not None else survey_of(path)
    if not found.orderly or not len(found.shown):
        raise BadVideo(
            f"{path.name}: its stamps are missing or restart: no clip can be cut; keep the whole file"
        )
    start, at = as_utc(start), as_utc(at)
    zero = int(found.shown[0])
    first, last = (
        zero + (at + timedelta(seconds=s) - start) / timedelta(seconds=1) / float(found.time_base)
        for s in (-before_s, after_s)
    )
    if last < zero or first > found.shown[-1]:
        raise BadTime(f"{path.name}: {at.isoformat()} lies outside the recording; give a moment within it")
    begin, end = _packet_range(found, first, last)
    stamps = np.sort(found.pts[begin:end][_kept(found, begin, end)])
    began, ended = (moment(start, float(Fraction(int(s) - zero) * found.time_base)) for s in stamps[[0, -1]])
    data, media_type = _copied(found, begin, end, began)
    return Clip(
        data, media_type, found.codec, began, ended, len(stamps),
        found.codec == "h264" and media_type == "video/mp4",
    )  # fmt: skip


def _packet_range(found: Survey, first: float, last: float) -> tuple[int, int]:
    """[begin, end) in decoding order: from the last key frame shown at or before ``first`` to the last packet
    shown at or before ``last``; at least one picture."""
    keys = np.flatnonzero(found.key & found.usable)
    early = keys[found.pts[keys] <= first]
    begin = int(early[-1]) if len(early) else int(keys[0]) if len(keys) else 0
    within = np.flatnonzero(found.pts <= last)
    end = int(within[-1]) + 1 if len(within) else begin + 1
    return begin, max(end, begin + 1)


def _kept(found: Survey, begin: int, end: int) -> NDArray[np.bool_]:
    """Packets of the range that can be decoded from it: leading pictures shown before the first key frame
    build on what was cut off; damaged packets are no evidence."""
    part = slice(begin, end)
    return np.asarray((found.pts[part] >= found.pts[begin]) & found.usable[part], np.bool_)


def _copied(found: Survey, begin: int, end: int, began: datetime) -> tuple[bytes, str]:
    attempts = [
        ("matroska", ".mkv", "video/x-matroska"),
        (found.container.split(",")[0], ".bin", "image/gif"),
    ]
    if found.codec in _MP4_CODECS:
        attempts.insert(0, ("mp4", ".mp4", "video/mp4"))
    if found.codec != "gif":
        attempts.pop()
    for container, suffix, media_type in attempts:
        try:
            return _mux(found, begin, end, began, container, suffix), media_type
        except (av.FFmpegError, ValueError):  # this container does not carry this codec
            continue
    raise BadVideo(f"{found.path.name}: {found.codec} pictures fit no clip container; keep the whole file")


class _LostError(Exception):
    """A seek led somewhere that cannot be recognised."""


def _mux(found: Survey, begin: int, end: int, began: datetime, container: str, suffix: str) -> bytes:
    with tempfile.TemporaryDirectory(prefix="jiexun-clip-") as folder:
        out = Path(folder) / f"clip{suffix}"  # a real file: faststart reads its own output again
        for seek in (True, False):
            try:
                _write(found, begin, end, began, container, out, seek)
                break
            except _LostError:
                continue
        else:
            raise BadVideo(f"{found.path.name}: the file has changed while it was read; open it again")
        return out.read_bytes()


def _write(
    found: Survey, begin: int, end: int, began: datetime, container: str, out: Path, seek: bool
) -> None:
    options = {"fflags": "+bitexact"} | ({"movflags": "+faststart"} if container == "mp4" else {})
    with (
        open_video(found.path) as (source, stream),
        av.open(str(out), "w", format=container, options=options) as target,
    ):
        target.metadata["creation_time"] = began.isoformat()
        copy = target.add_stream_from_template(stream)
        for packet in _shifted(found, begin, end, source, stream, seek):
            packet.stream = copy
            target.mux(packet)


def _shifted(
    found: Survey, begin: int, end: int, container: InputContainer, stream: VideoStream, seek: bool
) -> Iterator[Packet[VideoStream]]:
    """The packets kept, their stamps counted from the first picture.

    seek: jump to the key frame; each packet after it is compared with the survey (stamp, size). Raises _LostError
    when they differ.
    """
    kept = _kept(found, begin, end)
    zero = int(found.pts[begin])
    i = 0
    if seek and begin > 0:
        container.seek(int(found.dts[begin]), stream=stream)
        i = -1
    for packet in packets(container, stream, []):
        if i < 0:  # where did the seek lead?
            same = (found.pts[: begin + 1] == packet.pts) & (found.size[: begin + 1] == packet.size)
            i = int(np.flatnonzero(same)[0]) if same.any() else begin + 1
        if i >= end:
            break
        if (seek and begin > 0 and packet.pts != found.pts[i]) or packet.size != found.size[i]:
            raise _LostError
        if i >= begin and kept[i - begin]:
            packet.pts = int(found.pts[i]) - zero
            packet.dts = int(found.dts[i]) - zero
            yield packet
        i += 1
    if i != end:
        raise _LostError
