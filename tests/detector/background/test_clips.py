"""Real footage without any detector: the bag that is left is found at its place, and nothing else is."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest

from detector.background.model import shipped
from detector.background.unnamed import Unnamed
from detector.scene.boxes import iou
from detector.scene.model import Change, Rule, Space, Violation, Zone, ZoneKind
from detector.scene.rules import FixedScene
from tests.detector.background.painted import START, detections

CLIPS = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "clips"
WHOLE = np.array([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)])
RULE = Rule(
    "unnamed", 1, "stacked_goods", ("unnamed",), (ZoneKind.PAVEMENT,), 0.6, 0.5, dwell_s=10.0, spacing_s=3.0
)


def raised(name: str, every: int) -> list[Violation]:
    """With a zone over all of the picture; one in ``every`` frames is a look, half a second after the last."""
    if not (CLIPS / name).is_file():
        pytest.skip("no ../shared/data/clips beside this checkout")
    path, zone = Unnamed([WHOLE], shipped()), Zone("P", 1, ZoneKind.PAVEMENT, Space.IMAGE, WHOLE)
    scene, video = FixedScene("C-1", [zone], [RULE]), cv2.VideoCapture(str(CLIPS / name))
    found, index = list[Violation](), -1
    while video.grab():
        index += 1
        if index % every:
            continue
        _, image = video.retrieve()
        at = START + timedelta(seconds=0.5 * (index // every))
        seen = path.look(at, image, detections(()))
        events = scene.look(at, index, (image.shape[1], image.shape[0]), seen)
        found += [event.violation for event in events if event.change is Change.RAISED]
    video.release()
    return found


def test_the_bag_that_is_left() -> None:
    [bag] = raised("aboda_video4_left_bag.avi", 15)
    truth = np.array([[0.63, 0.77, 0.70, 0.87]])
    assert iou(bag.sighting.place.astype(np.float64)[None], truth)[0, 0] > 0.5
    put_down = START + timedelta(seconds=12.5)  # the man stands before it for five seconds more
    assert put_down <= bag.start <= put_down + timedelta(seconds=12)


@pytest.mark.parametrize(
    "name", ["market_rain_parked_car.mp4", "christmas_shops_night.mp4", "torino_crossing.mp4"]
)
def test_a_street_where_nothing_is_put_down(name: str) -> None:
    assert raised(name, 12) == []
