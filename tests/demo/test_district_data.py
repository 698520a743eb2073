"""The demonstration district and its clips: files parse, references resolve, boxes project onto footprints."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from math import cos, radians, sin, tan
from pathlib import Path
from typing import Any

import av
import pytest
from pyproj import Transformer
from shapely.geometry import Point, Polygon, shape

ROOT = Path(__file__).parents[2] / "jiexun" / "demo"
DISTRICT, FOOTAGE = ROOT / "district", ROOT / "footage"
APPROVALS = {
    "legal_review",
    "technical_review",
    "standard",
    "marked",
    "published",
    "maintained",
    "clock_sync",
}
Json = dict[str, Any]


def load(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def features(name: str) -> list[Json]:
    return load(DISTRICT / f"{name}.geojson")["features"]


def codes(name: str) -> set[str]:
    found = [f["properties"]["code"] for f in features(name)]
    assert len(found) == len(set(found))
    return set(found)


@pytest.fixture(scope="module")
def devices() -> dict[str, Json]:
    return {d["code"]: d for d in load(DISTRICT / "devices.json")}


@pytest.fixture(scope="module")
def truth() -> Json:
    return load(FOOTAGE / "truth.json")


@pytest.fixture(scope="module")
def to_plane(truth: Json) -> Transformer:
    return Transformer.from_crs("EPSG:4326", truth["plane"], always_xy=True)


def ground(u: float, v: float, x: float, y: float, heading: float, mounting: Json) -> tuple[float, float]:
    """Where the ray through (u, v), in 0-1 of the picture, meets the ground; (x, y) is the camera, metres."""
    azimuth, pitch = radians(heading + mounting["yaw_deg"]), radians(mounting["pitch_deg"])
    assert mounting["roll_deg"] == 0
    focal = mounting["width"] / 2 / tan(radians(mounting["hfov_deg"]) / 2)
    a, b = (u - 0.5) * mounting["width"] / focal, (0.5 - v) * mounting["height"] / focal
    along, down = cos(pitch) + b * sin(pitch), sin(pitch) - b * cos(pitch)
    reach = mounting["height_m"] / down
    east = reach * (along * sin(azimuth) + a * cos(azimuth))
    north = reach * (along * cos(azimuth) - a * sin(azimuth))
    return x + east, y + north


def whole(box: list[float]) -> bool:
    """Whether a box lies free of the picture's edges."""
    return min(box[0], box[1]) > 0.005 and max(box[2], box[3]) < 0.995


def test_codes_are_unique_and_references_resolve(devices: dict[str, Json], truth: Json) -> None:
    squads, streets, shops, places = (codes(n) for n in ("squads", "streets", "shops", "permitted"))
    assert len(squads) == 3
    assert len(streets) == 8
    assert len(shops) >= 40
    assert len(places) >= 3
    for record in [f["properties"] for n in ("streets", "shops", "permitted") for f in features(n)]:
        assert record["squad"] in squads
        assert record.get("street", record["code"]) in streets
    for device in devices.values():
        assert device["squad"] in squads
        assert device["street"] in streets or device["kind"] == "vehicle"
    for zone in load(DISTRICT / "zones.json"):
        assert zone["device"] in devices
        assert zone["shop"] is None or zone["shop"] in shops
        assert zone.get("properties", {}).get("permitted", "P-WT-01") in places
    assert all(thing["shop"] is None or thing["shop"] in shops for thing in truth["things"])
    assert {clip["device"] for clip in truth["clips"]} <= set(devices)


@pytest.mark.parametrize("name", ["squads", "streets", "shops", "permitted"])
def test_geometries_are_valid_and_inside_their_squad(name: str) -> None:
    areas = {f["properties"]["code"]: shape(f["geometry"]) for f in features("squads")}
    for record in features(name):
        place = shape(record["geometry"])
        assert place.is_valid
        assert not place.is_empty
        squad = record["properties"].get("squad")
        assert squad is None or areas[squad].contains(place), record["properties"]["code"]


def test_squads_do_not_overlap() -> None:
    areas = [shape(f["geometry"]) for f in features("squads")]
    assert all(a.intersection(b).area < 1e-12 for i, a in enumerate(areas) for b in areas[i + 1 :])


def test_permitted_places_are_complete() -> None:
    for place in [f["properties"] for f in features("permitted")]:
        assert place["kind"] in {"疏导点", "特色点", "外摆位", "管控点"}
        assert set(place["months"]) <= set(range(1, 13))
        assert all(a < b for a, b in place["hours"])


def test_devices_have_their_approvals(devices: dict[str, Json]) -> None:
    for code in ("C-0101", "V-01"):
        held = {
            a["kind"] for a in devices[code]["approvals"] if a["valid_from"] <= "2026-10-31" <= a["valid_to"]
        }
        assert held == APPROVALS
    assert any({a["kind"] for a in d["approvals"]} < APPROVALS for d in devices.values())


def test_zones_are_polygons_in_the_picture() -> None:
    zones = load(DISTRICT / "zones.json")
    assert {z["kind"] for z in zones} == {"pavement", "frontage", "permitted", "ignored"}
    for zone in zones:
        polygon = Polygon(zone["polygon"])
        assert polygon.is_valid
        assert all(0 <= c <= 1 for point in zone["polygon"] for c in point)


def test_staged_things_stand_in_the_zones_that_they_should(truth: Json) -> None:
    zones = {z["code"]: z for z in load(DISTRICT / "zones.json")}
    pavement = Polygon(zones["Z-0101-PAVE"]["polygon"])
    place = Polygon(zones["Z-0101-P01"]["polygon"])
    fronts = {z["shop"]: Polygon(z["polygon"]) for z in zones.values() if z["kind"] == "frontage"}
    for thing in truth["things"]:
        view = thing["views"].get("wutong_c0101.mp4")
        if view is None or thing["label"] not in {"stall", "shop_goods", "pile"}:
            continue
        x0, _, x1, y1 = view["xyxy"]
        foot = Point((x0 + x1) / 2, y1 - 0.01)
        assert pavement.contains(foot), thing["id"]
        assert place.contains(foot) == (thing["id"] == "T-04"), thing["id"]
        assert thing["shop"] is None or fronts[thing["shop"]].contains(foot), thing["id"]
        assert x1 - x0 >= 0.07, thing["id"]


def test_fixed_boxes_project_onto_their_footprints(
    truth: Json, devices: dict[str, Json], to_plane: Transformer
) -> None:
    camera = devices["C-0101"]
    at = to_plane.transform(camera["longitude"], camera["latitude"])
    checked = 0
    for thing in truth["things"]:
        view = thing["views"].get("wutong_c0101.mp4")
        if view is None or not whole(view["xyxy"]) or thing["label"] == "car":
            continue
        x0, _, x1, y1 = view["xyxy"]
        point = Point(ground((x0 + x1) / 2, y1, *at, camera["heading_deg"], camera["mounting"]))
        area = Polygon([to_plane.transform(*p) for p in thing["footprint"]])
        assert area.distance(point) < 1.0, thing["id"]
        checked += 1
    assert checked >= 6


def test_vehicle_boxes_project_onto_their_footprints(
    truth: Json, devices: dict[str, Json], to_plane: Transformer
) -> None:
    clip = next(c for c in truth["clips"] if c["device"] == "V-01")
    poses = {p["t_utc"]: p for p in clip["poses"]}
    mounting = devices["V-01"]["mounting"]
    checked: dict[str, int] = {}
    for thing in truth["things"]:
        area = Polygon([to_plane.transform(*p) for p in thing["footprint"]])
        for look in thing["views"].get("patrol_v01.mp4", []):
            x0, _, x1, y1 = look["xyxy"]
            if not whole(look["xyxy"]) or look["visible"] < 0.6 or y1 < 0.58:
                continue
            pose = poses[look["t_utc"]]
            at = to_plane.transform(pose["longitude"], pose["latitude"])
            point = Point(ground((x0 + x1) / 2, y1, *at, pose["heading_deg"], mounting))
            assert area.distance(point) < 1.0, (thing["id"], look["t_utc"])
            checked[thing["id"]] = checked.get(thing["id"], 0) + 1
    assert {"T-01", "T-02", "T-03", "T-11", "T-12", "T-13"} <= set(checked)


def test_clips_are_as_stated(truth: Json) -> None:
    total = 0
    for clip in truth["clips"]:
        path = FOOTAGE / clip["file"]
        total += path.stat().st_size
        assert hashlib.sha256(path.read_bytes()).hexdigest() == clip["sha256"]
        with av.open(str(path)) as container:
            assert container.metadata["creation_time"][:19] == clip["start"][:19]
            stream = container.streams.video[0]
            assert (stream.codec_context.width, stream.codec_context.height) == (
                clip["width"],
                clip["height"],
            )
            assert stream.codec_context.pix_fmt == "yuv420p"
            times = [float(frame.pts * frame.time_base) for frame in container.decode(stream)]
        assert len(times) == clip["frames"]
        assert times == pytest.approx([k * clip["step_s"] for k in range(len(times))], abs=0.002)
    assert total < 12_000_000


def test_track_covers_the_patrol_clip(truth: Json) -> None:
    clip = next(c for c in truth["clips"] if c["device"] == "V-01")
    text = (FOOTAGE / "patrol_v01.gpx").read_text(encoding="utf-8")
    times = [part.split("</time>")[0] for part in text.split("<time>")[1:]]
    assert times == sorted(times)
    first, last = (datetime.fromisoformat(t) for t in (times[0], times[-1]))
    assert (datetime.fromisoformat(clip["start"]) - first).total_seconds() >= 4
    assert (last - datetime.fromisoformat(clip["end"])).total_seconds() >= 4
