"""A room of reviewers over a queue, and the numbers of ``quality.toml`` as a test wants them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from sqlalchemy import select

from casework.candidates.queries import Filter
from casework.candidates.tables import Candidate
from casework.db import Database, utcnow
from casework.people.service import Person
from casework.review import quality_rules, service
from casework.review.admission import Choice
from casework.review.quality_tables import SecondLook
from casework.review.tables import Decision
from tests import builders as b


@contextmanager
def numbers(**changes: Any) -> Iterator[None]:
    """Other numbers for a while. ``low`` and ``high`` change the parts of low agreement and high stakes."""
    before = quality_rules.rules()
    low, high = changes.pop("low", {}), changes.pop("high", {})
    chosen = replace(
        before,
        low_agreement=replace(before.low_agreement, **low),
        high_stakes=replace(before.high_stakes, **high),
        **changes,
    )
    quality_rules.use(chosen)
    try:
        yield
    finally:
        quality_rules.use(before)


class Room:
    """Reviewers li, chen and zhou, the leader zhao, wang of legal review; ``waiting`` open candidates 1, 2, 3 ....

    at_work: li and chen have decided before, on candidates of their own, so that either counts as a colleague.
    """

    def __init__(self, database: Database, waiting: int = 3, at_work: bool = True) -> None:
        self.database = database
        with database.write() as session:
            self.squad = b.a_squad(session)
            self.camera = b.a_device(session, squad=self.squad, street=b.a_street(session, self.squad))
            self.li, self.chen, self.zhou = (
                b.a_person(session, "reviewer", n) for n in ("li", "chen", "zhou")
            )
            self.wang = b.a_person(session, "legal", "wang")
            self.zhao = b.a_person(session, "leader", "zhao", self.squad)
            for _ in range(waiting):
                b.a_candidate_row(session, self.camera)
            if at_work:
                for person in (self.li, self.chen):
                    row = b.a_candidate_row(session, self.camera)
                    service.lease(row, person, "first", utcnow())
                    service.decide(
                        session,
                        person,
                        row.id,
                        Choice("first", "reject", f"at-work-{person.id}", "duplicate"),
                    )

    def take(
        self, person: Person, stage: str = "first", skip: tuple[int, ...] = (), **want: str
    ) -> int | None:
        with self.database.write() as session:
            found, _ = service.take_next(session, person, stage, Filter(**want), skip)
            return found.id if found else None

    def decide(self, person: Person, number: int, verdict: str = "keep", **values: Any) -> Decision:
        if verdict == "reject":
            values.setdefault("reason", "permitted")
        values = {"stage": "first", "key": f"key-{person.username}-{number}-{verdict}", **values}
        with self.database.write() as session:
            return service.decide(session, person, number, Choice(verdict=verdict, **values))[0]

    def both(self, one: tuple[Person, str], other: tuple[Person, str], number: int = 1, **values: Any) -> str:
        """Two take and decide one after the other; the state that comes of it."""
        for person, verdict in (one, other):
            assert self.take(person) == number
            self.decide(person, number, verdict, **values)
        return self.get(number).state

    def get(self, number: int) -> Candidate:
        with self.database.read() as session:
            return session.get_one(Candidate, number)

    def put(self, number: int, **values: Any) -> None:
        """Bring a candidate into a state by hand."""
        with self.database.write() as session:
            row = session.get_one(Candidate, number)
            for name, value in values.items():
                setattr(row, name, value)

    def looks(self) -> list[SecondLook]:
        """All second looks."""
        with self.database.read() as session:
            return list(session.scalars(select(SecondLook).order_by(SecondLook.id)))
