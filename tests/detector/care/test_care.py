"""Over looks: one bad look is no alarm, several are, and it ends by itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
from painting import noise, street

from detector.care.care import CameraCare, State
from detector.care.model import Condition, shipped
from ingest.frame import Image

START = datetime(2026, 6, 1, 1, 0, tzinfo=UTC)
BAG = np.full((360, 640, 3), (90, 110, 120), np.uint8)


def fed(care: CameraCare, images: list[Image], first_s: float = 0.0, step_s: float = 10.0) -> list[State]:
    """The states after looks ``step_s`` apart, each with noise of its own."""
    return [
        care.look(START + timedelta(seconds=first_s + n * step_s), noise(image, int(first_s) + n))
        for n, image in enumerate(images)
    ]


def a_care() -> CameraCare:
    return CameraCare(noise(street(), 99), shipped())


def test_one_bad_look_or_three_are_no_alarm() -> None:
    states = fed(a_care(), [street()] * 2 + [BAG] + [street()] * 3 + [BAG] * 3 + [street()] * 2)
    assert not any(state.suspended for state in states)
    assert [state.unsure for state in states] == [n in (2, 6, 7, 8) for n in range(11)]


def test_a_covered_camera_is_told_at_the_fourth_bad_look_and_ends_by_itself_at_the_third_good() -> None:
    states = fed(a_care(), [street()] * 3 + [BAG] * 6 + [street()] * 3)
    assert [state.suspended for state in states] == [False] * 6 + [True] * 5 + [False]
    assert states[6].finding.condition is Condition.BLOCKED
    assert states[6].since == states[8].since == START + timedelta(seconds=30)
    assert (states[11].finding.condition, states[11].since) == (Condition.FINE, START + timedelta(seconds=90))


def test_bad_looks_within_a_few_seconds_are_not_enough() -> None:
    states = fed(a_care(), [street()] + [BAG] * 45, step_s=0.5)
    raised = next(n for n, state in enumerate(states) if state.suspended)
    # The last five votes span two seconds: only ``since`` of the first bad one can be 20 s away.
    assert (raised - 1) * 0.5 == 20.0


def test_a_shift_is_the_middle_of_the_votes_and_goes_back() -> None:
    states = fed(a_care(), [street()] * 2 + [street(dx=3, dy=2)] * 5 + [street()] * 5)
    assert not any(state.suspended for state in states)
    shifted = states[6]
    assert shifted.finding.condition is Condition.SHIFTED
    assert abs(shifted.shift[0] * 640 - 3) < 0.5
    assert abs(shifted.shift[1] * 360 - 2) < 0.5
    assert states[11].finding.condition is Condition.FINE
    assert abs(states[11].shift[0] * 640) < 0.5


def test_the_same_picture_for_too_long_is_frozen_and_a_still_street_is_not() -> None:
    care, still = a_care(), noise(street(), 5)
    states = [care.look(START + timedelta(seconds=10 * n), still) for n in range(20)]
    # Same since the first look: 120 s at look 12, the fourth such vote at look 15.
    assert [state.suspended for state in states] == [n >= 15 for n in range(20)]
    assert states[15].finding.condition is Condition.FROZEN
    assert states[15].finding.value == 150.0
    assert not any(state.suspended for state in fed(a_care(), [street()] * 20))


def test_looks_that_are_not_later_are_passed_over() -> None:
    care = a_care()
    before = care.look(START, street())
    assert care.look(START, BAG) is before
    assert care.look(START - timedelta(seconds=5), BAG) is before


def test_it_is_compared_now_and_then_and_at_once_when_the_boxes_change() -> None:
    care = a_care()
    assert care.due(START, 0)
    care.look(START, street(), boxes=6)
    soon = START + timedelta(seconds=2)
    assert not care.due(soon, 6)
    assert not care.due(soon, 3)
    assert care.due(soon, 2)
    assert care.due(START + timedelta(seconds=10), 6)
    care.look(soon, BAG, boxes=0)
    assert care.due(soon + timedelta(seconds=0.5), 0)  # in doubt: every look
