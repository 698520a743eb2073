"""The queue: who is given what, what a decision does, and what it may not."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from casework.audit.tables import AuditEvent
from casework.candidates.queries import Filter
from casework.candidates.tables import Candidate
from casework.cases.tables import Case
from casework.db import Database, utcnow
from casework.errors import CaseworkError, Conflict, Invalid, NotFound, Refused
from casework.people.roles import Role
from casework.people.service import Person
from casework.review import queries, service
from casework.review.service import Choice
from casework.review.tables import Decision
from casework.words import codes
from tests import builders as b


class Desk:
    """A queue of open candidates 1, 2, 3 ... and people: li and chen (first), wang (legal), zhao (senior)."""

    def __init__(self, database: Database, waiting: int = 3) -> None:
        self.database = database
        with database.write() as session:
            self.squad = b.a_squad(session)
            other = b.a_squad(session, "SQ-B", 1)
            street = b.a_street(session, self.squad)
            self.camera = b.a_device(session, squad=self.squad, street=street)
            self.elsewhere = b.a_device(session, "CAM-B", squad=other)
            self.li, self.chen = (b.a_person(session, "reviewer", n) for n in ("li", "chen"))
            self.wang, self.sun = (b.a_person(session, "legal", n) for n in ("wang", "sun"))
            self.zhao = b.a_person(session, "leader", "zhao", self.squad)
            for _ in range(waiting):
                b.a_candidate_row(session, self.camera)

    def take(
        self, person: Person, stage: str = "first", skip: tuple[int, ...] = (), **want: str
    ) -> int | None:
        with self.database.write() as session:
            found, _ = service.take_next(session, person, stage, Filter(**want), skip)
            return found.id if found else None

    def decide(self, person: Person, number: int, verdict: str = "keep", **values: Any) -> Decision:
        values = {"stage": "first", "key": f"key-{person.username}-{number}-{verdict}", **values}
        with self.database.write() as session:
            return service.decide(session, person, number, Choice(verdict=verdict, **values))[0]

    def put(self, number: int, **values: Any) -> None:
        """Bring a candidate into a state by hand."""
        with self.database.write() as session:
            row = session.get_one(Candidate, number)
            for name, value in values.items():
                setattr(row, name, value)

    def get(self, number: int) -> Candidate:
        with self.database.read() as session:
            return session.get_one(Candidate, number)

    def count(self, table: Any) -> int:
        with self.database.read() as session:
            return session.scalar(select(func.count()).select_from(table)) or 0

    def expire(self, number: int) -> None:
        """Its lease is over: 5 minutes went by."""
        self.put(number, lease_until=utcnow() - timedelta(seconds=1))


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


@pytest.fixture
def small(sqlite: Database) -> Desk:
    """On SQLite only."""
    return Desk(sqlite)


# Leases ----------------------------------------------------------------------------------------------


def test_two_reviewers_are_never_given_the_same(desk: Desk) -> None:
    assert [desk.take(desk.li), desk.take(desk.chen)] == [1, 2]


def test_a_lease_lasts_five_minutes(desk: Desk) -> None:
    before = utcnow()
    desk.take(desk.li)
    row = desk.get(1)
    assert (row.lease_by, row.lease_stage) == (desk.li.id, "first")
    assert row.lease_until is not None
    assert before + service.LEASE <= row.lease_until <= utcnow() + service.LEASE
    assert timedelta(minutes=5) == service.LEASE


def test_an_expired_lease_gives_it_to_the_next(desk: Desk) -> None:
    desk.take(desk.li)
    desk.expire(1)
    assert desk.take(desk.chen) == 1
    with pytest.raises(Conflict) as caught:
        desk.decide(desk.li, 1)
    assert caught.value.code == "held_by_other"


def test_deciding_late_is_fine_as_long_as_nobody_else_took_it(desk: Desk) -> None:
    desk.take(desk.li)
    desk.expire(1)
    desk.decide(desk.li, 1)
    assert desk.get(1).state == "kept"


def test_what_one_holds_comes_first_again(desk: Desk) -> None:
    """After a reload the page asks again; it is given what it holds, even if an older one came free since."""
    assert [desk.take(desk.chen), desk.take(desk.li)] == [1, 2]
    with desk.database.write() as session:
        service.release(session, desk.chen, 1)
    assert desk.take(desk.li) == 2
    assert desk.take(desk.chen) == 1


def test_skipping_what_one_holds_gives_the_next(desk: Desk) -> None:
    """The page holds two or three ahead."""
    assert desk.take(desk.li) == 1
    assert desk.take(desk.li, skip=(1,)) == 2
    assert desk.take(desk.li, skip=(1, 2)) == 3
    assert desk.take(desk.li, skip=(1, 2, 3)) is None
    assert desk.take(desk.chen) is None


def test_what_no_class_names_is_handed_out_after_all_else(desk: Desk) -> None:
    desk.put(1, rule="unnamed", hurried=True, complaint=True)
    assert [desk.take(desk.li), desk.take(desk.chen)] == [2, 3]
    assert desk.take(desk.li, skip=(2,)) == 1
    assert desk.take(desk.li, skip=(2,)) == 1  # once held, it is given again like any other


def test_released_is_free_at_once(desk: Desk) -> None:
    desk.take(desk.li)
    with desk.database.write() as session:
        service.release(session, desk.li, 1)
    assert desk.get(1).lease_by is None
    assert desk.take(desk.chen) == 1


def test_nobody_releases_what_another_holds(desk: Desk) -> None:
    desk.take(desk.li)
    with desk.database.write() as session:
        service.release(session, desk.chen, 1)
    assert desk.get(1).lease_by == desk.li.id


def test_the_queue_is_narrowed(small: Desk) -> None:
    small.put(2, type="cross_door")
    with small.database.write() as session:
        b.a_candidate_row(session, small.elsewhere)
    assert small.take(small.li, type="cross_door") == 2
    assert small.take(small.li, squad="SQ-B", skip=(2,)) == 4
    assert small.take(small.li, street="ST-A", skip=(2,)) == 1
    assert small.take(small.li, type="stacked_goods") is None


def test_counts_of_the_queue(desk: Desk) -> None:
    desk.put(2, type="cross_door")
    with desk.database.write() as session:
        b.a_candidate_row(session, desk.elsewhere)
    desk.take(desk.li)
    desk.take(desk.chen)
    desk.decide(desk.li, 1)
    with desk.database.read() as session:
        counts = queries.queue_counts(session, desk.chen, "first", Filter(), utcnow())
        day = queries.own_day(session, desk.li, "first", utcnow() - timedelta(minutes=5))
        nothing = queries.own_day(session, desk.chen, "first", utcnow() - timedelta(minutes=5))
    assert counts == {
        "waiting": 3,
        "held": 1,
        "by_type": {"cross_door": 1, "stall": 2},
        "by_squad": {"SQ-A": 2, "SQ-B": 1},
        "by_street": {"ST-A": 2},
    }
    assert (day, nothing) == ((1, 0.0), (0, None))


# Decisions: the table, row by row ------------------------------------------------------------------------

TABLE = [
    # stage, from, verdict, to, what must be given
    ("first", "open", "keep", "kept", {}),
    ("first", "returned", "keep", "kept", {}),
    ("first", "open", "reject", "rejected", {"reason": "duplicate"}),
    ("first", "returned", "reject", "rejected", {"reason": "not_the_thing"}),
    ("first", "open", "escalate", "escalated", {}),
    ("first", "returned", "escalate", "escalated", {}),
    ("first", "second", "keep", "kept", {}),
    ("first", "second", "reject", "rejected", {"reason": "permitted"}),
    ("first", "second", "escalate", "escalated", {}),
    ("senior", "disputed", "keep", "kept", {}),
    ("senior", "disputed", "reject", "rejected", {"reason": "duplicate"}),
    ("senior", "escalated", "keep", "kept", {}),
    ("senior", "escalated", "reject", "rejected", {"reason": "permitted"}),
    ("legal", "kept", "accept", "filed", {}),
    ("legal", "kept", "return", "returned", {"note": "看不清门线"}),
]
STATES = sorted(codes("candidate_states"))
VERDICTS = ["accept", "escalate", "keep", "reject", "return"]
WHO: dict[str, Callable[[Desk], Person]] = {
    "first": lambda d: d.li,
    "senior": lambda d: d.zhao,
    "legal": lambda d: d.wang,
}


@pytest.mark.parametrize(("stage", "state", "verdict", "to", "given"), TABLE)
def test_each_row_of_the_table(
    database: Database, stage: str, state: str, verdict: str, to: str, given: dict[str, str]
) -> None:
    desk = Desk(database, waiting=1)
    desk.put(1, state=state, reason="duplicate" if state == "returned" else None)
    person = WHO[stage](desk)
    assert desk.take(person, stage) == 1
    decision = desk.decide(
        person, 1, verdict, stage=stage, seconds=4.5, shown=[{"picture": 1, "ms": 900}], **given
    )
    row = desk.get(1)
    assert row.state == to
    assert row.reason == (given.get("reason") if to == "rejected" else None)
    assert (row.lease_by, row.lease_stage, row.lease_until) == (None, None, None)
    assert (decision.stage, decision.verdict, decision.seconds) == (stage, verdict, 4.5)
    assert decision.shown == [{"picture": 1, "ms": 900}]
    with desk.database.read() as session:
        log = session.scalars(select(AuditEvent).where(AuditEvent.action == "decision")).one()
        cases = session.scalars(select(Case)).all()
    assert (log.actor, log.subject, log.detail["verdict"]) == (person.actor, "candidate:1", verdict)
    assert [(c.candidate_id, c.state, c.mode) for c in cases] == (
        [(1, "opened", "evidence")] if to == "filed" else []
    )


def test_everything_outside_the_table_is_refused_and_writes_nothing(small: Desk) -> None:
    """All stages x states x verdicts that the table does not have."""
    allowed = {(stage, state, verdict) for stage, state, verdict, _, _ in TABLE}
    tried = 0
    for stage in WHO:
        person = WHO[stage](small)
        for state in STATES:
            for verdict in VERDICTS:
                if (stage, state, verdict) in allowed:
                    continue
                small.put(
                    1,
                    state=state,
                    lease_by=person.id,
                    lease_stage=stage,
                    lease_until=utcnow() + service.LEASE,
                )
                with pytest.raises((Conflict, Invalid)) as caught:
                    small.decide(person, 1, verdict, stage=stage, reason="duplicate", note="n")
                known = any((s, v) == (stage, verdict) for s, _, v, _, _ in TABLE)
                assert caught.value.code == ("already_decided" if known else "bad_verdict")
                assert small.get(1).state == state
                tried += 1
    assert tried == 3 * 10 * 5 - len(TABLE)
    assert small.count(Decision) == 0


@pytest.mark.parametrize(
    ("stage", "state", "verdict", "given", "code"),
    [
        ("first", "open", "reject", {}, "reason_needed"),
        ("first", "open", "reject", {"reason": ""}, "reason_needed"),
        ("first", "open", "reject", {"reason": "because"}, "reason_needed"),
        ("first", "open", "keep", {"reason": "duplicate"}, "reason_unwanted"),
        ("senior", "escalated", "reject", {}, "reason_needed"),
        ("legal", "kept", "return", {}, "note_needed"),
        ("legal", "kept", "return", {"note": " \n"}, "note_needed"),
        ("legal", "kept", "accept", {"reason": "duplicate"}, "reason_unwanted"),
    ],
)
def test_what_a_verdict_must_carry(
    small: Desk, stage: str, state: str, verdict: str, given: dict[str, str], code: str
) -> None:
    small.put(1, state=state)
    small.take(WHO[stage](small), stage)
    with pytest.raises(Invalid) as caught:
        small.decide(WHO[stage](small), 1, verdict, stage=stage, **given)
    assert caught.value.code == code
    assert small.get(1).state == state
    assert small.get(1).lease_by == WHO[stage](small).id  # still theirs, to do it right
    assert small.count(Decision) == small.count(AuditEvent) == 0


def test_each_fixed_reason_is_accepted(small: Desk) -> None:
    with small.database.write() as session:
        for _ in range(len(codes("reasons")) - 3):
            b.a_candidate_row(session, small.camera)
    for reason in sorted(codes("reasons")):
        number = small.take(small.li)
        assert number is not None
        small.decide(small.li, number, "reject", reason=reason)
        assert small.get(number).reason == reason


# Whose it is -----------------------------------------------------------------------------------------


def test_not_taken_or_held_by_another(desk: Desk) -> None:
    with pytest.raises(Conflict) as caught:
        desk.decide(desk.li, 1)
    assert caught.value.code == "not_held"
    desk.take(desk.chen)
    with pytest.raises(Conflict) as caught:
        desk.decide(desk.li, 1)
    assert caught.value.code == "held_by_other"
    assert desk.count(Decision) == 0


def test_who_was_second_is_told_so(desk: Desk) -> None:
    desk.take(desk.li)
    desk.decide(desk.li, 1)
    with pytest.raises(Conflict) as caught:
        desk.decide(desk.chen, 1)
    assert caught.value.code == "already_decided"


def test_a_lease_for_one_stage_is_none_for_another(small: Desk) -> None:
    """A leader of the squad who held it at first review cannot decide as a senior with that lease."""
    small.put(
        1,
        state="escalated",
        lease_by=small.zhao.id,
        lease_stage="first",
        lease_until=utcnow() + service.LEASE,
    )
    with pytest.raises(Conflict) as caught:
        small.decide(small.zhao, 1, stage="senior")
    assert caught.value.code == "held_by_other"


@pytest.mark.parametrize("stage", ["first", "senior", "legal"])
@pytest.mark.parametrize("role", list(Role))
def test_each_stage_has_its_role(small: Desk, stage: str, role: Role) -> None:
    person = Person(small.li.id, "x", "x", role, None)
    right = {"first": "reviewer", "senior": "leader", "legal": "legal"}[stage]
    if role == right:
        service.check_stage(person, stage)
        return
    for act in (lambda: small.take(person, stage), lambda: small.decide(person, 1, stage=stage)):
        with pytest.raises(Refused) as caught:
            act()
        assert caught.value.code == "not_your_stage"


def test_an_unknown_stage_is_refused(small: Desk) -> None:
    with pytest.raises(Refused):
        small.take(small.li, "third")


def _as_legal(person: Person) -> Person:
    """The same account after a change of role."""
    return Person(person.id, person.username, person.display_name, Role.LEGAL, None)


def test_who_reviewed_it_never_does_its_legal_review(desk: Desk) -> None:
    desk.take(desk.li)
    desk.decide(desk.li, 1)
    turned = _as_legal(desk.li)
    assert desk.take(turned, "legal") is None  # is not even given it
    desk.put(1, lease_by=turned.id, lease_stage="legal", lease_until=utcnow() + service.LEASE)
    with pytest.raises(Refused) as caught:
        desk.decide(turned, 1, "accept", stage="legal", key="another-key")
    assert caught.value.code == "same_person"
    assert desk.count(Case) == 0
    desk.put(1, lease_by=None, lease_stage=None, lease_until=None)
    assert desk.take(desk.wang, "legal") == 1


def test_nor_does_who_decided_as_a_senior_or_returned_it(desk: Desk) -> None:
    desk.take(desk.li)
    desk.decide(desk.li, 1, "escalate")
    desk.take(desk.zhao, "senior")
    desk.decide(desk.zhao, 1, stage="senior")
    assert desk.take(_as_legal(desk.zhao), "legal") is None
    desk.take(desk.wang, "legal")
    desk.decide(desk.wang, 1, "return", stage="legal", note="看不清")
    assert desk.take(desk.li) == 1  # the first reviewer may look again
    desk.decide(desk.li, 1, key="second-look")
    assert desk.take(desk.wang, "legal") is None  # a third pair of eyes
    assert desk.take(desk.sun, "legal") == 1


def test_who_escalated_is_not_the_senior(desk: Desk) -> None:
    desk.take(desk.li)
    desk.decide(desk.li, 1, "escalate")
    turned = Person(desk.li.id, "li", "li", Role.LEADER, None)
    assert desk.take(turned, "senior") is None


def test_a_squads_people_see_only_their_squad(small: Desk) -> None:
    with small.database.write() as session:
        foreign = b.a_candidate_row(session, small.elsewhere, state="escalated").id
    small.put(2, state="escalated")
    assert small.take(small.zhao, "senior") == 2
    assert small.take(small.zhao, "senior", skip=(2,)) is None
    acts: list[Callable[[], object]] = [
        lambda: small.decide(small.zhao, foreign, stage="senior"),
        lambda: small.decide(small.zhao, 999, stage="senior"),
    ]
    for act in acts:
        with pytest.raises(NotFound):
            act()
    with small.database.read() as session:
        assert queries.queue_counts(session, small.zhao, "senior", Filter(), utcnow())["waiting"] == 1


# Sent twice ------------------------------------------------------------------------------------------


def test_the_same_key_counts_once(desk: Desk) -> None:
    desk.take(desk.li)
    first = desk.decide(desk.li, 1, "reject", reason="duplicate", key="the-key")
    again = desk.decide(desk.li, 1, "reject", reason="duplicate", key="the-key")
    assert (again.id, again.decided_at) == (first.id, first.decided_at)
    assert (desk.count(Decision), desk.count(AuditEvent)) == (1, 1)


def test_a_legal_decision_sent_twice_opens_one_case(desk: Desk) -> None:
    desk.put(1, state="kept")
    desk.take(desk.wang, "legal")
    found = []
    for _ in range(2):
        with desk.database.write() as session:
            choice = Choice("legal", "accept", "the-key")
            found.append(service.decide(session, desk.wang, 1, choice)[2])
    assert found[0] is not None
    assert found[1] is not None
    assert found[0].id == found[1].id
    assert desk.count(Case) == 1


def test_a_key_of_another_decision_is_refused(desk: Desk) -> None:
    desk.take(desk.li)
    desk.decide(desk.li, 1, key="the-key")
    desk.take(desk.li)
    desk.take(desk.chen)
    for person, number in ((desk.li, 2), (desk.chen, 3), (desk.chen, 1)):
        with pytest.raises(CaseworkError) as caught:
            desk.decide(person, number, key="the-key")
        assert (type(caught.value), caught.value.code) == (Conflict, "key_reused")
    assert desk.count(Decision) == 1


def test_the_same_decision_sent_eight_times_at_once_counts_once(desk: Desk) -> None:
    desk.take(desk.li)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: desk.decide(desk.li, 1, key="the-key").id, range(8)))
    assert len(set(found)) == 1
    assert (desk.count(Decision), desk.count(AuditEvent)) == (1, 1)


def test_eight_decisions_with_keys_of_their_own_at_once_are_one(desk: Desk) -> None:
    """Two windows of one person, both with the same candidate: the first counts, the others are told."""
    desk.take(desk.li)

    def decide(i: int) -> str:
        try:
            return desk.decide(desk.li, 1, key=f"key-{i:05d}").verdict
        except Conflict as error:
            return error.code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(decide, range(8))) == [*["already_decided"] * 7, "keep"]
    assert desk.count(Decision) == 1
