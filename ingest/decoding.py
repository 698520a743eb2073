"""Decoded frames of a surveyed file: only what a feeding plan asks for, errors counted and survived."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import av
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

from ingest.container import open_video
from ingest.feeding import Feed
from ingest.survey import Survey, packets

MAX_ERRORS = 1000
"""Packets in a row that the decoder may refuse before the rest is given up."""


@dataclass(slots=True)
class Decoding:
    """One run through a file. decoded: frames that came out. refused: packets the decoder did not take."""

    survey: Survey
    feed: NDArray[np.uint8]
    decoded: int = 0
    refused: int = 0
    tail: list[str] = field(default_factory=list)

    def frames(self) -> Iterator[av.VideoFrame]:
        """Frames in order of presentation, those before a skipped stretch pushed out first."""
        idle, in_a_row = True, 0
        with open_video(self.survey.path) as (container, stream):
            stream.thread_type = "AUTO"
            last = int(np.max(np.flatnonzero(self.feed), initial=-1))
            for i, packet in enumerate(packets(container, stream, self.tail)):
                if i > last:
                    break
                feed = self.feed[i]
                if feed == Feed.SKIP:
                    if not idle:
                        yield from self._drain(stream)
                    idle = True
                    continue
                idle = False
                stream.codec_context.skip_frame = "DEFAULT" if feed == Feed.WHOLE else "NONREF"
                try:
                    out = stream.codec_context.decode(packet)
                except av.FFmpegError:
                    self.refused += 1
                    in_a_row += 1
                    if in_a_row >= MAX_ERRORS:
                        self.tail.append(f"decoding stopped after {MAX_ERRORS} damaged frames in a row")
                        break
                    continue
                in_a_row = 0
                yield from self._count(out)
            if not idle:
                yield from self._drain(stream)

    def _drain(self, stream: VideoStream) -> Iterator[av.VideoFrame]:
        """What the decoder still holds; afterwards it is fresh, as after a seek."""
        out: list[av.VideoFrame] = []
        try:
            out = stream.codec_context.decode(None)
        except av.FFmpegError:
            self.refused += 1
        stream.codec_context.flush_buffers()
        yield from self._count(out)

    def _count(self, frames: list[av.VideoFrame]) -> Iterator[av.VideoFrame]:
        for frame in frames:
            self.decoded += 1
            yield frame
