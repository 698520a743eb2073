"""Parts of rules beyond zones: hours, confidences by class and camera, grades of street, the warning phase."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from detector.detections import Detections
from detector.errors import BadRule
from detector.scene.model import Change, Space, Zone, ZoneKind
from detector.scene.rules import FixedScene
from detector.scene.rules_data import DatedRule, parse

LABELS = ("stall", "pile", "person")
RULE = """
[[rule]]
code = "stall"
version = 1
valid_from = 2026-01-01
type = "stall"
labels = ["stall", "pile"]
zone_kinds = ["pavement"]
"""
EVENING = datetime(2026, 10, 12, 9, 50, tzinfo=UTC)  # a Monday, 17:50 in Shanghai
WHOLE = Zone("Z", 1, ZoneKind.PAVEMENT, Space.IMAGE, np.array([(0, 0), (1, 0), (1, 1), (0, 1)], float))


def read(more: str = "") -> DatedRule:
    [dated] = parse(RULE + more, LABELS)
    return dated


def raised_after(dated: DatedRule, confidence: float = 0.9, looks: int = 60) -> float | None:
    """Seconds from the first look to the one that raises; a stall stands from the first on, a look each 30 s."""
    scene = FixedScene("CAM-1", [WHOLE], [dated.conditions.at_camera(dated.rule, "CAM-1")])
    seen = Detections(
        np.array([[100, 200, 200, 300]], np.float32),
        np.zeros(1, np.int64),
        np.full(1, confidence, np.float32),
        LABELS,
        "m",
    )
    for i in range(looks):
        events = scene.look(EVENING + timedelta(seconds=30 * i), i, (1000, 500), seen)
        if any(e.change is Change.RAISED for e in events):
            return 30.0 * i
    return None


def test_without_conditions_nothing_changes() -> None:
    dated = read()
    assert (dated.conditions.grades, dated.conditions.warning_only) == ((), False)
    assert raised_after(dated) == 300
    assert raised_after(dated, confidence=0.39) is None  # start_confidence is 0.4


def test_dwell_counts_from_when_the_rule_holds() -> None:
    # The first look is at 17:50; the rule holds from 18:00 on, 600 s later, and asks for 300 s.
    assert raised_after(read('calendar = { hours = [["18:00", "22:00"]] }')) == 900
    assert raised_after(read('calendar = { hours = [["06:00", "17:50"]] }')) is None
    assert raised_after(read("calendar = { weekdays = [1] }")) == 300
    assert raised_after(read("calendar = { weekdays = [2, 7] }")) is None


def test_confidence_by_class_and_camera() -> None:
    by_class = read("label_confidence = { stall = 0.7 }")
    assert (by_class.rule.begins_at("stall"), by_class.rule.begins_at("pile")) == (0.7, 0.4)
    assert raised_after(by_class, 0.69) is None
    assert raised_after(by_class, 0.7) == 300
    more = 'label_confidence = { stall = 0.7 }\ncamera_confidence = { "CAM-1" = { stall = 0.5 } }'
    assert raised_after(read(more), 0.5) == 300
    assert raised_after(read('camera_confidence = { "CAM-2" = { stall = 0.95 } }'), 0.5) == 300


def test_grades_of_street() -> None:
    some = read('grades = ["严禁", "严控"]').conditions
    assert [some.holds_on(g) for g in ("严禁", "严控", "控制", None)] == [True, True, False, False]
    assert [read().conditions.holds_on(g) for g in ("严禁", None)] == [True, True]


def test_the_warning_phase_is_of_one_rule() -> None:
    assert read("warning_only = true").conditions.warning_only


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ('calendar = { hours = [["18:00", "18:00"]] }', "hours 18:00-18:00 are empty"),
        ('calendar = { dates = [["2026-10-13", "2026-10-13"]], weekdays = [1] }', "never holds"),
        ("calendar = 5", "are tables"),
        ("label_confidence = { person = 0.5 }", "which the rule does not name"),
        ("label_confidence = { stall = 0.1 }", r"give stop_confidence \(0.15\) to 1"),
        ("label_confidence = { stall = 1.1 }", "to 1"),
        ("label_confidence = { stall = nan }", "to 1"),
        ("label_confidence = { stall = true }", "give a number"),
        ('camera_confidence = { "CAM-1" = 0.5 }', "give a table"),
        ("grades = [3]", "give a list of texts"),
        ('grades = ""', "give a list of texts"),
        ('warning_only = "yes"', "give true or false"),
        ("umbrella = true", "unknown parts umbrella"),
    ],
)
def test_what_cannot_hold_is_refused(more: str, why: str) -> None:
    with pytest.raises(BadRule, match=why) as caught:
        read(more)
    assert "\n" not in str(caught.value)


def test_labels_may_be_left_unchecked() -> None:
    text = RULE.replace('"pile"', '"ufo"')
    with pytest.raises(BadRule, match="no model sees 'ufo'"):
        parse(text, LABELS)
    [dated] = parse(text, None)
    assert dated.rule.labels == ("stall", "ufo")
    assert [dated.in_force(date(2025, 12, 31)), dated.in_force(date(2026, 1, 1))] == [False, True]
