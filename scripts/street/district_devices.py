"""Cameras, patrol vehicles and C-0101's image zones, all from the very cameras that the clips are rendered with."""

from __future__ import annotations

from typing import Any

import numpy as np
from shapely.geometry import Polygon, box

from scripts.street import demo, geo
from scripts.street.camera import Camera
from scripts.street.town import Shop

Json = dict[str, Any]
APPROVALS = (
    "legal_review",
    "technical_review",
    "standard",
    "marked",
    "published",
    "maintained",
    "clock_sync",
)
# code: name, English name, street, squad, x, y, heading, height, approvals left out or run out
OTHERS: dict[str, tuple[str, str, str, str, float, float, float, float, dict[str, str | None]]] = {
    "C-0102": ("梧桐路东口", "Wutong Road, east end", "ST-WT-01", "SQ-WT", 172.0, -5.0, 320.0, 5.5, {}),
    "C-0103": ("玉兰街中段", "Yulan Street, middle", "ST-WT-02", "SQ-WT", 194.5, -10.0, 60.0, 5.0, {}),
    "C-0201": ("银杏路集市", "Yinxing Road market", "ST-YX-01", "SQ-YX", 40.0, 199.0, 10.0, 6.0, {}),
    "C-0202": ("紫薇街西段", "Ziwei Street, west", "ST-YX-03", "SQ-YX", -50.0, 335.0, 350.0, 4.5,
               {"clock_sync": "2026-09-30"}),
    "C-0301": ("香樟路餐饮段", "Xiangzhang Road restaurants", "ST-XZ-01", "SQ-XZ", 150.0, -208.0, 5.0, 5.0, {}),
    "C-0302": ("丁香路南口", "Dingxiang Road, south end", "ST-XZ-02", "SQ-XZ", 106.0, -470.0, 300.0, 5.0,
               {"legal_review": None, "published": None}),
}  # fmt: skip


def approvals(code: str, changes: dict[str, str | None]) -> list[Json]:
    """All seven approvals for 2026, less those that `changes` maps to none; a date there is an earlier end."""
    return [
        {
            "kind": kind,
            "valid_from": "2026-01-01",
            "valid_to": changes.get(kind) or "2026-12-31",
            "document": f"示范〔2026〕{code}-{n}号",
            "person": f"示例人员{n}",
        }
        for n, kind in enumerate(APPROVALS, 1)
        if changes.get(kind, "") is not None
    ]


def mounting(camera: Camera, heading: float) -> Json:
    """A camera's mounting in the words of devices.json; heights count from the pavement (z = 0)."""
    return {"height_m": camera.height, "pitch_deg": camera.pitch, "yaw_deg": (camera.azimuth - heading) % 360,
            "roll_deg": camera.roll, "hfov_deg": camera.hfov, "width": camera.width,
            "height": camera.image_height}  # fmt: skip


def fixed(
    code: str,
    name: str,
    english: str,
    street: str,
    squad: str,
    camera: Camera,
    changes: dict[str, str | None],
) -> Json:
    """A fixed camera's record."""
    lon, lat = geo.lonlat(camera.x, camera.y)
    return {"code": code, "kind": "fixed", "name": name, "name_en": english, "street": street, "squad": squad,
            "latitude": lat, "longitude": lon, "heading_deg": camera.azimuth,
            "mounting": mounting(camera, camera.azimuth), "approvals": approvals(code, changes)}  # fmt: skip


def devices() -> list[Json]:
    """All devices; only C-0101 and V-01 have footage."""
    out = [fixed("C-0101", "梧桐路中段", "Wutong Road, middle", "ST-WT-01", "SQ-WT", demo.fixed_camera(), {})]
    for code, (name, english, street, squad, x, y, heading, height, changes) in OTHERS.items():
        camera = Camera(x, y, height, heading, 18.0, 70.0, 1920, 1080)
        out.append(fixed(code, name, english, street, squad, camera, changes))
    patrol = mounting(demo.patrol_camera(demo.PATROL_START), 270.0)
    for code, name, english, squad in (
        ("V-01", "巡逻车一号", "Patrol vehicle 1", "SQ-WT"),
        ("V-02", "巡逻车二号", "Patrol vehicle 2", "SQ-YX"),
    ):
        out.append({"code": code, "kind": "vehicle", "name": name, "name_en": english, "street": None, "squad": squad,
                    "latitude": None, "longitude": None, "heading_deg": None, "mounting": patrol,
                    "approvals": approvals(code, {})})  # fmt: skip
    return out


def image_polygon(camera: Camera, corners: list[tuple[float, float]]) -> list[list[float]] | None:
    """A convex ground polygon (local metres) as seen: [[x, y], ...] in 0-1, cut at the edges; none if unseen."""
    flat = np.array([(x, y, 0.0) for x, y in corners])
    dense = [
        flat[i] + (flat[(i + 1) % len(flat)] - flat[i]) * s
        for i in range(len(flat))
        for s in np.linspace(0, 1, 200)[:-1]
    ]
    pixels, depth = camera.project(np.array(dense))
    ahead = pixels[depth > 0.5] / (camera.width, camera.image_height)
    if len(ahead) < 3:
        return None
    seen = Polygon(ahead).convex_hull.intersection(box(0, 0, 1, 1)).simplify(0.0005)
    if seen.is_empty or seen.area < 0.0015:
        return None
    return [[round(x, 4), round(y, 4)] for x, y in list(seen.exterior.coords)[:-1]]


def zones(shops: list[Shop], place: tuple[float, float, float, float], code: str) -> list[Json]:
    """C-0101's zones: road ignored, pavement, each visible shop's frontage 2.5 m deep, the permitted place."""
    camera = demo.fixed_camera()

    def zone(name: str, kind: str, x0: float, y0: float, x1: float, y1: float, **more: Any) -> list[Json]:
        polygon = image_polygon(camera, [(x0, y0), (x1, y0), (x1, y1), (x0, y1)])
        record = {
            "device": "C-0101",
            "code": name,
            "kind": kind,
            "polygon": polygon,
            "shop": None,
            "calendar": None,
        }
        return [record | more] if polygon else []

    out = zone("Z-0101-ROAD", "ignored", -10, -4, 120, 4) + zone("Z-0101-PAVE", "pavement", -10, 4, 120, 9)
    for i, shop in enumerate(shops):
        number = f"WT-{i + 1:03d}"
        out += zone(f"Z-0101-F{i + 1:02d}", "frontage", shop.x0, shop.y - 2.5, shop.x1, shop.y, shop=number)
    calendar = {"weekdays": [1, 2, 3, 4, 5, 6, 7], "hours": [["06:00", "20:00"]]}
    return out + zone("Z-0101-P01", "permitted", *place, calendar=calendar, properties={"permitted": code})
