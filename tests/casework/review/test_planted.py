"""Planted items: like any other to who looks at them, and without any effect."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from casework.audit.tables import AuditEvent
from casework.candidates.queries import Filter
from casework.candidates.tables import Candidate
from casework.db import Database, utcnow
from casework.errors import CaseworkError
from casework.people.service import Person
from casework.review import masking, planted, planting, queries, service, undo
from casework.review.quality_tables import PlantedLook
from casework.review.tables import Decision
from tests import builders as b
from tests.casework.review.room import Room, numbers


@pytest.fixture
def room(sqlite: Database) -> Iterator[Room]:
    """Open candidates 1 to 3; 6, a case, and 7, rejected as permitted, both planted. Real ones are never handed out
    while a planted one is left."""
    made = Room(sqlite)
    with sqlite.write() as session:
        case = b.a_candidate_row(session, made.camera, state="filed")
        wrong = b.a_candidate_row(session, made.camera, state="rejected", reason="permitted")
        assert (case.id, wrong.id) == (6, 7)
        b.a_case_row(session, case)
        planting.plant(session, made.zhao, 6, "keep", None, "")
        planting.plant(session, made.zhao, 7, "reject", "permitted", "known from the permit")
    with numbers(planted_share=1.0):
        yield made


def _refused(code: str, act: Any) -> None:
    with pytest.raises(CaseworkError) as caught:
        act()
    assert caught.value.code == code


def _looks(room: Room) -> list[PlantedLook]:
    with room.database.read() as session:
        return list(session.scalars(select(PlantedLook).order_by(PlantedLook.id)))


def _row(room: Room, number: int) -> dict[str, Any]:
    row = room.get(number)
    return {c.key: getattr(row, c.key) for c in Candidate.__table__.columns}


def _state(room: Room, person: Person, number: int) -> str:
    with room.database.read() as session:
        seen = masking.seen_as(session, person, [number]).get(number)
        return seen.state if seen else session.get_one(Candidate, number).state


def test_it_is_handed_out_answered_and_changes_nothing(room: Room) -> None:
    before = [_row(room, n) for n in (6, 7)]
    number = room.take(room.li)
    assert number in (6, 7)
    assert room.take(room.li) == number  # what they hold comes first
    other = 13 - number
    assert room.take(room.chen, skip=(number,)) == other
    made = room.decide(room.li, number, "keep", seconds=3.5)
    assert (made.stage, made.verdict, made.candidate_id, made.account.username) == (
        "first",
        "keep",
        number,
        "li",
    )
    assert [_row(room, n) for n in (6, 7)] == before
    with room.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Decision)) == 2  # those of the room itself
        log = session.scalars(select(AuditEvent).where(AuditEvent.action == "planted_answered")).one()
    assert (log.actor, log.subject, log.detail["verdict"]) == (room.li.actor, f"candidate:{number}", "keep")
    assert [room.take(room.li, skip=(1,)) for _ in range(1)] == [other]
    room.decide(room.li, other, "keep")
    assert room.take(room.li) == 1  # each once


def test_numbers_do_not_tell_them_from_decisions(database: Database) -> None:
    """On both databases: what follows a planted answer has the next number, what came before the one before."""
    room = Room(database)
    with database.write() as session:
        known = b.a_candidate_row(session, room.camera, state="filed").id
        planting.plant(session, room.zhao, known, "keep", None, "")
    room.take(room.li)
    first = room.decide(room.li, 1).id
    with numbers(planted_share=1.0):
        assert room.take(room.li) == known
    planted_one = room.decide(room.li, known, "reject").id
    room.take(room.li)
    assert (planted_one, room.decide(room.li, 2).id) == (first + 1, first + 2)


def test_it_looks_open_until_it_is_answered(room: Room) -> None:
    assert _state(room, room.li, 6) == _state(room, room.li, 7) == "open"
    assert _state(room, room.wang, 6) == "filed"
    number = room.take(room.li)
    assert number is not None
    room.decide(room.li, number, "reject", reason="duplicate")
    with room.database.read() as session:
        seen = masking.seen_as(session, room.li, [number])[number]
        said = masking.decisions_seen(session, room.li, number, seen)
        lists = {
            state: masking.page_of_candidates(session, room.li, Filter(state=state), 1, 50)[1]
            for state in ("open", "filed", "rejected")
        }
    assert (seen.state, seen.reason, [d.verdict for d in said]) == ("rejected", "duplicate", ["reject"])
    assert _state(room, room.chen, number) == "open"
    # Three real ones and the other planted one; the two of the room itself are rejected.
    assert lists == {"open": 4, "filed": 0, "rejected": 3}


def test_who_really_decided_on_it_is_not_given_it(room: Room) -> None:
    with room.database.write() as session:
        row = session.scalars(
            select(Candidate).where(Candidate.state == "rejected").order_by(Candidate.id)
        ).first()
        assert row is not None
        planting.plant(session, room.zhao, row.id, "reject", "duplicate", "")
        mine = row.id  # li decided on it at the start
    given = {room.take(room.li, skip=skip) for skip in ((), (6,), (7,))}
    assert mine not in given
    assert _state(room, room.li, mine) == "rejected"
    assert _state(room, room.zhou, mine) == "open"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"verdict": "accept"}, "bad_verdict"),
        ({"verdict": "reject", "reason": ""}, "reason_needed"),
        ({"verdict": "keep", "reason": "duplicate"}, "reason_unwanted"),
        ({"verdict": "keep", "type": "nothing"}, "bad_type"),
        ({"verdict": "keep", "boxes": [{"picture": 1, "boxes": []}]}, "bad_boxes"),
    ],
)
def test_it_is_checked_like_a_real_one(room: Room, given: dict[str, Any], code: str) -> None:
    for number in (room.take(room.li), 1):
        assert number is not None
        if number == 1:
            with numbers(planted_share=0.0):
                assert room.take(room.li, skip=(6, 7)) == 1
        _refused(code, lambda number=number: room.decide(room.li, number, **given))


def test_refusals_are_those_of_real_ones(room: Room) -> None:
    _refused("not_held", lambda: room.decide(room.li, 6))
    number = room.take(room.li)
    assert number is not None
    room.decide(room.li, number, key="the-key")
    _refused("already_decided", lambda: room.decide(room.li, number, key="other-key"))
    with numbers(planted_share=0.0):
        assert room.take(room.li) == 1
    _refused("key_reused", lambda: room.decide(room.li, 1, key="the-key"))


def test_the_same_key_again_is_the_same_answer(room: Room) -> None:
    number = room.take(room.li)
    assert number is not None
    one, other = (room.decide(room.li, number, key="the-key") for _ in range(2))
    assert (one.id, one.decided_at) == (other.id, other.decided_at)
    assert len(_looks(room)) == 1


def test_leases_are_renewed_given_back_and_run_out(room: Room) -> None:
    number = room.take(room.li)
    assert number is not None
    with room.database.write() as session:
        assert service.renew(session, room.li, number) > utcnow() + timedelta(minutes=4)
    with room.database.write() as session:
        service.release(session, room.li, number)
    _refused("not_held", lambda: room.decide(room.li, number))
    again = room.take(room.li)
    assert again is not None
    with room.database.write() as session:
        look = session.scalars(select(PlantedLook).where(PlantedLook.lease_until.is_not(None))).one()
        look.lease_until = utcnow() - timedelta(seconds=1)
    room.decide(room.li, again)  # a lease that is over holds until another takes it, as with real ones
    assert sum(look.verdict is not None for look in _looks(room)) == 1


def test_an_answer_is_among_the_last_and_can_be_taken_back(room: Room) -> None:
    number = room.take(room.li)
    assert number is not None
    made = room.decide(room.li, number, "keep", seconds=2.0)
    with room.database.write() as session:
        last = undo.recent(session, room.li, "first")
        assert (last[0].decision.id, last[0].candidate.id, last[0].because) == (made.id, number, None)
        assert queries.own_day(session, room.li, "first", utcnow() - timedelta(hours=1)) == (2, 1.0)
        candidate, until, stage = undo.undo(session, room.li, made.id, "undo-it")
        assert (candidate.id, stage) == (number, "first")
        assert until > utcnow()
    with room.database.write() as session:
        assert undo.recent(session, room.li, "first")[0].decision.id != made.id
        undo.undo(session, room.li, made.id, "undo-it")  # sent again
    assert room.take(room.li) == number  # on the desk again
    room.decide(room.li, number, "reject", key="second-thought")
    with room.database.read() as session:
        assert [a.verdict for a in planted.answers_of(session, room.li, number)] == ["reject"]


def test_none_is_handed_out_where_nothing_real_waits(sqlite: Database) -> None:
    """Else the last candidate of the day would be known as what it is."""
    room = Room(sqlite, waiting=0)
    with sqlite.write() as session:
        known = b.a_candidate_row(session, room.camera, state="filed").id
        planting.plant(session, room.zhao, known, "keep", None, "")
    with numbers(planted_share=1.0):
        assert room.take(room.li) is None


def test_filters_hold_for_them_too(room: Room) -> None:
    room.put(2, type="cross_door")
    assert room.take(room.li, type="cross_door") == 2
    with room.database.write() as session:
        planting.end(session, room.zhao, 1)
        planting.end(session, room.zhao, 2)
    assert room.take(room.chen) == 1
    assert _state(room, room.li, 6) == "filed"


def test_planting_asks_for_a_known_answer(room: Room) -> None:
    def plant(number: int, verdict: str, reason: str | None) -> None:
        with room.database.write() as session:
            planting.plant(session, room.zhao, number, verdict, reason, "")

    _refused("not_settled", lambda: plant(1, "keep", None))
    _refused("other_answer", lambda: plant(6, "reject", "duplicate"))
    _refused("reason_needed", lambda: plant(7, "reject", None))
    _refused("planted_already", lambda: plant(6, "keep", None))
    _refused("not_found", lambda: plant(999, "keep", None))


def test_the_list_tells_how_many_were_right(room: Room) -> None:
    for person, verdicts in ((room.li, {6: "keep", 7: "keep"}), (room.chen, {6: "reject", 7: "reject"})):
        for _ in range(2):
            number = room.take(person)
            assert number is not None
            room.decide(person, number, verdicts[number])
    with room.database.read() as session:
        items, total = planting.page_of_items(session, room.zhao, 1, 50)
    assert total == 2
    assert {i.candidate.id: (i.right.hits, i.right.trials) for i in items} == {6: (1, 2), 7: (1, 2)}
