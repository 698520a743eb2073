"""Public holidays and working days of China, from ``holidays.toml``. Days are days in Asia/Shanghai."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Notice:
    """One year's days off, and the weekend days that are worked in exchange."""

    off: frozenset[date]
    worked: frozenset[date]


def known_years() -> tuple[int, ...]:
    """The years whose notice is in the file, rising."""
    return tuple(sorted(_notices()))


def is_holiday(day: date) -> bool:
    """Whether it is a day off by the notice; never in a year that is not known."""
    notice = _notices().get(day.year)
    return notice is not None and day in notice.off


def is_workday(day: date) -> bool:
    """Whether people work: Monday to Friday less days off, and the weekend days worked in exchange."""
    notice = _notices().get(day.year)
    if notice is None:
        return day.isoweekday() <= 5
    return day in notice.worked or (day.isoweekday() <= 5 and day not in notice.off)


@cache
def _notices() -> dict[int, Notice]:
    data = tomllib.loads(files(__package__).joinpath("holidays.toml").read_text("utf-8"))
    return {row["year"]: Notice(_spread(row["off"]), frozenset(row["worked"])) for row in data["year"]}


def _spread(spans: list[list[date]]) -> frozenset[date]:
    return frozenset(
        first + timedelta(days=n) for first, last in spans for n in range((last - first).days + 1)
    )
