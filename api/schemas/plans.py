"""Plans (预案), what they cost, the budget."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from api.schemas.base import Model, RowId, UtcTime
from api.schemas.zones import CalendarData

Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,64}$")]
Target = Annotated[str, Field(min_length=1, max_length=200)]


class TargetsData(Model):
    """Whom a plan names: the whole district, or cameras, groups and squads."""

    district: bool = False
    devices: list[Target] = Field(default=[], max_length=20_000)
    groups: list[Target] = Field(default=[], max_length=1_000)
    squads: list[Target] = Field(default=[], max_length=1_000)


class DutyData(Model):
    """A span of special duty: the plan holds throughout and is never stretched. interval_s none: the plan's."""

    name: Annotated[str, Field(max_length=80)]
    since: UtcTime
    until: UtcTime
    interval_s: float | None = None


class PlanData(Model):
    """A plan as a person gives it. slowest_s: how far a camera where nothing ever happens may fall; none: not at all.
    types: violation types, empty: all. algorithm_id none: what the warehouse names. weight: share in a short budget."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    targets: TargetsData
    interval_s: float
    calendar: CalendarData | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    slowest_s: float | None = None
    types: list[str] = Field(default=[], max_length=50)
    algorithm_id: RowId | None = None
    tiling: Literal["whole", "tiles"] | None = None
    weight: float = 1.0
    special: list[DutyData] = Field(default=[], max_length=50)
    active: bool = True


class PlanIn(PlanData):
    """The next version of a plan. base: the version that was edited, 0 for a new plan."""

    base: Annotated[int, Field(ge=0, le=1_000_000)]
    reason: Annotated[str, Field(max_length=500)] = ""


class LoadOut(Model):
    """Looks an hour: wanted by plan, given; limit: the budget without what is kept for follow-up looks, none: there is
    no budget. stretched: the most by which an interval is longer than wanted."""

    cameras: int
    wanted: float
    given: float
    limit: float | None
    stretched: float


class PlanOut(PlanData):
    """A plan as it counts. words: its calendar in words. holds: now; duty: the name of the span of special duty."""

    code: str
    version: int
    by_name: str
    made_at: UtcTime
    reason: str
    words: str
    holds: bool
    duty: str | None
    next_change: UtcTime | None
    load: LoadOut


class PlanVersion(Model):
    """One version of a plan."""

    version: int
    by_name: str
    made_at: UtcTime
    reason: str
    interval_s: float
    active: bool


class BudgetIn(Model):
    """Looks an hour of one machine, and how many machines."""

    looks_per_hour: int
    machines: int
    reason: Annotated[str, Field(min_length=1, max_length=500)]


class BudgetOut(Model):
    """The budget that holds."""

    looks_per_hour: int
    machines: int
    by_name: str
    made_at: UtcTime
    reason: str


class AlgorithmChoice(Model):
    """A version that a plan may name."""

    id: int
    name: str
    version: str


class PlansOut(Model):
    """All plans, the budget, what the schedule asks for as it stands, and what may be chosen in a plan."""

    plans: list[PlanOut]
    budget: BudgetOut | None
    load: LoadOut
    groups: list[str]
    algorithms: list[AlgorithmChoice]


class TrialOut(Model):
    """What a plan would cost while it is in force beside those in force now. own: its own part."""

    own: LoadOut
    whole: LoadOut
