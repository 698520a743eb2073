"""The simulated district: days of fixed cameras and passes of vehicles, judged by the real scenes, scored by
the truth.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from detector.scene.model import Rule, Violation
from detector.scene.rules import FixedScene
from detector.scene.rules_data import default_rules
from detector.simulation.camera import NAMES, Camera, Trouble
from detector.simulation.district import a_day, a_site
from detector.simulation.drive import Ride, drive, street
from detector.simulation.error_model import ErrorModel
from detector.simulation.score import Tally, events_of, score

PLANS_S = (60.0, 10.0, 180.0, 30.0)
"""Seconds between two looks by plan; cameras take them in turn."""

DROPS = (0.0, 0.0, 0.3, 0.6)
"""Share of looks that never arrive; cameras take them in turn, each with each plan."""

Step = Callable[[int, int], None]
"""Told of progress: camera-days and passes done, and how many there are."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How much is simulated. seed: the same gives the same district, day for day."""

    cameras: int
    days: int
    passes: int
    seed: int


def rules_in_force() -> tuple[Rule, ...]:
    """The shipped rules."""
    return default_rules(NAMES, date(2026, 5, 11))


def camera_day(
    camera: Camera,
    rules: tuple[Rule, ...],
    trouble: Trouble,
    truth: np.random.Generator,
    seen: np.random.Generator,
) -> Tally:
    """One day of one camera. truth: draws what stood; seen: draws how it was seen."""
    site = camera.site
    day, looks = camera.day(a_day(site, truth), trouble, seen)
    scene = FixedScene(
        site.device_id,
        site.zones,
        rules,
        mounting=site.mounting,
        position=site.position,
        look_every_s=camera.every_s,
    )
    violations: dict[str, Violation] = {}
    for look in looks:
        for event in scene.look(look.captured_at, look.index, (1920, 1080), look.detections):
            violations[event.violation.key] = event.violation
    for event in scene.finish():
        violations[event.violation.key] = event.violation
    return score(site, day, events_of(site, day, rules, camera.every_s), list(violations.values()))


def fixed_cameras(
    asked: Asked, model: ErrorModel, trouble: Trouble | None = None, step: Step | None = None
) -> Tally:
    """All camera-days. trouble: the same for all; none: the usual, with the drops of ``DROPS`` in turn."""
    rules, total = rules_in_force(), Tally()
    for number in range(asked.cameras):
        truth = np.random.default_rng((asked.seed, number, 0))
        camera = Camera(
            a_site(number, truth), model, PLANS_S[number % 4], np.random.default_rng((asked.seed, number, 1))
        )
        usual = trouble or Trouble(dropped=DROPS[number // 4 % 4])
        for day in range(asked.days):
            seen = np.random.default_rng((asked.seed, number, 2, day))
            total.add(
                camera_day(camera, rules, usual, np.random.default_rng((asked.seed, number, 3, day)), seen)
            )
            if step is not None:
                step(number * asked.days + day + 1, asked.cameras * asked.days)
    return total


def vehicle_passes(
    asked: Asked, model: ErrorModel, ride: Ride | None = None, step: Step | None = None
) -> Tally:
    """All passes; four in a row drive along one street."""
    rules, total = rules_in_force(), Tally()
    for number in range(asked.passes):
        things = street(np.random.default_rng((asked.seed, number // 4, 4)))
        total.add(drive(things, rules, model, ride or Ride(), np.random.default_rng((asked.seed, number, 5))))
        if step is not None:
            step(number + 1, asked.passes)
    return total


RIDES: dict[str, Ride] = {
    "none": Ride(gps_m=0.0, pitch_deg=0.0, yaw_deg=0.0, sway_deg=0.0),
    "gps_4_m": Ride(pitch_deg=0.0, yaw_deg=0.0, sway_deg=0.0),
    "gps_4_m_drifting_30_s": Ride(drift_s=30.0),
    "gps_outage_10_s": Ride(outage_s=10.0),
    "gps_outage_40_s": Ride(outage_s=40.0),
    "mounting_off_1_degree": Ride(pitch_deg=1.0, yaw_deg=1.0),
}

DISTURBANCES: dict[str, Trouble] = {
    "none": Trouble(drift_ppm=0.0, people=0.0, buses=0.0, dusk=False),
    "people_8_in_view": Trouble(people=8.0),
    "buses_4_an_hour": Trouble(buses=4.0),
    "dusk": Trouble(people=0.0, buses=0.0),
    "drops_30_percent": Trouble(dropped=0.3),
    "drops_60_percent": Trouble(dropped=0.6),
    "clock_drift_500_ppm": Trouble(drift_ppm=500.0),
    "clock_back_20_minutes": Trouble(back_s=1200.0),
    "camera_turned_5_percent": Trouble(turned=0.05),
    "labels_flicker_10_times": Trouble(flicker=10.0),
    "scores_1_logit_lower": Trouble(misses=1.0),
}
"""Each disturbance alone, on the same truth. Numbers (track ids) cannot be swapped: detections carry none, and
every look's boxes come in another order anyway.
"""


METHOD = (
    "Fast mode: detections are drawn from the truth with an error model of the detector, and judged by the scenes "
    "that judge real footage, under the shipped rules. Every violation raised is a candidate; nothing is joined "
    "afterwards. Event: a thing stood where its rule forbids it for the dwell, in clear view at looks no further "
    "apart than the rule's longest gap. recall: of the events that the detector saw as the rule asks (stop confidence "
    "at looks no further apart than that gap over the dwell, start confidence at the first, a fifth of the clear "
    "looks, most of them with the right label; vehicle: looks_per_pass looks, one of start confidence); "
    "recall_of_all: of all events. precision: candidates that are an event of any type, doubles left out; "
    "precision_of_all: of the right type. duplicates: further candidates of one thing, or of another at its place "
    "before that was known to be empty. dwell_error_looks: against the stand that the detector saw; "
    "dwell_error_of_truth_looks: against the stand in clear view. position_error_m: of right vehicle candidates. "
    "See docs/PLACE-AND-TIME.md."
)


def simulate(
    asked: Asked, model: ErrorModel, *, table: bool = True, step: Step | None = None
) -> dict[str, Any]:
    """The whole report. table: with ``by_disturbance``, on the first 8 camera-days and 12 passes. step: of progress.

    Raises ValueError for numbers that make no district.
    """
    if (
        min(asked.cameras, asked.days, asked.passes, asked.seed) < 0
        or asked.cameras * asked.days + asked.passes < 1
    ):
        raise ValueError("give at least one camera and day, or one pass; no number may be negative")
    fixed, vehicle = fixed_cameras(asked, model, step=step), vehicle_passes(asked, model, step=step)
    both = Tally()
    both.add(fixed)
    both.add(vehicle)
    report = figures(both) | {
        "position_error_m": spread(vehicle.position_errors),
        "camera_days": asked.cameras * asked.days,
        "passes": asked.passes,
        "seed": asked.seed,
        "fixed": figures(fixed),
        "vehicle": figures(vehicle) | {"position_error_m": spread(vehicle.position_errors)},
        "detector": model.fitted_on,
        "method": METHOD,
    }
    if table:
        few = Asked(min(8, asked.cameras), min(1, asked.days), min(12, asked.passes), asked.seed)
        report["by_disturbance"] = {
            **{name: figures(fixed_cameras(few, model, trouble)) for name, trouble in DISTURBANCES.items()},
            **{f"vehicle_{name}": _ridden(few, model, ride) for name, ride in RIDES.items()},
        }
    return report


def _ridden(asked: Asked, model: ErrorModel, ride: Ride) -> dict[str, Any]:
    tally = vehicle_passes(asked, model, ride)
    return figures(tally) | {"position_error_m": spread(tally.position_errors)}


def figures(tally: Tally) -> dict[str, Any]:
    """A tally as numbers for JSON; none where nothing was there to measure."""
    return {
        "precision": _share(tally.precision(any_type=True)),
        "precision_of_all": _share(tally.precision(any_type=False)),
        "recall": _share(tally.found_seen / tally.seen if tally.seen else None),
        "recall_of_all": _share(tally.found / tally.events if tally.events else None),
        "duplicates": tally.duplicates,
        "permitted_false": tally.permitted_false,
        "dwell_error_looks": spread(tally.seen_dwell_errors),
        "dwell_error_of_truth_looks": spread(tally.dwell_errors),
        "events": tally.events,
        "events_seen": tally.seen,
        "events_found": tally.found,
        "candidates": tally.candidates,
        "false": tally.false,
        "false_wrong_type": tally.wrong_type,
        "false_on_nothing": tally.on_nothing,
        "looks": tally.looks,
    }


def spread(errors: list[float]) -> dict[str, float | None]:
    """Median and 95th percentile."""
    if not errors:
        return {"median": None, "p95": None}
    return {"median": round(float(np.median(errors)), 3), "p95": round(float(np.quantile(errors, 0.95)), 3)}


def _share(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
