"""Reading the packets of a recording once, undecoded: stamps, key frames, damage.

It costs reading the file, and buys three things: exact frame numbers and spans for any frame rate; looks
chosen before anything is decoded; and groups of pictures without a look that need no decoding at all.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream
from numpy.typing import NDArray

from ingest.container import open_video
from ingest.errors import BadVideo

MAX_PACKETS = 10_000_000
"""About four days at 25 frames/s: more is no recording but garbage without end."""
JUMP_S = 86_400.0
"""Stamps that leap further than this (s) between two neighbours are no time."""
MISSING = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True, eq=False)
class Survey:
    """What the packets of one file say. All arrays in decoding order, stamps in ticks of ``time_base``
    seconds.

    usable: False from a damaged packet to the next key frame. orderly: every packet has a stamp of its own
    and they rise; otherwise frames must be decoded one by one and timed in passing. tail: why reading stopped
    early.
    """

    path: Path
    container: str
    codec: str
    width: int
    height: int
    time_base: Fraction
    fps: float | None
    declared_frames: int
    metadata: tuple[Mapping[str, str], ...]
    pts: NDArray[np.int64]
    dts: NDArray[np.int64]
    size: NDArray[np.int64]
    key: NDArray[np.bool_]
    usable: NDArray[np.bool_]
    hidden: NDArray[np.bool_]
    orderly: bool
    tail: str | None

    @property
    def shown(self) -> NDArray[np.int64]:
        """Stamps of the pictures that are shown, in order of presentation."""
        return np.unique(self.pts[~self.hidden])

    @property
    def interval_s(self) -> float:
        """The usual distance of two frames: the median of the stamps' steps, else of the nominal rate; s."""
        if self.orderly and len(self.shown) > 1:
            return float(np.median(np.diff(self.shown)) * self.time_base)
        return 1.0 / self.fps if self.fps else 1.0 / 25


def packets(container: InputContainer, stream: VideoStream, tail: list[str]) -> Iterator[Packet[VideoStream]]:
    """Packets with content, until the end or the first one that cannot be read (said in ``tail``)."""
    source = container.demux(stream)
    for _ in range(MAX_PACKETS):
        try:
            packet = next(source, None)
        except av.FFmpegError as error:
            tail.append(f"the file breaks off ({error.strerror}): what came before is used")
            return
        if packet is None or packet.size == 0:  # an empty packet asks the decoder to drain
            return
        yield packet
    tail.append(f"reading stopped after {MAX_PACKETS} frames")


def survey(path: Path) -> Survey:
    """Read every packet of ``path`` once. Raises BadVideo (see :func:`ingest.container.open_video`)."""
    pts, dts, size = array("q"), array("q"), array("q")
    key, corrupt, hidden = bytearray(), bytearray(), bytearray()
    tail: list[str] = []
    with open_video(path) as (container, stream):
        for packet in packets(container, stream, tail):
            stamp = packet.pts if packet.pts is not None else MISSING
            pts.append(stamp)
            dts.append(packet.dts if packet.dts is not None else MISSING)
            size.append(packet.size)
            key.append(packet.is_keyframe)
            corrupt.append(packet.is_corrupt)
            hidden.append(packet.is_discard)
        if not pts:
            raise BadVideo(f"{path.name}: the file holds no frames; copy it again from the device")
        stamps = np.frombuffer(pts, np.int64)
        order = _filled(np.frombuffer(dts, np.int64), stamps)
        keys = np.frombuffer(bytes(key), np.bool_)
        base = stream.time_base or Fraction(1, 1000)
        rate = stream.average_rate or stream.guessed_rate
        return Survey(
            path=path,
            container=container.format.name,
            codec=stream.codec_context.codec.canonical_name,
            width=stream.codec_context.width,
            height=stream.codec_context.height,
            time_base=base,
            fps=float(rate) if rate else None,
            declared_frames=stream.frames,
            metadata=(dict(container.metadata), dict(stream.metadata)),
            pts=stamps,
            dts=order,
            size=np.frombuffer(size, np.int64),
            key=keys,
            usable=_usable(np.frombuffer(bytes(corrupt), np.bool_), keys),
            hidden=np.frombuffer(bytes(hidden), np.bool_),
            orderly=_orderly(stamps, order, keys, base),
            tail=tail[0] if tail else None,
        )


def _filled(dts: NDArray[np.int64], pts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Decoding stamps; missing ones (Matroska: the first few) are counted back from the next known one."""
    known = dts[dts != MISSING]
    if len(known) == len(dts):
        return dts
    if (pts == MISSING).any():
        return pts
    step = max(1, int(np.median(np.diff(known)))) if len(known) > 1 else 1
    filled = dts.copy()
    for i in np.flatnonzero(dts == MISSING)[::-1]:
        filled[i] = filled[i + 1] - step if i + 1 < len(dts) else pts[i]
    return filled


def _usable(corrupt: NDArray[np.bool_], key: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Every packet that needs none of the corrupt ones: damage lasts until the next sound key frame."""
    usable = np.ones(len(key), np.bool_)
    if not corrupt.any():
        return usable
    broken = False
    for i in range(len(key)):
        broken = bool(corrupt[i]) or (broken and not key[i])
        usable[i] = not broken
    return usable


def _orderly(pts: NDArray[np.int64], dts: NDArray[np.int64], key: NDArray[np.bool_], base: Fraction) -> bool:
    """Stamps can be trusted as they are: all there, all different, decoding order rises without leaps."""
    if not key[0] or (pts == MISSING).any() or len(np.unique(pts)) != len(pts):
        return False
    steps = np.diff(dts)
    return bool((steps > 0).all() and (steps <= JUMP_S / float(base)).all())
