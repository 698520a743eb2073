"""Rendered mode: one camera's day of the district as pictures, looked at by a real detector, scored by the truth.

The folder is what ``python -m scripts.street.render day`` writes: ``pictures/0000.jpg`` ... and ``day.json``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from detector.detections import Detections, Detector
from detector.errors import DataSetError
from detector.pictures import read_picture
from detector.scene.boxes import Floats, iou
from detector.scene.model import Rule, Violation
from detector.scene.rules import FixedScene
from detector.scene.rules_data import default_rules
from detector.scene.sightings import MATCH
from detector.scene.stands import LABEL_SHARE
from detector.simulation.camera import Day
from detector.simulation.district import SIZE, Site, Standing, a_site
from detector.simulation.run import figures
from detector.simulation.score import Tally, events_of, score
from detector.tints import tinted

METHOD = (
    "Rendered mode: the pictures of one simulated camera's day, looked at by the real detector and judged under the "
    "shipped rules. Keys as in the fast mode; what the detector saw of a thing is the surest box that overlaps it. "
    "The detector was trained on pictures of the same renderer, other streets: real streets are harder. "
    "See docs/PLACE-AND-TIME.md."
)


@dataclass(frozen=True, slots=True)
class RenderedDay:
    """A day's truth and its pictures.

    size: (width, height) px of them. day: boxes in px of the district's ``SIZE``; what was seen is not known yet.
    """

    site: Site
    begin: datetime
    every_s: float
    size: tuple[int, int]
    pictures: tuple[Path, ...]
    day: Day


def read_day(folder: Path) -> RenderedDay:
    """Raises DataSetError for a folder that holds no rendered day."""
    path = folder / "day.json"
    try:
        told = json.loads(path.read_text("utf-8"))
        things = [_standing(thing) for thing in told["things"]]
        width, height = (int(side) for side in told["size"])
        scale = np.array([SIZE[0] / width, SIZE[1] / height] * 2)
        boxes = np.array([thing["box"] for thing in told["things"]], np.float64).reshape(-1, 4) * scale
        times = np.array([look["at_s"] for look in told["looks"]], np.float64)
        visible = np.zeros((len(times), len(things)))
        for n, look in enumerate(told["looks"]):
            for k, share in look["visible"].items():
                visible[n, int(k)] = share
        number = int(told["camera"])
        site = a_site(number, np.random.default_rng((int(told["seed"]), number, 0)))
        pictures = tuple(folder / "pictures" / f"{n:04d}.jpg" for n in range(len(times)))
        begin, every_s = datetime.fromisoformat(told["begin"]), float(told["every_s"])
    except OSError as error:
        raise DataSetError(
            f"{path} cannot be read ({error.strerror}); render a day first: python -m scripts.street.render day "
            f"--out {folder} (needs Blender's Python module, see docs/PLACE-AND-TIME.md)"
        ) from error
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise DataSetError(f"{path} is no rendered day ({error!r}); render it again") from error
    return RenderedDay(
        site, begin, every_s, (width, height), pictures, Day(things, boxes, times, visible, visible * 0)
    )


def _standing(told: dict[str, Any]) -> Standing:
    width, depth, height = told["body"]
    return Standing(
        int(told["slot"]),
        str(told["label"]),
        float(told["east"]),
        float(told["north"]),
        (width, depth, height),
        float(told["from_s"]),
        float(told["to_s"]),
    )


def judge_day(
    rendered: RenderedDay, detector: Detector, step: Callable[[int, int], None] | None = None
) -> dict[str, Any]:
    """The report of one rendered day. step: told of looks done and looks in all. Raises BadPicture, BadOutput."""
    rules = default_rules(detector.names, rendered.begin.date())
    seen = []
    for n, path in enumerate(rendered.pictures):
        picture = read_picture(path)
        seen.append(tinted(detector.detect([picture])[0], picture))
        if step is not None:
            step(n + 1, len(rendered.pictures))
    tally = tally_of(rendered, rules, seen)
    return figures(tally) | {
        "position_error_m": {"median": None, "p95": None},
        "camera_days": 1,
        "passes": 0,
        "look_every_s": rendered.every_s,
        "picture": list(rendered.size),
        "detector": detector.model_id,
        "method": METHOD,
    }


def tally_of(rendered: RenderedDay, rules: Sequence[Rule], seen: Sequence[Detections]) -> Tally:
    """Judge and score what was seen, look by look."""
    site, day = rendered.site, rendered.day
    day.seen = seen_of(day, rendered.size, seen)
    violations = {v.key: v for v in _violations(rendered, rules, seen)}  # the last word on each
    events = events_of(site, day, rules, rendered.every_s)
    return score(site, day, events, list(violations.values()))


def _violations(
    rendered: RenderedDay, rules: Sequence[Rule], seen: Sequence[Detections]
) -> Iterator[Violation]:
    site = rendered.site
    scene = FixedScene(
        site.device_id,
        site.zones,
        rules,
        mounting=site.mounting,
        position=site.position,
        look_every_s=rendered.every_s,
    )
    for n, (at_s, found) in enumerate(zip(rendered.day.times.tolist(), seen, strict=True)):
        at = rendered.begin + timedelta(seconds=at_s)
        yield from (event.violation for event in scene.look(at, n, rendered.size, found))
    yield from (event.violation for event in scene.finish())


def seen_of(day: Day, size: tuple[int, int], seen: Sequence[Detections]) -> Floats:
    """(L, K) confidence with which each look saw each thing: of the surest box that overlaps it.

    Of a thing that is not mostly given its own label, only the boxes that name it right count.
    """
    best, right = np.zeros(day.visible.shape), np.zeros(day.visible.shape)
    labels = {thing.label for thing in day.things}
    scale = np.array([SIZE[0] / size[0], SIZE[1] / size[1]] * 2)
    for n, found in enumerate(seen):
        there = np.flatnonzero(day.visible[n])
        mine = [i for i in range(len(found)) if found.label(i) in labels]
        overlaps = iou(day.boxes[there], found.xyxy[mine].astype(np.float64) * scale) >= MATCH
        for row, k in enumerate(there.tolist()):
            for i in (mine[column] for column in np.flatnonzero(overlaps[row]).tolist()):
                confidence = float(found.confidence[i])
                best[n, k] = max(best[n, k], confidence)
                if found.label(i) == day.things[k].label:
                    right[n, k] = max(right[n, k], confidence)
    mostly = right.sum(axis=0) >= LABEL_SHARE * best.sum(axis=0)
    chosen: Floats = np.where(mostly, best, right)
    return chosen
