"""Frame and Position: what crosses the wall from ingest to detector."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from ingest.errors import BadTime

Image = NDArray[np.uint8]
"""(H, W, 3) uint8, channels blue-green-red."""


class TimeSource(StrEnum):
    """Where a capture time came from."""

    DEVICE = "device"  # stamped by the camera (container creation time, EXIF, file name)
    GIVEN = "given"  # a person gave the start (``--start``)
    SERVER = "server"  # the moment of arrival here: the weakest
    INTERPOLATED = "interpolated"  # a frame without its own stamp, between two that have one


class PositionSource(StrEnum):
    """Where a position came from."""

    GPX = "gpx"
    NMEA = "nmea"
    CSV = "csv"
    JSON = "json"
    GPMF = "gpmf"  # inside the video, as GoPro cameras write it
    EXIF = "exif"
    FIXED = "fixed"  # the surveyed place of a camera that does not move


@dataclass(frozen=True, slots=True)
class Position:
    """A place on the ground at a moment.

    latitude, longitude: degrees, WGS-84. heading: degrees clockwise from true north, the direction
    of travel (vehicle) or of nothing (fixed camera: see its mounting). speed: metres per second.
    accuracy: metres, root mean square of the horizontal error, interpolation included. raw: the fix as received.
    heading_error: degrees, one sigma, where it is known.
    """

    latitude: float
    longitude: float
    heading: float | None
    speed: float | None
    accuracy: float
    source: PositionSource
    raw: str = ""
    heading_error: float | None = None

    def __post_init__(self) -> None:
        if not (-90 <= self.latitude <= 90 and -180 <= self.longitude <= 180):
            raise ValueError(
                f"position {self.latitude}, {self.longitude} is not on the Earth; give WGS-84 degrees"
            )
        if self.heading is not None and not 0 <= self.heading < 360:
            raise ValueError(f"heading {self.heading} is outside 0..360; give degrees clockwise from north")
        if not self.accuracy >= 0:
            raise ValueError(f"accuracy {self.accuracy} is not a distance; give metres")
        if self.heading_error is not None and not self.heading_error >= 0:
            raise ValueError(f"heading error {self.heading_error} is not an angle; give degrees")


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture at one moment from one device.

    index: number of the frame in its source, from 0, dropped ones counted.
    captured_at: aware, UTC. image: (H, W, 3) uint8 BGR. encoded: the bytes as they came when the
    source is a picture file (kept whole as evidence), else None. media_type of ``encoded``.
    """

    device_id: str
    index: int
    captured_at: datetime
    time_source: TimeSource
    image: Image = field(repr=False)
    position: Position | None = None
    encoded: bytes | None = field(default=None, repr=False)
    media_type: str | None = None

    def __post_init__(self) -> None:
        if self.captured_at.utcoffset() != timedelta(0):
            raise BadTime(
                f"capture time {self.captured_at} is not UTC; convert it with an explicit time zone"
            )
        if self.image.ndim != 3 or self.image.shape[2] != 3 or self.image.dtype != np.uint8:
            raise ValueError(
                f"image is {self.image.shape} {self.image.dtype}; (H, W, 3) uint8 BGR is expected"
            )

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.image.shape[1], self.image.shape[0]
