"""Calendars: Shanghai wall time, nights that cross midnight, and what is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.errors import BadZone
from detector.scene.calendar import SHANGHAI, from_dict, holds, to_dict
from detector.scene.model import Calendar
from ingest.errors import BadTime


def shanghai(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of May 2026 by Shanghai's clocks, as UTC. The 9th is a Saturday."""
    return datetime(2026, 5, day, hour, minute, tzinfo=SHANGHAI).astimezone(UTC)


def test_an_empty_calendar_always_holds() -> None:
    assert holds(Calendar(), shanghai(9, 3))


def test_hours_are_shanghai_time_and_half_open() -> None:
    calendar = from_dict({"hours": [["07:00", "22:00"]]})
    assert holds(calendar, shanghai(9, 7, 0))
    assert holds(calendar, shanghai(9, 21, 59))
    assert not holds(calendar, shanghai(9, 22, 0))
    assert not holds(calendar, datetime(2026, 5, 9, 22, 30, tzinfo=UTC))  # 06:30 on Sunday in Shanghai


def test_a_night_belongs_to_the_day_on_which_it_began() -> None:
    calendar = from_dict({"weekdays": [6], "hours": [["22:00", "02:00"]]})
    assert holds(calendar, shanghai(9, 23))  # Saturday night
    assert holds(calendar, shanghai(10, 1, 59))  # still that night, though it is Sunday
    assert not holds(calendar, shanghai(10, 2))
    assert not holds(calendar, shanghai(9, 1))  # Friday's night
    assert not holds(calendar, shanghai(10, 23))


def test_dates_months_and_weekdays_must_all_hold() -> None:
    calendar = from_dict({"weekdays": [6, 7], "months": [5], "dates": [["2026-05-09", "2026-05-11"]]})
    assert [holds(calendar, shanghai(day, 12)) for day in (8, 9, 10, 11)] == [False, True, True, False]


def test_24_is_the_end_of_the_day() -> None:
    late = from_dict({"hours": [["22:00", "24:00"]]})
    assert holds(late, shanghai(9, 23, 59))
    assert not holds(late, shanghai(10, 0))
    assert from_dict({"hours": [["00:00", "24:00"]]}) == Calendar()


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(BadTime):
        holds(from_dict({"months": [5]}), datetime(2026, 5, 1))  # noqa: DTZ001


@pytest.mark.parametrize(
    "bad",
    [
        {"weekdays": [0]},
        {"weekdays": [True]},
        {"weekdays": "1"},
        {"months": [13]},
        {"hours": [["07:00", "07:00"]]},
        {"hours": [["24:00", "07:00"]]},
        {"hours": [["7", "8"]]},
        {"hours": [["07:00"]]},
        {"dates": [["2026-10-07", "2026-10-01"]]},
        {"dates": [["2026-13-07", "2026-10-01"]]},
        {"months": [5], "dates": [["2026-10-01", "2026-10-07"]]},  # never
        {"weekdays": [7], "dates": [["2026-05-11", "2026-05-16"]]},  # Monday to Saturday: never
        {"holidays": []},
    ],
)
def test_impossible_calendars_are_refused_in_one_line(bad: dict[str, object]) -> None:
    with pytest.raises(BadZone) as error:
        from_dict(bad)
    assert "\n" not in str(error.value)


minutes = st.times().map(lambda t: time(t.hour, t.minute))


@given(
    st.frozensets(st.integers(1, 7)),
    st.lists(st.tuples(minutes, minutes).filter(lambda span: span[0] != span[1]), max_size=3),
)
def test_reading_gives_back_what_was_written(
    weekdays: frozenset[int], hours: list[tuple[time, time]]
) -> None:
    calendar = Calendar(weekdays, frozenset(), tuple(hours), ((date(2026, 1, 1), date(2026, 12, 31)),))
    assert from_dict(to_dict(calendar)) == calendar
