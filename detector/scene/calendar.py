"""Calendars: when a zone holds, in Asia/Shanghai wall time.

As JSON::

    {"weekdays": [1, 7], "months": [5, 6], "hours": [["07:00", "22:00"]],
     "dates": [["2026-10-01", "2026-10-07"]], "days": "workdays"}
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from detector.errors import BadZone
from detector.scene import holidays
from detector.scene.model import Calendar, Days
from ingest.errors import BadTime

SHANGHAI = ZoneInfo("Asia/Shanghai")
_DAY = timedelta(days=1)
_KEYS = frozenset({"weekdays", "months", "hours", "dates", "days"})
T = TypeVar("T")


def holds(calendar: Calendar, at: datetime) -> bool:
    """Whether the calendar holds at ``at`` (aware, any zone; judged in Asia/Shanghai).

    A span of hours that crosses midnight belongs to the day on which it began: "Saturday 22:00-02:00"
    holds on Sunday at 01:00 and not on Saturday at 01:00. Raises BadTime for a time without a zone.
    """
    if calendar == Calendar():
        return True
    if at.utcoffset() is None:
        raise BadTime(f"time {at} has no time zone; give an aware time")
    local = at.astimezone(SHANGHAI)
    today, clock = local.date(), local.time()
    if not calendar.hours:
        return _day_holds(calendar, today)
    for start, end in calendar.hours:
        if start < end:
            if start <= clock < end and _day_holds(calendar, today):
                return True
        elif (clock >= start and _day_holds(calendar, today)) or (
            clock < end and _day_holds(calendar, today - _DAY)
        ):
            return True
    return False


def _day_holds(calendar: Calendar, day: date) -> bool:
    return (
        (not calendar.weekdays or day.isoweekday() in calendar.weekdays)
        and (not calendar.months or day.month in calendar.months)
        and (not calendar.dates or any(first <= day <= last for first, last in calendar.dates))
        and _DAYS[calendar.days](day)
    )


_DAYS: dict[Days, Callable[[date], bool]] = {
    Days.ANY: lambda _: True,
    Days.WORKDAYS: holidays.is_workday,
    Days.RESTDAYS: lambda day: not holidays.is_workday(day),
    Days.HOLIDAYS: holidays.is_holiday,
    Days.NOT_HOLIDAYS: lambda day: not holidays.is_holiday(day),
}


def checked(calendar: Calendar) -> Calendar:
    """The calendar itself. Raises BadZone, in one line, where it is wrong or can never hold."""
    _within(calendar.weekdays, 1, 7, "weekday", "1 Monday to 7 Sunday")
    _within(calendar.months, 1, 12, "month", "1 to 12")
    for start, end in calendar.hours:
        if start == end:
            raise BadZone(f"hours {start:%H:%M}-{end:%H:%M} are empty; for the whole day leave the hours out")
        if any(clock.second or clock.microsecond for clock in (start, end)):
            raise BadZone(f"hours {start}-{end} are finer than a minute; give whole minutes")
    for first, last in calendar.dates:
        if last < first:
            raise BadZone(f"dates {first} to {last} run backwards; give the first day first")
    if calendar.dates and not any(_span_has_a_day(calendar, *span) for span in calendar.dates):
        raise BadZone(
            "calendar never holds: no day of its dates has such a weekday and month; mend one of them"
        )
    if calendar.days is not Days.ANY and not calendar.dates and not _holds_in_a_known_year(calendar):
        known = ", ".join(map(str, holidays.known_years()))
        raise BadZone(f"calendar never holds in {known}: no such day of that weekday and month; mend one")
    return calendar


def always_holds(calendar: Calendar) -> bool:
    """Whether the calendar limits nothing: every day, the whole day."""
    every_day = (
        len(calendar.weekdays) in (0, 7)
        and len(calendar.months) in (0, 12)
        and not calendar.dates
        and calendar.days is Days.ANY
    )
    return every_day and _covers_the_day(calendar.hours)


def _covers_the_day(hours: Sequence[tuple[time, time]]) -> bool:
    """Whether spans of hours, each on every day, leave no minute out. None at all: the whole day."""
    minutes = set() if hours else {*range(1440)}
    for start, end in hours:
        first, last = start.hour * 60 + start.minute, end.hour * 60 + end.minute
        minutes |= {m % 1440 for m in range(first, last if first < last else last + 1440)}
    return len(minutes) == 1440


def next_change(calendar: Calendar, at: datetime, within_days: int = 400) -> datetime | None:
    """When the answer of ``holds`` changes next after ``at`` (aware), in Asia/Shanghai; none within so many days."""
    now = holds(calendar, at)
    local = at.astimezone(SHANGHAI)
    clocks = sorted({time.min, *(edge for span in calendar.hours for edge in span)})
    for n in range(within_days + 1):
        for clock in clocks:
            moment = datetime.combine(local.date() + n * _DAY, clock, SHANGHAI)
            if moment > local and holds(calendar, moment) != now:
                return moment
    return None


def _holds_in_a_known_year(calendar: Calendar) -> bool:
    return any(_span_has_a_day(calendar, date(y, 1, 1), date(y, 12, 31)) for y in holidays.known_years())


def _within(values: Iterable[int], low: int, high: int, what: str, allowed: str) -> None:
    for value in values:
        if not low <= value <= high:
            raise BadZone(f"{what} {value} does not exist; give {allowed}")


def _span_has_a_day(calendar: Calendar, first: date, last: date) -> bool:
    # After eight years every weekday has met every month, so a longer span need not be walked to its end.
    days = min((last - first).days, 8 * 366)
    return any(_day_holds(calendar, first + n * _DAY) for n in range(days + 1))


def from_dict(data: Mapping[str, object]) -> Calendar:
    """A checked calendar from its JSON form; absent or empty parts do not limit. Raises BadZone."""
    unknown = sorted(set(data) - _KEYS)
    if unknown:
        raise BadZone(
            f"calendar has unknown parts {', '.join(unknown)}; known are {', '.join(sorted(_KEYS))}"
        )
    hours = _spans(data, "hours", _clock)
    whole_day = any(end is None and start == time.min for start, end in hours)
    if any(start is None for start, _ in hours):
        raise BadZone("hours begin at 24:00; begin at 00:00")
    return checked(
        Calendar(
            weekdays=_numbers(data, "weekdays"),
            months=_numbers(data, "months"),
            hours=() if whole_day else tuple((start or time.min, end or time.min) for start, end in hours),
            dates=_spans(data, "dates", _day),
            days=_days(data.get("days")),
        )
    )


def to_dict(calendar: Calendar) -> dict[str, object]:
    """The JSON form; parts that do not limit are left out."""
    parts: dict[str, object] = {
        "days": "" if calendar.days is Days.ANY else calendar.days.value,
        "weekdays": sorted(calendar.weekdays),
        "months": sorted(calendar.months),
        "hours": [[f"{a:%H:%M}", "24:00" if b == time.min else f"{b:%H:%M}"] for a, b in calendar.hours],
        "dates": [[first.isoformat(), last.isoformat()] for first, last in calendar.dates],
    }
    return {name: part for name, part in parts.items() if part}


def _numbers(data: Mapping[str, object], name: str) -> frozenset[int]:
    values = _sequence(data.get(name), name)
    if not all(isinstance(value, int) and not isinstance(value, bool) for value in values):
        raise BadZone(f"{name} are not all whole numbers; give a list such as [1, 2]")
    return frozenset(value for value in values if isinstance(value, int))


def _spans(data: Mapping[str, object], name: str, read: Callable[[object], T]) -> tuple[tuple[T, T], ...]:
    spans = []
    for item in _sequence(data.get(name), name):
        pair = _sequence(item, name)
        if len(pair) != 2:
            raise BadZone(f"{name} holds {item!r}; give pairs of first and last")
        spans.append((read(pair[0]), read(pair[1])))
    return tuple(spans)


def _sequence(value: object, name: str) -> Sequence[object]:
    if value is None:
        return ()
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise BadZone(f"{name} holds {value!r}; give a list")
    return value


def _clock(value: object) -> time | None:
    """Wall time from "HH:MM"; None for "24:00", the end of the day, which datetime.time cannot hold."""
    if value == "24:00":
        return None
    try:
        if not re.fullmatch(r"\d\d:\d\d", str(value)):
            raise ValueError("not HH:MM")
        return time.fromisoformat(str(value))
    except ValueError as error:
        raise BadZone(f"hour {value!r} is no time of day; give HH:MM, 00:00 to 24:00") from error


def _day(value: object) -> date:
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise BadZone(f"date {value!r} is no day; give YYYY-MM-DD") from error


def _days(value: object) -> Days:
    try:
        return Days(str(value)) if value else Days.ANY
    except ValueError as error:
        raise BadZone(f"days {value!r} are unknown; give {'/'.join(Days)}") from error
