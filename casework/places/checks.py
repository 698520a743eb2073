"""Checking what somebody draws: each refusal names the zone, what is wrong and the cure, in both languages."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from typing import Any

import shapely

from casework.errors import Invalid
from casework.places import calendars
from casework.places.tables import DOOR_LINE
from detector.errors import BadZone
from detector.scene.model import Space, ZoneKind
from detector.scene.zones import from_dict

MOST_CORNERS = 200
MOST_TRADES, MOST_LETTERS = 20, 80
_KINDS = (*ZoneKind, DOOR_LINE)


def check_all(zones: list[dict[str, Any]], space: Space, shops: Collection[str]) -> None:
    """All zones of one scope. Raises Invalid for the first that cannot be used."""
    codes = [str(z.get("code")) for z in zones]
    if len(set(codes)) != len(codes):
        raise Invalid("bad_zone", zh="区域编号重复", en="two zones have the same code")
    with_door: set[str] = set()
    for data in zones:
        check(data, space, shops)
        if data["kind"] == DOOR_LINE:
            if data["shop"] in with_door:
                raise _bad(data, f"商户 {data['shop']} 已有一条门线，请只保留一条",
                           f"shop {data['shop']} has a door line already; keep one of them")  # fmt: skip
            with_door.add(data["shop"])


def check(data: Mapping[str, Any], space: Space, shops: Collection[str]) -> None:
    """One zone. Raises Invalid."""
    kind = data.get("kind")
    if kind not in _KINDS:
        raise _bad(
            data, f"没有 {kind} 这一类型", f"there is no kind {kind!r}; give one of {', '.join(_KINDS)}"
        )
    points = _points(data)
    _check_range(data, points, space)
    shop = data.get("shop")
    if shop and shop not in shops:
        raise _bad(data, f"没有商户 {shop}", f"no shop {shop}")
    _check_text(data)
    properties = data.get("properties") or {}
    if kind == DOOR_LINE:
        _check_line(data, points, space)
        return
    if found := calendars.problem(_object(data, "calendar"), properties):
        raise _bad(data, *found)
    _check_polygon(data, points)
    try:
        given = {k: data.get(k) for k in ("code", "kind", "polygon", "shop")}
        from_dict({"space": space.value, **given})
    except BadZone as error:  # what the rules' own reading finds beyond the above
        raise _bad(data, f"无法使用：{error}", f"cannot be used: {error}") from error


def _points(data: Mapping[str, Any]) -> list[tuple[float, float]]:
    given = data.get("polygon")
    if not isinstance(given, (list, tuple)) or len(given) > MOST_CORNERS:
        raise _bad(data, f"顶点须为列表，至多 {MOST_CORNERS} 个",
                   f"corners must be a list of at most {MOST_CORNERS} (x, y) points")  # fmt: skip
    points = []
    for n, point in enumerate(given, 1):
        if (
            not isinstance(point, (list, tuple))
            or len(point) != 2
            or not all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in point)
            or not all(math.isfinite(v) for v in point)
        ):
            raise _bad(data, f"第 {n} 个顶点不是一对数字，请重画该点",
                       f"corner {n} is no pair of numbers; draw it again")  # fmt: skip
        points.append((float(point[0]), float(point[1])))
    return points


def _check_range(data: Mapping[str, Any], points: list[tuple[float, float]], space: Space) -> None:
    for n, (x, y) in enumerate(points, 1):
        if space is Space.IMAGE and not (0 <= x <= 1 and 0 <= y <= 1):
            raise _bad(data, f"第 {n} 个顶点在画面之外，请移回画面内",
                       f"corner {n} lies outside the picture; move it inside")  # fmt: skip
        if space is Space.GROUND and not (abs(x) <= 180 and abs(y) <= 90):
            raise _bad(data, f"第 {n} 个顶点不在地球上：须为（经度，纬度），WGS-84",
                       f"corner {n} is not on the Earth; give (longitude, latitude), WGS-84")  # fmt: skip


def _check_polygon(data: Mapping[str, Any], points: list[tuple[float, float]]) -> None:
    if len(set(points)) < 3:
        raise _bad(data, "不同的顶点少于 3 个，请补画", "fewer than 3 different corners; add corners")
    polygon = shapely.Polygon(points)
    if polygon.convex_hull.area <= 0:
        raise _bad(data, "顶点都在一条直线上，请移开一个", "its corners lie on one line; move one aside")
    if not polygon.is_valid:
        reason = str(shapely.is_valid_reason(polygon))
        found = re.search(r"\[(\S+) (\S+)\]", reason)
        where = f"（{float(found[1]):.4f}，{float(found[2]):.4f}）附近" if found else ""
        raise _bad(data, f"边线在{where}自相交或相接，请按顺序重排顶点",
                   f"crosses or touches itself ({reason}); give the corners in order")  # fmt: skip


def _check_line(data: Mapping[str, Any], points: list[tuple[float, float]], space: Space) -> None:
    if not data.get("shop"):
        raise _bad(data, "门线须对应一家商户，请选择", "a door line belongs to a shop; choose one")
    if data.get("calendar"):
        raise _bad(data, "门线没有时段", "a door line has no calendar; leave it out")
    if len(set(points)) != len(points) or len(points) < 2 or (space is Space.GROUND and len(points) != 2):
        raise _bad(data, "门线须有 2 个不同的端点", "a door line has 2 different ends")
    if not shapely.LineString(points).is_simple:
        raise _bad(data, "门线自相交，请重画", "the door line crosses itself; draw it again")


def _check_text(data: Mapping[str, Any]) -> None:
    properties = _object(data, "properties") or {}
    trades = properties.get("trades") or []
    texts = [data.get("name") or "", properties.get("kind") or ""]
    if not isinstance(trades, list) or len(trades) > MOST_TRADES:
        raise _bad(data, f"业态须为列表，至多 {MOST_TRADES} 项", f"trades: a list of at most {MOST_TRADES}")
    if any(not isinstance(t, str) or len(t) > MOST_LETTERS for t in (*texts, *trades)):
        raise _bad(data, f"名称、种类、业态须为至多 {MOST_LETTERS} 字的文字",
                   f"name, kind and trades are texts of at most {MOST_LETTERS} letters")  # fmt: skip


def _object(data: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    value = data.get(name)
    if value is not None and not isinstance(value, Mapping):
        raise _bad(data, f"{name} 须为对象", f"{name} must be an object")
    return value


def _bad(data: Mapping[str, Any], zh: str, en: str) -> Invalid:
    code, name = data.get("code"), data.get("name")
    named = f"{name}（{code}）" if name else f"{code}"
    return Invalid("bad_zone", zh=f"区域 {named}：{zh}", en=f"zone {code}: {en}")
