"""The simulated district: small here; ``make stress`` runs the thousand camera-days."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest

from detector.scene.ground import to_pixels, view_of
from detector.scene.model import Mounting
from detector.simulation.camera import Camera, Trouble, project
from detector.simulation.district import a_site
from detector.simulation.drive import Ride
from detector.simulation.error_model import ErrorModel, shipped
from detector.simulation.run import Asked, camera_day, fixed_cameras, rules_in_force, simulate, vehicle_passes
from detector.simulation.score import Tally

CAMERAS, DAYS, PASSES = (int(n) for n in os.environ.get("JIEXUN_STRESS_DISTRICT", "0,0,0").split(","))


def a_sure_detector() -> ErrorModel:
    """One that sees everything, under the right label, with little jitter, and nothing false."""
    model = shipped()
    classes = {
        label: replace(errors, mean=4.0, spread=1.0, mislabelled=0.0, false_rate=0.0)
        for label, errors in model.classes.items()
    }
    return replace(model, classes=classes, part_rate=0.0, jitter=0.02)


def one_day(model: ErrorModel, every_s: float, trouble: Trouble, number: int = 0) -> Tally:
    """One camera's day."""
    site = a_site(number, np.random.default_rng(number))
    camera = Camera(site, model, every_s, np.random.default_rng((number, 1)))
    seeds = np.random.default_rng((number, 2)), np.random.default_rng((number, 3))
    return camera_day(camera, rules_in_force(), trouble, *seeds)


def test_a_body_is_projected_to_its_box() -> None:
    view = view_of(Mounting(5.0, 15.0, 0.0, 0.0, 75.0), 0.0, (1920, 1080))
    flat = np.array([[2.0, 12.0, 1.0, 2.0, 0.0]])
    corners = to_pixels(view, np.array([[1.0, 11.5], [3.0, 11.5], [1.0, 12.5], [3.0, 12.5]]))
    expected = [*corners.min(axis=0), *corners.max(axis=0)]
    np.testing.assert_allclose(project(view, flat)[0], expected, atol=1e-6)


@pytest.mark.parametrize("every_s", [60.0, 180.0])
def test_a_sure_detector_finds_every_event_and_nothing_else(every_s: float) -> None:
    tally = one_day(a_sure_detector(), every_s, Trouble(people=0.5, buses=0.0))
    assert tally.found == tally.events > 5
    assert (tally.false, tally.duplicates, tally.permitted_false) == (0, 0, 0)
    assert max(tally.seen_dwell_errors) <= 1


@pytest.mark.parametrize("dropped", [0.3, 0.6])
def test_dropped_looks_change_no_dwell_by_more_than_a_look(dropped: float) -> None:
    trouble = Trouble(dropped=dropped, drift_ppm=0.0, people=0.5, buses=0.0)
    tally = one_day(a_sure_detector(), 10.0, trouble)
    assert tally.found == tally.events > 5
    assert (tally.false, tally.duplicates) == (0, 0)
    assert max(tally.seen_dwell_errors) <= 1


def test_a_clock_set_back_makes_no_second_candidate() -> None:
    tally = one_day(a_sure_detector(), 60.0, Trouble(back_s=1200.0, people=0.0, buses=0.0))
    assert tally.candidates > 5
    assert tally.duplicates == 0


def test_passes_place_things_within_metres() -> None:
    tally = vehicle_passes(Asked(0, 0, 2, 7), a_sure_detector(), Ride())
    assert tally.found >= 10
    assert tally.permitted_false == 0
    assert float(np.median(tally.position_errors)) <= 3.0


def test_the_same_seed_gives_the_same_figures() -> None:
    asked = Asked(1, 1, 1, 11)
    a, b = (simulate(asked, shipped(), table=False) for _ in range(2))
    assert a == b
    assert {
        "precision",
        "recall",
        "duplicates",
        "permitted_false",
        "dwell_error_looks",
        "position_error_m",
    } <= a.keys()


def test_numbers_that_make_no_district() -> None:
    for cameras, days, passes in ((0, 0, 0), (1, 0, 0), (-1, 1, 1)):
        with pytest.raises(ValueError, match="at least one camera"):
            simulate(Asked(cameras, days, passes, 0), shipped())


@pytest.mark.skipif(not CAMERAS, reason="make stress runs it: JIEXUN_STRESS_DISTRICT=cameras,days,passes")
def test_a_thousand_camera_days() -> None:
    model = shipped()
    fixed = fixed_cameras(Asked(CAMERAS, DAYS, 0, 1), model)
    assert fixed.found_seen / fixed.seen >= 0.98
    assert (fixed.precision(any_type=True) or 0) >= 0.98
    assert fixed.permitted_false == 0
    assert float(np.quantile(fixed.seen_dwell_errors, 0.95)) <= 1
    passes = vehicle_passes(Asked(0, 0, PASSES, 1), model)
    assert float(np.median(passes.position_errors)) <= 3
    assert float(np.quantile(passes.position_errors, 0.95)) <= 8
