"""A vehicle camera's mounting from a drive: pitch and yaw from the corners' motion, lens from long edges."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from casework.errors import Invalid
from detector.scene.lens import Lens, lens
from detector.scene.mounting import Mounting
from detector.scene.travel import LEAST_PAIRS, Angles, Travel, over_a_drive, travel
from ingest.corners import follow, long_edges
from ingest.frame import Frame, Position
from ingest.recorded import open_recording
from ingest.track_files import read_track
from ingest.track_smoothing import smooth

Floats = NDArray[np.float64]

LOOKS_PER_SECOND = 8.0
STEP_M = 1.2
"""Least way between the two looks of a pair: less shows too little."""
MOST_STEP_S = 1.5
SLOWEST = 1.5
MOST_TURN_DEG = 1.0
"""A pair of looks between which the course turns more is not of a straight drive."""
MOST_PAIRS = 60
EDGE_LOOKS = 15


@dataclass(frozen=True, slots=True)
class Pair:
    """Corners of two looks, (N, 2) px from the picture's middle."""

    before: Floats
    after: Floats


@dataclass(frozen=True, slots=True)
class Drive:
    """What was read from a video. edges: (K, 2) px from the middle each."""

    size: tuple[int, int]
    pairs: list[Pair]
    edges: list[Floats]
    looks: int


def calibrate(
    video: Path, track: Path, height_m: float, hfov_deg: float, start: datetime | None = None
) -> dict[str, Any]:
    """The mounting that a drive shows, with one-sigma errors, as plain data.

    height_m: measured on the vehicle. hfov_deg: of the camera, by its data sheet. Raises IngestError,
    BadMounting, Invalid (too little straight driving; the picture shows too little that stands still).
    """
    drive = read_drive(video, track, start)
    focal = drive.size[0] / 2 / math.tan(math.radians(hfov_deg) / 2)
    bent = lens([edge / focal for edge in drive.edges])
    k1 = bent.k1 if bent is not None else 0.0
    plain = Mounting(height_m, 10.0, 0.0, 0.0, hfov_deg, k1, 0.0, *drive.size)
    found: list[Travel] = []
    for pair in drive.pairs:
        before, after = _undistorted(pair.before, plain, focal), _undistorted(pair.after, plain, focal)
        sound = ~(np.isnan(before) | np.isnan(after)).any(axis=1)
        one = travel(before[sound], after[sound], focal)
        if one is not None:
            found.append(one)
    angles = over_a_drive(found)
    if angles is None:
        raise Invalid(
            "no_calibration",
            zh=f"直行画面不足：{len(drive.pairs)} 对中仅 {len(found)} 对可用，至少需要 {LEAST_PAIRS} 对",
            en=f"{video.name}: {len(found)} of {len(drive.pairs)} pairs of looks on straight stretches agree, "
            f"{LEAST_PAIRS} are needed; give a longer straight drive, by day, at 10-40 km/h",
        )
    mounting = Mounting(
        height_m, round(angles.pitch_deg, 2), round(angles.yaw_deg, 2), 0.0, hfov_deg, k1, 0.0, *drive.size
    )
    return _report(mounting, angles, bent, drive, focal)


def read_drive(video: Path, track: Path, start: datetime | None) -> Drive:
    """Corners over pairs of looks on straight stretches, and long edges. Raises IngestError."""
    way = smooth(read_track(track))
    recording = open_recording(video, "calibration", start, LOOKS_PER_SECOND, way)
    pairs: list[Pair] = []
    edges: list[Floats] = []
    middle = np.array([recording.info.width, recording.info.height], np.float64) / 2
    every = max(1, int(recording.info.duration_s * LOOKS_PER_SECOND / EDGE_LOOKS))
    looks = 0
    for before, frame in _steps(iter(recording)):
        if looks % every == 0:
            edges += [edge - middle for edge in long_edges(frame.image)]
        looks += 1
        if before is not None and len(pairs) < MOST_PAIRS:
            there, here = follow(before.image, frame.image)
            pairs.append(Pair(there - middle, here - middle))
    return Drive((recording.info.width, recording.info.height), pairs, edges, looks)


def _steps(frames: Iterator[Frame]) -> Iterator[tuple[Frame | None, Frame]]:
    """Every look, and before it the look that it makes a pair with, if it does."""
    last: Frame | None = None
    for frame in frames:
        here = frame.position
        if here is None or here.heading is None or (here.speed or 0.0) < SLOWEST:
            last = None
            yield None, frame
            continue
        if last is not None and (frame.captured_at - last.captured_at).total_seconds() > MOST_STEP_S:
            last = None
        if last is None:
            yield None, frame
            last = frame
        elif _way_m(last, frame) < STEP_M:
            yield None, frame
        else:
            straight = last.position is not None and _turn(last.position, here) <= MOST_TURN_DEG
            yield (last if straight else None), frame
            last = frame


def _way_m(a: Frame, b: Frame) -> float:
    speed = ((a.position.speed or 0.0) if a.position else 0.0) + (
        (b.position.speed or 0.0) if b.position else 0.0
    )
    return speed / 2 * (b.captured_at - a.captured_at).total_seconds()


def _turn(a: Position, b: Position) -> float:
    return abs(((b.heading or 0.0) - (a.heading or 0.0) + 180) % 360 - 180)


def _undistorted(points: Floats, mounting: Mounting, focal: float) -> Floats:
    """(N, 2) px from the middle without the lens's bend; NaN outside what it shows."""
    if not mounting.k1:
        return points
    rays, seen_at = mounting.lens_table()
    seen = np.hypot(points[:, 0], points[:, 1]) / focal
    true = np.interp(seen, seen_at, rays, right=np.nan)
    straight: Floats = points * np.divide(true, seen, out=np.ones_like(seen), where=seen > 0)[:, None]
    return straight


def _report(
    mounting: Mounting, angles: Angles, bent: Lens | None, drive: Drive, focal: float
) -> dict[str, Any]:
    pitch, yaw = math.radians(angles.pitch_deg), math.radians(angles.yaw_deg)
    centre_x, centre_y = drive.size[0] / 2, drive.size[1] / 2
    ahead = math.cos(pitch) * math.cos(yaw)
    point = None
    if ahead > 0.05:
        point = [
            round(centre_x - focal * math.sin(yaw) / ahead, 1),
            round(centre_y - focal * math.tan(pitch), 1),
        ]
    notes = ["roll is not measured by a straight drive: it is taken as 0; level the camera"]
    if bent is None:
        notes.append("too few long edges agree on the lens: distortion stays 0")
    elif not bent.k1:
        notes.append("no distortion was seen beyond its error: it stays 0")
    if abs(abs(angles.yaw_deg) - 90) < 20:
        notes.append("the camera looks across: its pitch is hardly told by the drive; measure it")
    return {
        "mounting": mounting.as_data(),
        "errors": {
            "pitch_deg": round(angles.pitch_error, 3),
            "yaw_deg": round(angles.yaw_error, 3),
            "k1": round(bent.error, 3) if bent is not None else None,
        },
        "vanishing_point_px": point,
        "horizon_px": round(centre_y - focal * math.tan(pitch), 1),
        "looks": drive.looks,
        "pairs": len(drive.pairs),
        "pairs_used": angles.pairs,
        "edges": len(drive.edges),
        "notes": notes,
    }
