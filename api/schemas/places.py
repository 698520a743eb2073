"""Devices, zones, the map, reference words, footage."""

from __future__ import annotations

from typing import Any, Literal

from api.schemas.base import Model, Named, UtcTime
from api.schemas.candidates import DeviceBrief


class Word(Model):
    """A code with its words. ``stage``: reasons and states may belong to one."""

    code: str
    zh: str
    en: str
    key: str | None = None  # the key that decides, for reasons
    stage: str | None = None


class FaultWord(Word):
    """Why a stream gives no picture, and how that is mended."""

    mend_zh: str
    mend_en: str


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
    algorithm_states: list[Word]
    algorithm_acts: list[Word]
    algorithm_guards: list[Word]
    hint_cures: list[Word]
    stream_faults: list[FaultWord]
    squads: list[Named]
    streets: list[Named]


class ZoneOut(Model):
    """A zone or door line on a camera's picture as it holds now: points 0-1 of width and height."""

    code: str
    kind: str
    polygon: list[tuple[float, float]]
    shop: str | None
    name: str | None
    version: int


class ApprovalOut(Model):
    """One approval of a device (Penalty Law art. 41): who, which document, from when to when."""

    kind: str
    valid_from: str
    valid_to: str
    document: str
    person: str
    valid: bool


class ConditionOut(Model):
    """What is or was wrong with a fixed camera's picture. until: none while it lasts. ended_by: who mended it.

    picture: address of one that shows it.
    """

    id: int
    kind: str
    measure: str
    value: float
    limit: float
    picture: str
    since: UtcTime
    until: UtcTime | None
    ended_by: str | None


class DeviceOut(DeviceBrief):
    """A device with its state. looks/candidates: in the last 30 days of its footage. picture: its address."""

    squad: Named | None
    street: Named | None
    group: str | None  # cameras that share an algorithm
    latitude: float | None
    longitude: float | None
    approved: bool
    missing: list[str]  # approvals that do not hold today
    footage: int
    looks: int
    candidates: int
    last_seen: UtcTime | None
    picture: str | None
    condition: ConditionOut | None


class TroubledCamera(Model):
    """A camera whose zones are suspended now."""

    device: DeviceBrief
    squad: Named | None
    condition: ConditionOut


class DeviceDetail(DeviceOut):
    """A device with zones, approvals and its mounting."""

    zones: list[ZoneOut]
    approvals: list[ApprovalOut]
    mounting: dict[str, float] | None
    conditions: list[ConditionOut]  # newest first


class FootageOut(Model):
    """One piece of footage and what became of it. ``state``: accepted, running, done, failed.

    ``kind``: file, or live: a live camera's day, which nobody handed in (``state`` live until it is over, size 0).
    """

    id: int
    kind: Literal["file", "live"]
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
    """The ground as GeoJSON collections, WGS-84 longitude, latitude."""

    squads: dict[str, Any]
    streets: dict[str, Any]
    shops: dict[str, Any]
    permitted: dict[str, Any]


class DevicePoint(DeviceBrief):
    """A device on the map, degrees WGS-84."""

    latitude: float
    longitude: float


class DeviceCluster(Model):
    """Devices near each other, at the mean of their places."""

    count: int
    latitude: float
    longitude: float


class MapDevices(Model):
    """The devices of a window: each of them, or clusters when these would be too many. total: how many there are."""

    points: list[DevicePoint]
    clusters: list[DeviceCluster]
    total: int
