"""Zones and door lines with their versions, calendars, reference pictures, GeoJSON."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field

from api.schemas.base import Model, UtcTime

Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,64}$")]
Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
Clock = Annotated[str, Field(pattern=r"^\d{2}:\d{2}$")]
Kind = Literal["pavement", "frontage", "permitted", "ignored", "special_duty", "door_line"]


class CalendarData(Model):
    """When a zone holds, in Shanghai. Empty parts do not limit. weekdays: 1 Monday to 7. hours: from, to; to before
    from crosses midnight. dates: first, last, both included. days: by public holidays."""

    weekdays: list[int] = Field(default=[], max_length=7)
    months: list[int] = Field(default=[], max_length=12)
    hours: list[tuple[Clock, Clock]] = Field(default=[], max_length=24)
    dates: list[tuple[Day, Day]] = Field(default=[], max_length=100)
    days: Literal["any", "workdays", "restdays", "holidays", "not_holidays"] = "any"


class Validity(Model):
    """From when to when a place is valid, days in Shanghai, both included; none: open."""

    valid_from: date | None = None
    valid_to: date | None = None


class ShapeIn(Validity):
    """A zone or door line. polygon: on a picture shares 0-1 of width and height, on the ground longitude, latitude.

    place_kind: 疏导点, 特色点, 外摆位 ... of a permitted place. more: what else is known of it (contact ...).
    """

    code: Code
    kind: Kind
    polygon: list[tuple[float, float]] = Field(max_length=200)
    shop: str | None = None
    calendar: CalendarData | None = None
    name: str | None = Field(default=None, max_length=80)
    place_kind: str | None = Field(default=None, max_length=80)
    trades: list[str] = Field(default=[], max_length=20)
    more: dict[str, Any] = Field(default={})


class ShapeOut(ShapeIn):
    """A shape as it was saved. version: of its code; 0: a surveyed door line that nobody has moved."""

    version: int


class ShapesIn(Model):
    """All shapes of a scope, to be saved as a new version. base: the version that was edited."""

    base: int = Field(ge=0)
    reason: str = Field(min_length=1, max_length=500)
    shapes: list[ShapeIn] = Field(max_length=1000)


class CanvasOut(Model):
    """The picture that is drawn on."""

    url: str
    width: int
    height: int
    reference: bool  # set by a person; else the newest sealed picture
    captured_at: UtcTime | None


class RevisionOut(Model):
    """One saving: who, when, why, how many shapes were set and ended."""

    number: int
    by: str
    made_at: UtcTime
    reason: str
    set: list[str]
    ended: list[str]


class ShapesOut(Model):
    """The shapes of one version of a scope. revision 0: nobody saved yet. latest: the newest version's number."""

    scope: str
    space: Literal["picture", "ground"]
    revision: int
    latest: int
    saved: RevisionOut | None
    shapes: list[ShapeOut]
    picture: CanvasOut | None


class CalendarIn(Validity):
    """A calendar to be said in words."""

    calendar: CalendarData | None = None


class CalendarOut(Model):
    """What a calendar says. problem: why it cannot be used. unknown_year: its public holidays are not known yet."""

    words: str
    always: bool
    now: bool
    next_change: UtcTime | None
    unknown_year: int | None
    problem: str | None


class ChosenPicture(Model):
    """A sealed picture of the device, to be its reference."""

    evidence: int


class PictureChoice(Model):
    """A sealed picture that may become the reference."""

    evidence: int
    url: str
    captured_at: UtcTime
    width: int
    height: int
