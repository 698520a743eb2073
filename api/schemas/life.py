"""What happens to candidates besides decisions, remembered places, watches."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from api.schemas.base import Model, RowId, UtcTime
from api.schemas.candidates import CandidateBrief


class MergeIn(Model):
    """into: the candidate that goes on."""

    into: RowId
    reason: str = Field(min_length=1, max_length=500)


class SplitIn(Model):
    """sightings: those of another thing, by their ids."""

    sightings: list[RowId] = Field(min_length=1, max_length=500)
    reason: str = Field(min_length=1, max_length=500)


class SpanPart(Model):
    """What an act would change. count: all; items: the first of them, oldest first. held: somebody reviews them
    now; shared: another device saw them too."""

    count: int
    items: list[CandidateBrief]
    held: int
    shared: int


class SpanOut(Model):
    """What one device raised in a span. decided: on which people have decided; they are never changed so."""

    withdraw: SpanPart
    restore: SpanPart
    decided: int


class SpanIn(Model):
    """since, until: half-open, of the first sight. count: how many ``SpanOut`` had shown."""

    since: UtcTime
    until: UtcTime
    reason: str = Field(min_length=1, max_length=500)
    count: int = Field(ge=1, le=10_000)


class SpanDone(Model):
    """candidates: their ids."""

    candidates: list[int]


class ReasonIn(Model):
    """Why, in words."""

    reason: str = Field(min_length=1, max_length=500)


class FixtureIn(Model):
    """Either device and polygon (0-1 of its picture), or latitude, longitude, radius_m, or a candidate alone."""

    reason: str = Field(min_length=1, max_length=500)
    until: UtcTime
    type: str | None = None
    candidate: RowId | None = None
    device: str | None = Field(default=None, max_length=64)
    polygon: list[tuple[float, float]] | None = Field(default=None, max_length=200)
    latitude: float | None = None
    longitude: float | None = None
    radius_m: float | None = None


class FixtureOut(Model):
    """A remembered place. held_back: how many violations it kept from being raised. over: it holds no longer."""

    id: int
    type: str | None
    device: str | None
    polygon: list[tuple[float, float]] | None
    latitude: float | None
    longitude: float | None
    radius_m: float | None
    reason: str
    candidate: int | None
    by: str
    made_at: UtcTime
    until: UtcTime
    ended_at: UtcTime | None
    ended_by: str | None
    end_reason: str | None
    held_back: int
    over: bool


class WatchIn(Model):
    """since: when it is to be corrected by; until: looks from then on do not count."""

    candidate: RowId
    since: UtcTime
    until: UtcTime


class WatchOut(Model):
    """A place that is looked at again. before, after: addresses of pictures. seen of looks saw the thing."""

    id: int
    candidate: int
    number: str
    since: UtcTime
    until: UtcTime
    by: str
    made_at: UtcTime
    state: Literal["waiting", "corrected", "not_corrected", "not_seen"]
    before: str | None
    after: str | None
    seen_at: UtcTime | None
    looks: int
    seen: int
