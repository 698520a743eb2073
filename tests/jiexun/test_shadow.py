"""Which algorithm looks, shadows beside it, and what is drawn for labelling: through the real pipeline."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest
from sqlalchemy import select

from casework.algorithms import service
from casework.algorithms.queries import algorithm_named, shadow_looks
from casework.algorithms.scopes import Scope, holding
from casework.algorithms.shadow import compare
from casework.algorithms.tables import Algorithm, ShadowFinding, ShadowRun
from casework.candidates.queries import all_candidates
from casework.db import utcnow
from casework.fixtures.service import NewFixture, remember
from casework.footage.queries import footage
from casework.samples.tables import LookSample, SampleDraw
from casework.verify import verify
from detector.backends.scripted import ScriptedDetector, Seen
from detector.detections import Detector
from detector.errors import BadWeights
from ingest.frame import Image
from jiexun.house import House, open_house
from jiexun.pipeline.draw import MOST, lot
from jiexun.pipeline.run import RunReport, accept_file, run_footage
from jiexun.pipeline.worker import Worker
from jiexun.settings import load
from jiexun.warehouse import Detectors
from tests import builders as b
from tests import warehouse as w
from tests.jiexun.painted import NAMES, START, Thing, colour_detector, film, furnish, see
from tests.jiexun.test_worker import wait_for

STALL = Thing("stall", (40, 140, 100, 200), 20, 360)
# Films of 400 s with a look each 8 s, 50 looks: the stall stands in those from 24 s to 352 s, 42 of them.
PILE = Thing("pile", (120, 180, 160, 220), 0, 10_000)
STEP = 8.0


def without(label: str, model_id: str) -> ScriptedDetector:
    """Sees every rectangle but those of one class."""

    def see_some(image: Image) -> list[Seen]:
        return [one for one in see(image) if one[0] != label]

    return ScriptedDetector(see_some, NAMES, model_id=model_id)


def detectors(*blind: str) -> Detectors:
    """street@1 sees no piles; any later version sees no ``blind`` (the default: everything)."""

    def open_(row: Algorithm) -> Detector:
        if row.version == "missing":
            raise BadWeights("street-missing.onnx: the model file is missing")
        return without("pile" if row.version == "1" else (*blind, "nothing")[0], row.model_id)

    return Detectors(colour_detector(), open_)


def look(house: House, video: Path, using: Detectors) -> RunReport:
    return run_footage(house, accept_file(house, video, "C-1"), using)


def set_up(house: House, version: str = "2") -> None:
    """street@1 is in use; another version runs beside it."""
    with house.database.write() as session:
        w.an_evaluation(session, w.in_use(session, "1"))
        row = w.an_algorithm(session, version)
        w.an_evaluation(session, row)
        service.shadow(session, b.a_person(session, "admin"), row.id, Scope("device", "C-1"), "试运行")


def test_a_shadow_notes_and_raises_nothing(house: House, tmp_path: Path) -> None:
    set_up(house)
    video = film(tmp_path / "a.mp4", [STALL, PILE], 400, STEP)
    report = look(house, video, detectors())
    again = look(house, video, detectors())
    assert (report.looks, report.candidates, again.already) == (50, 1, True)
    with house.database.read() as session:
        [candidate] = all_candidates(session)
        one, two = algorithm_named(session, "street@1"), algorithm_named(session, "street@2")
        assert (candidate.type, candidate.model_id) == ("stall", one.model_id)
        [run] = session.scalars(select(ShadowRun))
        assert (run.algorithm_id, run.looks, run.fault, run.active_model_id) == (
            two.id,
            50,
            None,
            one.model_id,
        )
        found = {f.type: f for f in session.scalars(select(ShadowFinding))}
        assert sorted(found) == ["stacked_goods", "stall"]
        pile = found["stacked_goods"]
        assert (pile.first_at, pile.last_at) == (START, START + timedelta(seconds=392))
        assert pile.confidence == pytest.approx(0.9, abs=1e-4)
        picture = cv2.imdecode(np.frombuffer(house.store.get(pile.picture or ""), np.uint8), cv2.IMREAD_COLOR)
        assert picture.shape == (240, 320, 3)
        total = compare(session, two.id).total
        assert (total.would_raise, total.agreed, total.only_shadow, total.only_active) == (2, 1, 1, 0)
        assert shadow_looks(session, two.id, Scope("device", "C-1")) == 50
        assert shadow_looks(session, two.id, Scope("device", "C-2")) == 0
        assert verify(session, house.store).bad == []


def test_a_shadow_is_held_back_as_the_active_version_is(house: House, tmp_path: Path) -> None:
    set_up(house)
    with house.database.write() as session:
        around_the_pile = [(0.3, 0.7), (0.6, 0.7), (0.6, 1.0), (0.3, 1.0)]
        new = NewFixture("报刊亭", utcnow() + timedelta(days=30), device="C-1", polygon=around_the_pile)
        remember(session, b.a_person(session, "admin"), new)
    look(house, film(tmp_path / "a.mp4", [STALL, PILE], 400, STEP), detectors())
    with house.database.read() as session:
        assert [f.type for f in session.scalars(select(ShadowFinding))] == ["stall"]


def test_a_promotion_holds_from_the_next_footage_and_a_rollback_too(house: House, tmp_path: Path) -> None:
    set_up(house)
    using = detectors()

    def types(since: int) -> list[str]:
        video = film(tmp_path / f"{since}.mp4", [PILE], 320, STEP, start=START + timedelta(days=since))
        look(house, video, using)
        with house.database.read() as session:
            return [c.model_id.rpartition("-")[0] for c in all_candidates(session)]

    assert types(-3) == []  # street@1 sees no piles
    with house.database.write() as session:
        device = algorithm_named(session, "street@2")
        w.looked(session, device, b.a_footage(session, footage(session, 1).device))
        service.promote(
            session, b.a_person(session, "statistician"), device.id, Scope("device", "C-1"), "更好"
        )
    assert types(-2) == ["street-2"]
    with house.database.write() as session:
        held = holding(session, Scope("device", "C-1"))
        assert held is not None
        service.rollback(session, b.a_person(session, "statistician"), held.id, "误报")
    assert types(-1) == ["street-2"]  # no new one: street@1 looks again


def test_a_broken_shadow_stops_only_itself(house: House, tmp_path: Path) -> None:
    set_up(house, "missing")
    report = look(house, film(tmp_path / "a.mp4", [STALL], 400, STEP), detectors())
    assert report.candidates == 1
    with house.database.read() as session:
        [run] = session.scalars(select(ShadowRun))
    assert run.looks == 0
    assert "missing" in (run.fault or "")


def test_footage_waits_for_an_assigned_file_that_is_missing(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with house.database.write() as session:
        w.in_use(session, "missing")
    number = accept_file(house, film(tmp_path / "a.mp4", [STALL], 60, STEP), "C-1")
    there: list[int] = []

    def open_(row: Algorithm) -> Detector:
        if not there:
            there.append(1)
            raise BadWeights("the model file is missing")
        return without("nothing", row.model_id)

    monkeypatch.setattr("jiexun.pipeline.worker.LOOK_EVERY_S", 0.1)
    worker = Worker(house, Detectors(colour_detector(), open_))
    worker.start()
    try:
        wait_for(house, number, "done")
    finally:
        worker.stop()
    assert there


def test_a_single_detector_looks_itself(house: House, tmp_path: Path) -> None:
    set_up(house)
    run_footage(
        house, accept_file(house, film(tmp_path / "a.mp4", [STALL], 400, STEP), "C-1"), colour_detector()
    )
    with house.database.read() as session:
        assert [c.model_id for c in all_candidates(session)] == ["scripted"]
        assert session.scalar(select(ShadowRun)) is None


# Samples --------------------------------------------------------------------------------------------


def test_looks_are_drawn_from_what_raised_nothing(tmp_path: Path) -> None:
    with open_house(settings=load(tmp_path / "home", legal_mode="evidence", sample_one_in=5)) as house:
        furnish(house)
        report = run_footage(
            house, accept_file(house, film(tmp_path / "a.mp4", [STALL], 800, STEP), "C-1"), colour_detector()
        )
        with house.database.read() as session:
            sha256 = footage(session, report.footage).sha256
            [draw] = session.scalars(select(SampleDraw))
            samples = list(session.scalars(select(LookSample)))
        assert draw.looks == 58  # 100 less the 42 of the stall
        # By the lot of each frame, as the same footage draws them again: the 16 lowest, less those of the stall.
        lots = sorted((lot(sha256, i) * 5, 8 * i) for i in range(100))
        lowest = [(turn, s) for turn, s in lots if turn < 1][:MOST]
        plain = {START + timedelta(seconds=s): turn for turn, s in lowest if not 24 <= s <= 352}
        assert plain
        assert {one.captured_at: one.turn for one in samples} == pytest.approx(plain)
        for one in samples:
            assert house.store.measure(one.picture) == one.picture
            assert (one.width, one.height) == (320, 240)


def test_lots_are_even() -> None:
    lots = [lot("a" * 64, i) for i in range(20_000)]
    # One in a hundred: 200 expected, standard deviation 14; four of them either way.
    assert 144 <= sum(one * 100 < 1 for one in lots) <= 256
    assert lots == [lot("a" * 64, i) for i in range(20_000)]
    assert lots[:100] != [lot("b" * 64, i) for i in range(100)]
