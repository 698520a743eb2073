"""Public holidays, and calendars that ask for them: days from the notices for 2025 and 2026."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from detector.errors import BadZone
from detector.scene import holidays
from detector.scene.calendar import SHANGHAI, always_holds, from_dict, holds, next_change, to_dict


@pytest.mark.parametrize(
    ("day", "holiday", "workday"),
    [
        ("2026-02-13", False, True),  # Friday before the Spring Festival
        ("2026-02-14", False, True),  # Saturday, worked in exchange
        ("2026-02-15", True, False),  # Sunday, first day off
        ("2026-02-23", True, False),  # Monday, last day off
        ("2026-02-28", False, True),  # Saturday, worked in exchange
        ("2026-03-01", False, False),  # a plain Sunday
        ("2026-10-07", True, False),
        ("2026-10-08", False, True),
        ("2026-10-10", False, True),  # Saturday, worked
        ("2025-10-08", True, False),  # eight days in 2025
        ("2025-09-28", False, True),  # Sunday, worked
        ("2031-10-01", False, True),  # a Wednesday of a year without notice: a plain working day
    ],
)
def test_days_by_the_notices(day: str, holiday: bool, workday: bool) -> None:
    found = date.fromisoformat(day)
    assert (holidays.is_holiday(found), holidays.is_workday(found)) == (holiday, workday)


def test_every_notice_is_plausible() -> None:
    """Days off and worked days lie in the year, no day is both, and only weekends are worked in exchange."""
    for year in holidays.known_years():
        days = [date(year, 1, 1) + timedelta(n) for n in range(365)]
        off = [d for d in days if holidays.is_holiday(d)]
        worked = [d for d in days if d.isoweekday() > 5 and holidays.is_workday(d)]
        assert not set(off) & set(worked)
        assert date(year, 1, 1) in off
        assert date(year, 10, 1) in off
        # The law gives 13 days a year; the rest of the days off are weekends or worked off at weekends.
        weekdays_off = [d for d in off if d.isoweekday() <= 5]
        assert len(weekdays_off) - len(worked) <= 13


def at(text: str) -> datetime:
    """A moment by Shanghai's clocks, as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


def test_a_calendar_asks_for_holidays() -> None:
    market = from_dict({"weekdays": [1, 2, 3, 4, 5], "hours": [["06:00", "09:00"]], "days": "not_holidays"})
    assert holds(market, at("2026-09-30T08:00"))
    assert not holds(market, at("2026-10-01T08:00"))  # a Thursday off
    assert not holds(market, at("2026-10-10T08:00"))  # worked, but no weekday of the calendar
    assert next_change(market, at("2026-09-30T12:00")) == at("2026-10-08T06:00")
    working = from_dict({"days": "workdays"})
    assert [holds(working, at(f"2026-10-{d:02}T12:00")) for d in (7, 8, 10, 11)] == [False, True, True, False]
    # A night that began on the last day off belongs to it.
    night = from_dict({"hours": [["22:00", "02:00"]], "days": "holidays"})
    assert holds(night, at("2026-10-08T01:00"))
    assert not holds(night, at("2026-10-08T23:00"))


def test_it_reads_back_equal_and_says_what_is_wrong() -> None:
    calendar = from_dict({"days": "restdays", "months": [5]})
    assert from_dict(to_dict(calendar)) == calendar
    with pytest.raises(BadZone, match="days 'sometimes' are unknown"):
        from_dict({"days": "sometimes"})
    with pytest.raises(BadZone, match="never holds in 2025, 2026"):
        from_dict({"months": [3], "days": "holidays"})  # no holiday lies in March


def test_what_limits_nothing_always_holds() -> None:
    assert always_holds(from_dict({"weekdays": [1, 2, 3, 4, 5, 6, 7], "months": list(range(1, 13))}))
    assert always_holds(from_dict({"hours": [["06:00", "18:00"], ["17:00", "06:00"]]}))
    assert not always_holds(from_dict({"hours": [["06:00", "18:00"], ["18:01", "06:00"]]}))
    assert not always_holds(from_dict({"days": "workdays"}))
    assert next_change(from_dict({}), at("2026-10-01T00:00")) is None
