"""From a decoded frame to the picture that crosses the wall: colour, rotation, size limits."""

from __future__ import annotations

import av
import numpy as np

from ingest.errors import BadVideo
from ingest.frame import Image

MAX_SIDE = 8192
MAX_PIXELS = 50_000_000
MIN_SIDE = 16


def check_size(width: int, height: int, what: str) -> None:
    """Raises BadVideo for a picture size (px) that no camera here makes."""
    if min(width, height) < MIN_SIDE:
        raise BadVideo(f"{what}: pictures of {width}x{height} px are too small; {MIN_SIDE} px a side+")
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise BadVideo(
            f"{what}: pictures of {width}x{height} px are too big; at most {MAX_SIDE} px a side and "
            f"{MAX_PIXELS // 1_000_000} million px: scale the recording down"
        )


def quarter_turns(frame: av.VideoFrame) -> int:
    """Counter-clockwise quarter turns (0-3) that set the picture upright.

    From the display matrix of the container (ISO/IEC 14496-12, 8.3.2), as ``av_display_rotation_get`` reads
    it. Angles that are no multiple of 90 degrees are left alone: they are effects, not mountings.
    """
    return frame.rotation // 90 % 4 if frame.rotation % 90 == 0 else 0


def to_bgr(frame: av.VideoFrame) -> Image:
    """(H, W, 3) uint8 BGR, upright."""
    picture = frame.to_ndarray(format="bgr24")
    turns = quarter_turns(frame)
    return np.ascontiguousarray(np.rot90(picture, turns)) if turns else np.ascontiguousarray(picture)
