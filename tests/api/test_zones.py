"""Zones over HTTP: versions, a saving in between, refusals in words, GeoJSON, calendars, reference pictures."""

from __future__ import annotations

from typing import Any

import pytest

from tests import builders as b
from tests.api.office import Caller, Office

CAMERA = "/api/zones/device:CAM-A"
GROUND = "/api/zones/ground"
SQUARE = [[0.1, 0.5], [0.9, 0.5], [0.9, 0.9], [0.1, 0.9]]
CROSSED = [[0.1, 0.1], [0.9, 0.9], [0.9, 0.1], [0.1, 0.9]]


def a_shape(code: str = "Z1", **changes: Any) -> dict[str, Any]:
    """A pavement in the lower half of the picture."""
    return {"code": code, "kind": "pavement", "polygon": SQUARE, **changes}


def save(caller: Caller, shapes: list[dict[str, Any]], base: int, url: str = CAMERA) -> dict[str, Any]:
    """Save; the answer."""
    answer = caller.put(url, json={"base": base, "reason": "测试", "shapes": shapes})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def given(shapes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Shapes as answered, to be sent again."""
    return [{k: v for k, v in s.items() if k != "version"} for s in shapes]


@pytest.fixture
def admin(office: Office) -> Caller:
    """Somebody who may draw."""
    return office.as_("admin")


def test_every_saving_is_a_version_with_person_time_and_reason(admin: Caller) -> None:
    assert admin.get(CAMERA).json()["revision"] == 0
    assert save(admin, [a_shape()], 0)["revision"] == 1
    moved = [[x, y - 0.1] for x, y in SQUARE]
    second = save(admin, [a_shape(polygon=moved), a_shape("Z2", kind="ignored")], 1)
    assert [(s["code"], s["version"]) for s in second["shapes"]] == [("Z1", 2), ("Z2", 1)]
    listed = admin.get(f"{CAMERA}/revisions").json()
    assert [(r["number"], r["reason"], r["set"]) for r in listed] == [
        (2, "测试", ["Z1", "Z2"]),
        (1, "测试", ["Z1"]),
    ]
    assert all(r["by"] and r["made_at"].endswith("Z") for r in listed)
    first = admin.get(f"{CAMERA}?revision=1").json()
    assert (first["revision"], first["latest"]) == (1, 2)
    assert first["shapes"][0]["polygon"] == SQUARE  # as it was
    # Restoring is saving the old one again: a third version, equal to the first.
    third = save(admin, given(first["shapes"]), 2)
    assert (third["revision"], third["shapes"][0]["version"]) == (3, 3)
    assert given(third["shapes"]) == given(first["shapes"])


def test_saving_what_is_there_makes_no_version(admin: Caller) -> None:
    saved = save(admin, [a_shape(calendar={"hours": [["06:00", "09:00"]], "days": "workdays"})], 0)
    assert save(admin, given(saved["shapes"]), 1)["revision"] == 1


def test_a_saving_in_between_is_refused_and_names_who_saved(office: Office, admin: Caller) -> None:
    other = office.as_("statistician")
    save(admin, [a_shape()], 0)
    save(other, [a_shape(kind="ignored")], 1)
    answer = admin.put(CAMERA, json={"base": 1, "reason": "晚了", "shapes": []})
    assert (answer.status_code, answer.json()["code"]) == (409, "zones_changed")
    assert "第 2 版" in answer.json()["detail"]
    assert admin.get(CAMERA).json()["shapes"][0]["kind"] == "ignored"


@pytest.mark.parametrize(
    ("change", "zh"),
    [
        ({"polygon": CROSSED}, "自相交"),
        ({"polygon": [[0.1, 0.1], [1.2, 0.1], [0.5, 0.5]]}, "第 2 个顶点在画面之外"),
        ({"polygon": SQUARE[:2]}, "少于 3 个"),
        ({"polygon": [[0.1, 0.1], [0.2, 0.2], [0.3, 0.3]]}, "一条直线"),
        ({"shop": "SH-9"}, "没有商户 SH-9"),
        ({"kind": "door_line", "polygon": SQUARE[:2]}, "请选择"),
        ({"calendar": {"hours": [["06:00", "06:00"]]}}, "起止时刻相同"),
        ({"calendar": {"months": [3], "days": "holidays"}}, "永远不成立"),
        ({"calendar": {"dates": [["2026-03-01", "2026-03-31"]]}, "valid_from": "2026-04-01"}, "永远不成立"),
        ({"valid_from": "2026-04-01", "valid_to": "2026-03-01"}, "早于起始日"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(admin: Caller, change: dict[str, Any], zh: str) -> None:
    answer = admin.put(
        CAMERA, json={"base": 0, "reason": "测试", "shapes": [a_shape("OK"), a_shape(**change)]}
    )
    assert answer.status_code == 422
    assert "Z1" in answer.json()["detail"]
    assert zh in answer.json()["detail"]
    assert admin.get(CAMERA).json()["shapes"] == []


def test_a_reason_is_needed_and_a_vehicle_has_no_zones(admin: Caller) -> None:
    assert admin.put(CAMERA, json={"base": 0, "reason": "", "shapes": []}).status_code == 422
    answer = admin.put("/api/zones/device:CAR-1", json={"base": 0, "reason": "x", "shapes": []})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_zone")


def test_surveyed_door_lines_are_there_until_somebody_moves_them(office: Office, admin: Caller) -> None:
    [line] = admin.get(GROUND).json()["shapes"]
    assert (line["kind"], line["shop"], line["version"]) == ("door_line", "SH-1", 0)
    assert save(admin, given([line]), 0, GROUND)["revision"] == 0  # as surveyed: nothing to write
    south = [[x, y - 2 * b.METRE_NORTH] for x, y in line["polygon"]]
    moved = save(admin, [{**given([line])[0], "polygon": south}], 0, GROUND)
    assert moved["shapes"][0]["version"] == 1
    drawn = office.as_("reviewer").get("/api/map").json()["shops"]["features"][0]["geometry"]["coordinates"]
    assert drawn[0][1] == pytest.approx(south[0][1], abs=1e-8)
    back = save(admin, [], 1, GROUND)  # taken away: the survey holds again
    assert back["shapes"] == [line]


def test_geojson_goes_out_and_comes_back_equal(admin: Caller) -> None:
    admin.post("/api/devices/CAM-A/picture", content=b.a_png(width=1920, height=1080))
    shapes = [
        a_shape(calendar={"weekdays": [6, 7], "hours": [["22:00", "02:00"]]}, name="北侧人行道"),
        a_shape("D1", kind="door_line", shop="SH-1", polygon=[[0.123457, 0.5], [0.7, 0.333333]]),
        a_shape("P1", kind="permitted", place_kind="外摆位", trades=["餐饮"], valid_from="2026-01-01",
                more={"contact": "某某"}),
    ]  # fmt: skip
    saved = save(admin, shapes, 0)
    file = admin.get(f"{CAMERA}/geojson").json()
    assert file["jiexun"] == {"space": "picture", "device": "CAM-A", "width": 1920, "height": 1080}
    by_code = {f["properties"]["code"]: f["geometry"] for f in file["features"]}
    assert by_code["Z1"]["coordinates"][0][0] == [192.0, 540.0]  # pixels
    assert by_code["D1"]["type"] == "LineString"
    read = admin.post(f"{CAMERA}/geojson", json=file)
    assert read.status_code == 200, read.text
    assert given(read.json()) == given(saved["shapes"])
    assert save(admin, given(read.json()), 1)["revision"] == 1  # equal: no new version
    assert admin.post(f"{GROUND}/geojson", json=file).status_code == 422  # pixels are no map


def test_a_bad_feature_is_named_with_its_number(admin: Caller) -> None:
    ring = [[121.4, 31.2], [121.401, 31.2], [121.401, 31.201], [121.4, 31.2]]
    good = {"type": "Feature", "properties": {"code": "A", "kind": "permitted"},
            "geometry": {"type": "Polygon", "coordinates": [ring]}}  # fmt: skip
    swapped = {**good, "properties": {"code": "B", "kind": "permitted"},
               "geometry": {"type": "Polygon", "coordinates": [[[y, x] for x, y in ring]]}}  # fmt: skip
    answer = admin.post(f"{GROUND}/geojson", json={"type": "FeatureCollection", "features": [good, swapped]})
    assert answer.status_code == 422
    assert "第 2 个要素" in answer.json()["detail"]
    assert "颠倒" in answer.json()["detail"]


def test_a_calendar_is_said_in_words(admin: Caller) -> None:
    body = {"calendar": {"weekdays": [1, 2, 3, 4, 5], "hours": [["06:00", "09:00"]], "days": "not_holidays"}}
    assert admin.post("/api/calendars", json=body).json()["words"] == "周一至周五 06:00–09:00，法定节假日除外"
    english = admin.post("/api/calendars", json=body, headers={"Accept-Language": "en"}).json()
    assert english["words"] == "Monday–Friday 06:00–09:00, except public holidays"
    always = admin.post(
        "/api/calendars", json={"calendar": {"hours": [["06:00", "18:00"], ["18:00", "06:00"]]}}
    )
    assert (always.json()["always"], always.json()["now"]) == (True, True)
    never = admin.post("/api/calendars", json={"calendar": {"months": [3], "days": "holidays"}}).json()
    assert "永远不成立" in never["problem"]


def test_a_reference_picture_is_uploaded_or_chosen(office: Office, admin: Caller) -> None:
    before = admin.get("/api/devices/CAM-A").json()["picture"]
    assert admin.post("/api/devices/CAM-A/picture", content=b"no picture").json()["code"] == "bad_picture"
    assert admin.post("/api/devices/CAM-A/picture", content=b.a_png(width=100, height=100)).status_code == 422
    assert admin.get("/api/devices/CAM-A").json()["picture"] == before
    assert admin.post("/api/devices/CAM-A/picture", content=b.a_png(width=640, height=360)).status_code == 200
    after = admin.get("/api/devices/CAM-A").json()["picture"]
    assert after != before
    assert {d["code"]: d["picture"] for d in admin.get("/api/devices").json()["items"]}["CAM-A"] == after
    assert admin.get(after).headers["content-type"] == "image/jpeg"
    choice = admin.get("/api/devices/CAM-A/pictures").json()[0]
    assert admin.put("/api/devices/CAM-A/picture", json={"evidence": choice["evidence"]}).status_code == 200
    assert admin.get(CAMERA).json()["picture"]["reference"]
    assert admin.put("/api/devices/CAM-B/picture", json={"evidence": choice["evidence"]}).status_code == 404
