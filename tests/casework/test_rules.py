"""Versions of the rule set: which holds when, and what is refused."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from casework.audit.tables import AuditEvent
from casework.db import Database, Session, utcnow
from casework.errors import Conflict, Invalid, NotFound
from casework.rules.queries import BEGINNING, known_labels, rule_set, rule_sets, rules_at
from casework.rules.service import NewRules, add, adopt_shipped
from casework.rules.tables import RuleSet
from detector.scene.rules_data import shipped
from tests import warehouse as w

LABELS = ("stall", "shop_goods", "pile")
HOUR = timedelta(hours=1)


def changed(dwell_s: float = 600.0, version: int = 2) -> str:
    """The shipped rules, the stall's with another dwell as another version."""
    text = shipped().replace("version = 1", f"version = {version}", 1)
    return text.replace("dwell_s = 300.0", f"dwell_s = {dwell_s}", 1)


def enter(session: Session, text: str | None = None, **given: object) -> RuleSet:
    new = NewRules(text if text is not None else changed(), "夜间放宽", **given)  # type: ignore[arg-type]
    return add(session, "account:stat", new, LABELS)


def test_an_empty_database_has_the_shipped_rules_as_version_1(database: Database) -> None:
    with database.read() as session:
        [row] = rule_sets(session)
        assert (row.version, row.text, row.valid_from, row.warning_only) == (1, shipped(), BEGINNING, False)
        assert rules_at(session, utcnow()).sha256 == row.sha256
        assert session.scalars(select(RuleSet)).all() == []  # nothing is written by reading
    with database.write() as session:
        adopt_shipped(session)
        adopt_shipped(session)
        assert [r.version for r in session.scalars(select(RuleSet))] == [1]


def test_a_version_holds_from_its_moment_on(database: Database) -> None:
    start = utcnow() + HOUR
    with database.write() as session:
        row = enter(session, valid_from=start)
        assert (row.version, row.made_by, row.reason) == (2, "account:stat", "夜间放宽")
    with database.read() as session:
        at = [rules_at(session, start + d).version for d in (-timedelta(microseconds=1), timedelta(0), HOUR)]
        assert at == [1, 2, 2]
        assert [r.version for r in rule_sets(session)] == [2, 1]
        assert rule_set(session, 1).text == shipped()
        log = session.scalars(select(AuditEvent).where(AuditEvent.action == "rules_added")).one()
        assert (log.subject, log.detail["sha256"]) == ("rules:2", row.sha256)
        with pytest.raises(NotFound):
            rule_set(session, 3)


def test_after_a_trial_the_version_before_holds_again(sqlite: Database) -> None:
    start = utcnow() + HOUR
    with sqlite.write() as session:
        enter(session, valid_from=start, valid_to=start + HOUR, warning_only=True)
        at = [rules_at(session, start + n * HOUR) for n in (-0.5, 0, 0.5, 1)]
        assert [(r.version, r.warning_only) for r in at] == [(1, False), (2, True), (2, True), (1, False)]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"text": "[[rule"}, "bad_rules"),
        ({"text": ""}, "bad_rules"),
        ({"text": shipped().replace('["stall"]', '["ufo"]')}, "bad_rules"),
        ({"text": shipped().replace("gap_s = 120.0", "gap_s = 0.0")}, "bad_rules"),
        ({"text": "# " + "x" * 200_001}, "bad_rules"),
        ({"text": changed(version=1)}, "rule_version"),  # another dwell under the old number
        ({"valid_from": utcnow() - HOUR}, "rules_of_the_past"),
        ({"valid_from": utcnow() + 2 * HOUR, "valid_to": utcnow() + HOUR}, "bad_dates"),
    ],
)
def test_what_is_refused(sqlite: Database, given: dict[str, object], code: str) -> None:
    with pytest.raises(Invalid) as caught, sqlite.write() as session:
        enter(session, **given)  # type: ignore[arg-type]
    assert caught.value.code == code
    assert "\n" not in caught.value.en
    with sqlite.read() as session:
        assert [r.version for r in rule_sets(session)] == [1]


def test_a_reason_is_asked_for(sqlite: Database) -> None:
    with pytest.raises(Invalid) as caught, sqlite.write() as session:
        add(session, "x", NewRules(changed(), "  "), LABELS)
    assert caught.value.code == "reason_needed"


def test_the_second_of_two_must_read_the_first(sqlite: Database) -> None:
    with sqlite.write() as session:
        enter(session, after=1)
        with pytest.raises(Conflict) as caught:
            enter(session, changed(900, 3), after=1)
        assert caught.value.code == "rules_changed"
        assert enter(session, changed(900, 3), after=2).version == 3
        # A number that was used once is used up: the second version's dwell was 600 s.
        with pytest.raises(Invalid) as used:
            enter(session, changed(601, 2))
        assert used.value.code == "rule_version"
        assert enter(session, changed(600, 2)).version == 4  # going back to it is no new rule


def test_labels_are_those_of_algorithms_that_are_not_retired(sqlite: Database) -> None:
    with sqlite.write() as session:
        assert known_labels(session) == frozenset()
        w.an_algorithm(session)
        assert known_labels(session) == frozenset(w.CLASSES)
