"""A person merges two candidates, takes it back, and splits one, in Chromium. No console or network error."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from casework.candidates.queries import events_on
from casework.candidates.tables import Candidate
from jiexun.house import House, open_house
from tests import builders as b
from tests.browser.driving import Faults, Server, serve

pytestmark = pytest.mark.browser


def furnish(house: House) -> tuple[int, int]:
    """Two stalls beside each other before one camera, the first seen again an hour later; a reviewer. Their ids."""
    with house.database.write() as session:
        squad = b.a_squad(session)
        camera = b.a_device(session, "CAM-1", squad=squad, street=b.a_street(session, squad))
        seen = [
            b.a_violation(device="CAM-1"),
            b.a_violation(device="CAM-1", start=b.at(3600)),
            b.a_violation(device="CAM-1", box=(700, 200, 800, 300)),
        ]
        first, again, second = [b.a_candidate(session, house.store, camera, v).id for v in seen]
        assert first == again != second
        b.an_account(session, "reviewer", "reviewer")
        return first, second


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def ids(home: Path) -> tuple[int, int]:
    with open_house(home) as house:
        return furnish(house)


@pytest.fixture
def office(home: Path, ids: tuple[int, int]) -> Iterator[Server]:
    running = serve(home)
    yield running
    running.stop()


def give_reason(page: Page, reason: str) -> None:
    """It cannot be sent without one."""
    expect(page.get_by_test_id("life-go")).to_be_disabled()
    page.get_by_test_id("life-reason").fill(reason)
    page.get_by_test_id("life-go").click()


def test_merge_take_back_and_split(
    page: Page, office: Server, home: Path, ids: tuple[int, int], faults: Faults
) -> None:
    first, second = ids
    with open_house(home) as house, house.database.read() as session:
        numbers = {id: session.get_one(Candidate, id).number for id in ids}
    page.goto(f"{office.url}/sign-in")
    page.get_by_test_id("username").fill("reviewer")
    page.get_by_test_id("password").fill(b.PASSWORD)
    page.get_by_test_id("sign-in").click()
    page.wait_for_url(re.compile("/review"))

    page.goto(f"{office.url}/candidates/{second}")
    page.get_by_test_id("life-merge").click()
    expect(page.get_by_test_id("life-split")).to_have_count(0)  # it has one stay only
    # Another one may be named by its number; what may not be is said before anything is sent.
    for number, why in ((numbers[second], "不能并入自身"), ("YS-20200101-0001", "找不到")):
        page.get_by_test_id("life-number").fill(number)
        page.get_by_test_id("life-find").click()
        expect(page.get_by_test_id("life-not-found")).to_contain_text(why)
    assert [f.split(":", 1)[0] for f in faults.seen if not f.startswith("console")] == ["422", "404"]
    faults.seen.clear()
    page.get_by_test_id("life-number").fill(f" {numbers[first].lower()} ")
    page.get_by_test_id("life-number").press("Enter")
    expect(page.get_by_test_id(f"life-into-{first}")).to_be_checked()
    expect(page.get_by_test_id("life-not-found")).to_have_count(0)
    give_reason(page, "同一摊位")
    page.wait_for_url(re.compile(f"/candidates/{first}$"))
    page.locator(".life li").get_by_text("同一摊位").wait_for()

    page.goto(f"{office.url}/candidates/{second}")
    page.get_by_test_id("life-kept").wait_for()
    page.get_by_test_id("life-unmerge").click()
    give_reason(page, "看清是两家")
    page.get_by_test_id("life-merge").wait_for()

    page.goto(f"{office.url}/candidates/{first}")
    page.get_by_test_id("life-split").click()
    page.locator("[data-testid^=life-stay-]").nth(1).check()
    give_reason(page, "后来的是另一家")
    page.wait_for_url(re.compile(f"/candidates/(?!{first}$)\\d+$"))
    page.locator(".life li").get_by_text("后来的是另一家").wait_for()
    assert faults.seen == []
    with open_house(home) as house, house.database.read() as session:
        acts = [e.act for e in events_on(session, second)]
        assert acts == ["merge", "unmerge"]
        assert [e.act for e in events_on(session, first)][-2:] == ["split", "split_off"]
