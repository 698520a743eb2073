"""The fictional demonstration district (示范区) as data files around the rendered street."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from scripts.street import demo, geo, town
from scripts.street.district_devices import devices, zones

Json = dict[str, Any]
Points = list[tuple[float, float]]
SQUADS: dict[str, tuple[str, str, Points]] = {
    "SQ-WT": ("梧桐中队", "Wutong Squad", [(-260, -110), (460, -115), (470, 118), (-250, 110)]),
    "SQ-YX": ("银杏中队", "Yinxing Squad", [(-250, 110), (470, 118), (455, 520), (-240, 505)]),
    "SQ-XZ": ("香樟中队", "Xiangzhang Squad", [(-275, -515), (450, -500), (460, -115), (-260, -110)]),
}
# code: name, English name, squad, grade, line in local metres
STREETS: dict[str, tuple[str, str, str, str, Points]] = {
    "ST-WT-01": ("梧桐路", "Wutong Road", "SQ-WT", "A", [(-20, 0), (190, 0)]),
    "ST-WT-02": ("玉兰街", "Yulan Street", "SQ-WT", "B", [(200, -105), (200, 105)]),
    "ST-WT-03": ("桂花弄", "Guihua Lane", "SQ-WT", "C", [(-32, -100), (-32, 100)]),
    "ST-YX-01": ("银杏路", "Yinxing Road", "SQ-YX", "A", [(-220, 205), (120, 208), (440, 215)]),
    "ST-YX-02": ("海棠路", "Haitang Road", "SQ-YX", "B", [(300, 125), (305, 480)]),
    "ST-YX-03": ("紫薇街", "Ziwei Street", "SQ-YX", "C", [(-200, 340), (290, 345)]),
    "ST-XZ-01": ("香樟路", "Xiangzhang Road", "SQ-XZ", "A", [(-230, -205), (430, -200)]),
    "ST-XZ-02": ("丁香路", "Dingxiang Road", "SQ-XZ", "B", [(100, -480), (100, -215)]),
}
# code: name, English name, kind, street, corners x0 y0 x1 y1, trades, months, hours, contact
Corners = tuple[float, float, float, float]
PERMITTED: dict[str, tuple[str, str, str, str, Corners, list[str], list[int], list[list[str]], str]] = {
    "P-WT-01": ("梧桐路便民疏导点", "Wutong Road vendors' place", "疏导点", "ST-WT-01", (27.1, 4.2, 30.9, 6.9),
                ["蔬菜", "早点"], list(range(1, 13)), [["06:00", "20:00"]], "示例联系人甲"),
    "P-YX-01": ("银杏路周末集市", "Yinxing Road weekend market", "特色点", "ST-YX-01", (20, 212, 60, 218),
                ["文创", "手作"], [4, 5, 6, 9, 10, 11], [["10:00", "21:00"]], "示例联系人乙"),
    "P-XZ-01": ("香樟路外摆位", "Xiangzhang Road terraces", "外摆位", "ST-XZ-01", (140, -195.5, 165, -192),
                ["餐饮", "咖啡"], list(range(3, 12)), [["11:00", "14:00"], ["17:00", "22:00"]], "示例联系人丙"),
    "P-WT-02": ("玉兰街管控点", "Yulan Street watched place", "管控点", "ST-WT-02", (204, 40, 210, 70),
                [], list(range(1, 13)), [], "示例联系人丁"),
}  # fmt: skip
OTHER_SHOPS = (("ST-YX-01", 30.0, 214.5, 6), ("ST-YX-03", -60.0, 347.0, 3), ("ST-XZ-01", 120.0, -192.0, 5),
               ("ST-WT-02", 0.0, 0.0, 2))  # fmt: skip


def ring(points: Points) -> list[list[float]]:
    """Local corners to a closed ring of [lon, lat], anticlockwise as given."""
    return [geo.lonlat(x, y) for x, y in [*points, points[0]]]


def feature(geometry: str, coordinates: Any, **properties: Any) -> Json:
    """A GeoJSON feature."""
    return {
        "type": "Feature",
        "properties": properties,
        "geometry": {"type": geometry, "coordinates": coordinates},
    }


def shops() -> list[Json]:
    """The rendered shops of 梧桐路 with their exact door lines, then shops elsewhere."""
    rng = np.random.default_rng((demo.SEED, 5))
    found = [(s.name, "ST-WT-01", (s.x0, s.y), (s.x1, s.y)) for s in demo.build().town.shops]
    for street, x, y, count in OTHER_SHOPS:
        for i in range(count):
            a, b = (
                ((x + 7 * i, y), (x + 7 * i + 6.6, y))
                if x
                else ((205.0, 7.0 * i - 60), (205.0, 7.0 * i - 53.4))
            )
            found.append((town.shop_name(rng), street, a, b))
    out, numbers = [], dict.fromkeys(SQUADS, 0)
    for n, (name, street, a, b) in enumerate(found, 1):
        squad = STREETS[street][2]
        numbers[squad] += 1
        out.append(feature(
            "Point", geo.lonlat((a[0] + b[0]) / 2, (a[1] + b[1]) / 2),
            code=f"{squad[3:]}-{numbers[squad]:03d}", name=name, licence_no=f"DEMO-{n:04d}",
            address=f"示范区{STREETS[street][0]}{100 + 2 * n}号", phone=f"000-{n:08d}", street=street, squad=squad,
            grade="ABC"[int(rng.integers(3))], e_service_consent=bool(rng.random() < 0.6),
            door_line=[geo.lonlat(*a), geo.lonlat(*b)]))  # fmt: skip
    return out


def permitted() -> list[Json]:
    """Places of the 上海摊 map kinds."""
    out = []
    for code, (name, english, kind, street, box, trades, months, hours, contact) in PERMITTED.items():
        x0, y0, x1, y1 = box
        out.append(feature(
            "Polygon", [ring([(x0, y0), (x1, y0), (x1, y1), (x0, y1)])], code=code, name=name,
            name_en=english, kind=kind, street=street, squad=STREETS[street][2], trades=trades, months=months,
            hours=hours, contact=contact, published="2026-01-15"))  # fmt: skip
    return out


def write(out: Path) -> None:
    """Write all files of the district into `out`."""
    out.mkdir(parents=True, exist_ok=True)
    squads = [feature("Polygon", [ring(p)], code=c, name=n, name_en=e) for c, (n, e, p) in SQUADS.items()]
    streets = [
        feature(
            "LineString",
            [geo.lonlat(*p) for p in line],
            code=code,
            name=name,
            name_en=english,
            squad=squad,
            grade=grade,
        )
        for code, (name, english, squad, grade, line) in STREETS.items()
    ]
    for name, features in (
        ("squads", squads),
        ("streets", streets),
        ("shops", shops()),
        ("permitted", permitted()),
    ):
        save(out / f"{name}.geojson", {"type": "FeatureCollection", "features": features})
    save(out / "devices.json", devices())
    save(out / "zones.json", zones(demo.build().town.shops, PERMITTED["P-WT-01"][4], "P-WT-01"))


def save(path: Path, data: Any) -> None:
    """Write JSON with one feature or record a line."""
    rows = data["features"] if isinstance(data, dict) else data
    body = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    start, end = (
        ('{"type": "FeatureCollection", "features": [\n', "\n]}\n")
        if isinstance(data, dict)
        else ("[\n", "\n]\n")
    )
    path.write_text(start + body + end)
