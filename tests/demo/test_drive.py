"""The day of the demonstration's vehicle, whose footage and track lie on this machine and were never uploaded."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from casework.devices.queries import device_by_code
from casework.footage.patrols import patrols
from casework.places.load import load_district
from jiexun.demo.job import DISTRICT, FOOTAGE
from jiexun.house import open_house
from jiexun.pipeline.run import accept_file
from jiexun.settings import load


def test_its_track_is_shown_once(tmp_path: Path) -> None:
    """Due west from 121.4469395 to 121.4447474 at 31.223 N: 0.0021921 degrees of 95,200 m are 208.7 m."""
    with open_house(settings=load(tmp_path / "home")) as house:
        with house.database.write() as session:
            load_district(session, DISTRICT, "test")
        for _ in range(2):
            accept_file(house, FOOTAGE / "patrol_v01.mp4", "V-01")
        with house.database.read() as session:
            (day,) = patrols(
                session, [device_by_code(session, "V-01")], date(2026, 10, 31), timedelta(days=3)
            )
    assert day.driven_m == pytest.approx(208.7, abs=3)
    assert [fault.code for fault in day.faults if fault.code != "late"] == []
    assert date(2026, 10, 31) in day.seen
