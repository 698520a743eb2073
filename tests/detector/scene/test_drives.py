"""Simulated drives with noise: how far off things are placed, and whether two passes make one candidate."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from detector.scene.model import DoorLine

from .drives import PLANE, Conditions, Thing, drive, figures, gps_errors


def test_errors_of_receivers_are_as_large_and_as_lasting_as_asked() -> None:
    error = gps_errors(np.random.default_rng(1), 40000, 1.0, 4.0, 3.0)
    assert error.std() == pytest.approx(4.0, rel=0.05)
    after_3_s = float((error[3:] * error[:-3]).mean()) / 16
    assert after_3_s == pytest.approx(np.exp(-1), abs=0.05)


def test_things_are_placed_within_the_target_and_once_in_two_passes() -> None:
    """Issue 4: median at most 3 m, 95th percentile at most 8 m at 4 m per axis; two passes are one candidate."""
    found = figures(range(3))
    assert found.things > 40
    assert found.position_m[0] <= 3.0
    assert found.position_m[1] <= 8.0
    assert (found.missed, found.duplicates, found.mixed) == (0, 0, 0)
    assert found.stated_m >= found.real_m  # what is stated is no boast


def test_errors_that_last_half_a_minute_still_meet_it() -> None:
    found = figures(range(2), Conditions(drift_s=30.0))
    assert found.position_m[0] <= 3.5
    assert found.position_m[1] <= 8.0


def test_without_smoothing_it_is_not_met() -> None:
    """So that the target is met by what was built, not by easy drives."""
    assert figures(range(1), Conditions(smoothed=False)).position_m[0] > 3.0


def test_goods_name_their_shop_with_a_confidence() -> None:
    # Things 5.5 m right of the way north; shop k's door line from 12 k to 12 k + 10 m, 1.5 m behind them.
    things = [Thing((5.5, 12.0 * k + 5), "shop_goods") for k in (2, 6, 10)]
    doors = [
        DoorLine(f"shop-{k}", PLANE.to_wgs84(np.array([[7.0, 12.0 * k], [7.0, 12.0 * k + 10]])))
        for k in range(16)
    ]
    found = drive(4, things, replace(Conditions(), gps_m=1.0), doors=doors)
    shops = {which: violation.shop for violation, which in zip(found.violations, found.which, strict=True)}
    assert shops == {0: "shop-2", 1: "shop-6", 2: "shop-10"}
    for violation in found.violations:
        assert float(violation.facts["shop_confidence"]) > 0.8
    # At ten times the error hardly any is sure, and an unsure one names none.
    lost = drive(4, things, replace(Conditions(), gps_m=10.0, drift_s=60.0), doors=doors)
    assert all(
        (violation.shop is not None) == (float(violation.facts.get("shop_confidence", 0.0)) >= 0.5)
        for violation in lost.violations
    )
