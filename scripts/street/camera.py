"""The pinhole camera of the renders: square pixels, principal point at the centre, the same words as `devices.json`."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, radians, sin, tan

import numpy as np

from scripts.street.shape import Array


@dataclass(frozen=True)
class Camera:
    """Position in metres (world frame, height above z = 0), angles in degrees, picture size in pixels.

    `azimuth` is clockwise from north (+y), `pitch` positive looking down, `roll` positive when the camera's
    right side dips.
    """

    x: float
    y: float
    height: float
    azimuth: float
    pitch: float
    hfov: float
    width: int
    image_height: int
    roll: float = 0.0

    def axes(self) -> tuple[Array, Array, Array]:
        """Unit vectors to the right, up and forward, in the world frame."""
        a, p, r = radians(self.azimuth), radians(self.pitch), radians(self.roll)
        forward = np.array((sin(a) * cos(p), cos(a) * cos(p), -sin(p)))
        flat = np.array((cos(a), -sin(a), 0.0))
        top = np.cross(flat, forward)
        return flat * cos(r) - top * sin(r), top * cos(r) + flat * sin(r), forward

    @property
    def focal(self) -> float:
        """Focal length in pixels."""
        return self.width / 2 / tan(radians(self.hfov) / 2)

    def project(self, points: Array) -> tuple[Array, Array]:
        """World points (N, 3) to pixels (N, 2) (x right, y down) and depths (N,) in metres along the axis."""
        right, up, forward = self.axes()
        rel = np.asarray(points, float) - (self.x, self.y, self.height)
        depth = rel @ forward
        safe = np.where(np.abs(depth) < 1e-6, 1e-6, depth)
        u = self.width / 2 + self.focal * (rel @ right) / safe
        v = self.image_height / 2 - self.focal * (rel @ up) / safe
        return np.stack([u, v], 1), depth

    def ground(self, u: float, v: float) -> tuple[float, float] | None:
        """The point (x, y) of the plane z = 0 seen at pixel (u, v), or none above the horizon."""
        right, up, forward = self.axes()
        ray = (
            forward
            + right * (u - self.width / 2) / self.focal
            - up * (v - self.image_height / 2) / self.focal
        )
        if ray[2] >= -1e-6:
            return None
        t = -self.height / ray[2]
        return float(self.x + t * ray[0]), float(self.y + t * ray[1])
