"""Versions of the rule set, and what a change would do."""

from __future__ import annotations

from pydantic import Field

from api.schemas.base import Model, RowId, UtcTime


class RuleSetBrief(Model):
    """A version. It holds for looks captured from valid_from to before valid_to; of several the highest version.

    holds: whether it is the one for looks captured now. reason: a person's own words are the same in reason_en.
    """

    version: int
    valid_from: UtcTime
    valid_to: UtcTime | None
    warning_only: bool
    reason: str
    reason_en: str
    made_by: str
    made_at: UtcTime
    sha256: str
    holds: bool


class RuleSetOut(RuleSetBrief):
    """A version with its TOML text."""

    text: str


class RuleSetIn(Model):
    """The next version. valid_from none: from now on. after: the newest version that the person saw."""

    text: str = Field(max_length=200_000)
    reason: str = Field(min_length=1, max_length=500)
    valid_from: UtcTime | None = None
    valid_to: UtcTime | None = None
    warning_only: bool = False
    after: RowId | None = None


class PreviewIn(Model):
    """Rules to try on stored looks. after: footage that an answer before named as ``next``; 0 begins."""

    text: str = Field(max_length=200_000)
    since: UtcTime
    until: UtcTime
    device: str | None = Field(default=None, max_length=64)
    after: int = Field(default=0, ge=0, le=2**31 - 1)


class FindingOut(Model):
    """One violation. outcome: kept, gained, lost. verdict: confirmed, rejected, open, held_back; none: gained."""

    outcome: str
    type: str
    device: str
    start: UtcTime
    end: UtcTime
    rule: str | None
    rule_version: int | None
    candidate: int | None
    number: str | None
    verdict: str | None


class PreviewOut(Model):
    """What these rules would have raised, of the footage that this answer covers.

    counts: raised, would_raise, kept, gained, lost, confirmed_kept, confirmed_lost, rejected_kept,
    rejected_avoided, undecided_kept, undecided_lost. findings: gained and lost ones first, at most 500;
    left_out: how many more. missing: footage whose stored looks could not be judged. next: ask again with it as
    ``after`` and add up; none: that was all.
    """

    looks: int
    footage: int
    missing: list[str]
    counts: dict[str, int]
    findings: list[FindingOut]
    left_out: int
    next: int | None
