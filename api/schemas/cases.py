"""Cases and their seven stages."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from api.schemas.base import Model, Named, UtcTime
from api.schemas.candidates import CandidateBrief


class CaseBrief(Model):
    """A row of the list of cases. Money in yuan."""

    id: int
    number: str
    type: str
    stage: str  # one of the seven
    state: str
    mode: Literal["evidence", "clue"]
    squad: Named | None
    street: Named | None
    party: str | None
    opened_at: UtcTime
    seen_at: UtcTime  # when the act was first seen
    fine_yuan: int | None
    closed_at: UtcTime | None


class CaseEventOut(Model):
    """One step."""

    seq: int
    at: UtcTime
    by: str
    from_state: str | None
    to_state: str
    reason: str
    values: dict[str, object]


class NextStep(Model):
    """A lawful next step. needs: values to give (party, fine_yuan ...). mine: this person may take it."""

    to: str
    stage: str
    needs: list[str]
    roles: list[str]
    mine: bool


class Case(CaseBrief):
    """A case with its steps."""

    candidate: CandidateBrief
    events: list[CaseEventOut]
    next: list[NextStep]


class StepIn(Model):
    """Take a step. ``key`` as in decisions."""

    to: str
    reason: str = Field(min_length=1, max_length=500)
    party: str | None = Field(default=None, max_length=120)
    fine_yuan: int | None = Field(default=None, ge=0, le=10_000_000)
    procedure: Literal["simple", "ordinary"] | None = None
    key: str = Field(min_length=8, max_length=64)
