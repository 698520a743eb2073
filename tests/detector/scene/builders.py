"""What the scene's tests are built from: short hands for zones, rules, detections and looks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from detector.detections import Detections
from detector.scene.model import (
    Calendar,
    Change,
    Mounting,
    Rule,
    SceneEvent,
    Space,
    Violation,
    Zone,
    ZoneKind,
)
from detector.scene.rules import FixedScene
from ingest.frame import Position, PositionSource

NAMES = ("person", "car", "stall", "shop_goods", "pile")
SIZE = (1000, 500)
START = datetime(2026, 5, 11, 2, 0, tzinfo=UTC)  # a Monday, 10:00 in Shanghai

Box = tuple[float, float, float, float]
Seen = tuple[str, Box, float]  # label, box in px, confidence

STALL: Box = (100, 200, 200, 300)


def at(seconds: float) -> datetime:
    """Capture time so many seconds after START."""
    return START + timedelta(seconds=seconds)


def a_zone(
    kind: ZoneKind = ZoneKind.PAVEMENT,
    code: str = "Z1",
    box: Box = (0.0, 0.4, 1.0, 1.0),
    shop: str | None = None,
    calendar: Calendar | None = None,
) -> Zone:
    """A rectangle in image space; by default the lower part of the picture is pavement."""
    x1, y1, x2, y2 = box
    polygon = np.array([[x1, y1], [x2, y1], [x2, y2], [x1, y2]], np.float64)
    return Zone(code, 1, kind, Space.IMAGE, polygon, shop, calendar or Calendar())


def a_rule(code: str = "stall", labels: Sequence[str] | None = None, **changes: object) -> Rule:
    """The house defaults: 300 s, 3 pictures 60 s apart, gap 120 s."""
    kinds = (ZoneKind.FRONTAGE,) if code == "cross_door" else (ZoneKind.PAVEMENT, ZoneKind.FRONTAGE)
    seen_by = {"stall": "stall", "cross_door": "shop_goods", "stacked_goods": "pile"}
    rule = Rule(code, 1, code, tuple(labels) if labels else (seen_by[code],), kinds)
    return replace(rule, **changes)  # type: ignore[arg-type]


def rules() -> list[Rule]:
    """The three default rules."""
    return [a_rule("stall"), a_rule("cross_door"), a_rule("stacked_goods")]


def detections(*seen: Seen) -> Detections:
    """What a model saw: (label, box, confidence) each."""
    return Detections(
        np.array([box for _, box, _ in seen], np.float32).reshape(-1, 4),
        np.array([NAMES.index(label) for label, _, _ in seen], np.int64),
        np.array([confidence for _, _, confidence in seen], np.float32),
        NAMES,
        "hand",
    )


def seen(label: str = "stall", box: Box = STALL, confidence: float = 0.8) -> Seen:
    """One detection."""
    return (label, box, confidence)


def a_scene(zones: Sequence[Zone] | None = None, rules_: Sequence[Rule] | None = None) -> FixedScene:
    """A fixed camera above a pavement under the three default rules."""
    return FixedScene("cam-1", [a_zone()] if zones is None else zones, rules() if rules_ is None else rules_)


def looks(scene: FixedScene, times: Iterable[float], *what: Seen, finish: bool = False) -> list[SceneEvent]:
    """Let the scene look at the same things at each of ``times`` (seconds after START)."""
    events: list[SceneEvent] = []
    for seconds in times:
        events += scene.look(at(seconds), round(seconds * 25), SIZE, detections(*what))
    if finish:
        events += scene.finish()
    return events


def raised(events: Iterable[SceneEvent]) -> list[Violation]:
    """The violations that were raised."""
    return [event.violation for event in events if event.change is Change.RAISED]


def ended(events: Iterable[SceneEvent]) -> list[Violation]:
    """The violations that ended."""
    return [event.violation for event in events if event.change is Change.ENDED]


def a_mounting(**changes: float) -> Mounting:
    """A camera on a car's roof, looking a little down to the right."""
    return replace(
        Mounting(height_m=2.2, pitch_deg=8.0, yaw_deg=30.0, roll_deg=0.0, hfov_deg=80.0), **changes
    )


def a_position(
    latitude: float = 31.2, longitude: float = 121.4, heading: float | None = 0.0, accuracy: float = 2.0
) -> Position:
    """A vehicle in Shanghai that heads north."""
    return Position(latitude, longitude, heading, 5.0, accuracy, PositionSource.GPX)
