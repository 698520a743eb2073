"""Versions of the rule set: which holds when, and what is refused."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from casework.audit.tables import AuditEvent
from casework.candidates.queries import candidate
from casework.db import Database, Session, utcnow
from casework.errors import Conflict, Invalid, NotFound
from casework.people.roles import Role
from casework.people.service import Person
from casework.review.checks import checks_of
from casework.rules.queries import BEGINNING, known_labels, rule_set, rule_sets, rules_at, rules_from
from casework.rules.service import NewRules, add, adopt_shipped
from casework.rules.tables import RuleSet
from casework.storage import FileStore
from detector.scene.rules_data import shipped
from tests import builders as b
from tests import warehouse as w

LABELS = ("stall", "shop_goods", "pile")
HOUR = timedelta(hours=1)


def changed(dwell_s: float = 600.0, version: int = 3) -> str:
    """The shipped rules, the stall's with another dwell as another version."""
    text = shipped().replace("version = 2", f"version = {version}", 1)
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


def test_what_follows_the_version_that_holds(sqlite: Database) -> None:
    now = utcnow()
    start = now + HOUR
    with sqlite.write() as session:
        enter(session, valid_from=start, valid_to=start + 4 * HOUR)
        enter(session, changed(900, 4), valid_from=start + HOUR, valid_to=start + 2 * HOUR)
        follow = [(since, row.version) for since, row in rules_from(session, now)]
        assert follow == [(now, 1)] + [(start + n * HOUR, v) for n, v in ((0, 2), (1, 3), (2, 2), (4, 1))]
        late = start + 1.5 * HOUR
        assert [v.version for _, v in rules_from(session, late)] == [3, 2, 1]


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
        ({"text": changed(version=2)}, "rule_version"),  # another dwell under the old number
        (
            {"text": shipped().replace('labels = ["stall"]', 'labels = ["stall"]\nattended = "yes"')},
            "bad_rules",
        ),
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
            enter(session, changed(900, 4), after=1)
        assert caught.value.code == "rules_changed"
        assert enter(session, changed(900, 4), after=2).version == 3
        # A number that was used once is used up: the second set's stall rule, version 3, had 600 s.
        with pytest.raises(Invalid) as used:
            enter(session, changed(601, 3))
        assert used.value.code == "rule_version"
        assert enter(session, changed(600, 3)).version == 4  # going back to it is no new rule


def test_labels_are_those_of_algorithms_that_are_not_retired(sqlite: Database) -> None:
    with sqlite.write() as session:
        assert known_labels(session) == frozenset()
        w.an_algorithm(session)
        assert known_labels(session) == frozenset(w.CLASSES)


def test_what_company_and_a_special_duty_say_among_the_checks(sqlite: Database, tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    facts = {"with": "umbrella / pile", "with_share": 0.545, "attended": "no", "attended_share": 0.1}
    duty = {"special_duty": "D1", "needed_s": 120.0}
    with sqlite.write() as session:
        device = b.a_device(session, squad=b.a_squad(session))
        boxes = ((100, 200, 200, 300), (700, 200, 800, 300))
        violations = [
            b.a_violation(device=device.code, seconds=180.0, box=box, **told)
            for box, told in zip(boxes, ({**facts, **duty}, {}), strict=True)
        ]
        rows = [b.a_candidate(session, store, device, violation).id for violation in violations]
    legal = Person(1, "x", "x", Role.LEGAL, None)
    with sqlite.read() as session:
        found = [{c.code: c for c in checks_of(candidate(session, legal, row))} for row in rows]
    # The house rule asks for 300 s; a special duty made 120 of them.
    assert [(f["dwell"].ok, f["dwell"].values["needed_s"]) for f in found] == [(True, 120.0), (False, 300.0)]
    assert found[0]["company"].values == {"labels": "umbrella / pile", "share": 0.545}
    assert found[0]["attended"].values == {"attended": "no", "share": 0.1}
    assert found[0]["special_duty"].values == {"zone": "D1"}
    assert not {"company", "attended", "special_duty"} & set(found[1])
