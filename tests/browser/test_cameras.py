"""Street cameras, plans and operations in Chromium: bring an inventory in, plan it, see what needs a person."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import update

from casework.db import utcnow
from casework.plans.tables import LookDue
from casework.streams.tables import Stream
from jiexun.house import open_house
from tests import builders as b
from tests.browser.driving import Faults, Server, serve
from tests.cameras import a_camera

pytestmark = pytest.mark.browser
HEAD = "国标编码,名称,分组,纬度,经度,坐标系,产权单位,取流地址,用户名,密码,备注"
GOOD = "3101050000131000000{n},愚园路 {n} 号,路口,31.2,121.4,GCJ-02,公安分局,http://127.0.0.1:9/{n}.jpg,admin,geheim,x"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Server]:
    """A server with one street camera that nobody looks at; nothing is planned."""
    home = tmp_path / "home"
    with open_house(home) as house, house.database.write() as session:
        a_camera(session, "C-1", squad=b.a_squad(session))
        b.an_account(session, "admin", "admin")
        b.an_account(session, "reviewer", "reviewer")
    running = serve(home)
    yield running
    running.stop()


def sign_in(page: Page, office: Server, to: str, who: str = "admin") -> None:
    """Sign in and open a page."""
    page.goto(f"{office.url}/sign-in")
    page.get_by_test_id("username").fill(who)
    page.get_by_test_id("password").fill(b.PASSWORD)
    page.get_by_test_id("sign-in").click()
    page.wait_for_url(re.compile(r"/(devices|review|accounts)"))
    page.goto(f"{office.url}{to}")


def test_an_inventory_is_imported_planned_and_watched(
    page: Page, office: Server, faults: Faults, tmp_path: Path
) -> None:
    sign_in(page, office, "/cameras")
    expect(page.get_by_test_id("camera-row")).to_have_count(1)
    expect(page.get_by_test_id("state-unplanned")).to_contain_text("1")

    sheet = tmp_path / "台账.csv"
    bad = GOOD.format(n=9).replace("GCJ-02", "")
    sheet.write_text("\n".join([HEAD, *(GOOD.format(n=n) for n in range(1, 4)), bad]), "utf-8")
    page.get_by_test_id("import").click()
    page.get_by_test_id("inventory-file").set_input_files(sheet)
    expect(page.get_by_test_id("inventory-counts")).to_contain_text("新增 3")
    expect(page.get_by_test_id("inventory-fault")).to_contain_text("没有说明坐标系")
    expect(page.get_by_test_id("inventory-fault").locator("td").first).to_have_text("5")
    page.get_by_test_id("inventory-go").click()
    expect(page.get_by_test_id("inventory-done")).to_contain_text("新增 3 台")
    page.get_by_test_id("modal-close").click()
    expect(page.get_by_test_id("camera-row")).to_have_count(4)

    page.get_by_test_id("search").fill("愚园路 2")
    expect(page.get_by_test_id("camera-row")).to_have_count(1)
    page.get_by_test_id("camera-row").click()
    page.get_by_test_id("test").click()
    expect(page.get_by_test_id("tested")).to_contain_text("拒绝连接")
    expect(page.get_by_test_id("camera-fault")).to_contain_text("检查端口")
    expect(page.locator("body")).not_to_contain_text("geheim")
    page.get_by_test_id("modal-close").click()

    page.get_by_test_id("tab-plans").click()
    expect(page.get_by_text("还没有预案")).to_be_visible()
    page.get_by_test_id("plan-new").click()
    page.get_by_test_id("plan-name").fill("路口巡查")
    page.get_by_test_id("plan-code").fill("CROSS")
    page.get_by_test_id("plan-interval").fill("60")
    expect(page.get_by_test_id("trial-problem")).to_contain_text("请选择")
    page.get_by_test_id("plan-group-路口").click()
    expect(page.get_by_test_id("trial")).to_contain_text("本预案：3 台，180 次/小时")
    page.get_by_test_id("plan-save").click()
    expect(page.get_by_test_id("plan-saved")).to_contain_text("已保存第 1 版")
    page.get_by_test_id("tab-plans").click()
    expect(page.get_by_test_id("plan-row")).to_contain_text("生效中")
    page.get_by_test_id("budget-edit").click()
    page.get_by_test_id("budget-each").fill("90")
    page.get_by_test_id("budget-reason").fill("实测")
    page.get_by_test_id("budget-go").click()
    expect(page.get_by_test_id("budget-said")).to_contain_text("预算不足")
    assert faults.seen == []


def test_alarms_say_since_when_and_what_to_do(page: Page, office: Server, faults: Faults) -> None:
    sign_in(page, office, "/plans/new")
    page.get_by_test_id("plan-name").fill("全区")
    page.get_by_test_id("plan-code").fill("ALL")
    page.get_by_test_id("plan-district").check()
    page.get_by_test_id("plan-save").click()
    expect(page.get_by_test_id("plan-saved")).to_be_visible()
    past = utcnow() - timedelta(hours=3)
    with open_house(office.home) as house, house.database.write() as session:
        session.execute(update(LookDue).values(due_at=past))
        session.execute(update(Stream).values(fault="sign_in", since=past, clock_offset_s=90.0))
    page.get_by_test_id("tab-operations").click()
    expect(page.get_by_test_id("alarm-stopped")).to_contain_text("请启动 jiexun serve")
    expect(page.get_by_test_id("alarm-silent")).to_contain_text("用户名或密码不对")
    expect(page.get_by_test_id("alarm-silent")).to_contain_text("已 3小时")
    expect(page.get_by_test_id("alarm-drifting")).to_contain_text("快 90 秒")
    expect(page.get_by_text("最近 12 小时没有检看程序工作过")).to_be_visible()
    page.get_by_test_id("alarm-silent-all").click()
    expect(page.get_by_test_id("filter-alarm")).to_contain_text("设备无画面")
    expect(page.get_by_test_id("camera-row")).to_have_count(1)
    page.get_by_test_id("language").click()
    expect(page.get_by_test_id("camera-row")).to_contain_text("user or password is wrong")
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert faults.seen == []


def test_who_may_not_change_sees_no_way_to(page: Page, office: Server, faults: Faults) -> None:
    sign_in(page, office, "/plans", "reviewer")
    expect(page.get_by_text("您的角色可以查看，不能修改。")).to_be_visible()
    expect(page.get_by_test_id("plan-new")).to_have_count(0)
    page.get_by_test_id("tab-cameras").click()
    expect(page.get_by_test_id("camera-row")).to_have_count(1)
    expect(page.get_by_test_id("import")).to_have_count(0)
    assert faults.seen == []
