"""A home in which reviewers have been at work: settled, disputed, unsure and kept candidates, and figures of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from casework.candidates.queries import Filter
from casework.candidates.tables import Candidate
from casework.db import Session, utcnow
from casework.devices.tables import Device
from casework.evidence.queries import items_of
from casework.people.service import Person, person_of
from casework.people.tables import Account
from casework.review import planting, quality, service
from casework.review.admission import Choice
from jiexun.house import House, open_house
from tests import builders as b
from tests.browser.review_home import review_home
from tests.casework.review.room import numbers

PLENTY = 8
"""Candidates with pictures: what the pages show. Others only count."""

NAMES = {"reviewer": "李敏", "second": "陈刚", "leader": "赵队", "legal": "王芳", "auditor": "孙督"}


@dataclass(frozen=True, slots=True)
class Made:
    """Numbers of candidates by what became of them."""

    rejected: int
    disputed: int
    unsure: int
    lacking: int
    whole: int


def quality_home(home: Path, counted: int = 24, alike: int = 0) -> Made:
    """``counted`` decisions more of each of the two reviewers, on bare rows that both looked at: "reviewer" is wrong on
    one of ten, "second" on two and hasty on a quarter of them. The auditor is there too."""
    review_home(home, PLENTY, alike)
    with open_house(home) as house:
        with house.database.write() as session:
            b.an_account(session, "auditor", "auditor")
            for account in session.scalars(select(Account)):
                account.display_name = NAMES[account.username]
            session.flush()
            people = _people(session)
        one, other = people["reviewer"], people["second"]
        with house.database.read() as session:
            ids = list(session.scalars(select(Candidate.id).order_by(Candidate.id)))
        made = Made(*ids[1:6])
        with numbers(second_share=0.0):
            _decide(house, other, ids[0], "keep")
            _decide(house, one, made.rejected, "reject", reason="inside_door_line")
            _decide(house, one, made.unsure, "escalate", note="货架一半在店门线内，看不准")
            _decide(house, one, made.whole, "keep")
            _decide(house, one, made.lacking, "keep")
        with numbers(second_share=1.0):
            _decide(house, one, made.disputed, "keep", note="占道明显，有价目牌", seconds=6.2)
            _decide(house, other, made.disputed, "reject", reason="inside_door_line", seconds=2.1)
            _figures(house, people, counted)
        with house.database.write() as session:
            session.get_one(Candidate, made.lacking).type = "cross_door"  # its shop is not known
            session.get_one(Candidate, made.lacking).shop_id = None
    return made


def _people(session: Session) -> dict[str, Person]:
    rows = session.scalars(select(Account).options(selectinload(Account.squad)))
    return {row.username: person_of(row) for row in rows}


def _figures(house: House, people: dict[str, Person], counted: int) -> None:
    """Two looks at each of so many bare rows; what they differ on the senior settles, what both keep legal review."""
    one, other, senior, legal = (people[name] for name in ("reviewer", "second", "leader", "legal"))
    with house.database.write() as session:
        camera = session.scalars(select(Device).order_by(Device.id)).first()
        assert camera is not None
        types = ("stall", "cross_door", "stacked_goods")
        ids = [b.a_candidate_row(session, camera, type=types[i % 3]).id for i in range(counted)]
    for i, number in enumerate(ids):
        truth = "keep" if i % 2 else "reject"
        wrong = {"keep": "reject", "reject": "keep"}[truth]
        said = {one: wrong if i % 10 == 4 else truth, other: wrong if i % 10 in (1, 7) else truth}
        for person in (one, other) if i % 3 else (other, one):
            hasty = person is other and i % 4 == 0
            seen = [
                {"picture": p, "ms": 320 if hasty else 1100} for p in (1, 2)
            ]  # any two: it has none of its own
            seconds = 0.5 if hasty else 2.0 + i % 5
            _decide(house, person, number, said[person], seconds=seconds, shown=seen)
        if said[one] != said[other]:
            _decide(house, senior, number, truth, stage="senior")
        if truth == "keep":
            with house.database.write() as session:
                session.get_one(Candidate, number).proof = "clue"
            _decide(house, legal, number, "accept", stage="legal")


def _decide(house: House, person: Person, number: int, verdict: str, **given: Any) -> None:
    if verdict == "reject":
        given.setdefault("reason", ("permitted", "not_the_thing", "duplicate")[number % 3])
    given = {"stage": "first", "seconds": 3.0, "key": f"{person.username}-{number}-{verdict}", **given}
    with house.database.write() as session:
        pictures = [i.id for i in items_of(session, number) if i.kind == "picture"]
        given.setdefault("shown", [{"picture": p, "ms": 900 + 400 * n} for n, p in enumerate(pictures)])
        service.lease(session.get_one(Candidate, number), person, given["stage"], utcnow())
        service.decide(session, person, number, Choice(verdict=verdict, **given))


def plant_and_answer(home: Path, number: int) -> None:
    """The rejected one as a known item, answered wrong by "second", who has then seen the own figures."""
    with open_house(home) as house:
        with house.database.write() as session:
            people = _people(session)
            planting.plant(
                session, people["leader"], number, "reject", "inside_door_line", "门线内，常被看错"
            )
        with numbers(planted_share=1.0), house.database.write() as session:
            found, _ = service.take_next(session, people["second"], "first", Filter(), ())
            assert found is not None
            assert found.id == number
        _answer(house, people["second"], number)


def _answer(house: House, person: Person, number: int) -> None:
    with house.database.write() as session:
        pictures = [i.id for i in items_of(session, number) if i.kind == "picture"]
        shown = [{"picture": p, "ms": 900} for p in pictures]
        service.decide(
            session, person, number, Choice("first", "keep", f"answer-{number}", shown=shown, seconds=2.0)
        )


def look_at_own(home: Path, username: str, days: int = 30) -> None:
    """This reviewer has seen the own figures; others may from now on."""
    with open_house(home) as house, house.database.write() as session:
        now = utcnow()
        quality.own(session, _people(session)[username], now - timedelta(days=days), now)
