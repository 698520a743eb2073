"""Calendars and validity of places as a person reads them, checked in both languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from detector.errors import BadZone
from detector.scene import calendar as calendars
from detector.scene import holidays
from detector.scene.model import Calendar, Days

EARLIEST, LATEST = date(2020, 1, 1), date(2099, 12, 31)
"""Validity without a first or last day: before any footage, after any of us."""

_WEEKDAYS = ("一", "二", "三", "四", "五", "六", "日")
_WEEKDAYS_EN = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS_EN = ("January", "February", "March", "April", "May", "June", "July",
              "August", "September", "October", "November", "December")  # fmt: skip
_DAYS = {
    Days.ANY: ("", ""),
    Days.WORKDAYS: ("工作日（含调休上班日）", "working days (swapped weekends included)"),
    Days.RESTDAYS: ("休息日（周末与法定节假日，调休上班日除外）", "days off (weekends and public holidays)"),
    Days.HOLIDAYS: ("仅法定节假日", "public holidays only"),
    Days.NOT_HOLIDAYS: ("法定节假日除外", "except public holidays"),
}


@dataclass(frozen=True, slots=True)
class Preview:
    """What a calendar says. ``problem``: why it cannot be used (zh, en), then the rest is empty.

    next_change: when ``now`` changes, Asia/Shanghai; none: not within 400 days.
    """

    words: tuple[str, str]
    always: bool = False
    now: bool = False
    next_change: datetime | None = None
    problem: tuple[str, str] | None = None


def preview(data: Mapping[str, Any] | None, properties: Mapping[str, Any], at: datetime) -> Preview:
    """Say what a calendar with its validity means, and whether it holds at a moment (aware)."""
    found = problem(data, properties)
    if found:
        return Preview(("", ""), problem=found)
    calendar = calendars.from_dict(effective(data, properties) or {})
    return Preview(
        describe(calendar),
        calendars.always_holds(calendar),
        calendars.holds(calendar, at),
        calendars.next_change(calendar, at),
    )


def effective(data: Mapping[str, Any] | None, properties: Mapping[str, Any]) -> dict[str, Any] | None:
    """The calendar within the validity of the place: its dates cut to valid_from .. valid_to.

    Raises BadZone where nothing is left, or a day is none.
    """
    first, last = _day(properties, "valid_from"), _day(properties, "valid_to")
    if first is None and last is None:
        return dict(data) if data else None
    first, last = first or EARLIEST, last or LATEST
    spans = [(date.fromisoformat(a), date.fromisoformat(b)) for a, b in (data or {}).get("dates") or []]
    cut = [(max(a, first), min(b, last)) for a, b in spans or [(first, last)]]
    left = [[a.isoformat(), b.isoformat()] for a, b in cut if a <= b]
    if not left:
        raise BadZone("calendar never holds: no day of its dates lies in the validity; mend one of them")
    return {**(data or {}), "dates": left}


def problem(data: Mapping[str, Any] | None, properties: Mapping[str, Any]) -> tuple[str, str] | None:
    """Why a calendar cannot be used (zh, en); none when it can."""
    try:
        for name in ("valid_from", "valid_to"):
            _day(properties, name)
        calendars.from_dict(data or {})
        first, last = _day(properties, "valid_from"), _day(properties, "valid_to")
        if first and last and last < first:
            return (
                f"有效期终止日 {last} 早于起始日 {first}，请改正其中一个",
                f"validity ends on {last}, before it begins on {first}; mend one of them",
            )
        calendars.from_dict(effective(data, properties) or {})
    except BadZone as error:
        return _in_chinese(str(error), data or {}), str(error)
    return None


def _in_chinese(said: str, data: Mapping[str, Any]) -> str:
    if "never holds" in said:
        return "这个时段永远不成立：日期、星期、月份与节假日条件没有共同的日子，请放宽其中一项"
    if "are empty" in said:
        return "时段的起止时刻相同；全天请删去该时段"
    if "run backwards" in said:
        return "日期段的终止日早于起始日，请改正"
    return f"时段写法有误：{said}"


def _day(properties: Mapping[str, Any], name: str) -> date | None:
    value = properties.get(name)
    if value in (None, ""):
        return None
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise BadZone(f"{name} {value!r} is no day; give YYYY-MM-DD") from error


def describe(calendar: Calendar) -> tuple[str, str]:
    """In words, (Chinese, English): "周一至周五 06:00–09:00，法定节假日除外"."""
    if calendars.always_holds(calendar):
        return "全年全天", "always"
    hours = [(f"{a:%H:%M}", "24:00" if b == time.min else f"{b:%H:%M}", a < b or b == time.min)
             for a, b in calendar.hours]  # fmt: skip
    spans_zh = "、".join(f"{a}–{b}" if same else f"{a}–次日{b}" for a, b, same in hours)
    spans_en = ", ".join(f"{a}–{b}" if same else f"{a}–{b} next day" for a, b, same in hours)
    days_zh, days_en = _DAYS[calendar.days]
    only = calendar.days in (Days.WORKDAYS, Days.RESTDAYS)
    when_zh = [_months(calendar.months), _weekdays(calendar.weekdays), days_zh if only else ""]
    when_en = [_ranges_en(calendar.months, _MONTHS_EN), _ranges_en(calendar.weekdays, _WEEKDAYS_EN),
               days_en if only else ""]  # fmt: skip
    zh = "，".join(filter(None, when_zh)) or ("" if calendar.dates else "每天")
    en = ", ".join(filter(None, when_en)) or ("" if calendar.dates else "every day")
    dates_zh = "、".join(_span(a, b, "至", "自 {} 起", "至 {} 止") for a, b in calendar.dates)
    dates_en = ", ".join(_span(a, b, " to ", "from {}", "until {}") for a, b in calendar.dates)
    zh = "，".join(
        filter(None, [dates_zh, " ".join(filter(None, [zh, spans_zh or "全天"])), "" if only else days_zh])
    )
    en = ", ".join(
        filter(None, [dates_en, " ".join(filter(None, [en, spans_en or "all day"])), "" if only else days_en])
    )
    return zh, en


def _span(first: date, last: date, to: str, since: str, until: str) -> str:
    if first == last:
        return first.isoformat()
    if last >= LATEST:
        return since.format(first)
    if first <= EARLIEST:
        return until.format(last)
    return f"{first}{to}{last}"


def _runs(values: frozenset[int]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for value in sorted(values):
        if runs and runs[-1][1] == value - 1:
            runs[-1] = (runs[-1][0], value)
        else:
            runs.append((value, value))
    return runs


def _weekdays(values: frozenset[int]) -> str:
    if len(values) in (0, 7):
        return ""
    name = _WEEKDAYS
    return "、".join(
        f"周{name[a - 1]}" if a == b else f"周{name[a - 1]}{'、' if b == a + 1 else '至'}周{name[b - 1]}"
        for a, b in _runs(values)
    )


def _months(values: frozenset[int]) -> str:
    if len(values) in (0, 12):
        return ""
    return "、".join(f"{a}月" if a == b else f"{a}–{b}月" for a, b in _runs(values))


def _ranges_en(values: frozenset[int], names: Sequence[str]) -> str:
    if len(values) in (0, len(names)):
        return ""
    return ", ".join(names[a - 1] if a == b else f"{names[a - 1]}–{names[b - 1]}" for a, b in _runs(values))


def unknown_year(data: Mapping[str, Any] | None, at: datetime) -> int | None:
    """The first year from ``at`` on whose public holidays are asked for and not known; none: all is known.

    Only this year and the next are looked at; the notice of the next comes in November.
    """
    if not data or data.get("days") in (None, "", Days.ANY):
        return None
    year = at.astimezone(calendars.SHANGHAI).year
    return next((y for y in (year, year + 1) if y not in holidays.known_years()), None)
