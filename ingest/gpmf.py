"""Positions that a GoPro writes into its MP4: the GPMF track (https://github.com/gopro/gpmf-parser), stream GPS5.

Read with the file's own clock: a payload's stamp (GPSU) may be a second off, their median is not.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from av import FFmpegError
from av.container import InputContainer
from av.stream import Discard

from ingest.container import open_video
from ingest.errors import BadTrack
from ingest.frame import PositionSource
from ingest.track import Fix, Track
from ingest.track_cleaning import clean
from ingest.track_text import HDOP_M, not_negative, on_earth

HANDLER = "GoPro MET"
MAX_PAYLOADS = 200_000
"""One a second: more than two days."""
MAX_DEPTH = 8
_FIX_2D = 2


@dataclass(frozen=True, slots=True)
class Payload:
    """The fixes of one payload. stamp: GPSU, UTC. dop: dilution of precision. rows: (lat, lon, alt m, 2D m/s, 3D m/s),
    spread evenly over the payload. fix: 0 none, 2 or 3 dimensions."""

    stamp: datetime | None
    fix: int
    dop: float | None
    rows: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Embedded:
    """A video's own track. start: the moment of its first picture by the satellites' clock, UTC."""

    track: Track
    start: datetime


def read_embedded(path: Path) -> Embedded | None:
    """The track inside a video, none where there is none. Raises BadVideo, BadTrack (damaged, without a fix)."""
    with open_video(path) as (container, _):
        number = next(
            (s.index for s in container.streams if HANDLER in s.metadata.get("handler_name", "")), None
        )
        if number is None:
            return None
        found = list(_payloads(container, number, path.name))
    offsets = [p.stamp.timestamp() - at for at, _, p in found if p.stamp is not None and p.fix >= _FIX_2D]
    if not offsets:
        raise BadTrack(
            f"{path.name}: the satellite receiver in the camera had no fix; send a track beside the video"
        )
    start = datetime.fromtimestamp(median(offsets), UTC)
    fixes = [fix for at, seconds, payload in found for fix in _fixes(start, at, seconds, payload)]
    return Embedded(clean(fixes, PositionSource.GPMF, path.name), start)


def _payloads(container: InputContainer, number: int, name: str) -> Iterator[tuple[float, float, Payload]]:
    """(seconds from the start of the file, how long it lasts s, payload)."""
    for stream in container.streams:
        stream.discard = Discard.default if stream.index == number else Discard.all
    stream = container.streams[number]
    try:
        for count, packet in enumerate(container.demux(stream)):
            if count >= MAX_PAYLOADS:
                raise BadTrack(f"{name}: more than {MAX_PAYLOADS} payloads of positions; cut the recording")
            if packet.size and packet.pts is not None and packet.time_base is not None:
                base = float(packet.time_base)
                for payload in gps5(bytes(packet), name):
                    yield packet.pts * base, (packet.duration or 0) * base, payload
    except FFmpegError as error:
        raise BadTrack(
            f"{name}: its positions cannot be read ({error.strerror}); send a track beside it"
        ) from error


def gps5(data: bytes, name: str = "GPMF") -> list[Payload]:
    """The GPS5 streams of one GPMF payload. Raises BadTrack for bytes that are none."""
    try:
        return [
            _payload(dict(_items(strm)))
            for strm in _streams(data, 0)
            if any(k == b"GPS5" for k, _ in _items(strm))
        ]
    except (struct.error, ValueError, IndexError) as error:
        raise BadTrack(f"{name}: the positions in the video are damaged; send a track beside it") from error


def _streams(data: bytes, depth: int) -> Iterator[bytes]:
    if depth > MAX_DEPTH:
        raise ValueError("too deep")
    for key, (kind, _, body) in _items(data):
        if key == b"STRM":
            yield body
        elif kind == 0:
            yield from _streams(body, depth + 1)


def _items(data: bytes) -> Iterator[tuple[bytes, tuple[int, int, bytes]]]:
    """Key, then (type, size of one value, all values): key, type, size, repeat, values, filled up to 4 bytes."""
    at = 0
    while at + 8 <= len(data):
        key, kind, size, repeat = struct.unpack_from(">4sBBH", data, at)
        if key == b"\0\0\0\0":  # the rest is filling
            return
        end = at + 8 + size * repeat
        if end > len(data):
            raise ValueError("cut off")
        yield key, (kind, size, data[at + 8 : end])
        at = end + -(size * repeat) % 4


def _payload(items: dict[bytes, tuple[int, int, bytes]]) -> Payload:
    scale = struct.unpack(">5i", items[b"SCAL"][2][:20]) if b"SCAL" in items else ()
    if len(scale) != 5 or 0 in scale:
        raise ValueError("no scale")
    values = items[b"GPS5"][2]
    rows = struct.iter_unpack(">5i", values[: len(values) // 20 * 20])
    stamp = None
    if b"GPSU" in items:
        text = items[b"GPSU"][2].decode("ascii", "replace").strip("\0 ")
        stamp = datetime.strptime(text, "%y%m%d%H%M%S.%f").replace(tzinfo=UTC)
    fix = struct.unpack(">I", items[b"GPSF"][2])[0] if b"GPSF" in items else 0
    dop = struct.unpack(">H", items[b"GPSP"][2])[0] / 100 if b"GPSP" in items else None
    scaled = tuple(tuple(v / s for v, s in zip(row, scale, strict=True)) for row in rows)
    return Payload(stamp, fix, dop, scaled)


def _fixes(start: datetime, at: float, seconds: float, payload: Payload) -> Iterator[Fix]:
    if payload.fix < _FIX_2D:
        return
    for i, (lat, lon, _, speed, *_rest) in enumerate(payload.rows):
        if on_earth(lat, lon):
            t = start + timedelta(seconds=at + seconds * i / len(payload.rows))
            accuracy = not_negative(payload.dop, HDOP_M)
            yield Fix(t, lat, lon, accuracy, not_negative(speed), None, f"GPS5 {lat:.7f},{lon:.7f}")
