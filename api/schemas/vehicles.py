"""Vehicles: their days and their uploads."""

from __future__ import annotations

from typing import Any

from api.schemas.base import Model, Named, UtcTime
from api.schemas.candidates import DeviceBrief
from api.schemas.places import FootageOut


class SpanOut(Model):
    """From when to when."""

    start: UtcTime
    end: UtcTime


class DrivenOut(SpanOut):
    """A time of driving, looked at or not."""

    looked: bool


class VehicleFaultOut(Model):
    """code: no_track, gaps (count, seconds), late (count: days), failed, track, footage. text: as it was noted."""

    code: str
    file: str | None
    text: str | None
    count: int | None
    seconds: float | None


class SentOut(Model):
    """Uploads of the day: files by state; bytes here and announced of those that are under way."""

    unfinished: int
    accepted: int
    refused: int
    here: int
    announced: int
    last_at: UtcTime | None


class VehicleOut(DeviceBrief):
    """A vehicle's day. driven_m, looked_m: metres. missing, seen: days of the last 30 without
    and with anything; in neither are those before it was registered."""

    squad: Named | None
    day: str
    driven_m: float
    looked_m: float
    driven: list[DrivenOut]
    looks: list[SpanOut]
    footage: int
    sent: SentOut
    missing: list[str]
    seen: list[str]
    late: int
    faults: int


class StreetShareOut(Named):
    """Of a street: its length, driven along, looked at; metres."""

    metres: float
    driven: float
    looked: float


class VehicleDay(VehicleOut):
    """With its way on the map (GeoJSON lines, ``looked``), its streets, what is wrong, its footage.

    street_m: of all streets of its squad; street_driven_m, street_looked_m: what of them it drove and looked at.
    """

    track: dict[str, Any]
    streets: list[StreetShareOut]
    street_m: float
    street_driven_m: float
    street_looked_m: float
    notes: list[VehicleFaultOut]
    files: list[FootageOut]
    late_files: dict[str, int]


class UploadOut(Model):
    """One upload. state: open, whole, accepted, duplicate, refused, expired, ended. problem: in the asked language.

    footage: what it became. part: to be joined with others; joined: made of parts.
    """

    id: str
    filename: str
    state: str
    length: int
    offset: int
    made_at: UtcTime
    moved_at: UtcTime | None
    expires_at: UtcTime
    problem: str | None
    footage: int | None
    part: bool
    joined: bool
