"""Reviewers' figures, known items, the senior's two views, pictures shown clear with a reason."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from casework.audit.tables import AuditEvent
from casework.evidence.queries import items_of
from casework.evidence.tables import EvidenceItem
from casework.privacy.preparing import Preparer
from casework.privacy.tables import ClearGrant
from casework.review.quality_tables import PlantedItem
from casework.tables import Candidate
from jiexun.house import open_house
from tests.browser.driving import Faults, Server, serious, serve
from tests.browser.quality_home import Made, plant_and_answer, quality_home
from tests.browser.test_review_desk import sign_in
from tests.builders import PASSWORD
from tests.ingest.footage_builders import a_video

pytestmark = pytest.mark.browser
COUNTED = 8


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Made]:
    home = tmp_path_factory.mktemp("quality") / "home"
    return home, quality_home(home, COUNTED)


@pytest.fixture
def office(made: tuple[Path, Made], tmp_path: Path) -> Iterator[Server]:
    home = tmp_path / "home"
    shutil.copytree(made[0], home)
    running = serve(home)
    yield running
    running.stop()


def sign_out(page: Page) -> None:
    page.get_by_test_id("sign-out").click()
    page.wait_for_url(re.compile("/sign-in"))


def test_a_senior_sees_both_views_and_decides(
    page: Page, office: Server, made: tuple[Path, Made], faults: Faults
) -> None:
    with open_house(office.home) as house, house.database.read() as session:
        disputed = session.get_one(Candidate, made[1].disputed).number
    sign_in(page, office, "/review", "leader")
    expect(page.locator("[data-testid=decide-keep]:enabled")).to_be_visible()
    if page.get_by_test_id("candidate-number").inner_text() != disputed:
        expect(page.get_by_test_id("views")).to_contain_text("货架一半在店门线内")
        page.keyboard.press("s")
    expect(page.get_by_test_id("candidate-number")).to_have_text(disputed)
    expect(page.get_by_test_id("view-0")).to_contain_text("属实占道明显，有价目牌用时 6.2 秒")
    expect(page.get_by_test_id("view-1")).to_contain_text(
        "剔除店内经营没有附言用时 2.1 秒 · 看过 首次 0.9 秒"
    )
    for name in ("李敏", "陈刚"):  # who said it is not told yet
        expect(page.locator("aside")).not_to_contain_text(name)
    expect(page.locator("[data-testid=decide-keep]:enabled")).to_be_visible()
    assert serious(page) == []
    page.keyboard.press("3")
    expect(page.get_by_test_id("candidate-number").filter(has_text=disputed)).to_have_count(0)
    page.wait_for_function("() => !Object.keys(localStorage).some(n => n.startsWith('jiexun.outbox.'))")
    page.goto(f"{office.url}/candidates/{made[1].disputed}")
    for name in ("李敏", "陈刚", "赵队"):
        expect(page.locator("aside")).to_contain_text(name)
    with open_house(office.home) as house, house.database.read() as session:
        assert session.get_one(Candidate, made[1].disputed).state == "rejected"
    assert faults.seen == []


def test_own_figures_first_then_the_others(page: Page, office: Server, faults: Faults) -> None:
    sign_in(page, office, "/review/quality", "leader")
    expect(page.get_by_test_id("person-second")).to_contain_text("其余最迟")  # what is three days old is open
    page.get_by_test_id("person-second").get_by_role("link").click()
    expect(page.get_by_test_id("reviewer-name")).to_have_text("陈刚")
    expect(page.get_by_text("其余最迟")).to_be_visible()
    page.get_by_test_id("period-from").fill(page.get_by_test_id("period-to").input_value())
    expect(page.get_by_test_id("quality-closed")).to_contain_text("最迟")
    sign_out(page)

    sign_in(page, office, "/review", "second")
    page.get_by_test_id("to-quality").click()
    expect(page.get_by_test_id("quality-decisions")).to_have_text(str(COUNTED + 2))
    expect(page.get_by_test_id("share-hasty")).to_contain_text(f"2 / {COUNTED + 2}")
    expect(page.get_by_test_id("quality-haste")).to_contain_text("2 件")
    expect(page.get_by_test_id("tab-planted")).to_have_count(0)
    page.get_by_test_id("by-type").click()
    expect(page.get_by_test_id("quality-row")).to_have_count(3)
    page.get_by_test_id("days-7").click()
    expect(page).to_have_url(re.compile("from=.*to="))
    expect(page.get_by_test_id("quality-decisions")).to_have_text(str(COUNTED + 2))
    page.get_by_test_id("days-30").click()
    expect(page.get_by_test_id("days-30")).to_have_attribute("aria-pressed", "true")
    for look in ("light", "dark"):
        page.emulate_media(color_scheme=look)  # type: ignore[arg-type]
        assert serious(page) == [], look
    page.get_by_test_id("period-to").fill("2026-10-01")
    expect(page.get_by_text("这段时间没有一审决定")).to_be_visible()
    sign_out(page)

    sign_in(page, office, "/review/quality", "leader")
    second = page.get_by_test_id("person-second")
    expect(second).to_contain_text(f"2 / {COUNTED + 2}")
    expect(page.get_by_test_id("alpha")).to_contain_text("尚无")  # of one alone there is none
    assert serious(page) == []
    second.get_by_role("link").click()
    expect(page.get_by_test_id("reviewer-name")).to_have_text("陈刚")
    expect(page.get_by_test_id("quality-decisions")).to_have_text(str(COUNTED + 2))
    sign_out(page)
    page.get_by_test_id("username").fill("auditor")
    page.get_by_test_id("password").fill(PASSWORD)
    page.get_by_test_id("sign-in").click()
    page.get_by_test_id("nav-quality").click()
    expect(second).to_contain_text(f"2 / {COUNTED + 2}")
    assert faults.seen == []


def test_planting_a_known_item_and_ending_it(
    page: Page, office: Server, made: tuple[Path, Made], faults: Faults
) -> None:
    rejected = made[1].rejected
    sign_in(page, office, "/review/planted", "leader")
    expect(page.get_by_text("还没有考核件")).to_be_visible()
    page.goto(f"{office.url}/candidates/{rejected}")
    page.get_by_test_id("plant-open").click()
    expect(page.get_by_test_id("plant-reason")).to_have_value("inside_door_line")
    page.get_by_test_id("plant-note").fill("门线内")
    assert serious(page) == []
    page.get_by_test_id("plant-go").click()
    page.get_by_test_id("plant-done").get_by_role("link").click()
    expect(page.get_by_test_id("planted-row")).to_contain_text("剔除店内经营")
    assert serious(page) == []
    page.get_by_test_id("planted-end").click()
    page.get_by_test_id("planted-end-sure").click()
    expect(page.get_by_test_id("planted-row")).to_contain_text("停用")
    expect(page.get_by_test_id("planted-end")).to_have_count(0)
    with open_house(office.home) as house, house.database.read() as session:
        item = session.scalars(select(PlantedItem)).one()
        assert (item.candidate_id, item.verdict, item.reason, item.note) == (
            rejected, "reject", "inside_door_line", "门线内",
        )  # fmt: skip
        assert item.ended_at is not None
    plant_and_answer(office.home, rejected)
    page.reload()
    expect(page.get_by_test_id("planted-row").first).to_contain_text("0 / 1")
    assert faults.seen == []


def test_clear_with_a_reason_for_a_while(page: Page, office: Server, faults: Faults) -> None:
    sign_in(page, office, "/review", "reviewer")
    picture = page.get_by_test_id("stage-picture")
    expect(picture).to_have_attribute("src", re.compile(r"/api/evidence/\d+$"))
    page.get_by_test_id("clear-ask").click()
    page.get_by_test_id("clear-reason").fill("看看")
    expect(page.get_by_test_id("clear-go")).to_be_disabled()
    page.get_by_test_id("clear-why-plate").click()
    assert serious(page) == []
    page.get_by_test_id("clear-go").click()
    expect(picture).to_have_attribute("src", re.compile(r"clear=true$"))
    expect(page.get_by_test_id("clear-on")).to_contain_text(re.compile(r"剩 9:[45]\d"))
    page.wait_for_function("() => document.querySelector('[data-testid=stage-picture]').naturalWidth > 0")
    # Only this one; another picture is covered, and so is this one again when asked.
    page.keyboard.press("ArrowLeft")
    expect(picture).to_have_attribute("src", re.compile(r"/api/evidence/\d+$"))
    page.keyboard.press("ArrowRight")
    expect(picture).to_have_attribute("src", re.compile(r"clear=true$"))
    page.get_by_test_id("clear-on").click()
    expect(picture).to_have_attribute("src", re.compile(r"/api/evidence/\d+$"))
    with open_house(office.home) as house, house.database.read() as session:
        grant = session.scalars(select(ClearGrant)).one()
        assert grant.reason == "核对车辆号牌"
        (row,) = session.scalars(select(AuditEvent).where(AuditEvent.action == "unblur"))
        assert row.subject == f"evidence:{grant.item_id}"
    assert faults.seen == []


def test_a_clip_plays_once_it_is_covered(page: Page, office: Server, tmp_path: Path, faults: Faults) -> None:
    """Its covered copy is made when it is first asked for; until then the page waits, calmly, and then plays it."""
    with open_house(office.home) as house, house.database.write() as session:
        row = session.scalars(select(Candidate).where(Candidate.state == "open")).first()
        assert row is not None
        picture = items_of(session, row.id)[0]
        data = a_video(tmp_path / "clip.mp4", [i * 0.1 for i in range(8)]).read_bytes()
        meta = {**picture.meta, "end": (picture.captured_at + timedelta(seconds=0.8)).isoformat()}
        session.add(
            EvidenceItem(
                seal_seq=picture.seal_seq, candidate_id=row.id, kind="clip", role="clip", sha256=house.store.put(data),
                media_type="video/mp4", size=len(data), captured_at=picture.captured_at, meta=meta,
            )
        )  # fmt: skip
        number = row.id
    sign_in(page, office, f"/candidates/{number}", "leader")
    expect(page.get_by_test_id("candidate-number")).to_be_visible()
    page.keyboard.press("p")
    expect(page.get_by_test_id("clip-making")).to_contain_text("正在遮挡人脸与车牌")
    with open_house(office.home) as house:
        assert Preparer(house.database, house.views).work()
    page.locator("video").wait_for()
    page.wait_for_function("() => document.querySelector('video').readyState >= 2")
    expect(page.get_by_test_id("clear-ask")).to_be_visible()
    assert faults.seen == []
