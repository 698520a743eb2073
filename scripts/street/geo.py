"""The demonstration's world frame on the earth: an azimuthal equidistant plane about the origin (WGS-84)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pyproj import Transformer

LATITUDE, LONGITUDE = 31.2230, 121.4450
PLANE = f"+proj=aeqd +lat_0={LATITUDE} +lon_0={LONGITUDE} +datum=WGS84 +units=m +no_defs"
"""x east, y north, metres; at this size it differs from any local tangent plane by less than a millimetre."""
START = datetime(2026, 10, 31, 6, 5, tzinfo=UTC)
"""Second 0 of the staging: 14:05 in Shanghai."""
_TO_EARTH = Transformer.from_crs(PLANE, "EPSG:4326", always_xy=True)
_TO_PLANE = Transformer.from_crs("EPSG:4326", PLANE, always_xy=True)


def lonlat(x: float, y: float) -> list[float]:
    """Local metres to [longitude, latitude] in degrees, eight decimals (about a millimetre)."""
    lon, lat = _TO_EARTH.transform(x, y)
    return [round(lon, 8), round(lat, 8)]


def local(lon: float, lat: float) -> tuple[float, float]:
    """Longitude and latitude in degrees to local metres (x, y)."""
    x, y = _TO_PLANE.transform(lon, lat)
    return float(x), float(y)


def utc(seconds: float) -> str:
    """Seconds of the staging to an ISO 8601 time in UTC."""
    return (START + timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
