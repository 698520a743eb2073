"""What crosses the wall from the rules to casework: zones, rules, sightings, violations. All frozen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from detector.detections import Boxes


class DeviceKind(StrEnum):
    """Cameras that stand and cameras that drive."""

    FIXED = "fixed"
    VEHICLE = "vehicle"


class ZoneKind(StrEnum):
    """What a polygon means."""

    PAVEMENT = "pavement"
    FRONTAGE = "frontage"  # before a shop, beyond its door line
    PERMITTED = "permitted"  # a published place and its hours (上海"摊" map points)
    IGNORED = "ignored"  # never judged: road, a bus stop, a screen


class Space(StrEnum):
    """In which coordinates a polygon is drawn."""

    IMAGE = "image"  # (x, y), 0-1 of the picture's width and height, origin top left
    GROUND = "ground"  # (longitude, latitude), degrees WGS-84


@dataclass(frozen=True, slots=True)
class Calendar:
    """When a zone holds, in Asia/Shanghai wall time. Empty parts do not limit.

    weekdays: 1 Monday … 7 Sunday. months: 1-12. hours: half-open spans [from, to); from > to crosses
    midnight and belongs to the day on which it began.
    dates: (first, last) inclusive spans.
    """

    weekdays: frozenset[int] = frozenset()
    months: frozenset[int] = frozenset()
    hours: tuple[tuple[time, time], ...] = ()
    dates: tuple[tuple[date, date], ...] = ()


@dataclass(frozen=True, slots=True)
class Zone:
    """A polygon with a meaning.

    polygon: (K, 2) float64, K >= 3, not closed, in ``space``. shop: its shop's code.
    """

    code: str
    version: int
    kind: ZoneKind
    space: Space
    polygon: NDArray[np.float64]
    shop: str | None = None
    calendar: Calendar = Calendar()


@dataclass(frozen=True, slots=True)
class DoorLine:
    """A shop's door line on the ground: two (longitude, latitude) points, WGS-84."""

    shop: str
    line: NDArray[np.float64]  # (2, 2)


@dataclass(frozen=True, slots=True)
class Rule:
    """When a standing thing is a violation. Times in seconds of capture time, shares 0-1.

    labels: what the thing looks like. zone_kinds: where it must stand (fixed cameras).
    start_confidence begins a sighting, stop_confidence keeps one alive (hysteresis).
    overlap: least share of the thing's foot area that lies in the zone.
    dwell_s, pictures, spacing_s: fixed cameras. gap_s: longest absence; for vehicles it parts two passes.
    passes, pass_spacing_s: vehicles; fewer passes make a clue.
    looks_per_pass: least looks at the thing in one pass. reach_m: a vehicle judges nothing further away.
    door_reach_m: goods this near before a door line belong to its shop.
    """

    code: str
    version: int
    type: str
    labels: tuple[str, ...]
    zone_kinds: tuple[ZoneKind, ...]
    start_confidence: float = 0.4
    stop_confidence: float = 0.15
    overlap: float = 0.5
    dwell_s: float = 300.0
    pictures: int = 3
    spacing_s: float = 60.0
    gap_s: float = 120.0
    clock_tolerance_s: float = 1.0
    passes: int = 2
    pass_spacing_s: float = 600.0
    looks_per_pass: int = 3
    reach_m: float = 25.0
    door_reach_m: float = 3.0


@dataclass(frozen=True, slots=True)
class Mounting:
    """How a camera looks: pinhole, square pixels, principal point in the middle.

    height_m: above the ground. pitch_deg: positive looks down. yaw_deg: clockwise from the device's heading.
    roll_deg: clockwise. hfov_deg: whole horizontal angle of view.
    """

    height_m: float
    pitch_deg: float
    yaw_deg: float
    roll_deg: float
    hfov_deg: float


@dataclass(frozen=True, slots=True)
class GroundPlace:
    """A point on the ground, WGS-84 degrees, with the one-sigma error of its position in metres."""

    latitude: float
    longitude: float
    error_m: float


@dataclass(frozen=True, slots=True)
class Sighting:
    """One standing thing over time at one place, seen by one device in one go.

    times: capture times of the looks that saw it, rising, aware UTC. frames: their frame indices.
    xyxy: (N, 4) float32 pixels in pictures of ``size`` (width, height). confidence: (N,) float32.
    observed_s: between looks no further apart than the normal look interval allows (see looks.History);
    inferred_s: the rest of last - first. ground: where it stands, where that is known.
    """

    device_id: str
    label: str
    times: tuple[datetime, ...]
    frames: tuple[int, ...]
    xyxy: Boxes
    confidence: NDArray[np.float32]
    size: tuple[int, int]
    observed_s: float
    inferred_s: float
    ground: GroundPlace | None = None

    @property
    def place(self) -> NDArray[np.float32]:
        """(4,) median box, 0-1 of the picture."""
        w, h = self.size
        median = np.median(self.xyxy, axis=0).astype(np.float32)
        return np.asarray(median / np.array([w, h, w, h], np.float32), np.float32)


@dataclass(frozen=True, slots=True)
class Violation:
    """What the rules return. ``key`` is the same whenever the same looks are judged by the same rule version.

    zones: (code, version) of the zones that made it one. shop: code where the zone or door line names one.
    key_times: capture times of the pictures that prove it: first, middle ..., latest; rising.
    proven: True when all the rule asks for was seen; False makes a clue (one vehicle pass).
    facts: what the rule saw, by name, for the reasons in words (seconds, counts, metres).
    """

    key: str
    type: str
    rule: str
    rule_version: int
    zones: tuple[tuple[str, int], ...]
    shop: str | None
    sighting: Sighting
    start: datetime
    end: datetime
    key_times: tuple[datetime, ...]
    proven: bool
    facts: dict[str, float | int | bool | str]


class Change(StrEnum):
    """What happened to a violation."""

    RAISED = "raised"
    UPDATED = "updated"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class SceneEvent:
    """A violation that was raised, went on (new key time), or ended."""

    change: Change
    violation: Violation
