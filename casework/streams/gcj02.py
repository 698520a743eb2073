"""GCJ-02, in which Gaode and Tencent give positions in China, to WGS-84.

The forward formula is the published one (the deflection that these maps apply, on the Krasovsky 1940 ellipsoid); the
way back is found by repeating it, to less than a millimetre. Positions outside China are not deflected; this module is
only for those within it.
"""

from __future__ import annotations

from math import cos, pi, radians, sin, sqrt

_AXIS = 6378245.0
_E2 = 0.00669342162296594323
_ROUNDS = 6


def to_gcj02(latitude: float, longitude: float) -> tuple[float, float]:
    """WGS-84 degrees -> GCJ-02 degrees, (latitude, longitude)."""
    x, y = longitude - 105.0, latitude - 35.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x)) + _waves(x)
    north += (20.0 * sin(y * pi) + 40.0 * sin(y / 3.0 * pi)) * 2.0 / 3.0
    north += (160.0 * sin(y / 12.0 * pi) + 320.0 * sin(y * pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x)) + _waves(x)
    east += (20.0 * sin(x * pi) + 40.0 * sin(x / 3.0 * pi)) * 2.0 / 3.0
    east += (150.0 * sin(x / 12.0 * pi) + 300.0 * sin(x / 30.0 * pi)) * 2.0 / 3.0
    at = radians(latitude)
    magic = 1.0 - _E2 * sin(at) ** 2
    north = degrees_of(north, _AXIS * (1.0 - _E2) / (magic * sqrt(magic)))
    east = degrees_of(east, _AXIS / sqrt(magic) * cos(at))
    return latitude + north, longitude + east


def from_gcj02(latitude: float, longitude: float) -> tuple[float, float]:
    """GCJ-02 degrees -> WGS-84 degrees, (latitude, longitude)."""
    lat, lon = latitude, longitude
    for _ in range(_ROUNDS):
        there = to_gcj02(lat, lon)
        lat, lon = lat + latitude - there[0], lon + longitude - there[1]
    return lat, lon


def degrees_of(metres: float, radius: float) -> float:
    """The angle of an arc, in degrees."""
    return metres * 180.0 / (radius * pi)


def _waves(x: float) -> float:
    return (20.0 * sin(6.0 * x * pi) + 20.0 * sin(2.0 * x * pi)) * 2.0 / 3.0
