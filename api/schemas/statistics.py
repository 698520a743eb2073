"""The month's figures."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from api.schemas.base import Model, Named, UtcTime
from api.schemas.candidates import CandidateBrief
from api.schemas.cases import CaseBrief
from api.schemas.places import FootageOut, Word


class FigureOut(Word):
    """A figure's definition. ``date``: counted in the month of the event or of the act. ``unit``: 件, 次, 元."""

    date: Literal["event", "act"]
    unit: str
    formula_zh: str
    formula_en: str


class StatisticsRow(Model):
    """Figures of one squad and type; ``type`` none: all types, ``squad`` none: all squads.

    looks are counted per squad only: a look serves every type, so rows with a type hold none.
    """

    squad: Named | None
    type: str | None
    figures: dict[str, int | None]
    rejected_by_reason: dict[str, int]


class StatisticsOut(Model):
    """A month (Asia/Shanghai). rows: per squad and type, then per squad, then the total (both none)."""

    month: str
    generated_at: UtcTime
    complete: bool  # the month is over
    figures: list[FigureOut]
    rows: list[StatisticsRow]
    months: list[str]  # months that have records


class FigureList(Model):
    """The list behind a number: of the kind its figure counts. ``total`` equals the number
    (for looks and fines: ``sum`` does)."""

    figure: str
    kind: Literal["candidates", "cases", "footage"]
    candidates: list[CandidateBrief] = Field(default_factory=list)
    cases: list[CaseBrief] = Field(default_factory=list)
    footage: list[FootageOut] = Field(default_factory=list)
    total: int
    sum: int
    page: int
    size: int
