"""One painted picture against another: each trouble is told by its name, and street life is none."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from painting import HEIGHT, WIDTH, bus, night, noise, people, rain, shadow, street

from detector.care.aligning import reference_of
from detector.care.judging import judge_picture
from detector.care.model import Condition, Finding, limits_from, shipped
from ingest.frame import Image

LIMITS = shipped()
REFERENCE = reference_of(noise(street(), 0))


def said(image: Image) -> Finding:
    """What is said of a picture of the street."""
    return judge_picture(REFERENCE, image, LIMITS)


@pytest.mark.parametrize(
    "change",
    [
        lambda image: image,
        people,
        bus,
        shadow,
        rain,
        night,
        lambda image, _=0: cv2.convertScaleAbs(image, alpha=0.45),
        lambda image, _=0: cv2.convertScaleAbs(image, alpha=1.3, beta=20),
        lambda image, _=0: cv2.resize(image, (1280, 720)),
    ],
    ids=["noise", "people", "bus", "shadow", "rain", "night", "dusk", "glare", "other size"],
)
def test_street_life_light_and_weather_are_fine(change: Callable[..., Image]) -> None:
    image = street()
    changed = change(image, 3) if change is people else change(image)
    assert said(noise(changed, 1)).condition is Condition.FINE


def test_a_small_shift_is_measured_to_half_a_pixel() -> None:
    finding = said(noise(people(street(dx=3, dy=-2), 4), 1))
    assert finding.condition is Condition.SHIFTED
    assert finding.shift[0] * WIDTH == pytest.approx(3, abs=0.5)
    assert finding.shift[1] * HEIGHT == pytest.approx(-2, abs=0.5)


@pytest.mark.parametrize(("dx", "dy"), [(40, 0), (0, 25), (-60, 20)])
def test_a_large_shift_is_a_moved_camera(dx: int, dy: int) -> None:
    finding = said(noise(street(dx=dx, dy=dy), 1))
    assert (finding.condition, finding.measure) == (Condition.MOVED, "shift_most")
    assert finding.value * WIDTH == pytest.approx(np.hypot(dx, dy), abs=2)
    assert finding.shift == (0.0, 0.0)


@pytest.mark.parametrize("degrees", [2.0, 5.0, -5.0])
def test_a_turned_camera_is_told_by_its_angle(degrees: float) -> None:
    finding = said(noise(street(turn_deg=degrees), 1))
    assert (finding.condition, finding.measure) == (Condition.MOVED, "turn_deg")
    assert finding.value == pytest.approx(abs(degrees), abs=0.7)


def test_a_zoomed_camera_has_moved() -> None:
    nearer = cv2.resize(street(), None, fx=1.1, fy=1.1)[18 : 18 + HEIGHT, 32 : 32 + WIDTH]
    finding = said(noise(nearer, 1))
    assert (finding.condition, finding.measure) == (Condition.MOVED, "zoom")
    assert finding.value == pytest.approx(0.1, abs=0.03)


def test_a_covered_camera_is_blocked() -> None:
    bag = np.full((HEIGHT, WIDTH, 3), (90, 110, 120), np.uint8)
    assert said(noise(bag, 1)).condition is Condition.BLOCKED
    most = street()
    most[:, : WIDTH * 5 // 6] = (90, 110, 120)
    assert said(noise(most, 1)).condition is Condition.BLOCKED


@pytest.mark.parametrize("sigma", [5.0, 9.0])
def test_a_lens_out_of_focus_is_blurred(sigma: float) -> None:
    finding = said(noise(cv2.GaussianBlur(street(), (0, 0), sigma), 1, 1.0))
    assert finding.condition is Condition.BLURRED
    assert finding.value < finding.limit == LIMITS.sharpness


def test_a_picture_without_light_is_dark() -> None:
    finding = said(noise(cv2.convertScaleAbs(street(), alpha=0.04), 1))
    assert (finding.condition, finding.limit) == (Condition.DARK, LIMITS.dark_level)
    assert said(np.zeros((HEIGHT, WIDTH, 3), np.uint8)).condition is Condition.DARK


def test_another_street_is_the_wrong_scene() -> None:
    assert [said(noise(street(seed), 1)).condition for seed in (2, 3, 4)] == [Condition.WRONG_SCENE] * 3


def test_a_reference_without_edges_raises_nothing_but_what_it_can_tell() -> None:
    bare = reference_of(np.full((HEIGHT, WIDTH, 3), 120, np.uint8))
    finding = judge_picture(bare, noise(street(), 1), LIMITS)
    assert (finding.condition, finding.measure, finding.value) == (Condition.FINE, "least_tiles", 0)
    black = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    assert judge_picture(bare, black, LIMITS).condition is Condition.DARK


def test_other_proportions_are_the_wrong_shape() -> None:
    assert said(cv2.resize(street(), (640, 480))).condition is Condition.WRONG_SHAPE
    assert said(street()[:, :300]).condition is Condition.WRONG_SHAPE


def test_a_comparison_costs_little() -> None:
    image, spent = noise(people(street(dx=3), 4), 1), []
    for _ in range(15):
        begun = time.process_time()
        said(image)
        spent.append(time.process_time() - begun)
    assert statistics.median(spent) < 0.03  # 5 ms measured; the machine of the tests may be slow


@pytest.mark.parametrize("text", ["sharpness = 1", "unknown = 2", "votes = 1"])
def test_incomplete_limits_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="unknown or missing"):
        limits_from(text)
