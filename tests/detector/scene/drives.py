"""Simulated drives with ground truth: how far off a vehicle places things, by seed. Used by tests and benchmarks.

A vehicle drives an L of two streets (a corner, a stop at lights, speed that wanders), things stand at the
right-hand kerb, fixes come once a second with an error that drifts, boxes are the things' projections with a
mounting that is a little off and a suspension that sways.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import exp, sqrt

import numpy as np
from numpy.typing import NDArray

from detector.detections import Detections
from detector.scene.ground import LocalPlane, to_pixels, view_of
from detector.scene.model import DoorLine, GroundPlace, Mounting, SceneEvent, Violation
from detector.scene.passes import VehicleScene
from detector.scene.places import Appearance, distance_m, nearest, same_place
from ingest.frame import PositionSource
from ingest.track import Fix, Track
from ingest.track_smoothing import smooth

from .builders import NAMES, rules

Floats = NDArray[np.float64]
SIZE = (1280, 720)
PLANE = LocalPlane(31.223, 121.445)
START = datetime(2026, 10, 31, 6, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Conditions:
    """What disturbs a drive. gps_m: one sigma per axis. drift_s: correlation time of that error, 0: white.
    doppler: the receiver gives speed and course (0.2 m/s, 1 degree). outage: seconds (from, to) without
    fixes. pitch, yaw: one sigma of the mounting's error, degrees, one per drive. sway: of the pitch, each
    look. foot_px: of the box's edges. miss: share of looks without a box. smoothed: by the track's smoother.
    states_accuracy: the fixes carry the true error."""

    gps_m: float = 4.0
    drift_s: float = 3.0
    doppler: bool = True
    outage: tuple[float, float] = (0.0, 0.0)
    pitch: float = 0.5
    yaw: float = 0.5
    sway: float = 0.3
    foot_px: float = 2.0
    miss: float = 0.2
    looks_per_second: float = 2.0
    smoothed: bool = True
    states_accuracy: bool = True


@dataclass(frozen=True)
class Thing:
    """A staged thing. local: (2,) metres (east, north)."""

    local: tuple[float, float]
    label: str


@dataclass(frozen=True)
class Pass:
    """What one drive gave. nearest thing's index and error (m) of every violation, in order of telling."""

    violations: list[Violation]
    which: list[int]
    errors_m: list[float]
    vehicle_m: Floats  # (L,) error of the vehicle's position, per look
    heading_deg: Floats  # (L,) error of its heading


MOUNTING = Mounting(height_m=1.9, pitch_deg=4.0, yaw_deg=50.0, roll_deg=0.0, hfov_deg=75.0)


def things_along(seed: int, least_m: float = 10.0) -> list[Thing]:
    """Things along both streets, 4-7 m right of the vehicle's line, at least ``least_m`` apart."""
    rng = np.random.default_rng((seed, 1))
    things = []
    for leg in (0, 1):
        along = 15.0
        while along < 185.0:
            right, label = rng.uniform(4, 7), str(rng.choice(["stall", "shop_goods", "pile"]))
            # North along x = 0, then east along y = 200.
            local = (right, along) if leg == 0 else (along + 15.0, 200.0 - right)
            things.append(Thing(local, label))
            along += least_m + float(rng.exponential(12.0))
    return things


def way(rng: np.random.Generator, step_s: float) -> tuple[Floats, Floats, Floats, Floats]:
    """(t, place (T, 2), heading degrees, speed) of a drive: 200 m north, a corner of 8 m, 200 m east."""
    corner, leg = 8.0, 192.0
    arc = corner * np.pi / 2
    stop_at, stopped = float(rng.uniform(60, 140)), 0.0
    t, s, speed = [0.0], [0.0], [5.0]
    want = float(rng.uniform(4, 7))
    while s[-1] < 2 * leg + arc:
        near_corner = leg - 15 < s[-1] < leg + arc
        target = 3.0 if near_corner else want
        if stop_at - 12 < s[-1] < stop_at and stopped < 8.0:
            target = 0.0 if stop_at - s[-1] < 6 else 2.0
            stopped += step_s if speed[-1] < 0.2 else 0.0
        v = speed[-1] + float(np.clip(target - speed[-1], -2 * step_s, 1.5 * step_s))
        want = float(np.clip(want + rng.normal(0, 0.3) * sqrt(step_s), 3.0, 9.0))
        t.append(t[-1] + step_s)
        s.append(s[-1] + v * step_s)
        speed.append(v)
    way_m = np.array(s)
    turn = np.clip((way_m - leg) / corner, 0, np.pi / 2)
    beyond = np.maximum(way_m - leg - arc, 0)
    x = corner * (1 - np.cos(turn)) + beyond
    y = np.minimum(way_m, leg) + corner * np.sin(turn)
    return np.array(t), np.column_stack([x, y]), np.degrees(turn), np.array(speed)


def gps_errors(rng: np.random.Generator, count: int, step_s: float, sigma: float, drift_s: float) -> Floats:
    """(count, 2) first-order Gauss-Markov errors, ``sigma`` per axis."""
    stays = exp(-step_s / drift_s) if drift_s > 0 else 0.0
    error = np.zeros((count, 2))
    error[0] = rng.normal(0, sigma, 2)
    for k in range(1, count):
        error[k] = stays * error[k - 1] + sqrt(1 - stays**2) * rng.normal(0, sigma, 2)
    return error


def drive(
    seed: int,
    things: Sequence[Thing],
    how: Conditions | None = None,
    start_s: float = 0.0,
    doors: Sequence[DoorLine] = (),
) -> Pass:
    """One pass. seed: of everything but the things."""
    how = how or Conditions()
    rng = np.random.default_rng((seed, 2))
    step = 0.1
    t, place, heading, speed = way(rng, step)
    begin = START + timedelta(seconds=start_s)
    track = _track(rng, how, begin, t, place, heading, speed)
    positions = smooth(track) if how.smoothed else track
    true = replace(
        MOUNTING,
        pitch_deg=MOUNTING.pitch_deg + rng.normal(0, how.pitch),
        yaw_deg=MOUNTING.yaw_deg + rng.normal(0, how.yaw),
    )
    scene = VehicleScene("car-1", rules(), (), doors, MOUNTING)
    events: list[SceneEvent] = []
    off, turned = [], []
    every = round(1 / how.looks_per_second / step)
    feet = np.array([thing.local for thing in things]).reshape(-1, 2)
    for k in range(0, len(t), every):
        at = begin + timedelta(seconds=round(float(t[k]), 3))
        position = positions.position_at(at)
        sway = replace(true, pitch_deg=true.pitch_deg + rng.normal(0, how.sway))
        seen = _boxes(rng, how, sway, float(heading[k]) % 360, feet - place[k], things)
        if position is not None:
            here = PLANE.to_local(np.array([position.longitude, position.latitude]))
            off.append(float(np.hypot(*(here - place[k]))))
            if position.heading is not None:
                turned.append((position.heading - heading[k] + 180) % 360 - 180)
        events += scene.look(at, k, SIZE, seen, position)
    events += scene.finish()
    violations = [event.violation for event in events]
    which, errors = [], []
    for violation in violations:
        away = [
            _away(violation, thing) if thing.label == violation.sighting.label else np.inf for thing in things
        ]
        which.append(int(np.argmin(away)))
        errors.append(float(np.min(away)))
    return Pass(violations, which, errors, np.array(off), np.array(turned))


def _track(
    rng: np.random.Generator,
    how: Conditions,
    begin: datetime,
    t: Floats,
    place: Floats,
    heading: Floats,
    speed: Floats,
) -> Track:
    seconds = np.arange(0, int(t[-1]) + 1)
    error = gps_errors(rng, len(seconds), 1.0, how.gps_m, how.drift_s)
    accuracy = how.gps_m * sqrt(2) if how.states_accuracy else None
    fixes = []
    for s, e in zip(seconds.tolist(), error, strict=True):
        k = int(np.argmin(np.abs(t - s)))
        if how.outage[0] <= s < how.outage[1]:
            continue
        lon, lat = PLANE.to_wgs84(place[k] + e).tolist()
        v = max(0.0, float(speed[k] + rng.normal(0, 0.2))) if how.doppler else None
        course = float(heading[k] + rng.normal(0, 1) + rng.normal(0, 10) / max(speed[k], 0.3)) % 360
        fixes.append(
            Fix(begin + timedelta(seconds=s), lat, lon, accuracy, v, course if how.doppler else None)
        )
    return Track(tuple(fixes), PositionSource.GPX, "drive")


def _boxes(
    rng: np.random.Generator,
    how: Conditions,
    mounting: Mounting,
    heading: float,
    feet: Floats,
    things: Sequence[Thing],
) -> Detections:
    view = view_of(mounting, heading, SIZE)
    pixels = to_pixels(view, feet)
    boxes, labels = [], []
    for thing, (x, y), foot in zip(things, pixels.tolist(), feet, strict=True):
        reach = float(np.hypot(*foot))
        if not (x == x and reach < 22 and rng.random() >= how.miss):
            continue
        half, height = view.focal_px * 0.8 / reach, view.focal_px * 1.5 / reach
        noise = rng.normal(0, how.foot_px, 4)
        box = np.array([x - half, y - height, x + half, y]) + noise
        box = np.clip(box, 0, [SIZE[0], SIZE[1]] * 2)
        if box[2] - box[0] >= 12 and box[3] - box[1] >= 12:
            boxes.append(box)
            labels.append(NAMES.index(thing.label))
    return Detections(
        np.array(boxes, np.float32).reshape(-1, 4),
        np.array(labels, np.int64),
        np.full(len(boxes), 0.8, np.float32),
        NAMES,
        "simulated",
    )


def _away(violation: Violation, thing: Thing) -> float:
    lon, lat = PLANE.to_wgs84(np.array(thing.local)).tolist()
    assert violation.sighting.ground is not None
    return distance_m(violation.sighting.ground, GroundPlace(lat, lon, 0.0))


@dataclass
class Candidate:
    """A place under which violations were put together. things: the staged ones they are really of."""

    first: Violation
    things: list[int]


def joined(passes: Sequence[Pass]) -> list[Candidate]:
    """Passes merged one after the other as casework does it: the nearest candidate of the same place, each
    once a pass."""
    candidates: list[Candidate] = []
    for one in passes:
        free = list(candidates)
        for violation, thing in zip(one.violations, one.which, strict=True):
            same = [c for c in free if same_place(c.first, violation)]
            ground = violation.sighting.ground
            assert ground is not None
            if not same:
                candidates.append(Candidate(violation, [thing]))
                continue
            others = [(c.first.sighting.ground or ground, Appearance.of(c.first.facts)) for c in same]
            found = same[nearest(ground, Appearance.of(violation.facts), others)]
            found.things.append(thing)
            free.remove(found)
    return candidates


@dataclass(frozen=True)
class Figures:
    """Over many drives of two passes each. Errors in metres and degrees: (median, 95th percentile).

    stated_m, real_m: root mean square of the errors that violations state and of those they have.
    duplicates: candidates of a thing that had one already. mixed: candidates with violations of two things.
    """

    things: int
    position_m: tuple[float, float]
    vehicle_m: tuple[float, float]
    heading_deg: tuple[float, float]
    stated_m: float
    real_m: float
    missed: int
    duplicates: int
    mixed: int


def figures(seeds: Sequence[int], how: Conditions | None = None, least_m: float = 10.0) -> Figures:
    """Two passes, 20 minutes apart, by things at least ``least_m`` apart, for every seed."""
    errors: list[float] = []
    stated: list[float] = []
    vehicle: list[float] = []
    heading: list[float] = []
    count = missed = duplicates = mixed = 0
    for seed in seeds:
        things = things_along(seed, least_m)
        passes = [drive(2 * seed + k, things, how, 1200.0 * k) for k in (0, 1)]
        candidates = joined(passes)
        count += len(things)
        seen = [set(c.things) for c in candidates]
        missed += len(things) - len(set().union(*seen))
        owners = [min(s) for s in seen]
        duplicates += len(owners) - len(set(owners))
        mixed += sum(len(s) > 1 for s in seen)
        for one in passes:
            errors += one.errors_m
            stated += [v.sighting.ground.error_m for v in one.violations if v.sighting.ground is not None]
            vehicle += one.vehicle_m.tolist()
            heading += np.abs(one.heading_deg).tolist()
    return Figures(
        count,
        _two(errors),
        _two(vehicle),
        _two(heading),
        _rms(stated),
        _rms(errors),
        missed,
        duplicates,
        mixed,
    )


def _two(values: Sequence[float]) -> tuple[float, float]:
    middle, most = np.percentile(values, [50, 95]).tolist()
    return round(middle, 2), round(most, 2)


def _rms(values: Sequence[float]) -> float:
    return round(float(np.sqrt(np.mean(np.square(values)))), 2)
