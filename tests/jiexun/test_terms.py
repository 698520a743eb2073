"""Which rules hold when, and a footage over a change of them: what stands is judged by what held when it began."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from casework.candidates.queries import all_candidates
from casework.candidates.tables import Candidate
from casework.devices.tables import Device
from casework.evidence.queries import seals_of
from casework.places.tables import Street
from casework.rules.preview import Ask
from casework.rules.queries import BEGINNING
from casework.rules.service import adopt_shipped
from casework.rules.tables import RuleSet
from casework.verify import verify
from detector.errors import BadRule
from detector.scene.rules_data import shipped
from jiexun.house import House
from jiexun.pipeline.replay import replay
from jiexun.pipeline.terms import Terms
from tests.jiexun.painted import NAMES, START, Thing, film, look_at, minutes

NOON = datetime(2026, 5, 11, 4, 0, tzinfo=UTC)  # a Monday, 12:00 in Shanghai
RULE = """
[[rule]]
code = "stall"
version = {version}
valid_from = {since}
{more}
type = "stall"
labels = ["{label}"]
zone_kinds = ["pavement"]
"""


def text(version: int, since: str = "2026-01-01", more: str = "", label: str = "stall") -> str:
    return RULE.format(version=version, since=since, more=more, label=label)


def a_set(version: int, rules: str, warning_only: bool = False) -> RuleSet:
    row = {"sha256": str(version), "reason": "t", "made_by": "t", "made_at": BEGINNING}
    return RuleSet(version=version, text=rules, valid_from=BEGINNING, warning_only=warning_only, **row)


def terms(*sets: tuple[datetime, RuleSet], kind: str = "fixed", grade: str | None = None) -> Terms:
    street = Street(grade=grade) if grade else None
    return Terms(Device(code="C", kind=kind, street=street), sets, ("stall", "pile"))


def versions(found: Terms, *hours: float) -> list[tuple[int, list[int]]]:
    """(version of the set, versions of its rules) at so many hours from noon."""
    held = [found.at(NOON + timedelta(hours=h)) for h in hours]
    return [(t.rule_set.version, [r.version for r in t.rules.values()]) for t in held]


def test_sets_follow_each_other() -> None:
    found = terms(
        (NOON, a_set(1, text(1))), (NOON + timedelta(hours=2), a_set(2, text(2), warning_only=True))
    )
    assert versions(found, -1, 0, 1.999, 2, 3, 1) == [(1, [1])] * 3 + [(2, [2])] * 2 + [(1, [1])]
    held = [found.at(NOON + timedelta(hours=h)) for h in (0, 1, 3)]
    assert held[0] is held[1]  # read once
    assert [t.warnings for t in held[1:]] == [frozenset(), frozenset({"stall"})]


def test_days_of_the_rules_within_a_set() -> None:
    # 12 May begins at 00:00 in Shanghai, twelve hours after noon.
    both = text(1, more="valid_to = 2026-05-11") + text(2, "2026-05-12", "valid_to = 2026-05-12")
    assert versions(terms((NOON, a_set(1, both))), 0, 11.99, 12, 35.99, 36) == [
        (1, [1]), (1, [1]), (1, [2]), (1, [2]), (1, []),
    ]  # fmt: skip


def test_grades_are_of_a_fixed_cameras_street() -> None:
    rules = text(1, more='grades = ["严禁"]')
    sets = (NOON, a_set(1, rules))
    assert [versions(terms(sets, grade=g), 0)[0][1] for g in ("严禁", "控制", None)] == [[1], [], []]
    assert versions(terms(sets, kind="vehicle"), 0) == [(1, [1])]


def test_a_later_set_is_read_when_it_is_reached() -> None:
    found = terms((NOON, a_set(1, text(1))), (NOON + timedelta(hours=1), a_set(2, text(2, label="ufo"))))
    assert versions(found, 0) == [(1, [1])]
    with pytest.raises(BadRule, match="no model sees 'ufo'"):
        found.at(NOON + timedelta(hours=1))


def test_a_set_that_was_entered_meanwhile() -> None:
    first, second = (NOON, a_set(1, text(1))), (NOON + timedelta(hours=1), a_set(2, text(2)))
    found = terms(first)
    before = found.at(NOON)
    found.renew([first])
    assert found.at(NOON) is before
    found.renew([first, second])
    assert versions(found, 0, 1) == [(1, [1]), (2, [2])]


# The whole way -------------------------------------------------------------------------------------------------

OLD = Thing("stall", (40, 140, 100, 200), 0, 10_000)  # from the first look on
NEW = Thing("stall", (200, 140, 260, 200), 300, 10_000)  # from minute 5 on
CHANGE = START + minutes(4)


def test_a_footage_over_a_change_of_the_rules(house: House, tmp_path: Path) -> None:
    with house.database.write() as session:
        adopt_shipped(session)
        second = a_set(2, text(9, more="dwell_s = 180.0"), warning_only=True)
        second.valid_from = CHANGE
        session.add(second)
    look_at(house, film(tmp_path / "a.mp4", [OLD, NEW], 600, step=10.0), "C-1")
    with house.database.read() as session:
        one, two = session.scalars(select(Candidate).order_by(Candidate.first_at)).all()
        told = [(c.rule_set, c.rule_version, c.warning, c.facts["rule"]["dwell_s"]) for c in (one, two)]
        assert (told[0][0], told[0][2:]) == (
            1,
            (False, 300.0),
        )  # began before the change: raised after it as before
        assert told[1] == (2, 9, True, 180.0)
        sets = [
            json.loads(house.store.get(seals_of(session, c.id)[0].manifest_sha256))["rule_set"]["version"]
            for c in all_candidates(session)
        ]
        assert sets == [1, 2]
        assert verify(session, house.store).bad == []
    # A preview judges all of it by the one text that is tried.
    found = replay(house, Ask(shipped(), START, START + minutes(60)), NAMES)
    # By the shipped 300 s the second one, 290 s from minute 5 to the last look, makes none.
    assert sorted((f.outcome, f.start) for f in found.findings) == [
        ("kept", START),
        ("lost", START + minutes(5)),
    ]
