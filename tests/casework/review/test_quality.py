"""From decisions in the database to figures, and who is shown them when."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from casework.db import Database, utcnow
from casework.errors import CaseworkError
from casework.people.service import Person
from casework.review import planting, quality, said, undo
from casework.review.quality_tables import QualitySeen
from tests import builders as b
from tests.casework.review.room import Room, numbers


@pytest.fixture
def span() -> tuple[datetime, datetime]:
    """Today and what is near."""
    now = utcnow()
    return now - timedelta(days=1), now + timedelta(days=1)


def _upheld(room: Room, person: Person) -> dict[int, bool | None]:
    with room.database.read() as session:
        found = said.said_between(
            session, None, utcnow() - timedelta(days=1), utcnow() + timedelta(days=1), {person.id}
        )
    return {s.candidate: s.upheld for s in found if s.candidate <= 3}


def test_what_later_stages_say_of_first_decisions(sqlite: Database) -> None:
    """1: kept, legal accepts. 2: kept, returned, kept by another. 3: rejected, and nobody looks again."""
    room = Room(sqlite)
    for number, verdict in ((1, "keep"), (2, "keep"), (3, "reject")):
        room.take(room.li)
        room.decide(room.li, number, verdict)
    assert _upheld(room, room.li) == {1: None, 2: None, 3: None}
    for number, verdict in ((1, "accept"), (2, "return")):
        assert room.take(room.wang, "legal") == number
        room.decide(room.wang, number, verdict, stage="legal", note="看不清门线")
    room.take(room.chen)
    room.decide(room.chen, 2)
    assert _upheld(room, room.li) == {1: True, 2: False, 3: None}
    assert _upheld(room, room.chen) == {2: None}


def test_what_second_looks_say(sqlite: Database) -> None:
    """1: both reject. 2: differ, the senior rejects. 3: unsure, the senior keeps."""
    room = Room(sqlite)
    with numbers(second_share=1.0):
        room.both((room.li, "reject"), (room.chen, "reject"), 1)
        room.both((room.li, "keep"), (room.chen, "reject"), 2)
        room.both((room.li, "reject"), (room.chen, "escalate"), 3)
    for number, verdict in ((2, "reject"), (3, "keep")):
        assert room.take(room.zhao, "senior") == number
        room.decide(room.zhao, number, verdict, stage="senior")
    assert _upheld(room, room.li) == {1: True, 2: False, 3: False}
    assert _upheld(room, room.chen) == {1: True, 2: True, 3: None}
    with room.database.read() as session:
        found = said.said_between(session, None, utcnow() - timedelta(days=1), utcnow(), {room.li.id})
    assert {s.candidate: s.other for s in found if s.candidate <= 3} == {1: "reject", 2: "reject", 3: None}


def test_what_was_drawn_for_a_cause_stands_for_nothing(sqlite: Database) -> None:
    room = Room(sqlite)
    room.put(1, facts={"special_duty": "D-1"})
    with numbers(high={"share": 1.0}):
        room.both((room.li, "keep"), (room.chen, "reject"), 1)
    room.take(room.zhao, "senior")
    room.decide(room.zhao, 1, "reject", stage="senior")
    assert room.looks()[0].because == "high_stakes"
    assert _upheld(room, room.li) == {1: False}  # every keep is settled later, drawn or not
    assert _upheld(room, room.chen) == {1: None}
    with room.database.read() as session:
        found = said.said_between(session, None, utcnow() - timedelta(days=1), utcnow())
    assert all(s.other is None for s in found)


def test_undone_decisions_and_planted_answers(sqlite: Database, span: tuple[datetime, datetime]) -> None:
    room = Room(sqlite)
    with sqlite.write() as session:
        known = b.a_candidate_row(session, room.camera, state="rejected", reason="permitted").id
        planting.plant(session, room.zhao, known, "reject", "permitted", "")
    room.take(room.li)
    made = room.decide(room.li, 1)
    with sqlite.write() as session:
        undo.undo(session, room.li, made.id, "undo-it")
    with numbers(planted_share=1.0):
        assert room.take(room.li) == known
        room.decide(room.li, known, "keep")
    with sqlite.write() as session:
        row = quality.own(session, room.li, *span).rows[0]
    assert (row.decisions, row.kept, row.rejected) == (1, 0, 1)  # the one of the room's beginning
    assert (row.planted.hits, row.planted.trials) == (0, 1)


def test_haste_in_a_group_is_how_long_each_was_on_screen(
    sqlite: Database, span: tuple[datetime, datetime]
) -> None:
    """Two alone in half a second each: hasty. Of a group a third of a second each, all on screen for a minute: not."""
    room = Room(sqlite)
    seen = [{"picture": 1, "ms": 900}, {"picture": 2, "ms": 900}]
    for number, batch in ((1, None), (2, None), (3, "g")):
        room.take(room.li)
        room.decide(room.li, number, seconds=0.5 if batch is None else 0.3, shown=seen, batch=batch)
    with sqlite.write() as session:
        hasty = quality.own(session, room.li, *span).rows[0].hasty
    assert (hasty.hits, hasty.trials) == (2, 3)


# Shown to the reviewer first -----------------------------------------------------------------------------


def test_others_see_nothing_before_the_reviewer_or_three_days(
    sqlite: Database, span: tuple[datetime, datetime]
) -> None:
    room = Room(sqlite)
    since, until = span

    def of_li() -> quality.Quality:
        with sqlite.read() as session:
            return quality.of(session, room.zhao, "li", since, until)

    before = of_li()
    assert (before.until, before.rows, before.drift) == (None, [], [])
    assert before.opens_at == until + timedelta(days=3)
    with sqlite.read() as session:
        people = quality.panel(session, room.zhao, since, until).people
    assert [p.rows for p in people] == [[], [], []]
    with sqlite.write() as session:
        quality.own(session, room.li, since, until)
    after = of_li()
    assert after.until is not None
    assert abs(after.until - utcnow()) < timedelta(minutes=1)
    assert after.rows[0].decisions == 1
    with sqlite.read() as session:
        people = quality.panel(session, room.zhao, since, until).people
    assert {p.account.username: bool(p.rows) for p in people} == {"li": True, "chen": False, "zhou": False}


def test_to_where_figures_are_open(sqlite: Database) -> None:
    """A view that begins after a gap opens nothing of a longer span; two that follow each other open to the end of the
    second; a span that begins later is open as far as it was seen itself."""
    now = utcnow()

    def ago(days: int) -> datetime:
        return now - timedelta(days=days)

    with sqlite.write() as session:
        li = b.a_person(session, "reviewer", "li")

        def seen(first: int, last: int) -> None:
            session.add(QualitySeen(account_id=li.id, since=ago(first), until=ago(last), seen_at=ago(last)))
            session.flush()

        def open_until(since: int) -> datetime:
            return quality.open_until(session, li.id, ago(since), now)

        assert (open_until(30), open_until(1)) == (ago(3), ago(1))
        seen(1, 0)
        assert (open_until(30), open_until(1)) == (ago(3), now)
        seen(30, 2)
        assert open_until(30) == ago(2)
        seen(2, 1)
        assert open_until(30) == now


def test_who_has_no_figures_and_spans_that_are_none(
    sqlite: Database, span: tuple[datetime, datetime]
) -> None:
    room = Room(sqlite, waiting=0)
    since, until = span
    for name, first, last, code in (
        ("wang", since, until, "not_found"),
        ("nobody", since, until, "not_found"),
        ("li", until, since, "bad_span"),
        ("li", since - timedelta(days=400), until, "bad_span"),
    ):
        with sqlite.read() as session, pytest.raises(CaseworkError) as caught:
            quality.of(session, room.zhao, name, first, last)
        assert caught.value.code == code


def test_a_leader_sees_figures_of_their_squads_candidates(
    sqlite: Database, span: tuple[datetime, datetime]
) -> None:
    room = Room(sqlite)
    with sqlite.write() as session:
        away = b.a_squad(session, "SQ-B", 1)
        leader = b.a_person(session, "leader", "leader-b", away)
        quality.own(session, room.li, *span)
    with sqlite.read() as session:
        assert quality.of(session, leader, "li", *span).rows[0].decisions == 0
        assert quality.of(session, room.zhao, "li", *span).rows[0].decisions == 1
