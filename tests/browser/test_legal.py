"""Legal review in the browser: the evidence as a checklist, accepting it, accepting it all the same, returning it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from casework.review.tables import Decision
from casework.tables import Candidate
from jiexun.house import open_house
from tests.browser.driving import Faults, Server, serious, serve
from tests.browser.quality_home import Made, quality_home
from tests.browser.test_review_desk import sign_in

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Made]:
    home = tmp_path_factory.mktemp("legal") / "home"
    return home, quality_home(home, counted=0)


@pytest.fixture
def office(made: tuple[Path, Made], tmp_path: Path) -> Iterator[Server]:
    home = tmp_path / "home"
    shutil.copytree(made[0], home)
    running = serve(home)
    yield running
    running.stop()


def number_of(home: Path, candidate: int) -> str:
    with open_house(home) as house, house.database.read() as session:
        return session.get_one(Candidate, candidate).number


def test_accept_return_and_say_it_once_more(
    page: Page, office: Server, made: tuple[Path, Made], faults: Faults
) -> None:
    home, lacking = office.home, made[1].lacking
    lacks = number_of(home, lacking)
    sign_in(page, office, "/legal", "legal")
    accept, number = page.get_by_test_id("legal-accept"), page.get_by_test_id("candidate-number")
    seen: list[str] = []
    for _ in range(3):
        expect(accept).to_be_enabled()
        seen.append(was := number.inner_text())
        whole = page.get_by_test_id("completeness-sum")
        if was == lacks:
            expect(whole).to_have_text("缺 1 项")
            expect(page.get_by_test_id("completeness").locator("li").first).to_contain_text("未对应到店铺")
            # Accepting asks once more; Escape leaves it. Returning needs a reason, which the cross gives.
            page.keyboard.press("a")
            expect(page.get_by_test_id("legal-sure")).to_contain_text("缺 1 项仍要立案")
            assert serious(page) == []
            page.keyboard.press("Escape")
            expect(page.get_by_test_id("legal-sure")).to_have_count(0)
            page.keyboard.press("r")
            expect(page.get_by_text("退回须写明理由")).to_be_visible()
            page.get_by_test_id("legal-quick-party").click()
            expect(page.get_by_test_id("legal-note")).to_have_value(
                "当事人/店铺：未对应到店铺，请先确认当事人"
            )
            page.get_by_test_id("legal-return").click()
        else:
            expect(whole).to_have_text("证据齐全，可以立案。")
            assert serious(page) == []
            page.keyboard.press("a")
        expect(number.filter(has_text=was)).to_have_count(0)
    expect(page.get_by_test_id("queue-empty")).to_be_visible()
    page.wait_for_function("() => !Object.keys(localStorage).some(n => n.startsWith('jiexun.outbox.'))")
    assert len(set(seen)) == 3
    with open_house(home) as house, house.database.read() as session:
        rows = session.execute(
            select(Decision.candidate_id, Decision.verdict, Decision.note).where(Decision.stage == "legal")
        ).all()
        said = {candidate: (verdict, note) for candidate, verdict, note in rows}
        assert said.pop(lacking) == ("return", "当事人/店铺：未对应到店铺，请先确认当事人")
        assert set(said.values()) == {("accept", "")}
        assert session.get_one(Candidate, lacking).state == "returned"
        assert {session.get_one(Candidate, c).state for c in said} == {"filed"}
    assert faults.seen == []


def test_accepting_what_lacks_takes_two_presses(page: Page, office: Server, made: tuple[Path, Made]) -> None:
    lacks = number_of(office.home, made[1].lacking)
    sign_in(page, office, "/legal?type=cross_door", "legal")
    expect(page.get_by_test_id("candidate-number")).to_have_text(lacks)
    expect(page.get_by_test_id("legal-accept")).to_be_enabled()
    page.keyboard.press("a")
    expect(page.get_by_test_id("legal-sure")).to_be_visible()
    page.keyboard.press("a")
    expect(page.get_by_test_id("queue-empty")).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{office.url}/legal")
    expect(page.get_by_test_id("completeness-sum")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
