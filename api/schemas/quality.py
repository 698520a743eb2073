"""How right reviewers are, planted items, and whether evidence is complete."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from api.schemas.base import Model, RowId, UtcTime
from api.schemas.candidates import CandidateBrief


class QualityShare(Model):
    """hits of trials with the 95 % interval (Wilson); value, low, high are none where nothing was tried."""

    hits: int
    trials: int
    value: float | None
    low: float | None
    high: float | None
    small: bool  # of so few that it says little


class AgreementOut(Model):
    """Cohen's kappa or Krippendorff's alpha of so many things that two people looked at, with the 95 % interval."""

    units: int
    value: float | None
    low: float | None
    high: float | None


class QualityRowOut(Model):
    """Figures of all decisions of a span, or of those of one reason, type, camera (code) or hour of the day (0-23,
    Asia/Shanghai, when it was decided).

    keeps, rejects: the share that was upheld. agreement: the same verdict in random second looks. planted: right on
    known items. hasty: decided faster than the pictures could be seen.
    """

    by: Literal["all", "reason", "type", "device", "hour"]
    key: str | int | None
    decisions: int
    kept: int
    rejected: int
    unsure: int
    keeps: QualityShare
    rejects: QualityShare
    agreement: QualityShare
    planted: QualityShare
    hasty: QualityShare


class DriftOut(Model):
    """A share of the last days against the days before. difference: last less before, with the 95 % interval (Newcombe
    1998, method 10). drifted: the interval leaves out nought."""

    what: Literal["keeps", "rejects", "agreement", "planted", "hasty"]
    last: QualityShare
    before: QualityShare
    difference: float | None
    low: float | None
    high: float | None
    drifted: bool


class ReviewerRef(Model):
    """Who reviews."""

    username: str
    name: str


class Quality(Model):
    """One reviewer's figures. ``until``: to where they are shown; before the end of what was asked, or none, while the
    reviewer has not looked at the rest; ``opens_at``: when all of it is shown at the latest. rows: all first.
    """

    reviewer: ReviewerRef
    since: UtcTime
    until: UtcTime | None
    opens_at: UtcTime
    rows: list[QualityRowOut]
    kappa: AgreementOut
    drift: list[DriftOut]
    median_s: float | None
    last_days: int  # what drift compares
    before_days: int
    least: int  # shares of fewer are small


class ReviewerQuality(Model):
    """One line of the list: the figures of all decisions; none of them while nothing is open yet."""

    reviewer: ReviewerRef
    until: UtcTime | None
    opens_at: UtcTime
    figures: QualityRowOut | None
    kappa: AgreementOut
    median_s: float | None


class QualityPeople(Model):
    """All reviewers, who was least often right on planted items first. alpha: how far all agree (Krippendorff)."""

    since: UtcTime
    until: UtcTime
    alpha: AgreementOut
    people: list[ReviewerQuality]


class PlantIn(Model):
    """A settled candidate with its known answer."""

    candidate: RowId
    verdict: Literal["keep", "reject"]
    reason: str | None = Field(default=None, max_length=40)
    note: str = Field(default="", max_length=500)


class PlantedOut(Model):
    """A planted item. right: of its answers."""

    id: int
    candidate: CandidateBrief
    verdict: Literal["keep", "reject"]
    reason: str | None
    note: str
    by: str
    made_at: UtcTime
    ended_at: UtcTime | None
    right: QualityShare


class CompletenessItem(Model):
    """One thing that must be there. ok: tick, cross, none for information. words: what was found, or what is missing.
    article: what it rests on."""

    code: str
    ok: bool | None
    title: str
    words: str
    article: str | None


class Completeness(Model):
    """complete: nothing is crossed."""

    complete: bool
    items: list[CompletenessItem]
