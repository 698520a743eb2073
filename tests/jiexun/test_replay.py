"""Rules, stored looks, remembered places and watches on the whole way, on painted videos whose truth is known."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from casework.candidates.again import likeness
from casework.candidates.queries import all_candidates
from casework.candidates.tables import Candidate
from casework.db import utcnow
from casework.errors import Conflict, Invalid
from casework.evidence.queries import items_of, seals_of
from casework.fixtures.service import NewFixture, remember
from casework.fixtures.tables import HeldBack
from casework.looks.queries import look_files
from casework.people.roles import Role
from casework.people.service import Person
from casework.rules.preview import Ask, Preview
from casework.rules.queries import BEGINNING
from casework.rules.service import adopt_shipped
from casework.rules.tables import RuleSet
from casework.verify import verify
from casework.watches.service import watch
from casework.watches.tables import Watch
from detector.scene.rules_data import shipped
from jiexun.cli import app
from jiexun.house import House, open_house
from jiexun.pipeline import replay as replaying
from jiexun.pipeline.colours import colours
from jiexun.pipeline.lookfile import forget_looks
from jiexun.settings import load
from tests import builders as b
from tests.jiexun.painted import NAMES, START, Thing, film, furnish, look_at, minutes

STALL = Thing("stall", (40, 140, 100, 200), 60, 560)  # 500 s
GOODS = Thing("shop_goods", (200, 100, 260, 150), 120, 10_000)
PILE = Thing("pile", (120, 180, 160, 220), 0, 10_000)
SHORT = Thing("stall", (250, 180, 300, 230), 300, 480)  # three minutes: none by the shipped rules
LATER = START + minutes(15)
REVIEWER = Person(0, "test", "某一审", Role.REVIEWER, None)


def shoot(path: Path, things: list[Thing], seconds: float, start: Any = START) -> Path:
    return film(path, things, seconds, step=10.0, start=start)


def rules(stall_dwell_s: float = 300.0, more: str = "") -> str:
    """The shipped rules, the stall's (the first) with another dwell and further parts."""
    text = shipped().replace("dwell_s = 300.0", f"dwell_s = {stall_dwell_s}", 1)
    return text.replace('type = "stall"\n', f'type = "stall"\n{more}\n', 1)


@pytest.fixture(scope="module")
def looked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """15 minutes before C-1 that were looked at: a stall, goods and a pile were raised; the stall was confirmed and
    the pile rejected (written into the rows: the queue is another test's)."""
    folder = tmp_path_factory.mktemp("replay")
    with open_house(settings=load(folder / "home", legal_mode="evidence")) as house:
        furnish(house)
        report = look_at(house, shoot(folder / "a.mp4", [STALL, GOODS, PILE, SHORT], 900), "C-1")
        assert (report.looks, report.candidates) == (90, 3)
        with house.database.write() as session:
            for row in session.scalars(select(Candidate)):
                row.state = {"stall": "kept", "stacked_goods": "rejected"}.get(row.type, "open")
        yield house


def again(house: House, text: str, **given: Any) -> Preview:
    ask = Ask(text, **{"since": START, "until": START + minutes(60), **given})
    return replaying.replay(house, ask, NAMES)


def test_the_same_rules_give_the_same_to_the_bit(looked: House) -> None:
    found = again(looked, shipped())
    assert (found.looks, found.footage, found.missing, found.next) == (90, 1, [], None)
    assert {f.outcome for f in found.findings} == {"kept"}
    assert found.counts == {
        "raised": 3, "would_raise": 3, "kept": 3, "gained": 0, "lost": 0,
        "confirmed_kept": 1, "confirmed_lost": 0, "rejected_kept": 1, "rejected_avoided": 0,
        "undecided_kept": 1, "undecided_lost": 0,
    }  # fmt: skip
    with looked.database.read() as session:
        rows = {c.id: c for c in all_candidates(session)}
    for finding in found.findings:
        assert finding.candidate is not None
        row = rows[finding.candidate]
        assert (finding.number, finding.type, finding.start) == (row.number, row.type, row.first_at)
        assert finding.end == row.last_at
        assert row.rule_set == 1


def test_a_slow_plan_is_replayed_as_it_was_judged(house: House, tmp_path: Path) -> None:
    # A look each 5 minutes: 2.5 of these, 750 s, may go by unseen. By gap_s alone, 120 s, nothing would stand.
    video = film(tmp_path / "slow.mp4", [Thing("stall", STALL.box, 0, 10_000)], 2400, step=300.0)
    report = look_at(house, video, "C-1")
    assert (report.looks, report.candidates) == (8, 1)
    found = again(house, shipped())
    assert [(f.outcome, f.start, f.end) for f in found.findings] == [("kept", START, START + minutes(35))]
    assert again(house, shipped().replace("dwell_s = 300.0", "dwell_s = 2160.0", 1)).counts["lost"] == 1


def test_a_shorter_dwell_gains_the_short_stall(looked: House) -> None:
    found = again(looked, rules(150.0))
    [gained] = [f for f in found.findings if f.outcome == "gained"]
    # It stood from 300 to 480 s; the look at 470 s is the last that saw it.
    assert (gained.type, gained.start, gained.end) == (
        "stall",
        START + timedelta(seconds=300),
        START + timedelta(seconds=470),
    )
    assert (gained.verdict, gained.candidate, found.counts["kept"]) == (None, None, 3)


def test_a_longer_dwell_loses_what_people_confirmed(looked: House) -> None:
    # The stall stood 490 s between its first and last look; the pile and the goods are judged by their own rules.
    [lost] = [f for f in again(looked, rules(600.0)).findings if f.outcome == "lost"]
    assert (lost.type, lost.verdict, lost.rule) == ("stall", "confirmed", None)
    counts = again(looked, shipped().replace("dwell_s = 300.0", "dwell_s = 900.0")).counts
    # The pile's 890 s and the goods' 770 s do not do either.
    assert (counts["confirmed_lost"], counts["rejected_avoided"], counts["undecided_lost"]) == (1, 1, 1)
    assert counts["would_raise"] == 0


def test_another_version_of_a_rule_finds_the_same_thing_by_its_place(looked: House) -> None:
    text = shipped().replace("version = 2", "version = 3")
    found = again(looked, text)
    assert {(f.outcome, f.rule_version) for f in found.findings} == {("kept", 3)}


def test_hours_and_grades_are_replayed(looked: House) -> None:
    # 14:05 to 14:20 in Shanghai. From 14:10 on the stall stands 250 s.
    for more in ('calendar = { hours = [["14:10", "22:00"]] }', 'grades = ["严禁"]'):
        assert again(looked, rules(300.0, more)).counts["confirmed_lost"] == 1, more
    assert again(looked, rules(240.0, 'calendar = { hours = [["14:10", "22:00"]] }')).counts["lost"] == 0


def test_company_is_replayed(looked: House) -> None:
    # No person was seen in any look: nothing attended is left, and all of what is not.
    assert again(looked, rules(300.0, 'attended = "yes"')).counts["confirmed_lost"] == 1
    assert again(looked, rules(300.0, 'attended = "no"')).counts["lost"] == 0
    # The stall is 60 px wide and ends at 100; the pile lies from 120 to 160: a quarter of it within half of 60.
    assert again(looked, rules(300.0, 'with_labels = ["pile"]')).counts["confirmed_lost"] == 1
    assert again(looked, rules(300.0, 'with_labels = ["pile"]\nbeside = 1.0')).counts["lost"] == 0


def test_the_span_and_the_device_narrow_it(looked: House) -> None:
    assert again(looked, shipped(), device="C-2").footage == 0
    assert again(looked, shipped(), since=LATER).counts["raised"] == 0
    # What began in the first minute: the pile at 0 s; the stall began at 60 s, the span is half-open.
    early = again(looked, shipped(), until=START + minutes(1)).findings
    assert [f.type for f in early] == ["stacked_goods"]


def test_what_a_replay_refuses(looked: House) -> None:
    for text, given, code in (
        ("[[rule", {}, "bad_rules"),
        (shipped().replace('"pile"', '"ufo"'), {}, "bad_rules"),
        (shipped(), {"until": START}, "bad_span"),
        (shipped(), {"budget_s": -1.0}, "preview_too_long"),
    ):
        with pytest.raises(Invalid) as caught:
            again(looked, text, **given)
        assert caught.value.code == code
    with replaying.MOST_AT_ONCE, pytest.raises(Conflict) as busy:
        replaying.replay_one_at_a_time(looked, Ask(shipped(), START, LATER), NAMES)
    assert busy.value.code == "preview_busy"


def test_a_footage_whose_looks_are_gone_is_named(looked: House) -> None:
    with looked.database.read() as session:
        [file] = look_files(session, 1)
    path = looked.looks.path(file.sha256)
    data = path.read_bytes()
    assert len(data) == file.size
    path.unlink()
    try:
        found = again(looked, shipped())
        assert (found.looks, found.footage, found.findings) == (0, 1, [])
        assert "footage 1" in found.missing[0]
    finally:
        assert looked.looks.put(data) == file.sha256


def test_the_command_line(looked: House, tmp_path: Path) -> None:
    file = tmp_path / "new.toml"
    file.write_text(rules(600.0).replace("version = 2", "version = 3", 1), "utf-8")

    def jiexun(*args: object) -> str:
        done = CliRunner().invoke(app, [*map(str, args), "--home", str(looked.settings.home)])
        assert done.exit_code == 0, (done.output, done.exception)
        return done.stdout

    span = ("--from", "2026-10-31T14:00:00", "--to", "2026-10-31T15:00:00", "--device", "C-1", "--json")
    found = json.loads(jiexun("replay", "--rule", file, *span))
    assert (found["looks"], found["counts"]["lost"], found["counts"]["confirmed_lost"]) == (90, 1, 1)
    added = json.loads(jiexun("rule", "add", file, "--reason", "试行十分钟", "--warning-only", "--json"))
    assert (added["version"], added["warning_only"]) == (2, True)
    assert [r["version"] for r in json.loads(jiexun("rule", "list", "--json"))] == [2, 1]
    assert jiexun("rule", "show", "2") == file.read_text("utf-8")
    assert jiexun("rule", "show", "--at", "2026-10-31T14:00:00") == shipped()  # it never reaches back
    file.write_text("[[rule]]\n", "utf-8")
    with pytest.raises(Invalid, match="rule None lacks"):
        jiexun_raises(app, "rule", "add", file, "--reason", "r", "--home", looked.settings.home)


def jiexun_raises(app: Any, *args: object) -> None:
    """Run a command for the error that ``main`` would put on one line."""
    CliRunner().invoke(app, [*map(str, args)], catch_exceptions=False)


# The pipeline's side ----------------------------------------------------------------------------------------


def test_the_version_of_the_capture_time_judges(house: House, tmp_path: Path) -> None:
    with house.database.write() as session:
        adopt_shipped(session)
        row = {"sha256": "x", "reason": "t", "made_by": "t", "made_at": BEGINNING, "valid_to": None}
        more = "label_confidence = { stall = 0.8 }"
        session.add(RuleSet(version=2, text=rules(300.0, more), valid_from=LATER, warning_only=True, **row))
    look_at(house, shoot(tmp_path / "a.mp4", [PILE], 400), "C-1")
    look_at(house, shoot(tmp_path / "b.mp4", [PILE], 400, LATER), "C-1")
    with house.database.read() as session:
        one, two = all_candidates(session)  # a warning does not join what is meant
        assert [(c.rule_set, c.warning) for c in (one, two)] == [(1, False), (2, True)]
        statement = json.loads(house.store.get(_manifest(session, two.id)))
        assert statement["rule_set"] == {"version": 2, "sha256": "x"}
        assert verify(session, house.store).bad == []
    changes = {
        "type": "stall", "rule": "stall", "rule_version": 9, "rule_set": 1, "place_error_m": 0.1,
        "latitude": 31.0, "first_at": START, "device_id": 2,
    }  # fmt: skip
    for name, value in changes.items():
        with house.database.write() as session:
            was = getattr(session.get_one(Candidate, two.id), name)
            setattr(session.get_one(Candidate, two.id), name, value)
        with house.database.read() as session:
            bad = verify(session, house.store).bad
            word = {"first_at": "span", "device_id": "device"}.get(name, name)
            assert any(line.startswith(f"candidate {two.id}: ") and word in line for line in bad), (name, bad)
        with house.database.write() as session:
            setattr(session.get_one(Candidate, two.id), name, was)


def _manifest(session: Any, candidate_id: int) -> str:
    return seals_of(session, candidate_id)[0].manifest_sha256


def test_a_remembered_place_raises_nothing_and_leaves_no_files(house: House, tmp_path: Path) -> None:
    corner = [(0.3, 0.6), (0.6, 0.6), (0.6, 1.0), (0.3, 1.0)]  # the pile is 0.375-0.5, 0.75-0.92
    with house.database.write() as session:
        new = NewFixture("雕塑", utcnow() + timedelta(days=9), "stacked_goods", None, "C-1", corner)
        fixture = remember(session, b.a_person(session), new).id
    report = look_at(house, shoot(tmp_path / "a.mp4", [PILE, STALL], 560), "C-1")
    with house.database.read() as session:
        assert [c.type for c in all_candidates(session)] == ["stall"]
        held = session.scalars(select(HeldBack)).one()
        assert (held.fixture_id, held.type, held.first_at) == (fixture, "stacked_goods", START)
        named = {i.sha256 for c in all_candidates(session) for i in items_of(session, c.id)}
        manifests = {_manifest(session, c.id) for c in all_candidates(session)}
        assert verify(session, house.store).bad == []
    assert report.candidates == 1
    assert named | manifests <= set(dict(house.store.aged()))
    found = again(house, shipped())
    assert {(f.type, f.outcome, f.verdict) for f in found.findings} == {
        ("stall", "kept", "open"),
        ("stacked_goods", "kept", "held_back"),
    }


@pytest.mark.parametrize(
    ("then", "state"),
    [
        ([], "corrected"),
        ([Thing("pile", PILE.box, 0, 900)], "not_corrected"),
        (
            [Thing("pile", PILE.box, 0, 10)],
            "waiting",
        ),  # in one look of twelve: neither a fifth nor nearly none
        ([Thing("person", (110, 170, 170, 230), 0, 900)], "waiting"),  # the place was covered all the time
    ],
)
def test_the_camera_looks_again_by_itself(
    house: House, tmp_path: Path, then: list[Thing], state: str
) -> None:
    look_at(house, shoot(tmp_path / "a.mp4", [PILE], 360), "C-1")
    with house.database.write() as session:
        [about] = all_candidates(session)
        watch(session, REVIEWER, about.id, LATER, LATER + minutes(60))
    look_at(house, shoot(tmp_path / "before.mp4", [], 120, START + minutes(8)), "C-1")
    with house.database.read() as session:
        assert session.scalars(select(Watch.state)).one() == "waiting"  # not yet its time
    look_at(house, shoot(tmp_path / "b.mp4", then, 120, LATER), "C-1")
    with house.database.read() as session:
        row = session.scalars(select(Watch)).one()
        assert row.state == state
        assert row.before_id is not None
        if state != "waiting":
            [after] = [i for i in items_of(session, about.id) if i.role == "after"]
            assert (row.after_id, row.looks) == (after.id, 12)
            assert row.seen == (0 if state == "corrected" else 12)
            assert LATER <= after.captured_at == row.seen_at < LATER + minutes(2)
        assert verify(session, house.store).bad == []


def test_stored_looks_are_forgotten_in_time(house: House, tmp_path: Path) -> None:
    look_at(house, shoot(tmp_path / "a.mp4", [PILE], 60), "C-1")
    assert forget_looks(house) == 0
    with house.database.write() as session:
        for file in look_files(session, 1):
            file.judged_at = utcnow() - timedelta(days=house.settings.looks_keep_days, minutes=1)
    assert forget_looks(house) == 1
    assert list(dict(house.looks.aged())) == []


def test_colours_tell_things_apart_and_not_the_light() -> None:
    def patch(bgr: tuple[int, int, int]) -> Any:
        return np.full((60, 60, 3), bgr, np.uint8)

    whole = [0.0, 0.0, 60.0, 60.0]
    red, dim, blue, grey = (
        colours(patch(c), whole) for c in ((40, 40, 220), (20, 20, 110), (220, 40, 40), (128, 128, 128))
    )
    assert red is not None
    assert dim is not None
    assert blue is not None
    assert grey is not None
    assert likeness(red, dim) > 0.9  # half the light
    assert likeness(red, blue) < 0.1
    assert likeness(red, grey) < 0.1
    assert colours(patch((5, 5, 5)), whole) is None  # the dark has no colours
    assert colours(patch((40, 40, 220)), [70.0, 70.0, 80.0, 80.0]) is None
