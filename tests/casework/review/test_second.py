"""The second look: who is given it, what comes of two views, and what nobody may find out before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from importlib.resources import files

import pytest
from sqlalchemy import select

from casework.candidates.queries import Filter
from casework.candidates.tables import Candidate
from casework.db import Database, utcnow
from casework.errors import CaseworkError, Conflict
from casework.people.service import Person
from casework.review import masking, quality, queries, second, service, undo
from casework.review.quality_rules import read, rules
from casework.review.tables import Decision
from casework.storage import FileStore
from casework.verify import verify
from tests import builders as b
from tests.casework.review.room import Room, numbers


@pytest.fixture
def room(sqlite: Database) -> Iterator[Room]:
    """Every decision that keeps or rejects is drawn."""
    made = Room(sqlite)
    with numbers(second_share=1.0):
        yield made


def _seen(room: Room, person: Person, number: int = 1) -> tuple[str, str | None, list[str]]:
    """State, reason and verdicts, as a page would show them."""
    with room.database.read() as session:
        row = session.get_one(Candidate, number)
        seen = masking.seen_as(session, person, [number]).get(number)
        said = masking.decisions_seen(session, person, number, seen)
        return (
            seen.state if seen else row.state,
            seen.reason if seen else row.reason,
            [d.verdict for d in said],
        )


def _listed(room: Room, person: Person, state: str | None) -> set[int]:
    with room.database.read() as session:
        rows, total = masking.page_of_candidates(session, person, Filter(state=state), 1, 50)
    assert total == len(rows)
    return {row.id for row in rows if row.id <= 3}


@pytest.mark.parametrize(
    ("one", "other", "state", "agreed"),
    [
        ("keep", "keep", "kept", True),
        ("reject", "reject", "rejected", True),
        ("keep", "reject", "disputed", False),
        ("reject", "keep", "disputed", False),
        ("reject", "escalate", "escalated", None),
    ],
)
def test_what_comes_of_two_views(room: Room, one: str, other: str, state: str, agreed: bool | None) -> None:
    assert room.both((room.li, one), (room.chen, other)) == state
    (look,) = room.looks()
    assert (look.because, look.first_by, look.first_verdict) == ("random", room.li.id, one)
    assert (look.second_by, look.second_verdict, look.agreed) == (room.chen.id, other, agreed)
    assert room.get(1).reason == ("permitted" if state == "rejected" else None)


def test_who_is_unsure_first_goes_to_the_senior_at_once(room: Room) -> None:
    room.take(room.li)
    room.decide(room.li, 1, "escalate")
    assert room.get(1).state == "escalated"
    assert room.looks() == []


def test_it_is_handed_to_somebody_else_in_the_ordinary_queue(room: Room) -> None:
    room.take(room.li)
    room.decide(room.li, 1)
    assert room.get(1).state == "second"
    assert room.take(room.li) == 2  # not their own again
    with room.database.read() as session:
        waiting = [
            queries.queue_counts(session, p, "first", Filter(), utcnow())["waiting"]
            for p in (room.li, room.chen)
        ]
    assert waiting == [2, 3]
    assert room.take(room.chen) == 1


def test_who_decided_first_does_not_decide_again(room: Room) -> None:
    room.take(room.li)
    room.decide(room.li, 1)
    room.put(1, lease_by=room.li.id, lease_stage="first", lease_until=utcnow() + service.LEASE)
    with pytest.raises(Conflict) as caught:
        room.decide(room.li, 1, "reject")
    assert caught.value.code == "already_decided"  # as of any other that they decided


def test_the_senior_sees_both_views_and_decides(room: Room) -> None:
    room.both((room.li, "keep"), (room.chen, "reject"))
    assert room.take(room.zhao, "senior") == 1
    assert _seen(room, room.zhao) == ("disputed", None, ["keep", "reject"])
    room.decide(room.zhao, 1, "reject", stage="senior")
    assert (room.get(1).state, room.get(1).reason) == ("rejected", "permitted")


def test_another_type_is_another_view(room: Room) -> None:
    room.take(room.li)
    room.decide(room.li, 1, type="stacked_goods")
    assert room.get(1).type == "stall"  # nothing tells the second person what the first said
    room.take(room.chen)
    room.decide(room.chen, 1)
    assert (room.get(1).state, room.get(1).type) == ("disputed", "stall")
    room.take(room.li, skip=(1,))
    room.decide(room.li, 2, type="cross_door")
    room.take(room.chen, skip=(1,))
    room.decide(room.chen, 2, type="cross_door")
    assert (room.get(2).state, room.get(2).type) == ("kept", "cross_door")


# Blind -------------------------------------------------------------------------------------------------


def test_nobody_finds_out_while_it_waits(room: Room) -> None:
    """chen, who may be given it, sees what is open; li sees what li made of it; legal review and leader what is."""
    room.take(room.li)
    room.decide(room.li, 1, "reject")
    assert _seen(room, room.chen) == ("open", None, []) == _seen(room, room.chen, 2)
    assert _seen(room, room.li) == ("rejected", "permitted", ["reject"])
    assert _seen(room, room.wang) == ("second", None, ["reject"])
    assert _listed(room, room.chen, "open") == {1, 2, 3}
    assert _listed(room, room.chen, "second") == set()
    assert _listed(room, room.li, "open") == {2, 3}
    assert 1 in _listed(room, room.li, "rejected")
    assert _listed(room, room.zhao, "second") == {1}
    assert _listed(room, room.chen, None) == {1, 2, 3}


def test_a_dispute_does_not_tell_either_what_the_other_said(room: Room) -> None:
    room.both((room.li, "keep"), (room.chen, "reject"))
    assert _seen(room, room.li) == ("kept", None, ["keep"])
    assert _seen(room, room.chen) == ("rejected", "permitted", ["reject"])
    assert _seen(room, room.zhou) == ("escalated", None, [])
    assert _listed(room, room.chen, "rejected") == {1}
    assert _listed(room, room.zhou, "escalated") == {1}


def test_both_databases_hide_and_count_the_same(database: Database) -> None:
    room = Room(database)
    with numbers(second_share=1.0):
        room.both((room.li, "keep"), (room.chen, "reject"))
        room.take(room.li)
        room.decide(room.li, 2, "reject")
    assert _seen(room, room.chen) == ("rejected", "permitted", ["reject"])
    assert _seen(room, room.chen, 2) == ("open", None, [])
    assert (_listed(room, room.chen, "open"), _listed(room, room.li, "kept")) == ({2, 3}, {1})
    with database.write() as session:
        now = utcnow()
        mine = quality.own(session, room.li, now - timedelta(days=1), now + timedelta(days=1))
    assert (mine.rows[0].decisions, mine.kappa.units) == (3, 1)


def test_what_the_decision_answers_is_the_same_drawn_or_not(room: Room) -> None:
    room.take(room.li)
    decision = room.decide(room.li, 1)
    assert masking.state_after(room.li, decision, room.get(1).state) == "kept"


# Taken back --------------------------------------------------------------------------------------------


def test_an_undone_first_decision_is_no_longer_drawn(room: Room) -> None:
    room.take(room.li)
    made = room.decide(room.li, 1)
    with room.database.write() as session:
        undo.undo(session, room.li, made.id, "undo-it")
    assert room.get(1).state == "open"
    assert room.looks()[0].voided_at is not None
    room.decide(room.li, 1, "reject", key="once-more")
    assert [look.first_verdict for look in room.looks() if look.voided_at is None] == ["reject"]
    room.take(room.chen)
    room.decide(room.chen, 1, "reject")
    assert room.get(1).state == "rejected"


def test_an_undone_second_one_waits_for_the_same_person(room: Room) -> None:
    room.take(room.li)
    first = room.decide(room.li, 1)
    room.take(room.chen)
    made = room.decide(room.chen, 1, "reject")
    with room.database.write() as session:
        with pytest.raises(CaseworkError) as caught:
            undo.undo(session, room.li, first.id, "undo-first")
        assert caught.value.code == "gone_on"
    with room.database.write() as session:
        undo.undo(session, room.chen, made.id, "undo-second")
    assert (room.get(1).state, room.get(1).lease_by) == ("second", room.chen.id)
    assert (room.looks()[0].second_id, room.looks()[0].agreed) == (None, None)
    room.decide(room.chen, 1, key="once-more")
    assert room.get(1).state == "kept"


# Who is drawn ------------------------------------------------------------------------------------------


def test_nothing_is_drawn_where_nobody_else_is_at_work(sqlite: Database) -> None:
    room = Room(sqlite, at_work=False)
    with numbers(second_share=1.0):
        room.take(room.li)
        room.decide(room.li, 1)
        assert room.get(1).state == "kept"
        room.take(room.chen)
        room.decide(room.chen, 2)  # li is at work by now
        assert room.get(2).state == "second"


def test_one_throw_against_growing_shares(sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Below the random share it is random whatever else holds; above it only who asks for more is drawn."""
    room = Room(sqlite, waiting=6)
    room.put(2, facts={"special_duty": "D-1"})
    room.put(4, facts={"special_duty": "D-1"}, proof="clue")
    thrown = {1: 0.049, 2: 0.19, 3: 0.19, 4: 0.19, 5: 0.051, 6: 0.21}
    now: list[int] = []
    monkeypatch.setattr(second, "_draw", lambda: thrown[now[-1]])
    with numbers(second_share=0.05, high={"share": 0.2, "repeats": 99}):
        for _ in thrown:
            now.append(room.take(room.li) or 0)
            room.decide(room.li, now[-1])
    found = {look.candidate_id: look.because for look in room.looks()}
    assert found == {1: "random", 2: "high_stakes"}


def test_a_place_of_earlier_confirmed_ones_is_of_high_stakes(room: Room) -> None:
    with room.database.write() as session:
        b.a_candidate_row(session, room.camera, state="filed", first_at=b.at(-86_400))
    with numbers(second_share=0.0, high={"share": 1.0}):
        room.take(room.li)
        room.decide(room.li, 1, "reject")
        room.take(room.li)
        room.decide(room.li, 2)
    assert [(look.candidate_id, look.because) for look in room.looks()] == [(2, "high_stakes")]


def test_who_is_rarely_agreed_with_is_drawn_more(sqlite: Database) -> None:
    """Four looks of li's, two agreed: below 0.85 of at least 4. zhou has none and is not drawn."""
    room = Room(sqlite, waiting=6)
    with numbers(second_share=1.0):
        for number, verdict in ((1, "keep"), (2, "keep"), (3, "reject"), (4, "reject")):
            room.both((room.li, "keep"), (room.chen, verdict), number)
    with numbers(low={"share": 1.0, "least": 4}):
        room.take(room.li)
        room.decide(room.li, 5)
        room.put(6, type="cross_door")  # the type stall has few agreements by now
        room.take(room.zhou, type="cross_door")
        room.decide(room.zhou, 6)
    assert [(look.candidate_id, look.because) for look in room.looks()[4:]] == [(5, "low_reviewer")]


# The record --------------------------------------------------------------------------------------------


def test_the_record_verifies_through_all_of_it(room: Room, store: FileStore) -> None:
    room.both((room.li, "keep"), (room.chen, "reject"))
    room.take(room.li)
    room.decide(room.li, 2, type="cross_door")
    with room.database.write() as session:  # the two of before and the third have no seal to compare with
        assert verify(session, store).bad == []
    with room.database.read() as session:
        states = session.scalars(
            select(Decision.to_state).where(Decision.candidate_id.in_([1, 2])).order_by(Decision.id)
        )
        assert list(states) == ["second", "disputed", "second"]


def test_the_file_is_read_strictly() -> None:
    text = files("casework.review").joinpath("quality.toml").read_text("utf-8")
    shipped = read(text)
    assert (shipped.second_share, shipped.most_second, shipped.planted_share) == (0.05, 0.25, 0.02)
    for old, new, said in (
        ("share = 0.02 ", "share = 2 ", "planted.share"),
        ("least = 20\n", "least = 20\nmost = 3\n", "second.low_agreement"),
        ("colleague_days = 7", "", "colleague_days"),
    ):
        changed = text.replace(old, new, 1) if old in text else text.replace(old.rstrip(), new.rstrip(), 1)
        assert changed != text
        with pytest.raises(ValueError, match=said):
            read(changed)
    assert rules().second_share == 0.0  # the tests' own file
