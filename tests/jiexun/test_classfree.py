"""What no class names, the whole way: from a film in which a crate is put down to the candidate, and by replay."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from casework.algorithms import service
from casework.algorithms.scopes import Scope
from casework.algorithms.shadow import compare
from casework.candidates.queries import all_candidates
from casework.candidates.tables import Candidate
from casework.db import utcnow
from casework.looks.codec import unpacked
from casework.looks.queries import look_files
from casework.rules.preview import Ask
from casework.rules.service import adopt_shipped
from casework.rules.tables import RuleSet
from casework.watches.tables import Watch
from detector.backends.scripted import ScriptedDetector, Seen
from detector.scene.rules_data import shipped
from detector.tints import UNKNOWN
from ingest.frame import Image
from jiexun.house import House, open_house
from jiexun.pipeline import replay as replaying
from jiexun.pipeline.run import RunReport, accept_file, run_footage
from jiexun.settings import load
from jiexun.warehouse import Detectors
from tests import builders as b
from tests import warehouse as w
from tests.detector.background.painted import CRATE, crate, empty
from tests.jiexun.painted import NAMES, START, furnish
from tests.jiexun.test_caring import film

STEP_S = 20.0
CAME = START + timedelta(seconds=8 * STEP_S)


def blind(_image: Image) -> list[Seen]:
    """Sees nothing."""
    return []


def piles(_image: Image) -> list[Seen]:
    """Says pile where the crate is, there or not."""
    return [("pile", (*(float(side) for side in CRATE),), 0.3)]  # type: ignore[list-item]


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixteen minutes; the crate is put down after 160 s."""
    pictures = [empty()] * 8 + [crate(empty())] * 40
    return film(tmp_path_factory.mktemp("film") / "crate.mp4", pictures, START, STEP_S)


def looked(house: House, video: Path, using: Detectors | ScriptedDetector | None = None) -> RunReport:
    return run_footage(house, accept_file(house, video, "C-1"), using or ScriptedDetector(blind, NAMES))


def test_a_candidate_by_the_rule_of_its_own_and_the_same_by_replay(house: House, video: Path) -> None:
    report = looked(house, video)
    assert (report.looks, report.detections, report.candidates) == (48, 0, 1)
    with house.database.read() as session:
        [one] = all_candidates(session)
        assert (one.type, one.rule, one.facts["label"]) == ("stacked_goods", "unnamed", "unnamed")
        assert CAME <= one.first_at <= CAME + timedelta(seconds=5 * STEP_S)
        files = look_files(session, report.footage)
    looks = [look for file in files for look in unpacked(house.looks.get(file.sha256))]
    assert {look.seen.names for look in looks} == {(*NAMES, "unnamed")}
    last = looks[-1].seen
    assert [last.label(i) for i in range(len(last))] == ["unnamed"]
    assert last.tints is not None
    assert (last.tints != UNKNOWN).all()  # its colours are known: it is told from what comes there later
    ask = Ask(shipped(), START, START + timedelta(hours=1), None)
    [again] = replaying.replay(house, ask, NAMES).findings
    assert (again.outcome, again.rule, again.start) == ("kept", "unnamed", one.first_at)


def test_a_bureau_may_switch_it_off(tmp_path: Path, video: Path) -> None:
    with open_house(settings=load(tmp_path / "off", class_free=False)) as house:
        furnish(house)
        assert looked(house, video).candidates == 0
        with house.database.read() as session:
            [file] = look_files(session, 1)
        assert next(iter(unpacked(house.looks.get(file.sha256)))).seen.names == NAMES


def test_without_a_rule_that_asks_nothing_is_looked_for(house: House, video: Path) -> None:
    with house.database.write() as session:
        adopt_shipped(session)
        text = shipped()[: shipped().rindex("[[rule]]")]
        session.add(
            RuleSet(
                version=2,
                text=text,
                sha256=hashlib.sha256(text.encode()).hexdigest(),
                valid_from=START - timedelta(days=1),
                warning_only=False,
                reason="不用",
                made_by="甲",
                made_at=utcnow(),
            )
        )
    assert looked(house, video).candidates == 0


def test_what_has_a_name_too_seldom_for_its_rule_is_not_raised_by_this_one(house: House, video: Path) -> None:
    assert looked(house, video, ScriptedDetector(piles, NAMES)).candidates == 0


def test_a_shadow_has_the_same_unnamed_things_and_raises_none(house: House, video: Path) -> None:
    with house.database.write() as session:
        w.an_evaluation(session, w.in_use(session, "1"))
        row = w.an_algorithm(session, "2")
        w.an_evaluation(session, row)
        service.shadow(session, b.a_person(session, "admin"), row.id, Scope("device", "C-1"), "试运行")
        shadow_id = row.id
    eyes = Detectors(
        ScriptedDetector(blind, NAMES), lambda a: ScriptedDetector(blind, NAMES, model_id=a.model_id)
    )
    assert looked(house, video, eyes).candidates == 1
    with house.database.read() as session:
        total = compare(session, shadow_id).total
        assert (total.would_raise, total.agreed, total.only_shadow, total.only_active) == (1, 1, 0, 0)
        assert len(all_candidates(session)) == 1


def test_its_absence_from_a_new_background_is_no_correction(
    house: House, tmp_path: Path, video: Path
) -> None:
    looked(house, video)
    later = START + timedelta(hours=1)
    with house.database.write() as session:
        [one] = all_candidates(session)
        session.add(
            Watch(
                candidate_id=one.id,
                by_name="甲",
                state="waiting",
                since=later - timedelta(minutes=5),
                until=later + timedelta(hours=1),
                made_at=utcnow(),
            )
        )
    still = film(tmp_path / "still.mp4", [crate(empty())] * 12, later, STEP_S)
    looked(house, still)
    with house.database.read() as session:
        [watch] = session.scalars(select(Watch))
        assert (watch.state, watch.looks) == ("waiting", 0)
        assert session.get_one(Candidate, 1).standing
