"""The newest group of pictures, kept as packets; decoded only when it is looked at, and no packet twice."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import av
from av.video.codeccontext import VideoCodecContext

from ingest.streams.connection import Held

MAX_BYTES = 16 * 1024 * 1024
MAX_PACKETS = 3000
"""Of one group: a minute at 50 pictures a second. What comes after it waits for the next key frame."""


@dataclass(slots=True)
class Group:
    """A key frame and what follows it. Appended to by one thread while another reads."""

    codec: str
    extradata: bytes | None
    packets: list[Held] = field(default_factory=list)
    size: int = 0

    def add(self, held: Held) -> bool:
        """Keeps the packet; False when the group is full."""
        if self.size + len(held.data) > MAX_BYTES or len(self.packets) >= MAX_PACKETS:
            return False
        self.size += len(held.data)
        if self.goes_on(held):
            self.packets[-1] = replace(self.packets[-1], data=self.packets[-1].data + held.data)
        else:
            self.packets.append(held)
        return True

    def goes_on(self, held: Held) -> bool:
        """Whether this is more of the last picture: cameras that send slices mark the end of each."""
        return held.pts is not None and bool(self.packets) and self.packets[-1].pts == held.pts


class Decoder:
    """Decodes the newest picture of a group. Goes on where it stopped while the group is the same.

    A damaged picture is not handed out, and none of those after it in its group: they are built on it.
    """

    def __init__(self) -> None:
        self._group: Group | None = None
        self._context: VideoCodecContext | None = None
        self._setup: tuple[str, bytes | None] | None = None
        self._fed: list[Held] = []
        self.damaged = False

    def newest(self, group: Group, key_only: bool) -> tuple[av.VideoFrame, Held] | None:
        """The newest whole picture with its packet, or none. key_only: the key frame is new enough."""
        packets = group.packets[:1] if key_only else group.packets[:]
        if group is not self._group or self._fed[-1:] != packets[len(self._fed) - 1 : len(self._fed)]:
            self._begin(group)
        best: tuple[av.VideoFrame, Held] | None = None
        for held in packets[len(self._fed) :]:
            best = self._feed(held) or best
        if best is None:  # a decoder that holds pictures back gives them at the end, and then starts afresh
            best = self._drain()
        return best

    def _begin(self, group: Group) -> None:
        setup = (group.codec, group.extradata)
        if self._context is None or setup != self._setup:
            context = av.CodecContext.create(group.codec, "r")
            assert isinstance(context, VideoCodecContext)
            context.thread_count = 1  # sources are many; threads of one hold pictures back
            if group.extradata:
                context.extradata = group.extradata
            self._context, self._setup = context, setup
        else:
            self._context.flush_buffers()
        self._group, self._fed, self.damaged = group, [], False

    def _feed(self, held: Held) -> tuple[av.VideoFrame, Held] | None:
        assert self._context is not None
        packet = av.Packet(held.data)
        packet.pts = packet.dts = len(self._fed)
        self._fed.append(held)
        try:
            return self._last(self._context.decode(packet))
        except av.FFmpegError:
            self.damaged = True
            return None

    def _drain(self) -> tuple[av.VideoFrame, Held] | None:
        assert self._context is not None
        try:
            best = self._last(self._context.decode(None))
        except av.FFmpegError:
            best = None
        self._group = None
        return best

    def _last(self, frames: list[av.VideoFrame]) -> tuple[av.VideoFrame, Held] | None:
        """The last that is whole. A frame's pts is the place of its packet in the group."""
        best: tuple[av.VideoFrame, Held] | None = None
        for frame in frames:
            self.damaged = self.damaged or frame.is_corrupt
            if not self.damaged and frame.pts is not None and 0 <= frame.pts < len(self._fed):
                best = frame, self._fed[frame.pts]
        return best
