"""In which order candidates are handed out, by values worked out by hand from order.toml."""

from __future__ import annotations

from datetime import timedelta

import pytest

from casework.candidates.tables import Candidate
from casework.db import Database, utcnow
from casework.review import queries
from casework.review.order import AFTER_ALL, Urgency, order, rank_of
from casework.review.transitions import stage_that_waits
from tests import builders as b
from tests.casework.review.room import Room

# deadline 800, complaint 400, special_duty 200, standing 100, repeat 100; doubt 9 x (1 - confidence), rounded.
SURE = {"rule": "stall", "confidence": 1.0, "standing": False}


@pytest.mark.parametrize(
    ("about", "rank"),
    [
        ({}, 0),
        ({"standing": True}, -100),
        ({"special_duty": True}, -200),
        ({"repeat": True}, -100),
        ({"complaint": True}, -400),
        ({"deadline": True}, -800),
        ({"confidence": 0.0}, -9),
        ({"confidence": 0.75}, -2),  # 9 x 0.25 = 2.25
        ({"confidence": 0.6}, -4),  # 3.6
        ({"confidence": 1.3}, 0),
        ({"standing": True, "special_duty": True, "repeat": True, "confidence": 0.5}, -404),  # 4.5 to even
        ({"rule": "unnamed", "deadline": True, "complaint": True}, AFTER_ALL - 1200),
    ],
)
def test_the_rank_of_an_urgency(about: dict[str, object], rank: int) -> None:
    assert rank_of(Urgency(**{**SURE, **about})) == rank  # type: ignore[arg-type]


def test_no_weights_together_bring_forward_what_comes_last() -> None:
    assert AFTER_ALL - sum(order().weights.values()) - order().most_doubt > 0


def test_urgency_then_doubt_then_age(database: Database) -> None:
    """By hand: 4 complaint -500-2; 2 special duty -300-2; 5 doubtful -100-5; 1 and 3 -100-2, the older first."""
    room = Room(database, waiting=5, at_work=False)
    room.put(2, facts={**room.get(2).facts, "special_duty": "Z-1"})
    room.put(4, complaint=True)
    room.put(5, confidence=0.5)
    assert [room.get(n).rank for n in (4, 2, 5, 1, 3)] == [-502, -302, -104, -102, -102]
    given = [room.take(room.li, skip=()) or 0]
    for _ in range(4):
        given.append(room.take(room.li, skip=tuple(given)) or 0)
    assert given == [4, 2, 5, 1, 3]


def test_what_ends_moves_back(sqlite: Database) -> None:
    room = Room(sqlite, waiting=2, at_work=False)
    room.put(1, standing=False)
    assert room.take(room.li) == 2


def test_the_queue_follows_state_and_warning() -> None:
    states = ("open", "returned", "escalated", "kept", "rejected", "filed", "merged", "withdrawn")
    first, senior, legal = ["first"] * 2, ["senior"], ["legal"]
    assert [stage_that_waits(s) for s in states] == [*first, *senior, *legal, *[None] * 4]
    assert [stage_that_waits(s, warning=True) for s in states] == [*first, *senior, *[None] * 5]


def test_a_deadline_that_comes_near_moves_forward_once(database: Database) -> None:
    """36 hours after the raising: 48 less 12."""
    room = Room(database, waiting=0, at_work=False)
    with database.write() as session:
        old, new = (
            b.a_candidate_row(session, room.camera, made_at=utcnow() - timedelta(hours=hours)).id
            for hours in (37, 35)
        )
        assert session.get_one(Candidate, new).hurry_at == session.get_one(
            Candidate, new
        ).made_at + timedelta(hours=36)
    before = room.get(old).rank
    for _ in range(2):
        with database.write() as session:
            queries.hurry(session, utcnow())
    assert (room.get(old).rank, room.get(old).hurried, room.get(old).hurry_at) == (before - 800, True, None)
    assert (room.get(new).rank, room.get(new).hurried) == (before, False)
    room.put(old, standing=False)  # and it is still near when something else changes
    assert room.get(old).rank == before - 800 + 100
