"""What crosses the wall from the rules to casework: zones, rules, sightings, violations. All frozen."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from detector.detections import Boxes
from detector.scene.company import Company as Company
from detector.scene.mounting import Mounting as Mounting


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
    SPECIAL_DUTY = "special_duty"  # a duty for a span of days: rules with a duty_dwell_s wait less long there


class Space(StrEnum):
    """In which coordinates a polygon is drawn."""

    IMAGE = "image"  # (x, y), 0-1 of the picture's width and height, origin top left
    GROUND = "ground"  # (longitude, latitude), degrees WGS-84


class Days(StrEnum):
    """Which days of the Chinese year (see holidays.py)."""

    ANY = "any"
    WORKDAYS = "workdays"  # Monday to Friday, less public holidays, with the worked days of a swap (调休)
    RESTDAYS = "restdays"  # all others
    HOLIDAYS = "holidays"  # days off by the yearly notice
    NOT_HOLIDAYS = "not_holidays"  # all others


@dataclass(frozen=True, slots=True)
class Calendar:
    """When a zone holds, in Asia/Shanghai wall time. Empty parts do not limit.

    weekdays: 1 Monday … 7 Sunday. months: 1-12. hours: half-open spans [from, to); from > to crosses
    midnight and belongs to the day on which it began.
    dates: (first, last) inclusive spans. days: by public holidays.
    """

    weekdays: frozenset[int] = frozenset()
    months: frozenset[int] = frozenset()
    hours: tuple[tuple[time, time], ...] = ()
    dates: tuple[tuple[date, date], ...] = ()
    days: Days = Days.ANY


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
    gap_looks, gap_most_s: a fixed camera that looks seldom by plan may miss a thing for so many of its look
    intervals, but no longer than gap_most_s, even where that is longer than gap_s (``longest_gap_s``). A place
    where nothing was seen for four times gap_most_s is empty: what stands there later is another violation.
    passes, pass_spacing_s: vehicles; fewer passes make a clue.
    looks_per_pass: least looks at the thing in one pass. reach_m: a vehicle judges nothing further away.
    door_reach_m: goods this near before a door line belong to its shop.
    label_confidence: of some labels, goes before start_confidence. calendar: when the rule holds.
    company: what must be beside it. duty_dwell_s: the dwell on special-duty ground while the duty lasts; None:
    no other than elsewhere.
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
    gap_looks: float = 2.5
    gap_most_s: float = 900.0
    clock_tolerance_s: float = 1.0
    passes: int = 2
    pass_spacing_s: float = 600.0
    looks_per_pass: int = 3
    reach_m: float = 25.0
    door_reach_m: float = 3.0
    label_confidence: tuple[tuple[str, float], ...] = ()
    calendar: Calendar = Calendar()
    company: Company = field(default_factory=Company)
    duty_dwell_s: float | None = None

    def begins_at(self, label: str) -> float:
        """Least confidence of a box that begins a sighting of ``label``."""
        return dict(self.label_confidence).get(label, self.start_confidence)

    def longest_gap_s(self, look_every_s: float) -> float:
        """Seconds of absence that a camera lets pass which looks every ``look_every_s`` seconds by plan.

        With the defaults one missed look is let pass however seldom it looks, and a quarter of an hour ends
        what stood whatever the plan.
        """
        return max(self.gap_s, min(self.gap_looks * look_every_s, self.gap_most_s))

    def empty_after_s(self) -> float:
        """Seconds after which a place where nothing was seen is taken to be empty: four of the longest gaps.

        A detector that has trouble with a thing in one light has trouble with it for many looks: in a thousand
        simulated camera-days it lost sight of standing things for up to 58 minutes.
        """
        return 4 * max(self.gap_most_s, self.gap_s)


@dataclass(frozen=True, slots=True)
class GroundPlace:
    """A point on the ground, WGS-84 degrees, with the one-sigma error of its position in metres (root mean
    square). spread: (east-east, east-north, north-north) m2, the error's ellipse, where it is known.
    """

    latitude: float
    longitude: float
    error_m: float
    spread: tuple[float, float, float] | None = None


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

    @property
    def looks(self) -> int:
        """Looks that saw the thing. The sighting keeps some of them where they are many."""
        return int(self.facts.get("looks_seen", len(self.sighting.times)))


class Change(StrEnum):
    """What happened to a violation."""

    RAISED = "raised"
    UPDATED = "updated"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class SceneEvent:
    """A violation that was raised, went on (new key time), or ended.

    gone: it ended because its place was seen to be empty, and not because nobody looks any more.
    """

    change: Change
    violation: Violation
    gone: bool = False
