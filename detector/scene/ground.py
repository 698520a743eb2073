"""From a pixel to the ground and back: a pinhole camera above a flat street, and how far off that may be.

Coordinates: picture pixels (x right, y down, origin top left); local metres (east, north) from the camera's
position; WGS-84 degrees. Method: central projection, Hartley and Zisserman, Multiple View Geometry, 2nd ed.,
ch. 6; tangent plane from the ellipsoid's radii of curvature, Snyder, Map Projections, USGS PP 1395, eq. 4-18
to 4-20.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from detector.errors import BadMounting
from detector.scene.boxes import Floats
from detector.scene.model import GroundPlace, Mounting
from ingest.frame import Position, PositionSource

MOUNTING_YAW_ERROR = math.radians(0.5)  # one sigma: the mounting's survey
SURVEY_ERROR = math.radians(0.4)  # one sigma: pitch and roll of the mounting's survey
SUSPENSION = math.radians(0.3)  # one sigma: how far a driving vehicle pitches and rolls
HEADING_ERROR = math.radians(1.5)  # one sigma: a course over ground from a receiver, or a compass survey


@dataclass(frozen=True, slots=True)
class Errors:
    """One sigma each, radians, metres, pixels. pitch, roll: the mounting's survey and the suspension.

    heading: of the vehicle's course and the mounting's yaw. height_m: load and tyres. foot_px: of the middle
    of a box's lower edge.
    """

    pitch: float = math.hypot(SURVEY_ERROR, SUSPENSION)
    roll: float = math.hypot(SURVEY_ERROR, SUSPENSION)
    heading: float = HEADING_ERROR
    height_m: float = 0.03
    foot_px: float = 2.0


_A, _E2 = 6378137.0, 0.0066943799901413165  # WGS-84: semi-major axis in metres, eccentricity squared
_HAIR = 1e-5
_HORIZON = 1e-3  # sine of the least angle below the horizon; above it the ground is kilometres away


@dataclass(frozen=True, slots=True)
class View:
    """A camera at one moment. axes: (3, 3), rows right, down, forward of the picture in (east, north, up).

    focal_px: focal length. centre: (2,) principal point, px. height_m: above the ground below it.
    lens: radii of rays and the radii at which they are seen (``Mounting.lens_table``); None: no distortion.
    """

    axes: Floats
    focal_px: float
    centre: Floats
    height_m: float
    lens: tuple[Floats, Floats] | None = None


def view_of(mounting: Mounting, heading: float, size: tuple[int, int]) -> View:
    """The view of a camera whose device heads ``heading`` degrees from north; size: (width, height) px.

    Raises BadMounting for a picture of another shape than the mounting was measured on.
    """
    if not mounting.fits(size):
        raise BadMounting(
            f"mounting: it was measured on pictures of {mounting.width}x{mounting.height}, these are "
            f"{size[0]}x{size[1]} and show another angle; calibrate the camera again"
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
    lens = mounting.lens_table() if mounting.k1 or mounting.k2 else None
    return View(axes, focal_px, np.array(size, np.float64) / 2, mounting.height_m, lens)


def to_ground(view: View, pixels: Floats) -> Floats:
    """(N, 2) metres (east, north) from the camera of (N, 2) pixels; NaN for those at or above the horizon."""
    flat = (pixels - view.centre) / view.focal_px
    if view.lens is not None:
        rays_at, seen_at = view.lens
        seen = np.hypot(flat[:, 0], flat[:, 1])
        true = np.interp(seen, seen_at, rays_at, right=np.nan)
        flat = flat * np.divide(true, seen, out=np.ones_like(seen), where=seen > 0)[:, None]
    rays = np.column_stack([flat, np.ones(len(pixels))]) @ view.axes
    sine = -rays[:, 2] / np.linalg.norm(rays, axis=1)
    reach = np.full(len(rays), np.nan)
    below = sine > _HORIZON
    reach[below] = view.height_m / -rays[below, 2]
    ground: Floats = rays[:, :2] * reach[:, None]
    return ground


def to_pixels(view: View, ground: Floats) -> Floats:
    """(N, 2) pixels of (N, 2) metres (east, north) from the camera; NaN for those behind it, and for
    those outside what a distorted lens can show. May lie off the picture.
    """
    rays = np.column_stack([ground, np.full(len(ground), -view.height_m)]) @ view.axes.T
    depth = np.where(rays[:, 2] > 0, rays[:, 2], np.nan)
    flat = rays[:, :2] / depth[:, None]
    if view.lens is not None:
        rays_at, seen_at = view.lens
        true = np.hypot(flat[:, 0], flat[:, 1])
        seen = np.interp(true, rays_at, seen_at, right=np.nan)
        flat = flat * np.divide(seen, true, out=np.ones_like(true), where=true > 0)[:, None]
    pixels: Floats = view.centre + view.focal_px * flat
    return pixels


def ground_point(view: View, x: float, y: float) -> tuple[float, float] | None:
    """Metres (east, north) from the camera of one pixel, or None at or above the horizon."""
    east, north = to_ground(view, np.array([[x, y]], np.float64))[0].tolist()
    return None if math.isnan(east) else (east, north)


def covariances(view: View, pixels: Floats, errors: Errors | None = None) -> Floats:
    """(N, 2, 2) m², error of the ground points of (N, 2) pixels relative to the camera: (east, north).

    First-order propagation (Hartley and Zisserman, ch. 5): for every cause the ground point is found with the
    cause one small step to either side; the slopes times the cause's sigma are the ellipse's generators.
    At range r and height h a pitch that is off by a shifts the point by a (h² + r²)/h along the ray: it is
    what decides from some 15 m on. NaN at and above the horizon.
    """
    errors = errors or Errors()
    ground = to_ground(view, pixels)
    turned = np.column_stack(
        [ground[:, 1], -ground[:, 0]]
    )  # a heading that is off turns all about the camera
    causes = [
        errors.heading * turned,
        errors.height_m / view.height_m * ground,
        errors.pitch * _slope(_tilted(view, _HAIR, 0), _tilted(view, -_HAIR, 0), pixels, pixels, _HAIR),
        errors.roll * _slope(_tilted(view, 0, _HAIR), _tilted(view, 0, -_HAIR), pixels, pixels, _HAIR),
    ]
    for step in np.eye(2) * 0.1:
        causes.append(errors.foot_px * _slope(view, view, pixels + step, pixels - step, 0.1))
    generators = np.stack(causes, axis=2)
    both: Floats = generators @ generators.transpose(0, 2, 1)
    return both


def _slope(more: View, less: View, above: Floats, below: Floats, step: float) -> Floats:
    slope: Floats = (to_ground(more, above) - to_ground(less, below)) / (2 * step)
    return slope


def _tilted(view: View, pitch: float, roll: float) -> View:
    """The view looking ``pitch`` further down and rolled ``roll`` further clockwise, radians."""
    right, down, forward = view.axes
    right, down = (
        math.cos(roll) * right + math.sin(roll) * down,
        math.cos(roll) * down - math.sin(roll) * right,
    )
    down, forward = (
        math.cos(pitch) * down - math.sin(pitch) * forward,
        math.cos(pitch) * forward + math.sin(pitch) * down,
    )
    return replace(view, axes=np.array([right, down, forward]))


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


def heading_error(position: Position) -> float:
    """Radians, one sigma, of where a camera there looks: of its course where it is known, and its yaw."""
    if position.heading_error is None:
        return HEADING_ERROR
    return math.hypot(MOUNTING_YAW_ERROR, math.radians(position.heading_error))


def place_on_ground(
    mounting: Mounting, position: Position, size: tuple[int, int], x: float, y: float, foot_px: float = 2.0
) -> GroundPlace | None:
    """Where the pixel (x, y) of a picture of ``size`` px lies; None above the horizon or without heading.

    A fixed camera (``position.source``) has no suspension, only its survey's error. foot_px: see ``Errors``.
    """
    if position.heading is None:
        return None
    view = view_of(mounting, position.heading, size)
    pixel = np.array([[x, y]], np.float64)
    metres = to_ground(view, pixel)[0]
    if np.isnan(metres).any():
        return None
    errors = Errors(heading=heading_error(position), foot_px=foot_px)
    if position.source is PositionSource.FIXED:
        errors = replace(errors, pitch=SURVEY_ERROR, roll=SURVEY_ERROR)
    relative = covariances(view, pixel, errors)[0]
    plane = LocalPlane(position.latitude, position.longitude)
    return place_of(plane, metres, relative + position.accuracy**2 / 2 * np.eye(2))


def place_of(plane: LocalPlane, local: Floats, spread: Floats) -> GroundPlace:
    """A ground place from metres in a plane. spread: (2, 2) m², its whole error."""
    lon, lat = plane.to_wgs84(local).tolist()
    ee, en, nn = (round(float(v), 3) for v in (spread[0, 0], spread[0, 1], spread[1, 1]))
    return GroundPlace(lat, lon, round(math.sqrt(float(np.trace(spread))), 2), (ee, en, nn))


def ellipse(spread: tuple[float, float, float]) -> tuple[float, float, float]:
    """(half-axes in metres, longer first, one sigma; azimuth of the longer in degrees 0..180) of a spread."""
    values, vectors = np.linalg.eigh(np.array([[spread[0], spread[1]], [spread[1], spread[2]]]))
    east, north = vectors[:, 1].tolist()
    major, minor = (math.sqrt(max(float(v), 0.0)) for v in (values[1], values[0]))
    return major, minor, math.degrees(math.atan2(east, north)) % 180
