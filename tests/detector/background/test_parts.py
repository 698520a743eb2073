"""Parts of the class-free path by themselves, on grids and boxes written by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from importlib.resources import files

import numpy as np
import pytest

from detector.background.blobs import Judge, Kind
from detector.background.cells import beyond, cells_of, grid_of
from detector.background.learning import Background
from detector.background.model import Limits, limits_from, shipped, stands_on
from detector.background.unnamed import Unnamed, extended, lent
from detector.detections import Detections
from tests.detector.background.painted import CRATE, NAMES, PAVEMENT, START, crate, detections, empty

TEXT = files("detector.background").joinpath("limits.toml").read_text("utf-8")


@pytest.mark.parametrize("size", [(1280, 720), (640, 480), (720, 1280), (320, 240), (3840, 1080)])
def test_a_camera_takes_little_memory_whatever_its_shape(size: tuple[int, int]) -> None:
    rows, columns = grid_of(*size)
    assert columns / rows == pytest.approx(size[0] / size[1], rel=0.05)
    path = Unnamed([PAVEMENT], shipped())
    path.look(START, np.zeros((size[1], size[0], 3), np.uint8), detections(()))
    assert path.nbytes <= 120_000


def test_new_edges_are_those_of_another_direction_or_of_none_before() -> None:
    across, along = (1.0, 0.0), (-1.0, 0.0)  # twice the angle: edges at a right angle to each other
    now = np.array([[across, across, across, (0.0, 0.0)]], np.float32)
    known = np.array([[across, along, (0.25, 0.0), across]], np.float32)
    assert beyond(now, known)[0].tolist() == [0.0, 1.0, 0.75, 0.0]


def test_a_shift_is_taken_back() -> None:
    still, moved = cells_of(empty()), cells_of(empty(8, 0))
    back = cells_of(empty(8, 0), (8 / 640, 0.0))
    inner = (slice(4, -4), slice(4, -4))
    assert np.abs(back - still)[inner].mean() < 0.2 * np.abs(moved - still)[inner].mean()


def test_what_came_is_a_thing_and_what_left_a_ghost() -> None:
    limits = shipped()
    with_it, without = cells_of(crate(empty())), cells_of(empty())
    nothing = np.zeros(with_it.shape[:2], bool)
    found = []
    for was, now in ((without, with_it), (with_it, without)):
        ground = Background(limits)
        for i in range(40):
            ground.learn(10.0 * i, was if i < 10 else now, nothing, nothing)
        judge = Judge(ground, limits)
        everywhere = ~nothing
        [blob] = [b for b in judge.groups(everywhere) if b.cells.sum() > 20]
        found.append(judge.kind_of(blob))
    assert found == [Kind.THING, Kind.GHOST]


def test_cells_behind_people_are_not_learnt_and_a_held_background_stays() -> None:
    limits = replace(shipped(), long_every_s=1.0, long_s=1.0)
    one, other = cells_of(empty()), cells_of(crate(empty()))
    nothing, left = np.zeros(one.shape[:2], bool), np.zeros(one.shape[:2], bool)
    left[:, : one.shape[1] // 2] = True
    ground = Background(limits)
    for i in range(10):
        ground.learn(10.0 * i, one, nothing, nothing)
    for i in range(10, 40):
        ground.learn(10.0 * i, other, left, ~nothing)
    changed = np.abs(ground.short - one.astype(np.float16)).max(axis=2) > 0.05
    assert changed.any()
    assert not changed[left].any()
    assert np.abs(ground.long - one).max() < 0.01


def test_a_foot_off_the_zone_is_not_looked_at() -> None:
    wanted = np.zeros((20, 20), bool)
    wanted[10:] = True
    assert stands_on((2, 0, 6, 12), wanted)  # its foot is rows 9 to 12
    assert not stands_on((2, 0, 6, 9), wanted)


def test_a_look_again_or_from_before_shows_nothing_and_changes_nothing() -> None:
    path = Unnamed([PAVEMENT], shipped())
    for i in range(30):
        path.look(START + timedelta(seconds=10 * i), empty() if i < 10 else crate(empty()), detections(()))
    again = START + timedelta(seconds=290)
    assert len(path.look(again, crate(empty()), detections(()))) == 0
    after = path.look(again + timedelta(seconds=10), crate(empty()), detections((("person", CRATE, 0.1),)))
    assert [after.label(i) for i in range(len(after))] == ["person", "unnamed"]


def test_names_and_tints_go_along() -> None:
    seen = replace(detections([("pile", CRATE, 0.5)]), tints=np.ones((1, 4), np.int8))
    box = np.array([[0, 0, 10, 10]], np.float32)
    whole = extended(seen, box, np.array([0.7], np.float32), np.full((1, 4), 2, np.int8))
    assert whole.names == (*NAMES, "unnamed")
    assert (whole.label(1), whole.xyxy[1].tolist(), float(whole.confidence[1])) == (
        "unnamed",
        [0, 0, 10, 10],
        pytest.approx(0.7),
    )
    assert whole.tints is not None
    assert whole.tints.tolist() == [[1] * 4, [2] * 4]
    assert extended(replace(seen, tints=None), box, np.array([0.7], np.float32)).tints is None


@pytest.mark.parametrize(
    ("name", "confidence", "count"),
    [("pile", 0.2, 1), ("pile", 0.1, 2), ("person", 0.9, 1)],
)
def test_another_model_is_lent_what_it_has_no_name_for(name: str, confidence: float, count: int) -> None:
    nothing = detections(())
    active = extended(nothing, np.array([CRATE], np.float32), np.array([0.7], np.float32))
    own: Detections = detections([(name, CRATE, confidence)])
    assert len(lent(own, active, shipped())) == count


@pytest.mark.parametrize(
    "text",
    [
        TEXT.replace("edge =", "ledge ="),
        TEXT.replace("edge = 0.12", "edge = -1"),
        TEXT.replace('movers = ["person"', "movers = [1"),
        TEXT.replace("begin_looks = 6", "begin_looks = nan"),
    ],
)
def test_limits_that_make_no_sense_are_refused(text: str) -> None:
    assert text != TEXT
    with pytest.raises(ValueError, match=r"limits of|give a"):
        limits_from(text)


def test_the_shipped_limits() -> None:
    limits: Limits = shipped()
    assert "person" in limits.movers
    assert limits.named_s >= 1800  # longer than a detector loses what it saw
