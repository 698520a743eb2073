"""What a squad's leader sees of a vehicle's day, in Chromium: row, way on the map, faults, an upload under way."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from api.app import make_app
from casework.db import Database
from casework.footage import service
from casework.footage.tables import Footage
from tests.api.office import open_office, serving
from tests.api.tus_talk import VIDEO, a_car, begin, patch
from tests.browser.driving import ROOT, Faults
from tests.builders import PASSWORD
from tests.drives import START, gpx

pytestmark = pytest.mark.browser
DAY = "2026-10-12"


@pytest.fixture
def address(sqlite: Database, folder: Path) -> Iterator[str]:
    """A vehicle that drove 600 m, of which 240 m were looked at, and is sending another file."""
    office = open_office(sqlite, folder)
    car = a_car(office)
    for name, data in (("drive.gpx", gpx()), ("drive.mp4", VIDEO), ("broken.gpx", b"<gpx>")):
        patch(car, begin(car, length=len(data), filename=name), 0, data)
    patch(car, begin(car, filename="next.mp4"), 0, VIDEO[:2560])
    with office.database.write() as session:
        row = session.scalars(select(Footage).where(Footage.name == "drive.mp4")).one()
        service.lease(session, row, "w1")
        times = [START + timedelta(seconds=s) for s in range(10, 31, 2)]
        note = (
            "the clock jumped back for 3 looks (by 2 s at most): they were left out; set the device's clock"
        )
        service.finish(session, row.id, "w1", service.Looked(40, 0, times, "device", [note]))
    with serving(make_app(replace(office.context, page_dir=ROOT / "review_ui" / "dist"))) as where:
        yield where
    office.close()


@pytest.mark.parametrize("width", [1440, 390])
def test_a_vehicles_day(address: str, page: Page, faults: Faults, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(address)
    page.get_by_test_id("username").fill("leader")
    page.get_by_test_id("password").fill(PASSWORD)
    page.get_by_test_id("sign-in").click()
    expect(page.get_by_test_id("nav-devices")).to_be_visible()

    page.goto(f"{address}/uploads?day={DAY}")
    row = page.get_by_test_id("vehicle-CAR-1")
    expect(row).to_contain_text("0.6 km")
    expect(row).to_contain_text("已查看 40%")
    row.click()
    expect(page).to_have_url(re.compile(rf"/uploads/CAR-1\?day={DAY}$"))
    expect(page.get_by_test_id("share")).to_have_text("40%")
    expect(page.get_by_test_id("faults")).to_contain_text("时钟回跳，3 帧已略去")
    expect(page.locator('[data-testid="track-map"] path.leaflet-interactive').first).to_be_attached()
    expect(page.get_by_test_id("upload-row").first).to_contain_text("25%")  # what is under way comes first
    expect(page.get_by_test_id("upload-row").filter(has_text="broken.gpx")).to_contain_text("GPX 无法读取")
    assert page.evaluate("document.documentElement.scrollWidth") <= width

    page.get_by_test_id("day-after").click()
    expect(page.get_by_test_id("share")).to_have_text("–")
    expect(page.get_by_text("当日没有轨迹")).to_be_visible()
    assert faults.seen == []
