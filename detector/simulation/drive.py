"""Passes of a patrol vehicle along the simulated street: the real track smoothing and the real scene, and the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from math import exp, sqrt

import numpy as np

from detector.detections import Detections
from detector.scene.boxes import Floats, areas
from detector.scene.ground import LocalPlane, to_pixels, view_of
from detector.scene.model import GroundPlace, Mounting, Rule, Space, Violation, Zone, ZoneKind
from detector.scene.passes import VehicleScene
from detector.scene.places import distance_m
from detector.simulation.camera import NAMES
from detector.simulation.district import BEGIN, BODY
from detector.simulation.error_model import LABELS, ErrorModel
from detector.simulation.latent import Found, Latent, Scored, passing
from detector.simulation.score import Tally
from ingest.frame import PositionSource
from ingest.track import Fix, Track
from ingest.track_smoothing import smooth

SIZE = (1280, 720)
PLANE = LocalPlane(31.223, 121.445)
MOUNTING = Mounting(height_m=1.9, pitch_deg=4.0, yaw_deg=50.0, roll_deg=0.0, hfov_deg=75.0)
WAY_M = 400.0
STEP_S = 0.5  # two looks a second
REACH_M = 22.0  # further away nothing is seen
NEAR_M = 8.0
"""A clue this near to a thing of its type is of that thing: twice the receiver's noise, and less than two things of
one type lie apart.
"""


@dataclass(frozen=True, slots=True)
class Ride:
    """What disturbs a pass. gps_m: one sigma per axis; drift_s: time over which that error stays alike. outage_s:
    seconds without a fix, in the middle of the way. pitch_deg, yaw_deg: one sigma of the mounting's error, one draw a
    pass. sway_deg: of the pitch, every look. accuracy: whether the fixes state theirs.
    """

    gps_m: float = 4.0
    drift_s: float = 3.0
    outage_s: float = 0.0
    pitch_deg: float = 0.5
    yaw_deg: float = 0.5
    sway_deg: float = 0.3
    accuracy: bool = True


@dataclass(frozen=True, slots=True)
class Kerbside:
    """A thing at the right-hand kerb of a street that runs north. permitted: on a permitted place on the map."""

    label: str
    east: float
    north: float
    permitted: bool


def street(rng: np.random.Generator) -> list[Kerbside]:
    """Things 4 to 7 m right of the vehicle's line, 10 m or more apart, those of one label 20 m; every sixth is a stall
    on a permitted place.
    """
    things: list[Kerbside] = []
    north = 20.0
    while north < WAY_M - 20:
        near = {t.label for t in things if north - t.north < 20}
        label = str(rng.choice([one for one in LABELS if one not in near]))
        permitted = label == "stall" and bool(rng.random() < 0.5)
        things.append(Kerbside(label, float(rng.uniform(4, 7)), north, permitted))
        north += 10 + float(rng.exponential(10))
    return things


def permitted_zones(things: Sequence[Kerbside]) -> list[Zone]:
    """The permitted places, 3 m by 4 m each, on the map."""
    zones = []
    for n, t in enumerate(thing for thing in things if thing.permitted):
        corners = np.array(
            [[t.east + e, t.north + u] for e, u in ((-1.5, -2), (1.5, -2), (1.5, 2), (-1.5, 2))]
        )
        polygon = PLANE.to_wgs84(corners)
        zones.append(Zone(f"permit-{n}", 1, ZoneKind.PERMITTED, Space.GROUND, polygon))
    return zones


def drive(
    things: Sequence[Kerbside], rules: Sequence[Rule], model: ErrorModel, ride: Ride, rng: np.random.Generator
) -> Tally:
    """One pass, scored. A thing is seen once it is in the picture, within reach and reported at ``looks_per_pass``
    looks, one of them sure enough to begin.
    """
    times, north = _way(rng)
    track = smooth(_track(times, north, ride, rng))
    true = replace(
        MOUNTING,
        pitch_deg=MOUNTING.pitch_deg + rng.normal(0, ride.pitch_deg),
        yaw_deg=MOUNTING.yaw_deg + rng.normal(0, ride.yaw_deg),
    )
    places = np.array([(t.east, t.north) for t in things])
    latent = Latent(model, [t.label for t in things], rng)
    boxes = np.stack([_boxes(true, ride, places - [0.0, y], things, rng) for y in north.tolist()])
    there = np.array([areas(look) > 150 for look in boxes])
    scored = latent.over(times, np.zeros(there.shape), there, rng)
    false = passing(model, rng, SIZE, len(times))  # no fixtures: whatever a vehicle passes comes and goes
    scene = VehicleScene("car-1", rules, permitted_zones(things), (), MOUNTING)
    violations: dict[str, Violation] = {}
    for n, seconds in enumerate(times.tolist()):
        at = BEGIN + timedelta(seconds=round(seconds, 3))
        seen = _look(latent, scored, boxes[n], n, false[n], rng)
        for event in scene.look(at, n, SIZE, seen, track.position_at(at)):
            violations[event.violation.key] = event.violation
    for event in scene.finish():
        violations[event.violation.key] = event.violation
    return _score(things, rules, latent, scored, list(violations.values()), len(times))


def _way(rng: np.random.Generator) -> tuple[Floats, Floats]:
    """(L,) times and metres north of looks: 3 to 9 m/s, wandering."""
    want, speed, at = float(rng.uniform(4, 7)), 5.0, 0.0
    north = [0.0]
    while at < WAY_M:
        want = float(np.clip(want + rng.normal(0, 0.3), 3.0, 9.0))
        speed += float(np.clip(want - speed, -1.0, 0.75))
        at += speed * STEP_S
        north.append(at)
    return np.arange(len(north), dtype=np.float64) * STEP_S, np.array(north, np.float64)


def _track(times: Floats, north: Floats, ride: Ride, rng: np.random.Generator) -> Track:
    """A fix a second with a drifting error, speed (0.2 m/s) and course by Doppler."""
    error = rng.normal(0, ride.gps_m, 2)
    stays = exp(-1 / ride.drift_s) if ride.drift_s > 0 else 0.0
    middle = times[-1] / 2
    fixes = []
    for second in range(int(times[-1]) + 1):
        error = stays * error + sqrt(1 - stays**2) * rng.normal(0, ride.gps_m, 2)
        place = np.array([0.0, np.interp(second, times, north)]) + error
        speed = float(np.interp(second, times[1:], np.diff(north) / STEP_S))
        course = float(rng.normal(0, 1) + rng.normal(0, 10) / max(speed, 0.3)) % 360
        if abs(second - middle) < ride.outage_s / 2:
            continue
        longitude, latitude = PLANE.to_wgs84(place).tolist()
        accuracy = ride.gps_m * sqrt(2) if ride.accuracy else None
        measured = max(0.0, speed + float(rng.normal(0, 0.2)))
        fixes.append(Fix(BEGIN + timedelta(seconds=second), latitude, longitude, accuracy, measured, course))
    return Track(tuple(fixes), PositionSource.GPX, "simulated")


def _boxes(
    mounting: Mounting, ride: Ride, away: Floats, things: Sequence[Kerbside], rng: np.random.Generator
) -> Floats:
    """(K, 4) px boxes of things at (K, 2) metres from the vehicle, which heads north; empty for those not seen."""
    view = view_of(replace(mounting, pitch_deg=mounting.pitch_deg + rng.normal(0, ride.sway_deg)), 0.0, SIZE)
    feet = to_pixels(view, away)
    reach = np.hypot(*away.T)
    body = np.array([BODY[t.label] for t in things])
    half, height = view.focal_px * body[:, 0] / 2 / reach, view.focal_px * body[:, 2] / reach
    boxes = np.column_stack([feet[:, 0] - half, feet[:, 1] - height, feet[:, 0] + half, feet[:, 1]])
    shown: Floats = np.clip(
        np.where((reach < REACH_M)[:, None], np.nan_to_num(boxes), 0.0), 0, [*SIZE, *SIZE]
    )
    return shown


def _look(
    latent: Latent, scored: Scored, boxes: Floats, n: int, false: Found, rng: np.random.Generator
) -> Detections:
    found = [latent.boxes_at(boxes, scored, n, rng), false]
    xyxy = np.clip(np.concatenate([part[0] for part in found]), 0, [*SIZE, *SIZE])
    whole = np.flatnonzero((xyxy[:, 2] - xyxy[:, 0] > 4) & (xyxy[:, 3] - xyxy[:, 1] > 4))
    class_id = np.concatenate([part[1] for part in found])[whole]
    confidence = np.concatenate([part[2] for part in found])[whole]
    return Detections(
        xyxy[whole].astype(np.float32), class_id, confidence.astype(np.float32), NAMES, "simulated"
    )


def _score(
    things: Sequence[Kerbside],
    rules: Sequence[Rule],
    latent: Latent,
    scored: Scored,
    violations: Sequence[Violation],
    looks: int,
) -> Tally:
    types = {label: rule for rule in rules for label in rule.labels}
    right = np.where(scored.class_id == latent.own, scored.confidence, 0.0)
    seen = [
        (right[:, k] >= types[t.label].stop_confidence).sum() >= types[t.label].looks_per_pass
        and right[:, k].max() >= types[t.label].start_confidence
        for k, t in enumerate(things)
    ]
    judged = [k for k, t in enumerate(things) if not t.permitted]
    tally = Tally(events=len(judged), seen=sum(bool(seen[k]) for k in judged), looks=looks)
    taken: set[int] = set()
    for violation in violations:
        tally.candidates += 1
        away = [_away(violation, thing) for thing in things]
        k = min(
            range(len(things)),
            key=lambda k: away[k] + (0 if types[things[k].label].type == violation.type else 99),
        )
        if away[k] > NEAR_M or types[things[k].label].type != violation.type:
            tally.false += 1
            tally.wrong_type += min(away) <= NEAR_M
            tally.on_nothing += min(away) > NEAR_M
        elif things[k].permitted:
            tally.false += 1
            tally.permitted_false += 1
        elif k in taken:
            tally.duplicates += 1
        else:
            taken.add(k)
            tally.position_errors.append(away[k])
    tally.found, tally.found_seen = len(taken), sum(bool(seen[k]) for k in taken)
    return tally


def _away(violation: Violation, thing: Kerbside) -> float:
    ground = violation.sighting.ground
    if ground is None:
        return float("inf")
    longitude, latitude = PLANE.to_wgs84(np.array([thing.east, thing.north])).tolist()
    return distance_m(ground, GroundPlace(latitude, longitude, 0.0))
