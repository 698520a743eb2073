"""What happens on the painted street of the camera's care: things that come and go, light, weather, people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import cv2
import numpy as np

from detector.background.model import shipped
from detector.background.unnamed import Unnamed
from detector.detections import UNNAMED, Detections
from detector.scene.boxes import iou
from detector.scene.model import Change, Space, Violation, Zone, ZoneKind
from detector.scene.rules import FixedScene
from detector.scene.rules_data import default_rules
from ingest.frame import Image
from tests.detector.care.painting import HEIGHT, WIDTH, night, noise, rain, street

START = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
NAMES = ("person", "car", "bus", "pile")
PAVEMENT = np.array([(0, 0.55), (1, 0.55), (1, 0.87), (0, 0.87)])  # from the houses to the kerb
CRATE = (300, 225, 360, 270)
STEP_S = 20.0

_EMPTY = street()
_NOISE = [noise(np.full_like(_EMPTY, 128), seed).astype(np.int16) - 128 for seed in range(7)]

Seen = Sequence[tuple[str, tuple[int, int, int, int], float]]


def grainy(image: Image, look: int) -> Image:
    """With one of seven noises of a sensor."""
    return np.asarray(np.clip(image + _NOISE[look % len(_NOISE)], 0, 255), np.uint8)


def empty(dx: float = 0.0, dy: float = 0.0) -> Image:
    """The street."""
    return street(dx=dx, dy=dy) if dx or dy else _EMPTY.copy()


def crate(
    image: Image, box: tuple[int, int, int, int] = CRATE, colour: tuple[int, int, int] = (60, 90, 140)
) -> Image:
    """A crate of two boards on the pavement."""
    left, top, right, bottom = box
    image = image.copy()
    cv2.rectangle(image, (left, top), (right, bottom), colour, -1)
    cv2.rectangle(image, (left, top), (right, bottom), (40, 60, 90), 2)
    cv2.line(image, (left, (top + bottom) // 2), (right, (top + bottom) // 2), (40, 60, 90), 2)
    return image


def spot_of_shade(image: Image, x: int) -> Image:
    """A soft shadow as large as a crate."""
    mask = np.ones((HEIGHT, WIDTH, 1), np.float32)
    corners = np.array([(x, 220), (x + 90, 215), (x + 110, 290), (x + 20, 295)], np.int32)
    cv2.fillPoly(mask, [corners], 0.5)
    return np.asarray(image * cv2.GaussianBlur(mask, (0, 0), 1.5).reshape(HEIGHT, WIDTH, 1), np.uint8)


def dark(image: Image) -> Image:
    """At night, without the care's noise: ours comes on top."""
    return night(image)


def wet(image: Image, look: int) -> Image:
    """In rain that falls elsewhere at every look."""
    return rain(image, look)


def detections(seen: Seen) -> Detections:
    """As a detector gives them."""
    return Detections(
        np.array([box for _, box, _ in seen], np.float32).reshape(-1, 4),
        np.array([NAMES.index(name) for name, _, _ in seen], np.int64),
        np.array([confidence for _, _, confidence in seen], np.float32),
        NAMES,
        "painted",
    )


def raised(
    pictures: Iterable[Image], seen: Sequence[Seen] | None = None, step_s: float = STEP_S
) -> list[Violation]:
    """What the shipped rules raise of what no class names, with looks ``step_s`` apart."""
    path = Unnamed([PAVEMENT], shipped())
    rules = [
        rule
        for rule in default_rules((*NAMES, "stall", "shop_goods"), START.date())
        if rule.labels == (UNNAMED,)
    ]
    zone = Zone("P", 1, ZoneKind.PAVEMENT, Space.IMAGE, PAVEMENT)
    scene = FixedScene("C-1", [zone], rules, look_every_s=step_s)
    found: list[Violation] = []
    for i, image in enumerate(pictures):
        at = START + timedelta(seconds=i * step_s)
        looked = path.look(at, grainy(image, i), detections(seen[i] if seen else ()))
        events = scene.look(at, i, (WIDTH, HEIGHT), looked)
        found += [event.violation for event in events if event.change is Change.RAISED]
    return found


def likeness(violation: Violation, box: tuple[int, int, int, int] = CRATE) -> float:
    """Overlap (IoU) of its place with a box, px."""
    place = violation.sighting.place.astype(np.float64)[None]
    return float(iou(place, np.array([box]) / (WIDTH, HEIGHT, WIDTH, HEIGHT))[0, 0])
