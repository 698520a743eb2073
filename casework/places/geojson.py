"""Zones and door lines as GeoJSON: places on the ground in WGS-84, zones on a picture in its pixels, marked so.

The collection's member ``jiexun`` says what it is::

    {"space": "ground"}  or  {"space": "picture", "device": "C-0101", "width": 1920, "height": 1080}

On a picture x goes right and y down, in pixels; such a file is laid out like GeoJSON but is no map. What
``written`` writes ``read`` reads back to equal zones.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from casework.errors import Invalid
from casework.places.checks import check
from casework.places.queries import shops as shops_of
from casework.places.service import DECIMALS, ZoneData
from casework.places.tables import DOOR_LINE
from detector.scene.model import Space

MOST_FEATURES = 1000
_KEYS = {"code", "kind", "name", "shop", "calendar", "place_kind", "trades", "valid_from", "valid_to", "more"}
_GEOMETRY = {True: "LineString", False: "Polygon"}


@dataclass(frozen=True, slots=True)
class Canvas:
    """What is drawn on. device none: the ground. width, height: pixels of the device's picture."""

    device: str | None = None
    width: int = 1
    height: int = 1

    @property
    def space(self) -> Space:
        """Of its coordinates once they are read."""
        return Space.IMAGE if self.device else Space.GROUND


def written(zones: Sequence[ZoneData], canvas: Canvas) -> dict[str, Any]:
    """The FeatureCollection of zones (see ZoneData)."""
    about: dict[str, Any] = {"space": "ground"}
    if canvas.device:
        about = {"space": "picture", "device": canvas.device, "width": canvas.width, "height": canvas.height}
    return {"type": "FeatureCollection", "jiexun": about, "features": [_feature(z, canvas) for z in zones]}


def _feature(zone: ZoneData, canvas: Canvas) -> dict[str, Any]:
    line = zone["kind"] == DOOR_LINE
    points = [_to_file(p, canvas) for p in zone["polygon"]]
    known = dict(zone.get("properties") or {})
    properties = {
        "code": zone["code"],
        "kind": zone["kind"],
        "name": zone.get("name"),
        "shop": zone.get("shop"),
        "calendar": zone.get("calendar"),
        "place_kind": known.pop("kind", None),
        "trades": known.pop("trades", None),
        "valid_from": known.pop("valid_from", None),
        "valid_to": known.pop("valid_to", None),
        "more": known,
    }
    coordinates = points if line else [[*points, points[0]]]
    return {
        "type": "Feature",
        "properties": {k: v for k, v in properties.items() if v},
        "geometry": {"type": _GEOMETRY[line], "coordinates": coordinates},
    }


def _to_file(point: Sequence[float], canvas: Canvas) -> list[float]:
    if canvas.device is None:
        return [float(point[0]), float(point[1])]
    return [round(point[0] * canvas.width, 6), round(point[1] * canvas.height, 6)]


def read(data: object, canvas: Canvas) -> list[ZoneData]:
    """The zones in a file, for a canvas; their meaning is checked when they are saved (casework.places.checks).

    A file of another camera's picture is laid onto this one by shares of width and height. Raises Invalid naming
    the feature's number (from 1) and the cure.
    """
    if not isinstance(data, dict) or data.get("type") != "FeatureCollection":
        raise _bad(None, "文件不是 GeoJSON FeatureCollection", "this is no GeoJSON FeatureCollection")
    features = data.get("features")
    if not isinstance(features, list) or len(features) > MOST_FEATURES:
        raise _bad(
            None,
            f"features 须为列表，至多 {MOST_FEATURES} 个",
            f"features: a list of at most {MOST_FEATURES}",
        )
    if (
        data.get("crs") not in (None, {})
        and "4326" not in str(data["crs"])
        and "CRS84" not in str(data["crs"])
    ):
        raise _bad(
            None, "坐标系须为 WGS-84，请转换后再导入", "coordinates must be WGS-84; convert the file first"
        )
    drawn_on = _source(data, canvas)
    zones = [_zone(f, n, drawn_on) for n, f in enumerate(features, 1)]
    seen: dict[str, int] = {}
    for n, zone in enumerate(zones, 1):
        if zone["code"] in seen:
            raise _bad(n, f"编号 {zone['code']} 与第 {seen[zone['code']]} 个要素重复，请改一个",
                       f"code {zone['code']} is that of feature {seen[zone['code']]} too; change one")  # fmt: skip
        seen[zone["code"]] = n
    return zones


def checked(session: Session, data: object, canvas: Canvas) -> list[ZoneData]:
    """``read``, and each zone checked as a saving would. Raises Invalid with the feature's number."""
    zones = read(data, canvas)
    shops = {shop.code for shop in shops_of(session)}
    for n, zone in enumerate(zones, 1):
        try:
            check(zone, canvas.space, shops)
        except Invalid as error:
            raise _bad(n, error.zh, error.en) from error
    return zones


def _source(data: dict[str, Any], canvas: Canvas) -> Canvas:
    """On what the file was drawn. Raises Invalid where that does not fit the canvas."""
    about = data.get("jiexun") or {}
    space = about.get("space", "ground") if isinstance(about, dict) else "ground"
    if (space == "picture") != (canvas.device is not None):
        raise _bad(
            None,
            "文件是画面区域（像素坐标），不能导入地面" if space == "picture"
            else "文件是地面点位（经纬度），不能导入摄像机画面；画面区域文件须有 jiexun.space = \"picture\"",
            "the file holds zones on a picture (pixels); import it for a camera" if space == "picture"
            else 'the file holds places on the ground; a file for a camera says jiexun.space = "picture"',
        )  # fmt: skip
    if canvas.device is None:
        return canvas
    width, height = about.get("width", 0), about.get("height", 0)
    if not all(isinstance(v, int) and not isinstance(v, bool) and v > 0 for v in (width, height)):
        raise _bad(None, "jiexun.width 与 jiexun.height 须为画面的像素尺寸",
                   "jiexun.width and jiexun.height must say the picture's size in pixels")  # fmt: skip
    return Canvas(canvas.device, int(width), int(height))


def _zone(feature: object, n: int, canvas: Canvas) -> ZoneData:
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        raise _bad(n, "不是 Feature", "is no Feature")
    p = feature.get("properties")
    if not isinstance(p, dict) or not isinstance(p.get("code"), str) or not isinstance(p.get("kind"), str):
        raise _bad(n, "properties 须有文字 code 与 kind", "properties need code and kind, as texts")
    if unknown := sorted(set(p) - _KEYS):
        raise _bad(n, f"properties 有不认识的项：{'、'.join(unknown)}；其他内容请放入 more",
                   f"properties hold unknown {', '.join(unknown)}; put what else you have under more")  # fmt: skip
    more = p.get("more") or {}
    if not isinstance(more, dict):
        raise _bad(n, "more 须为对象", "more must be an object")
    named = {"kind": p.get("place_kind"), **{k: p.get(k) for k in ("trades", "valid_from", "valid_to")}}
    return {
        "code": p["code"],
        "kind": p["kind"],
        "polygon": _points(feature.get("geometry"), n, p["kind"] == DOOR_LINE, canvas),
        "shop": p.get("shop"),
        "calendar": p.get("calendar"),
        "name": p.get("name"),
        "properties": {**more, **{k: v for k, v in named.items() if v}},
    }


def _points(geometry: object, n: int, line: bool, canvas: Canvas) -> list[list[float]]:
    wanted = _GEOMETRY[line]
    if not isinstance(geometry, dict) or geometry.get("type") != wanted:
        raise _bad(n, f"几何须为 {wanted}", f"geometry must be a {wanted}")
    rings = geometry.get("coordinates")
    if not line:
        if not isinstance(rings, list) or len(rings) != 1:
            raise _bad(
                n, "多边形只能有一个环，不能有孔；请拆成几个", "a polygon has one ring and no holes; split it"
            )
        ring = rings[0]
        if not isinstance(ring, list) or len(ring) < 4 or ring[0] != ring[-1]:
            raise _bad(n, "环须闭合：末点与首点相同，至少 4 个点",
                       "the ring is not closed: repeat its first point at the end; at least 4 points")  # fmt: skip
        rings = ring[:-1]
    if not isinstance(rings, list):
        raise _bad(n, "坐标须为列表", "coordinates must be a list")
    return [_from_file(point, n, canvas) for point in rings]


def _from_file(point: object, n: int, canvas: Canvas) -> list[float]:
    if (
        not isinstance(point, list)
        or len(point) not in (2, 3)
        or not all(
            isinstance(v, (int, float)) and not isinstance(v, bool) and math.isfinite(v) for v in point
        )
    ):
        raise _bad(n, "坐标须为 [x, y] 数字", "a coordinate is no [x, y] of numbers")
    x, y = float(point[0]), float(point[1])
    if canvas.device is not None:
        places = DECIMALS[Space.IMAGE]
        x, y = round(x / canvas.width, places), round(y / canvas.height, places)
        if not (0 <= x <= 1 and 0 <= y <= 1):
            raise _bad(n, f"坐标 {point[:2]} 在 {canvas.width}×{canvas.height} 的画面之外",
                       f"{point[:2]} lies outside the picture of {canvas.width}x{canvas.height}")  # fmt: skip
    elif abs(y) > 90 or abs(x) > 180:
        raise _bad(n, f"坐标 {point[:2]} 不是（经度，纬度）；请检查是否颠倒",
                   f"{point[:2]} is no (longitude, latitude); are they swapped?")  # fmt: skip
    return [x, y]


def _bad(n: int | None, zh: str, en: str) -> Invalid:
    return Invalid(
        "bad_geojson", zh=f"第 {n} 个要素：{zh}" if n else zh, en=f"feature {n}: {en}" if n else en
    )
