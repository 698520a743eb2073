"""From a pixel to the ground and back: a pinhole camera above a flat street, and how far off that may be.

Coordinates: picture pixels (x right, y down, origin top left); local metres (east, north) from the camera's
position; WGS-84 degrees. Method: central projection, Hartley and Zisserman, Multiple View Geometry, 2nd ed.,
ch. 6; tangent plane from the ellipsoid's radii of curvature, Snyder, Map Projections, USGS PP 1395, eq. 4-18
to 4-20.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from detector.scene.boxes import Floats
from detector.scene.model import GroundPlace, Mounting
from ingest.frame import Position

PITCH_ERROR = math.radians(0.5)  # one sigma: the mounting's survey and the suspension
HEADING_ERROR = math.radians(1.5)  # one sigma: a course over ground from a receiver, or a compass survey
FOOT_ERROR_PX = 2.0  # one sigma of a box's lower edge

_A, _E2 = 6378137.0, 0.0066943799901413165  # WGS-84: semi-major axis in metres, eccentricity squared
_HORIZON = 1e-3  # sine of the least angle below the horizon; above it the ground is kilometres away


@dataclass(frozen=True, slots=True)
class View:
    """A camera at one moment. axes: (3, 3), rows right, down, forward of the picture in (east, north, up).

    focal_px: focal length. centre: (2,) principal point, px. height_m: above the ground below it.
    """

    axes: Floats
    focal_px: float
    centre: Floats
    height_m: float


def view_of(mounting: Mounting, heading: float, size: tuple[int, int]) -> View:
    """The view of a camera whose device heads ``heading`` degrees from north; size: (width, height) px.

    Raises ValueError for a mounting that sees nothing.
    """
    if not (mounting.height_m > 0 and 0 < mounting.hfov_deg < 180):
        raise ValueError(
            f"{mounting} sees no ground; give a height above 0 m and an angle of view of 0-180 degrees"
        )
    bearing = math.radians(heading + mounting.yaw_deg)
    pitch, roll = math.radians(mounting.pitch_deg), math.radians(mounting.roll_deg)
    ahead = np.array([math.sin(bearing), math.cos(bearing), 0.0])
    aside = np.array([math.cos(bearing), -math.sin(bearing), 0.0])
    below = np.array([0.0, 0.0, -1.0])
    forward = math.cos(pitch) * ahead + math.sin(pitch) * below
    down = math.cos(pitch) * below - math.sin(pitch) * ahead
    # A camera rolled clockwise (seen from behind) has its right edge lowered.
    axes = np.array(
        [
            math.cos(roll) * aside + math.sin(roll) * down,
            math.cos(roll) * down - math.sin(roll) * aside,
            forward,
        ]
    )
    focal_px = size[0] / 2 / math.tan(math.radians(mounting.hfov_deg) / 2)
    return View(axes, focal_px, np.array(size, np.float64) / 2, mounting.height_m)


def to_ground(view: View, pixels: Floats) -> Floats:
    """(N, 2) metres (east, north) from the camera of (N, 2) pixels; NaN for those at or above the horizon."""
    rays = np.column_stack([(pixels - view.centre) / view.focal_px, np.ones(len(pixels))]) @ view.axes
    sine = -rays[:, 2] / np.linalg.norm(rays, axis=1)
    reach = np.full(len(rays), np.nan)
    below = sine > _HORIZON
    reach[below] = view.height_m / -rays[below, 2]
    ground: Floats = rays[:, :2] * reach[:, None]
    return ground


def to_pixels(view: View, ground: Floats) -> Floats:
    """(N, 2) pixels of (N, 2) metres (east, north) from the camera; NaN for those behind it.

    May lie off the picture.
    """
    rays = np.column_stack([ground, np.full(len(ground), -view.height_m)]) @ view.axes.T
    depth = np.where(rays[:, 2] > 0, rays[:, 2], np.nan)
    pixels: Floats = view.centre + view.focal_px * rays[:, :2] / depth[:, None]
    return pixels


def ground_point(view: View, x: float, y: float) -> tuple[float, float] | None:
    """Metres (east, north) from the camera of one pixel, or None at or above the horizon."""
    east, north = to_ground(view, np.array([[x, y]], np.float64))[0].tolist()
    return None if math.isnan(east) else (east, north)


def covariances(view: View, ground: Floats) -> Floats:
    """(N, 2, 2) m², error of (N, 2) ground points relative to the camera: (east, north), one sigma squared.

    At range r and height h a ray that tilts by a lands h/sin²(depression) = (h² + r²)/h further per radian:
    the pitch's error and the foot's (its angle is at most FOOT_ERROR_PX / focal) stretch the ellipse along
    the ray. Across it lie the heading's error, r per radian, and the foot's, the slant range per radian.
    """
    r2 = np.maximum((ground**2).sum(axis=1), 1e-6)
    slant2 = view.height_m**2 + r2
    foot2 = (FOOT_ERROR_PX / view.focal_px) ** 2
    along2 = (slant2 / view.height_m) ** 2 * (PITCH_ERROR**2 + foot2)
    across2 = r2 * HEADING_ERROR**2 + slant2 * foot2
    ray = ground / np.sqrt(r2)[:, None]
    outer = ray[:, :, None] * ray[:, None, :]
    both: Floats = along2[:, None, None] * outer + across2[:, None, None] * (np.eye(2) - outer)
    return both


def error_m(covariance: Floats, accuracy: float) -> float:
    """One-sigma horizontal error in metres (root mean square); accuracy: of the position, likewise."""
    return math.sqrt(float(np.trace(covariance)) + accuracy**2)


@dataclass(frozen=True, slots=True)
class LocalPlane:
    """Metres (east, north) about an origin in WGS-84 degrees; true to a centimetre within 200 m.

    East is measured on the parallel half way to the point, which takes the first-order error of a plane away.
    """

    latitude: float
    longitude: float

    def to_local(self, lonlat: Floats) -> Floats:
        """(..., 2) (longitude, latitude) degrees to metres (east, north)."""
        middle = np.radians((lonlat[..., 1] + self.latitude) / 2)
        meridian, parallel = _degrees(middle)
        east = (lonlat[..., 0] - self.longitude) * parallel
        north = (lonlat[..., 1] - self.latitude) * meridian
        return np.stack([east, north], axis=-1)

    def to_wgs84(self, metres: Floats) -> Floats:
        """(..., 2) metres (east, north) to (longitude, latitude) degrees."""
        latitude = np.full(metres.shape[:-1], self.latitude)
        for _ in range(3):  # the length of a degree depends on the answer, but hardly
            meridian, _parallel = _degrees(np.radians((latitude + self.latitude) / 2))
            latitude = self.latitude + metres[..., 1] / meridian
        _meridian, parallel = _degrees(np.radians((latitude + self.latitude) / 2))
        return np.stack([self.longitude + metres[..., 0] / parallel, latitude], axis=-1)


def _degrees(latitude: Floats) -> tuple[Floats, Floats]:
    """Metres per degree of latitude and of longitude at latitudes in radians."""
    w2 = 1 - _E2 * np.sin(latitude) ** 2
    meridian: Floats = math.pi / 180 * _A * (1 - _E2) / w2**1.5
    parallel: Floats = math.pi / 180 * _A * np.cos(latitude) / np.sqrt(w2)
    return meridian, parallel


def place_on_ground(
    mounting: Mounting, position: Position, size: tuple[int, int], x: float, y: float
) -> GroundPlace | None:
    """Where the pixel (x, y) of a picture of ``size`` px lies; None above the horizon or without heading."""
    if position.heading is None:
        return None
    view = view_of(mounting, position.heading, size)
    point = ground_point(view, x, y)
    if point is None:
        return None
    metres = np.array(point)
    lon, lat = LocalPlane(position.latitude, position.longitude).to_wgs84(metres).tolist()
    return GroundPlace(lat, lon, round(error_m(covariances(view, metres[None])[0], position.accuracy), 2))
