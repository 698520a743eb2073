"""How a camera is mounted: a checked value object, kept with the device."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import numpy as np

from detector.errors import BadMounting
from detector.scene.boxes import Floats

FARTHEST_M = 100.0
"""A camera whose picture shows no ground nearer than this looks at the sky."""
HIGHEST_M = 60.0
_ASPECT = 9 / 16  # where the picture's size is not given
_STEPS = 4001


@dataclass(frozen=True, slots=True)
class Mounting:
    """How a camera looks: square pixels, principal point in the middle, radial lens distortion.

    height_m: above the ground, more than 0, at most 60. pitch_deg: positive looks down, -45 to 90.
    yaw_deg: clockwise from the device's heading, -180 to 180. roll_deg: clockwise, -45 to 45.
    hfov_deg: whole horizontal angle of view, 5 to 170, of the picture without its distortion: half the width
    over the focal length is tan(hfov / 2). k1, k2: Brown's radial coefficients as OpenCV has them, -1 to 1:
    a ray at radius r (in focal lengths) is seen at r (1 + k1 r2 + k2 r4). width, height: of the pictures
    that it was measured on, px; pictures of another shape have another angle of view and are refused.
    Raises BadMounting, also for a camera that sees no ground within 100 m.
    """

    height_m: float
    pitch_deg: float
    yaw_deg: float
    roll_deg: float
    hfov_deg: float
    k1: float = 0.0
    k2: float = 0.0
    width: int | None = None
    height: int | None = None

    def __post_init__(self) -> None:
        spans = {
            "height_m": (self.height_m, 0.05, HIGHEST_M),
            "pitch_deg": (self.pitch_deg, -45.0, 90.0),
            "yaw_deg": (self.yaw_deg, -180.0, 360.0),
            "roll_deg": (self.roll_deg, -45.0, 45.0),
            "hfov_deg": (self.hfov_deg, 5.0, 170.0),
            "k1": (self.k1, -1.0, 1.0),
            "k2": (self.k2, -1.0, 1.0),
        }
        for name, (value, least, most) in spans.items():
            if not least <= value <= most:  # a NaN is nowhere
                raise BadMounting(f"mounting: {name} {value:g} is impossible; give {least:g} to {most:g}")
        if (self.width is None) != (self.height is None) or not all(
            side is None or 16 <= side <= 16384 for side in (self.width, self.height)
        ):
            raise BadMounting("mounting: give width and height of the picture, 16 to 16384 px, or neither")
        if self.lens_table()[1][-1] < self.corner:
            raise BadMounting(
                f"mounting: k1 {self.k1:g}, k2 {self.k2:g} fold the picture's corner; measure the lens again"
            )
        if not self.nearest_ground_m <= FARTHEST_M:
            raise BadMounting(
                f"mounting: height {self.height_m:g} m, pitch {self.pitch_deg:g}, field of view "
                f"{self.hfov_deg:g} degrees see no ground within {FARTHEST_M:g} m, the camera looks at the sky; "
                "give a pitch that is positive when it looks down"
            )

    @property
    def aspect(self) -> float:
        """Height over width of the picture."""
        return _ASPECT if self.width is None or self.height is None else self.height / self.width

    @property
    def corner(self) -> float:
        """Radius of the picture's corner in focal lengths."""
        return math.tan(math.radians(self.hfov_deg) / 2) * math.hypot(1.0, self.aspect)

    def lens_table(self) -> tuple[Floats, Floats]:
        """Radii of rays and the radii at which the lens shows them, in focal lengths, both rising from 0.

        They end where the picture's corner is passed, or where the lens would fold back on itself.
        """
        rays = np.linspace(0.0, 4 * self.corner, _STEPS)
        seen = rays * (1 + self.k1 * rays**2 + self.k2 * rays**4)
        stops = np.flatnonzero((np.diff(seen) <= 0) | (seen[:-1] > 1.1 * self.corner))
        end = int(stops[0]) + 1 if len(stops) else _STEPS
        return rays[:end], seen[:end]

    @property
    def nearest_ground_m(self) -> float:
        """How far away the nearest ground in the picture lies, m; infinite when there is none."""
        half = math.tan(math.radians(self.hfov_deg) / 2)
        pitch, roll = math.radians(self.pitch_deg), math.radians(self.roll_deg)
        nearest = math.inf
        for x in (-half, 0.0, half):
            down = half * self.aspect * math.cos(roll) + x * math.sin(roll)
            ahead = math.cos(pitch) - down * math.sin(pitch)
            below = math.sin(pitch) + down * math.cos(pitch)
            aside = x * math.cos(roll) - half * self.aspect * math.sin(roll)
            if below > 1e-3:
                nearest = min(nearest, self.height_m * math.hypot(ahead, aside) / below)
        return nearest

    def fits(self, size: tuple[int, int]) -> bool:
        """Whether pictures of ``size`` (width, height) have the shape that was measured (within 2 %)."""
        if self.width is None:
            return True
        return abs(size[1] / size[0] - self.aspect) <= 0.02 * self.aspect

    def as_data(self) -> dict[str, float]:
        """Plain numbers by name, unknown ones left out; ``Mounting(**data)`` reads them back."""
        return {name: value for name, value in asdict(self).items() if value is not None}
