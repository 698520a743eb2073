"""A rule is changed in the page and tried on stored looks, beside what was raised and decided. In Chromium."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from casework.candidates.tables import Candidate
from detector.scene.rules_data import shipped
from jiexun.house import open_house
from jiexun.settings import load
from tests import builders as b
from tests.browser.driving import Faults, Server, serve
from tests.jiexun.painted import Thing, film, furnish, look_at

pytestmark = pytest.mark.browser
LONG = Thing("stall", (40, 140, 100, 200), 60, 560)  # 500 s: raised, and confirmed
SHORT = Thing(
    "stall", (250, 180, 300, 230), 300, 480
)  # 180 s: none by the shipped rules, which ask for 300 s


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Server]:
    """A quarter of an hour before C-1 on 31 October that was looked at."""
    home = tmp_path / "home"
    with open_house(settings=load(home, legal_mode="evidence")) as house:
        furnish(house)
        video = film(tmp_path / "a.mp4", [LONG, SHORT], 900, step=10.0)
        assert look_at(house, video, "C-1").candidates == 1
        with house.database.write() as session:
            session.scalars(select(Candidate)).one().state = "kept"  # the queue is another test's
            b.an_account(session, "admin", "admin")
    running = serve(home)
    yield running
    running.stop()


def counts(page: Page) -> list[int]:
    """Raised then, would be raised, gained, lost, of these confirmed."""
    shown = page.get_by_test_id("rules-counts").locator("dd").all_inner_texts()
    return [int(text) for text in shown[:5]]


def tried(page: Page, dwell_s: float) -> None:
    """Change the stall's dwell in the text and try it."""
    text = shipped().replace("dwell_s = 300.0", f"dwell_s = {dwell_s}", 1)
    page.get_by_test_id("rules-text").fill(text)
    with page.expect_response(re.compile("/api/rules/preview")):
        page.get_by_test_id("rules-try").click()
    expect(page.get_by_test_id("rules-try")).to_be_visible()  # it is over


def test_a_change_of_a_rule_is_seen_before_it_is_entered(page: Page, office: Server, faults: Faults) -> None:
    page.goto(f"{office.url}/sign-in")
    page.get_by_test_id("username").fill("admin")
    page.get_by_test_id("password").fill(b.PASSWORD)
    page.get_by_test_id("sign-in").click()
    page.wait_for_url(re.compile(r"/(devices|accounts)"))
    page.goto(f"{office.url}/rules")
    expect(page.get_by_test_id("rules-text")).to_have_value(re.compile("dwell_s"))
    expect(page.get_by_text("随软件发布的规则")).to_be_visible()
    for day in page.locator("input[type=date]").all():
        day.fill("2026-10-31")
    # As it holds: the same as was raised.
    with page.expect_response(re.compile("/api/rules/preview")):
        page.get_by_test_id("rules-try").click()
    expect(page.get_by_text("与当时的结果相同")).to_be_visible()
    assert counts(page) == [1, 1, 0, 0, 0]
    # Two minutes of dwell raise the short one too.
    tried(page, 120.0)
    expect(page.get_by_text("新增", exact=True).last).to_be_visible()
    assert counts(page) == [1, 2, 1, 0, 0]
    # Ten minutes lose the one that a person had confirmed, and the row leads to it.
    tried(page, 600.0)
    expect(page.locator("tbody tr")).to_have_count(1)
    assert counts(page) == [1, 0, 0, 1, 1]
    page.locator("tbody a").click()
    page.wait_for_url(re.compile(r"/candidates/\d+$"))
    page.go_back()
    # English has the reason in English.
    page.get_by_test_id("language").click()
    expect(page.get_by_text("Rules as shipped with the software")).to_be_visible()
    assert faults.seen == []
