"""Figures as data (``figures.toml``), and months."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from casework.errors import Invalid

SHANGHAI = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure. See the head of figures.toml."""

    code: str
    zh: str
    en: str
    date: str
    unit: str
    source: str
    formula_zh: str
    formula_en: str
    at: str = "first_at"
    where: dict[str, list[str]] = field(default_factory=dict)
    sum: str | None = None


@cache
def figures() -> tuple[Figure, ...]:
    """All figures in the order of the sheet."""
    data = tomllib.loads(files("casework.statistics").joinpath("figures.toml").read_text("utf-8"))
    return tuple(Figure(**row) for row in data["figure"])


def figure(code: str) -> Figure:
    """One figure. Raises Invalid."""
    found = next((f for f in figures() if f.code == code), None)
    if found is None:
        known = ", ".join(f.code for f in figures())
        raise Invalid("no_figure", zh=f"没有指标 {code}", en=f"no figure {code}; one of {known}")
    return found


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month in Asia/Shanghai. start, end: aware UTC, half-open."""

    name: str
    start: datetime
    end: datetime


def month_of(name: str) -> Month:
    """The month written YYYY-MM. Raises Invalid."""
    try:
        first = datetime.strptime(name, "%Y-%m").replace(tzinfo=SHANGHAI)
        if first.strftime("%Y-%m") != name:
            raise ValueError(name)
        after = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
    except ValueError:
        raise Invalid(
            "bad_month",
            zh=f"月份 {name} 无法识别，请写成 2026-10",
            en=f"{name} is no month; write it as 2026-10",
        ) from None
    return Month(name, first.astimezone(UTC), after.astimezone(UTC))
