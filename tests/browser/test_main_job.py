"""The main job in the browser: review by keys, legal review, a case, the month. No console or network error."""

from __future__ import annotations

import os
import re
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driving import Faults, Server

pytestmark = pytest.mark.browser
PASSWORD = "jiexun-demo"
SHOTS = os.environ.get("JIEXUN_SCREENSHOTS")  # a folder: the pictures of the README are taken on the way


def sign_in(page: Page, server: Server, username: str, to: str) -> None:
    """Sign in and go to a page."""
    page.goto(f"{server.url}/sign-in")
    page.get_by_test_id("username").fill(username)
    page.get_by_test_id("password").fill(PASSWORD)
    page.get_by_test_id("sign-in").click()
    page.wait_for_url(re.compile(r"/(review|legal|cases|statistics|candidates|devices|audit|accounts)"))
    if to not in page.url:
        page.goto(f"{server.url}{to}")


def sign_out(page: Page) -> None:
    """And away."""
    page.get_by_test_id("sign-out").click()
    page.wait_for_url(re.compile("/sign-in"))


def shot(page: Page, name: str) -> None:
    """A picture for the README, when asked for."""
    if SHOTS:
        page.wait_for_function("() => [...document.images].every(i => i.complete && i.naturalWidth > 0)")
        page.wait_for_timeout(1500)
        page.screenshot(path=Path(SHOTS) / f"{name}.png")


def decide(page: Page, key: str) -> str:
    """One key, and wait for the next candidate (or the empty queue). Returns the number decided on."""
    number = page.get_by_test_id("candidate-number").inner_text()
    page.wait_for_function("() => [...document.images].every(i => i.complete && i.naturalWidth > 0)")
    # The page takes no decision before its pictures were on screen for a moment.
    ready = page.locator("[data-testid=decide-keep]:enabled, [data-testid=legal-accept]:enabled")
    expect(ready).to_be_visible()
    page.keyboard.press(key)
    gone_on = """was => document.querySelector('[data-testid=queue-empty]') ||
        document.querySelector('[data-testid=candidate-number]')?.innerText !== was"""
    page.wait_for_function(
        f"was => document.querySelector('[data-testid=legal-sure]') || ({gone_on})(was)", arg=number
    )
    if page.get_by_test_id("legal-sure").is_visible():  # something is missing: said once more
        page.keyboard.press(key)
    page.wait_for_function(gone_on, arg=number)
    return number


def test_from_queue_to_month(page: Page, server: Server, faults: Faults) -> None:
    sign_in(page, server, "reviewer", "/review")
    expect(page.get_by_test_id("candidate-number")).to_be_visible()
    waiting = int(page.get_by_test_id("waiting-count").inner_text())
    assert waiting >= 5
    shot(page, "review")
    decided = [decide(page, key) for key in ("a", "a", "1", "a", "6")]
    assert len(set(decided)) == 5
    if waiting > 5:
        expect(page.get_by_test_id("waiting-count")).to_have_text(str(waiting - 5))
    page.wait_for_timeout(500)
    sign_out(page)

    sign_in(page, server, "legal", "/legal")
    expect(page.get_by_test_id("candidate-number")).to_be_visible()
    shot(page, "legal")
    for _ in range(3):
        decide(page, "a")
    expect(page.get_by_test_id("queue-empty")).to_be_visible()
    page.goto(f"{server.url}/cases")
    expect(page.get_by_test_id("case-row")).to_have_count(3)
    shot(page, "cases")
    sign_out(page)

    sign_in(page, server, "officer", "/cases")
    page.get_by_test_id("case-row").first.click()
    expect(page.get_by_test_id("case-number").first).to_contain_text("非现〔")
    shot(page, "case")
    sign_out(page)

    sign_in(page, server, "statistics", "/statistics/2026-10")
    expect(page.get_by_test_id("stat-confirmed-all-all")).to_have_text("3")
    expect(page.get_by_test_id("stat-rejected-all-all")).to_have_text("2")
    shot(page, "statistics")
    page.get_by_test_id("stat-confirmed-all-all").click()
    expect(page.get_by_test_id("list-total")).to_contain_text("3")
    this_month = datetime.now(ZoneInfo("Asia/Shanghai")).strftime("%Y-%m")
    page.goto(f"{server.url}/statistics/{this_month}")
    expect(page.get_by_test_id("stat-cases-all-all")).to_have_text("3")
    page.get_by_test_id("stat-cases-all-all").click()
    expect(page.get_by_test_id("list-total")).to_contain_text("3")
    assert faults.seen == []


def test_english_and_phone(page: Page, server: Server, faults: Faults) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    sign_in(page, server, "reviewer", "/review")
    expect(page.get_by_test_id("candidate-number")).to_be_visible()
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390, f"the page is {width} px wide on a phone"
    shot(page, "review-phone")
    page.get_by_test_id("language").click()
    expect(page.get_by_test_id("decide-keep")).to_contain_text(re.compile("[A-Za-z]{3,}"))
    page.set_viewport_size({"width": 1440, "height": 900})
    shot(page, "review-english")
    height = page.evaluate("document.documentElement.scrollHeight")
    assert height <= 900, f"the review page is {height} px high: it must not scroll at 1440 x 900"
    assert faults.seen == []


def test_no_page_for_the_wrong_role(page: Page, server: Server) -> None:
    sign_in(page, server, "admin", "/accounts")
    for entry in ("review", "legal", "cases", "statistics"):
        expect(page.get_by_test_id(f"nav-{entry}")).to_have_count(0)
    expect(page.get_by_test_id("nav-accounts")).to_be_visible()
