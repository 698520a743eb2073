"""A leader is told of cameras at fault, withdraws what one raised and restores it; second looks. In Chromium."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from casework.candidates.tables import Candidate
from casework.db import utcnow
from casework.devices.conditions import begin, end
from casework.devices.pictures import add_picture
from casework.devices.queries import device_by_code
from casework.evidence.service import pack
from casework.people.service import person_of
from casework.verify import verify
from casework.watches.service import Seen, report, watch
from detector.care.model import Condition, Finding
from jiexun.house import House, open_house
from tests import builders as b
from tests.browser.driving import Faults, Server, serve

pytestmark = pytest.mark.browser
TURNED = Finding(Condition.MOVED, "turn_deg", 4.25, 1.0)
BOTH_SHOWN = "() => [...document.querySelectorAll('.pair img')].filter(i => i.naturalWidth > 0).length === 2"
DARK = Finding(Condition.DARK, "dark_level", 9.0, 24.0)


def furnish(house: House) -> None:
    """CAM-1 is turned now and was dark; it raised two stalls before, the first of which was looked at again and is
    gone. CAM-2 is well."""
    now = utcnow().replace(microsecond=0)
    with house.database.write() as session:
        squad = b.a_squad(session)
        street = b.a_street(session, squad)
        for code in ("CAM-1", "CAM-2"):
            device = b.a_device(session, code, squad=squad, street=street)
            add_picture(session, house.store, "system", device, b.a_png(width=1280, height=720))
        b.an_account(session, "leader", "leader")
        officer = person_of(b.an_account(session, "officer", "officer"))
        camera = device_by_code(session, "CAM-1")
        for hours, box in ((3, (100, 200, 200, 300)), (2, (700, 200, 800, 300))):
            seen = b.a_violation(device="CAM-1", start=now - timedelta(hours=hours), box=box)
            b.a_candidate(session, house.store, camera, seen)
        first = session.get_one(Candidate, 1)
        asked = watch(session, officer, 1, first.last_at, now)
        after = replace(b.exhibits("CAM-1", now - timedelta(hours=2), 60)[0], role="after")
        packed = pack(house.store, "watch-1:after", [after], {"watch": asked.id})
        looked = b.a_footage(session, camera)
        report(session, Seen(asked.id, looked.id, True, after.captured_at, 12, 0), packed)
        shows = house.store.put(b.a_png(200, 1280, 720))
        begin(session, camera, DARK, now - timedelta(days=2), shows, None)
        end(session, camera, now - timedelta(days=2) + timedelta(minutes=30))
        begin(session, camera, TURNED, now - timedelta(hours=1), shows, None)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for both tests: the first leaves the candidates as it found them."""
    home = tmp_path_factory.mktemp("care") / "home"
    with open_house(home) as house:
        furnish(house)
    return home


@pytest.fixture(scope="module")
def office(home: Path) -> Iterator[Server]:
    running = serve(home)
    yield running
    running.stop()


def sign_in(page: Page, office: Server, who: str) -> None:
    page.goto(f"{office.url}/sign-in")
    page.get_by_test_id("username").fill(who)
    page.get_by_test_id("password").fill(b.PASSWORD)
    page.get_by_test_id("sign-in").click()
    page.wait_for_url(re.compile(r"/(review|cases)"))


def test_a_leader_is_told_withdraws_and_restores(
    page: Page, office: Server, home: Path, faults: Faults
) -> None:
    sign_in(page, office, "leader")
    # Told wherever they are: the number on the rail leads to the list, the list to the camera.
    expect(page.get_by_test_id("trouble-count")).to_have_text("1")
    page.get_by_test_id("nav-devices").click()
    expect(page.get_by_test_id("troubles")).to_contain_text("1 台摄像机画面异常")
    page.get_by_test_id("only-troubled").click()
    expect(page.locator("[data-testid^=device-CAM]")).to_have_count(1)
    page.get_by_test_id("trouble-CAM-1").click()
    here = page.get_by_test_id("conditions")
    expect(here).to_contain_text("镜头移位或转向")
    expect(page.get_by_test_id("measured")).to_have_text("转动了 4.3°（限 1°）")
    expect(page.get_by_test_id("past-conditions")).to_contain_text("画面过暗")
    page.wait_for_function(BOTH_SHOWN)
    # What it raised in the day before is shown, withdrawn with a reason, and restored.
    page.get_by_test_id("span-now").click()
    expect(page.get_by_test_id("span-count")).to_contain_text("可撤回 2 件")
    expect(page.get_by_test_id("span-go")).to_be_disabled()
    page.get_by_test_id("span-reason").fill("镜头被撞歪")
    page.get_by_test_id("span-go").click()
    expect(page.get_by_test_id("span-done")).to_contain_text("已撤回 2 件")
    expect(page.get_by_test_id("span-count")).to_contain_text("没有可撤回的疑似")
    page.get_by_test_id("span-restore").click()
    expect(page.get_by_test_id("span-count")).to_contain_text("可恢复 2 件")
    page.get_by_test_id("span-reason").fill("看清没有歪")
    page.get_by_test_id("span-go").click()
    expect(page.get_by_test_id("span-done")).to_contain_text("已恢复 2 件")
    assert faults.seen == []
    with open_house(home) as house, house.database.read() as session:
        assert [session.get_one(Candidate, i).state for i in (1, 2)] == ["open", "open"]
        assert verify(session, house.store).bad == []


def test_a_second_look_is_shown_with_both_pictures_and_asked_for(
    page: Page, office: Server, faults: Faults
) -> None:
    sign_in(page, office, "officer")
    page.goto(f"{office.url}/candidates/1")
    found = page.get_by_test_id("watch-1")
    expect(found.get_by_test_id("watch-state")).to_have_text("已改正")
    expect(found).to_contain_text("12 次看到此处，其中 0 次仍在")
    found.get_by_test_id("watch-pair").click()
    expect(page.locator("dialog figure")).to_have_count(2)
    before, after = page.locator("dialog figure img").all()
    assert before.get_attribute("src") != after.get_attribute("src")
    page.wait_for_function(BOTH_SHOWN)
    page.get_by_test_id("modal-close").click()
    page.get_by_test_id("watch-ask").click()
    page.get_by_test_id("watch-go").click()
    expect(page.get_by_test_id("watch-2").get_by_test_id("watch-state")).to_have_text("等待复查")
    assert faults.seen == []
    # A phone shows the same without scrolling sideways.
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
