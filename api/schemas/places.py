"""Devices, zones, the map, reference words, footage."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from api.schemas.base import Model, Named, UtcTime
from api.schemas.candidates import DeviceBrief


class Word(Model):
    """A code with its words. ``stage``: reasons and states may belong to one."""

    code: str
    zh: str
    en: str
    key: str | None = None  # the key that decides, for reasons
    stage: str | None = None


class Reference(Model):
    """The words of the domain, as data: types, reasons, states, stages, zone kinds, squads, streets."""

    types: list[Word]
    reasons: list[Word]
    candidate_states: list[Word]
    case_stages: list[Word]
    case_states: list[Word]
    zone_kinds: list[Word]
    roles: list[Word]
    approvals: list[Word]
    squads: list[Named]
    streets: list[Named]


class ZoneIn(Model):
    """A zone on a fixed camera's picture: polygon 0-1. calendar: weekdays 1-7, hours [["07:00","22:00"]] ..."""

    code: str = Field(pattern=r"^[A-Za-z0-9_.:-]{1,64}$")
    kind: Literal["pavement", "frontage", "permitted", "ignored"]
    polygon: list[tuple[float, float]] = Field(max_length=200)
    shop: str | None = None
    calendar: dict[str, Any] | None = None


class ZoneOut(ZoneIn):
    """A zone as it holds now."""

    version: int


class ApprovalOut(Model):
    """One approval of a device (Penalty Law art. 41): who, which document, from when to when."""

    kind: str
    valid_from: str
    valid_to: str
    document: str
    person: str
    valid: bool


class DeviceOut(DeviceBrief):
    """A device with its state. looks/candidates: in the last 30 days of its footage."""

    squad: Named | None
    street: Named | None
    latitude: float | None
    longitude: float | None
    approved: bool
    missing: list[str]  # approvals that do not hold today
    footage: int
    looks: int
    candidates: int
    last_seen: UtcTime | None


class DeviceDetail(DeviceOut):
    """A device with zones, approvals, its mounting and its latest picture."""

    zones: list[ZoneOut]
    approvals: list[ApprovalOut]
    mounting: dict[str, float] | None
    picture: str | None


class FootageOut(Model):
    """One piece of footage and what became of it. ``state``: accepted, running, done, failed."""

    id: int
    device: str
    name: str
    sha256: str
    size: int
    state: str
    received_at: UtcTime
    start: UtcTime | None
    end: UtcTime | None
    time_source: str | None
    frames: int
    looks: int
    detections: int
    candidates: int
    notes: list[str]


class MapOut(Model):
    """GeoJSON collections, WGS-84 longitude, latitude."""

    squads: dict[str, Any]
    streets: dict[str, Any]
    shops: dict[str, Any]
    permitted: dict[str, Any]
    devices: dict[str, Any]
