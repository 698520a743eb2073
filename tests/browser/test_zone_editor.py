"""The editor of zones in Chromium: draw, move, hours, versions, restore; refusals at once; a saving in between."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from casework.devices.pictures import add_picture
from casework.devices.queries import device_by_code
from casework.places.service import set_zones
from jiexun.house import open_house
from tests import builders as b
from tests.browser.driving import Faults, Server, serve

pytestmark = pytest.mark.browser
SQUARE = [[0.2, 0.4], [0.6, 0.4], [0.6, 0.8], [0.2, 0.8]]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a camera, its reference picture and one pavement; a shop; nobody looks at footage."""
    home = tmp_path_factory.mktemp("zones") / "home"
    with open_house(home) as house, house.database.write() as session:
        squad = b.a_squad(session)
        street = b.a_street(session, squad)
        b.a_shop(session, street)
        camera = b.a_device(session, "CAM-1", squad=squad, street=street)
        add_picture(session, house.store, "system", camera, b.a_png(width=1280, height=720))
        set_zones(session, "system", camera, [{"code": "Z1", "kind": "pavement", "polygon": SQUARE}])
        bare = b.a_device(session, "CAM-2", squad=squad, street=street)
        add_picture(session, house.store, "system", bare, b.a_png(width=1280, height=720))
        b.an_account(session, "admin", "admin")
        b.an_account(session, "reviewer", "reviewer")
    running = serve(home)
    yield running
    running.stop()


def sign_in(page: Page, office: Server, to: str, who: str = "admin", ready: str = "canvas") -> None:
    """Sign in and open the page."""
    page.goto(f"{office.url}/sign-in")
    page.get_by_test_id("username").fill(who)
    page.get_by_test_id("password").fill(b.PASSWORD)
    page.get_by_test_id("sign-in").click()
    page.wait_for_url(re.compile(r"/(devices|review|accounts)"))
    page.goto(f"{office.url}{to}")
    expect(page.get_by_test_id(ready)).to_be_visible()


def at(page: Page, x: float, y: float) -> tuple[float, float]:
    """Where a share of the picture lies on the screen."""
    box = page.locator(".fit img").bounding_box()
    assert box is not None
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    """With the mouse, in steps as a hand does."""
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=4)
    page.mouse.up()


def save(page: Page, reason: str) -> None:
    """Save with a reason."""
    page.get_by_test_id("save").click()
    page.get_by_test_id("save-reason").fill(reason)
    page.get_by_test_id("save-go").click()


def shapes(office: Server, revision: int | None = None, of: str = "CAM-1") -> dict[str, dict[str, object]]:
    """What the API says, by code."""
    with httpx.Client(base_url=office.url) as client:
        signed = client.post("/api/session", json={"username": "admin", "password": b.PASSWORD})
        client.headers["X-CSRF-Token"] = signed.json()["csrf_token"]
        found = client.get(f"/api/zones/device:{of}", params={"revision": revision} if revision else {})
        return {s["code"]: s for s in found.json()["shapes"]}


def test_draw_move_hours_version_and_restore(page: Page, office: Server, faults: Faults) -> None:
    sign_in(page, office, "/devices/CAM-1/zones")
    # Draw a triangle: three clicks, and the first corner again.
    page.keyboard.press("p")
    for x, y in ((0.7, 0.2), (0.9, 0.2), (0.8, 0.35), (0.7, 0.2)):
        page.mouse.click(*at(page, x, y))
    page.get_by_test_id("shape-kind").select_option("permitted")
    page.get_by_test_id("shape-name").fill("早市")
    # Hours and holidays, said in words by the rules' own calendar.
    page.get_by_test_id("hours-add").click()
    page.get_by_test_id("hours-0-from").fill("6")
    page.get_by_test_id("hours-0-to").fill("900")
    page.get_by_test_id("hours-0-to").press("Tab")
    page.get_by_test_id("calendar-days").select_option("not_holidays")
    expect(page.get_by_test_id("calendar-words")).to_contain_text("每天 06:00–09:00，法定节假日除外")
    # Hours that begin and end together cannot be saved.
    page.get_by_test_id("hours-0-to").fill("06:00")
    page.get_by_test_id("hours-0-to").press("Tab")
    expect(page.get_by_test_id("calendar-words")).to_contain_text("起止时刻相同")
    expect(page.get_by_test_id("save")).to_be_disabled()
    page.get_by_test_id("undo").click()
    expect(page.get_by_test_id("calendar-words")).to_contain_text("06:00–09:00")
    # Move a corner of the pavement with the mouse, another by the keyboard.
    page.get_by_test_id("all-shapes").click()
    page.get_by_test_id("row-Z1").click()
    drag(page, at(page, 0.2, 0.4), at(page, 0.1, 0.3))
    page.get_by_test_id("corner-1").focus()
    page.keyboard.press("Shift+ArrowRight")
    save(page, "路口改造")
    expect(page.get_by_test_id("version")).to_contain_text("第 2 版")
    now = shapes(office)
    assert now["Z1"]["version"] == 2
    (x0, y0), (x1, y1) = now["Z1"]["polygon"][:2]  # type: ignore[index]
    assert (x0, y0) == pytest.approx((0.1, 0.3), abs=0.004)
    assert x1 > 0.605
    assert y1 == 0.4
    drawn = next(s for s in now.values() if s["name"] == "早市")
    assert drawn["calendar"]["hours"] == [["06:00", "09:00"]]  # type: ignore[index]
    # The first version is looked at and restored, as the third.
    page.get_by_test_id("tab-versions").click()
    page.get_by_test_id("view-1").click()
    expect(page.get_by_test_id("shape-Z1")).to_be_visible()
    page.get_by_test_id("restore").click()
    save(page, "改错了")
    expect(page.get_by_test_id("version")).to_contain_text("第 3 版")
    assert {code: s["polygon"] for code, s in shapes(office).items()} == {"Z1": SQUARE}
    assert shapes(office, 2)["Z1"]["polygon"] == now["Z1"]["polygon"]  # what was saved stays
    assert faults.seen == []


def test_what_cannot_be_is_refused_at_once(page: Page, office: Server, faults: Faults) -> None:
    sign_in(page, office, "/devices/CAM-1/zones")
    before = shapes(office)["Z1"]["polygon"]
    page.keyboard.press("p")
    for x, y in ((0.7, 0.1), (0.9, 0.1), (0.9, 0.3), (0.8, 0.05)):  # the last side would cross the first
        page.mouse.click(*at(page, x, y))
    expect(page.get_by_test_id("note")).to_contain_text("不能自相交")
    left, top = at(page, 0, 0)
    page.mouse.click(left - 15, top + 40)
    expect(page.get_by_test_id("note")).to_contain_text("在画面之外")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("tool-select")).to_have_attribute("aria-pressed", "true")
    # A corner dragged over the opposite side goes back to where it was; so does one dragged out of the picture.
    page.get_by_test_id("row-Z1").click()
    drag(page, at(page, 0.2, 0.4), at(page, 0.75, 0.6))
    expect(page.get_by_test_id("note")).to_contain_text("不能自相交")
    drag(page, at(page, 0.2, 0.4), (left - 15, top + 100))
    expect(page.get_by_test_id("note")).to_contain_text("在画面之外")
    expect(page.get_by_test_id("save")).to_be_disabled()  # nothing has changed
    assert shapes(office)["Z1"]["polygon"] == before
    assert faults.seen == []


def test_a_saving_in_between_is_not_overwritten(page: Page, office: Server, faults: Faults) -> None:
    sign_in(page, office, "/devices/CAM-1/zones")
    page.get_by_test_id("row-Z1").click()
    page.get_by_test_id("shape-name").fill("我的")
    with open_house(office.home) as house, house.database.write() as session:
        camera = device_by_code(session, "CAM-1")
        moved = [[x, round(y - 0.2, 6)] for x, y in SQUARE]
        set_zones(session, "command-line", camera, [{"code": "Z1", "kind": "pavement", "polygon": moved}])
    save(page, "晚了一步")
    expect(page.get_by_test_id("save-problem")).to_contain_text("您的修改尚未保存")
    [refused] = [f for f in faults.seen if not f.startswith("console")]  # a refusal is a line there too
    assert refused.startswith(f"409: PUT {office.url}/api/zones/")
    page.get_by_test_id("save-reload").click()
    expect(page.get_by_test_id("version")).to_contain_text("命令行")
    assert shapes(office)["Z1"]["polygon"] == moved


def test_copy_door_line_move_and_a_file_there_and_back(
    page: Page, office: Server, faults: Faults, tmp_path: Path
) -> None:
    sign_in(page, office, "/devices/CAM-2/zones")
    # The other camera's pavement, as it was first saved, is taken over and moved as a whole.
    page.get_by_test_id("copy").click()
    page.get_by_test_id("copy-source").fill("cam-1")
    page.get_by_test_id("copy-source-list").get_by_text("CAM-1").click()
    page.get_by_test_id("copy-version").select_option("1")
    expect(page.get_by_test_id("copy-go")).to_contain_text("1")
    page.get_by_test_id("copy-go").click()
    expect(page.get_by_test_id("note")).to_contain_text("已复制 1 个")
    expect(page.get_by_test_id("shape-CAM-2-1")).to_be_visible()  # it has a code of its own
    drag(page, at(page, 0.4, 0.6), at(page, 0.5, 0.7))
    # A copy of it on this very picture lies aside, and is taken away again.
    page.get_by_test_id("shape-copy").click()
    expect(page.locator("[data-testid^=shape-CAM-2-]")).to_have_count(2)
    page.get_by_test_id("undo").click()
    expect(page.locator("[data-testid^=shape-CAM-2-]")).to_have_count(1)
    # A door line: two clicks; it cannot be saved before its shop is named.
    page.keyboard.press("d")
    for x, y in ((0.1, 0.3), (0.3, 0.3)):
        page.mouse.click(*at(page, x, y))
    expect(page.get_by_test_id("save")).to_be_disabled()
    page.get_by_test_id("shape-shop").select_option("SH-1")
    save(page, "新装摄像机")
    expect(page.get_by_test_id("version")).to_contain_text("第 1 版")
    now = shapes(office, of="CAM-2")
    moved = [(x + 0.1, y + 0.1) for x, y in SQUARE]
    assert [tuple(p) for p in now["CAM-2-1"]["polygon"]] == [  # type: ignore[attr-defined]
        pytest.approx(p, abs=0.004) for p in moved
    ]
    line = now["CAM-2-2"]
    assert (line["kind"], line["shop"]) == ("door_line", "SH-1")
    assert line["polygon"] == [pytest.approx(p, abs=0.004) for p in ((0.1, 0.3), (0.3, 0.3))]
    # Out as GeoJSON in pixels of the picture, and in again: nothing has changed; moved in the file, it is changed.
    with page.expect_download() as got:
        page.get_by_test_id("export").click()
    file = tmp_path / "camera.geojson"
    got.value.save_as(file)
    page.get_by_test_id("import").set_input_files(file)
    expect(page.get_by_test_id("note")).to_contain_text("2 个")
    expect(page.get_by_test_id("save")).to_be_disabled()
    data = json.loads(file.read_text("utf-8"))
    [drawn] = [f for f in data["features"] if f["geometry"]["type"] == "LineString"]
    (x0, y0), (x1, _) = drawn["geometry"]["coordinates"]
    drawn["geometry"]["coordinates"] = [[x0, y0], [x1 + 128, y0]]  # a tenth of 1280 px
    file.write_text(json.dumps(data), "utf-8")
    page.get_by_test_id("import").set_input_files(file)
    save(page, "按图纸修改")
    expect(page.get_by_test_id("version")).to_contain_text("第 2 版")
    assert shapes(office, of="CAM-2")["CAM-2-2"]["polygon"][1] == pytest.approx([0.4, 0.3], abs=0.004)  # type: ignore[index]
    assert faults.seen == []


def test_places_on_the_map_without_tiles(page: Page, office: Server, faults: Faults, tmp_path: Path) -> None:
    sign_in(page, office, "/places")
    # The surveyed door line makes a terrace up to the building line; it goes out as GeoJSON and comes back.
    page.get_by_test_id("row-D-SH-1").click()
    page.get_by_test_id("terrace").click()
    expect(page.get_by_test_id("shape-place-kind")).to_have_value("外摆位")
    page.get_by_test_id("shape-trades").fill("餐饮，咖啡")
    save(page, "新设外摆位")
    expect(page.get_by_test_id("version")).to_contain_text("第 1 版")
    with page.expect_download() as got:
        page.get_by_test_id("export").click()
    file = tmp_path / "ground.geojson"
    got.value.save_as(file)
    data = json.loads(file.read_text("utf-8"))
    place = next(f for f in data["features"] if f["properties"]["kind"] == "permitted")
    assert place["properties"]["trades"] == ["餐饮", "咖啡"]
    page.get_by_test_id("import").set_input_files(file)
    expect(page.get_by_test_id("note")).to_contain_text("2 个")
    expect(page.get_by_test_id("save")).to_be_disabled()  # equal to what is there
    place["geometry"]["coordinates"][0][0] = [31.2, 121.4]
    file.write_text(json.dumps(data), "utf-8")
    with page.expect_response(re.compile("geojson")) as refused:
        page.get_by_test_id("import").set_input_files(file)
    assert refused.value.status == 422
    expect(page.get_by_test_id("note")).to_contain_text("个要素")
    assert [f for f in faults.seen if "422" not in f] == []


def test_rules_are_tried_before_they_are_entered(page: Page, office: Server, faults: Faults) -> None:
    sign_in(page, office, "/rules", ready="rules-text")
    text = page.get_by_test_id("rules-text")
    expect(text).to_have_value(re.compile("dwell_s"))
    page.get_by_test_id("rules-try").click()
    expect(page.get_by_text("这段时间没有保存的检出。")).to_be_visible()
    text.fill("[[rule]]\n")
    with page.expect_response(re.compile("/api/rules/preview")) as refused:
        page.get_by_test_id("rules-try").click()
    assert refused.value.status == 422
    expect(page.get_by_role("alert")).to_be_visible()
    assert [f for f in faults.seen if "422" not in f] == []


def test_a_reviewer_looks_and_a_phone_is_wide_enough(page: Page, office: Server, faults: Faults) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    sign_in(page, office, "/devices/CAM-1/zones", "reviewer")
    expect(page.get_by_test_id("save")).to_have_count(0)
    page.get_by_test_id("row-Z1").click()
    expect(page.get_by_test_id("shape-name")).to_be_disabled()
    page.get_by_test_id("language").click()
    expect(page.get_by_test_id("calendar-words")).to_contain_text("always")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert faults.seen == []
