"""What the rules cost a fixed camera: milliseconds a look, and memory of a camera's state."""

from __future__ import annotations

import time
import tracemalloc
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock

import numpy as np

from detector.detections import Detections
from detector.scene.model import Calendar, Space, Zone, ZoneKind
from detector.scene.rules import FixedScene
from detector.scene.rules_data import default_rules

NAMES = ("person", "car", "stall", "shop_goods", "pile")
OURS = ("stall", "shop_goods", "pile")
SIZE = (1920, 1080)
START = datetime(2026, 5, 11, 2, 0, tzinfo=UTC)
STEP_S = 2.0
FULL_LOOKS = 250
"""Looks after which a camera's state no longer grows: its histories are full and thinned."""


@dataclass(frozen=True, slots=True)
class Cost:
    """ms_per_look: mean of the thread's own processor time; ms_p95: 95th percentile of it.

    mb_per_1000_cameras: of full state, MB of 1,000,000 bytes, what all cameras share left out.
    things: standing things of the camera measured (fewer than boxes where some are no things of a rule).
    """

    ms_per_look: float
    ms_p95: float
    mb_per_1000_cameras: float
    looks: int
    boxes: int
    zones: int
    things: int


def measure(boxes: int = 50, zones: int = 20, looks: int = 1000, seed: int = 0) -> Cost:
    """Time one camera under the shipped rules, with as many standing things as boxes: the worst case.

    Boxes jitter by a pixel or two, one in ten is missed in a look, and the zones lie over each other with
    calendars of their own. The state is measured after so many looks that it no longer grows.
    """
    seen = _streams(boxes, max(looks, FULL_LOOKS), seed)
    scene = _scene(zones)
    spent = []
    for n, detections in enumerate(seen[:looks]):
        at = START + timedelta(seconds=n * STEP_S)
        began = time.thread_time()
        scene.look(at, n, SIZE, detections)
        spent.append(time.thread_time() - began)
    # The first looks begin every thing; they are a part of the work, but of no usual look.
    usual = np.array(spent[min(20, looks // 2) :]) * 1000
    return Cost(
        ms_per_look=round(float(usual.mean()), 4),
        ms_p95=round(float(np.quantile(usual, 0.95)), 4),
        mb_per_1000_cameras=round(_bytes_of_a_camera(zones, seen[:FULL_LOOKS]) * 1000 / 1e6, 1),
        looks=looks,
        boxes=boxes,
        zones=zones,
        things=scene.standing,
    )


def _bytes_of_a_camera(zones: int, seen: list[Detections]) -> float:
    """Bytes of one camera's scene. Two are fed side by side, as in a process that has many."""
    cameras = 2
    _scene(zones).look(START, 0, SIZE, seen[0])  # what numpy imports at its first use is no camera's state
    tracemalloc.start()
    try:
        before = tracemalloc.take_snapshot()
        scenes = [_scene(zones) for _ in range(cameras)]
        for n, detections in enumerate(seen):
            for scene in scenes:  # each with a time of its own: two cameras share no object
                scene.look(START + timedelta(seconds=n * STEP_S), n, SIZE, detections)
        grown = tracemalloc.take_snapshot().compare_to(before, "filename")
        return sum(part.size_diff for part in grown) / cameras
    finally:
        tracemalloc.stop()


def _scene(count: int) -> FixedScene:
    rng = np.random.default_rng(1)
    drawn = [
        Zone("pavement", 1, ZoneKind.PAVEMENT, Space.IMAGE, _rectangle(0.0, 0.0, 1.0, 1.0)),
        Zone("permitted", 1, ZoneKind.PERMITTED, Space.IMAGE, _rectangle(0.0, 0.0, 0.02, 0.02)),
    ]
    hours = Calendar(hours=((clock(6, 0), clock(23, 0)),))
    for i in range(count - len(drawn)):
        left, top = rng.uniform(0, 0.8, 2).tolist()
        polygon = _rectangle(left, top, left + 0.2, top + 0.2)
        drawn.append(Zone(f"shop-{i}", 1, ZoneKind.FRONTAGE, Space.IMAGE, polygon, f"S{i}", hours))
    return FixedScene("bench", drawn[:count], default_rules(NAMES, date(2026, 5, 11)))


def _rectangle(left: float, top: float, right: float, bottom: float) -> np.ndarray:
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float64)


def _streams(boxes: int, looks: int, seed: int) -> list[Detections]:
    """Detections of things on a grid, so that no two overlap."""
    rng = np.random.default_rng(seed)
    across = int(np.ceil(np.sqrt(boxes)))
    cell = np.array(SIZE) / across
    corner = np.array([[i % across, i // across] for i in range(boxes)]) * cell + 0.1 * cell
    place = np.column_stack([corner, corner + 0.75 * cell])
    class_id = np.array([NAMES.index(OURS[i % len(OURS)]) for i in range(boxes)], np.int64)
    streams = []
    for _ in range(looks):
        here = np.flatnonzero(rng.random(boxes) >= 0.1)
        jittered = (place + rng.normal(0, 1.5, place.shape)).clip(0)[here]
        confidence = rng.uniform(0.4, 0.9, len(here))
        streams.append(
            Detections(
                jittered.astype(np.float32), class_id[here], confidence.astype(np.float32), NAMES, "bench"
            )
        )
    return streams
