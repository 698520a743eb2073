"""Taking decisions back: what it puts back, and when it is refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from casework.candidates.life import withdraw
from casework.candidates.service import raise_candidate
from casework.candidates.tables import Candidate
from casework.datasets.queries import decisions_by_candidate
from casework.db import Database, Session, utcnow
from casework.errors import CaseworkError
from casework.evidence.service import pack
from casework.people.roles import Role
from casework.people.service import Person
from casework.review import queries, service, undo
from casework.review.tables import Decision
from casework.storage import FileStore
from casework.verify import verify
from tests import builders as b
from tests.casework.review.room import Room


@pytest.fixture
def room(sqlite: Database) -> Room:
    return Room(sqlite, at_work=False)


def take_back(room: Room, person: Person, decision: Decision, **more: Any) -> tuple[int, str]:
    """The candidate and its stage."""
    key = more.pop("key", f"undo-{decision.id}-{person.id}")
    with room.database.write() as session:
        candidate, until, stage = undo.undo(session, person, decision.id, key, **more)
        assert until > utcnow() + timedelta(minutes=4)
        return candidate.id, stage


def refusal(room: Room, person: Person, decision: Decision, **more: Any) -> str:
    with pytest.raises(CaseworkError) as caught:
        take_back(room, person, decision, **more)
    return caught.value.code


def decided(room: Room, verdict: str = "keep", person: Person | None = None, **values: Any) -> Decision:
    who = person or room.li
    number = room.take(who)
    assert number is not None
    return room.decide(who, number, verdict, **values)


def test_it_is_as_before_and_held_by_the_same_person(database: Database) -> None:
    room = Room(database, at_work=False)
    decision = decided(room, "reject", type=None)
    assert take_back(room, room.li, decision) == (1, "first")
    row = room.get(1)
    assert (row.state, row.reason, row.queue, row.lease_by) == ("open", None, "first", room.li.id)
    assert room.take(room.chen) == 2
    assert room.take(room.li) == 1  # it comes first again
    again = room.decide(room.li, 1, "keep", key="another-view")
    with database.read() as session:
        rows = session.scalars(select(Decision).order_by(Decision.id)).all()
        assert [(d.verdict, d.undoes) for d in rows] == [
            ("reject", None),
            ("undo", decision.id),
            ("keep", None),
        ]
        assert [(d.from_state, d.to_state) for d in rows] == [
            ("open", "rejected"), ("rejected", "open"), ("open", "kept"),
        ]  # fmt: skip
        assert queries.own_day(session, room.li, "first", utcnow() - timedelta(minutes=5))[0] == 1
        assert [d.id for d in decisions_by_candidate(session)[1]] == [again.id]


def test_the_same_key_undoes_once(room: Room) -> None:
    decision = decided(room)
    for _ in range(2):
        take_back(room, room.li, decision, key="the-same-key")
    with room.database.read() as session:
        assert len(session.scalars(select(Decision)).all()) == 2
    assert refusal(room, room.li, decision, key="another-key") == "already_undone"


def test_another_persons_and_none(room: Room) -> None:
    decision = decided(room)
    assert refusal(room, room.chen, decision) == "not_yours"
    with pytest.raises(CaseworkError) as caught, room.database.write() as session:
        undo.undo(session, room.li, 999, "some-key")
    assert caught.value.code == "not_found"
    turned = Person(room.li.id, "li", "li", Role.OFFICER, None)
    assert refusal(room, turned, decision) == "not_your_stage"


def test_until_the_next_stage_takes_it(room: Room) -> None:
    decision = decided(room)
    assert room.take(room.wang, "legal") == 1
    assert refusal(room, room.li, decision) == "held_by_next"
    with room.database.write() as session:
        service.release(session, room.wang, 1)
    take_back(room, room.li, decision)  # looked at, and given back: nothing was built on it


def test_not_after_the_next_stage_decided(room: Room) -> None:
    decision = decided(room, "escalate")
    assert room.take(room.zhao, "senior") == 1
    senior = room.decide(room.zhao, 1, "keep", stage="senior")
    assert refusal(room, room.li, decision) == "gone_on"
    assert take_back(room, room.zhao, senior) == (1, "senior")
    assert room.get(1).state == "escalated"
    room.decide(room.zhao, 1, "reject", stage="senior", key="the-other-way")
    assert room.get(1).state == "rejected"


def test_not_after_something_else_happened(room: Room) -> None:
    decision = decided(room, "escalate")
    with room.database.write() as session:
        withdraw(session, None, 1, "a test")
    assert refusal(room, room.li, decision) == "gone_on"


def test_legal_review_is_not_taken_back(room: Room) -> None:
    decided(room)
    room.take(room.wang, "legal")
    decision = room.decide(room.wang, 1, "return", stage="legal", note="看不清")
    assert refusal(room, room.wang, decision) == "not_undoable"


def test_only_the_last_twenty(sqlite: Database) -> None:
    room = Room(sqlite, waiting=21, at_work=False)
    made = [decided(room) for _ in range(21)]
    assert refusal(room, room.li, made[0]) == "too_old"
    with sqlite.read() as session:
        found = undo.recent(session, room.li, "first")
    assert [one.decision.id for one in found] == [d.id for d in reversed(made[1:])]
    assert {one.because for one in found} == {None}
    take_back(room, room.li, made[1])
    with (
        sqlite.read() as session
    ):  # the undone one no longer counts, so that the oldest is among the last again
        assert undo.recent(session, room.li, "first")[-1].decision.id == made[0].id


def test_who_undid_still_does_no_legal_review(room: Room) -> None:
    take_back(room, room.li, decided(room))
    with room.database.write() as session:
        service.release(session, room.li, 1)
    room.decide(room.chen, room.take(room.chen) or 0)
    turned = Person(room.li.id, "li", "li", Role.LEGAL, None)
    assert room.take(turned, "legal") is None


def _sealed(session: Session, store: FileStore, room: Room) -> Candidate:
    """Raised with a manifest that says what was seen, as the pipeline's does."""
    violation = b.a_violation()
    stated = {
        "violation": {
            "type": "stall", "start": violation.start.isoformat(), "end": violation.end.isoformat(),
            "ground": None, "shop": None,
        },
        "rule": {"code": "stall", "version": 1},
        "device": {"code": room.camera.code, "latitude": b.LATITUDE, "longitude": b.LONGITUDE},
    }  # fmt: skip
    packed = pack(store, f"{violation.key}:birth", b.exhibits(room.camera.code), stated)
    witness = b.a_witness(b.a_footage(session, room.camera))
    return raise_candidate(session, violation, witness, packed)[0]


def test_a_corrected_type_is_put_back(sqlite: Database, store: FileStore) -> None:
    room = Room(sqlite, waiting=0, at_work=False)
    with sqlite.write() as session:
        number = _sealed(session, store, room).id
        seen = b.seen(session, number)
    room.take(room.li)
    decision = room.decide(room.li, number, "keep", type="cross_door", shown=seen)
    assert (room.get(number).type, decision.from_type, decision.to_type) == (
        "cross_door",
        "stall",
        "cross_door",
    )
    with sqlite.read() as session:
        assert verify(session, store).bad == []
    take_back(room, room.li, decision)
    assert room.get(number).type == "stall"
    with sqlite.read() as session:
        assert verify(session, store).bad == []
    room.put(number, type="cross_door")  # by nobody's decision: that is found
    with sqlite.read() as session:
        assert verify(session, store).bad == [
            f"candidate {number}: type is 'cross_door', its manifest says 'stall'"
        ]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"verdict": "keep", "type": "nothing"}, "bad_type"),
        ({"verdict": "reject", "type": "cross_door"}, "type_unwanted"),
        ({"verdict": "escalate", "type": "cross_door"}, "type_unwanted"),
    ],
)
def test_types_that_cannot_be_given(room: Room, given: dict[str, str], code: str) -> None:
    room.take(room.li)
    with pytest.raises(CaseworkError) as caught:
        room.decide(room.li, 1, **given)
    assert (caught.value.code, room.get(1).state) == (code, "open")


# What was on screen, and leases that go on -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("shown", "fine"),
    [
        ({0: 300, 1: 300}, True),
        ({0: 299, 1: 300}, False),
        ({0: 300}, False),
        ({1: 5000}, False),
        ({}, False),
    ],
)
def test_the_first_and_the_latest_picture_were_on_screen(
    sqlite: Database, store: FileStore, shown: dict[int, int], fine: bool
) -> None:
    room = Room(sqlite, waiting=0, at_work=False)
    with sqlite.write() as session:
        number = b.a_candidate(session, store, room.camera).id
        pictures = [entry["picture"] for entry in b.seen(session, number)]
    room.take(room.li)
    given = [{"picture": pictures[i], "ms": ms} for i, ms in shown.items()]
    if fine:
        room.decide(room.li, number, shown=given)
        return
    with pytest.raises(CaseworkError) as caught:
        room.decide(room.li, number, shown=given)
    assert (caught.value.code, room.get(number).state) == ("not_shown", "open")


def test_times_on_screen_add_up(sqlite: Database, store: FileStore) -> None:
    room = Room(sqlite, waiting=0, at_work=False)
    with sqlite.write() as session:
        number = b.a_candidate(session, store, room.camera).id
        halves = 2 * b.seen(session, number, ms=150)
    room.take(room.li)
    room.decide(room.li, number, shown=halves)


def test_a_lease_is_renewed_by_its_holder_only(room: Room) -> None:
    def renew(person: Person, number: int = 1) -> object:
        with room.database.write() as session:
            return service.renew(session, person, number)

    room.take(room.li)
    room.put(1, lease_until=utcnow() + timedelta(seconds=10))
    until = renew(room.li)
    assert room.get(1).lease_until == until
    with pytest.raises(CaseworkError, match="somebody else holds"):
        renew(room.chen)
    room.put(1, lease_until=utcnow() - timedelta(seconds=1))
    renew(room.li)  # late, but nobody else took it
    with pytest.raises(CaseworkError, match="take this candidate"):
        renew(room.li, 2)
    room.decide(room.li, 1)
    with pytest.raises(CaseworkError, match="take this candidate"):
        renew(room.li)


def test_candidates_of_a_queue_row_are_what_they_say(room: Room) -> None:
    """The column that the queue is read by follows every change of state."""
    decision = decided(room)
    assert room.get(1).queue == "legal"
    take_back(room, room.li, decision)
    assert room.get(1).queue == "first"
    with room.database.write() as session:
        withdraw(session, None, 2, "a test")
    assert room.get(2).queue is None
    with room.database.read() as session:
        assert [c.queue for c in session.scalars(select(Candidate).order_by(Candidate.id))] == [
            "first", None, "first",
        ]  # fmt: skip
