"""A simulated panel of reviewers with known error rates: what is measured is what was put in.

Every thing has a truth. A reviewer keeps what is none, or rejects what is one, with rates of their own; the senior and
legal review know the truth. All of it goes through the real queue; only the draws are seeded. ``make stress`` asks for
more things and more panels (JIEXUN_STRESS_PANEL).
"""

from __future__ import annotations

import os
import random
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from casework.algorithms.wilson import Share
from casework.candidates.queries import Filter
from casework.candidates.tables import Candidate
from casework.db import Database, utcnow
from casework.people.service import Person
from casework.review import planted, planting, quality, second, service
from casework.review.admission import Choice
from casework.review.agreement import Agreement
from casework.review.tables import Decision
from tests import builders as b
from tests.casework.review.room import numbers

THINGS = int(os.environ.get("JIEXUN_STRESS_PANEL", "240"))
VIOLATIONS = 0.6
"""Share of things that are violations."""


@dataclass(frozen=True)
class Rates:
    """false_keep: keeps what is no violation; missed: rejects what is one."""

    false_keep: float
    missed: float

    def keeps(self) -> float:
        """Of all things, how many this reviewer keeps."""
        return VIOLATIONS * (1 - self.missed) + (1 - VIOLATIONS) * self.false_keep

    def precision(self) -> float:
        """Of what is kept, how much is a violation."""
        return VIOLATIONS * (1 - self.missed) / self.keeps()

    def right(self) -> float:
        """Of known items, half of them violations."""
        return 1 - (self.false_keep + self.missed) / 2


PEOPLE = {
    "careful": Rates(0.03, 0.03),
    "usual": Rates(0.08, 0.08),
    "other": Rates(0.10, 0.06),
    "careless": Rates(0.45, 0.30),
}


def agreement(one: Rates, other: Rates) -> float:
    """The same verdict on one thing, both looking for themselves."""
    found = VIOLATIONS * ((1 - one.missed) * (1 - other.missed) + one.missed * other.missed)
    none = (1 - one.false_keep) * (1 - other.false_keep) + one.false_keep * other.false_keep
    return found + (1 - VIOLATIONS) * none


@dataclass
class Panel:
    """People at a queue of things with a truth, all of whom take turns until nothing waits."""

    database: Database
    seed: int
    truth: dict[int, bool] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    said: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        with self.database.write() as session:
            squad = b.a_squad(session)
            camera = b.a_device(session, squad=squad)
            self.people = {name: b.a_person(session, "reviewer", name) for name in PEOPLE}
            self.legal = b.a_person(session, "legal", "legal")
            self.senior = b.a_person(session, "leader", "senior", squad)
            for _ in range(THINGS):
                row = b.a_candidate_row(session, camera)
                self.truth[row.id] = self.random.random() < VIOLATIONS
            for n in range(60):
                row = b.a_candidate_row(
                    session,
                    camera,
                    state="rejected" if n % 2 else "filed",
                    reason="permitted" if n % 2 else None,
                )
                self.truth[row.id] = not n % 2
                verdict = ("reject", "permitted") if n % 2 else ("keep", None)
                planting.plant(session, self.senior, row.id, *verdict, "")
            for person in self.people.values():  # at work, each of them
                row = b.a_candidate_row(session, camera)
                service.lease(row, person, "first", utcnow())
                service.decide(session, person, row.id, Choice("first", "escalate", f"start-{person.id}"))
                row.state = "withdrawn"

    def verdict(self, person: Person, number: int) -> str:
        """What this person says of a thing, by their rates."""
        rates, real = PEOPLE[person.username], self.truth[number]
        wrong = self.random.random() < (rates.missed if real else rates.false_keep)
        return "keep" if real != wrong else "reject"

    def act(self, person: Person, stage: str) -> bool:
        """Take one and decide; whether there was one."""
        with self.database.write() as session:
            row, _ = service.take_next(session, person, stage, Filter())
            if row is None:
                return False
            real = self.truth[row.id]
            verdict = (
                self.verdict(person, row.id)
                if stage == "first"
                else ("keep" if real else "reject")
                if stage == "senior"
                else ("accept" if real else "return")
            )
            self.said[stage] += 1
            choice = Choice(
                stage,
                verdict,
                f"{stage}-{self.said[stage]}",
                reason="not_the_thing" if verdict == "reject" else None,
                note="n",
                seconds=5.0,
            )
            service.decide(session, person, row.id, choice)
            if verdict == "return":  # the panel looks at each thing once
                row.state = "withdrawn"
        return True

    def work(self) -> None:
        """Reviewers as chance has it, so that each meets each, until none finds anything; then the later stages."""
        idle: set[str] = set()
        people = list(self.people.values())
        while len(idle) < len(people):
            person = self.random.choice(people)
            if self.act(person, "first"):
                idle.clear()
            else:
                idle.add(person.username)
        for person, stage in ((self.senior, "senior"), (self.legal, "legal")):
            while self.act(person, stage):
                pass

    def figures(self) -> quality.Panel:
        """As a senior sees them, once each has seen their own."""
        now = utcnow()
        since, until = now - timedelta(days=1), now + timedelta(days=1)
        with self.database.write() as session:
            for person in self.people.values():
                quality.own(session, person, since, until)
        with self.database.read() as session:
            return quality.panel(session, self.senior, since, until)


def _holds(found: Share | Agreement, value: float, slack: float = 0.0) -> bool:
    """slack: a little more than 95 %, where many are asked at once."""
    assert found.low is not None
    assert found.high is not None
    more = (found.high - found.low) * slack
    return found.low - more <= value <= found.high + more


@pytest.fixture(scope="module")
def panel(sqlite_template: Path, fast_folder: Path) -> Iterator[Panel]:
    """One for all tests here, who only read."""
    path = fast_folder / "panel.db"
    shutil.copyfile(sqlite_template, path)
    made = Panel(Database(f"sqlite:///{path}"), seed=2026)
    with pytest.MonkeyPatch.context() as patch, numbers(second_share=0.5, planted_share=0.3):
        patch.setattr(second, "_draw", made.random.random)
        patch.setattr(planted, "_draw", made.random.random)
        made.work()
    yield made
    made.database.close()


def test_what_is_measured_is_what_was_put_in(panel: Panel) -> None:
    """Twelve figures at 95 %: one may lie outside by chance, and none far."""
    found = panel.figures()
    assert {one.account.username for one in found.people} == set(PEOPLE)
    mean = {
        name: sum(agreement(rates, other) for who, other in PEOPLE.items() if who != name) / (len(PEOPLE) - 1)
        for name, rates in PEOPLE.items()
    }
    asked = []
    for one in found.people:
        name, row = one.account.username, one.rows[0]
        rates = PEOPLE[name]
        asked += [
            (name, "keeps", row.keeps, rates.precision()),
            (name, "planted", row.planted, rates.right()),
            (name, "agreement", row.agreement, mean[name]),
        ]
        assert min(s.trials for s in (row.keeps, row.planted, row.agreement)) >= 20
    outside = [(who, what) for who, what, share, value in asked if not _holds(share, value)]
    assert len(outside) <= 1, outside
    assert all(_holds(share, value, slack=0.25) for _, _, share, value in asked)


def test_agreement_beyond_chance_is_what_was_put_in(panel: Panel) -> None:
    """Alpha of the panel, and kappa of the careful one, against what the rates make of it. Chance: by how often all
    keep (alpha: all the same), or the one and the others (kappa)."""
    found = panel.figures()
    pairs = [(a, b) for a in PEOPLE.values() for b in PEOPLE.values() if a is not b]
    observed = sum(agreement(a, b) for a, b in pairs) / len(pairs)
    keeps = sum(rates.keeps() for rates in PEOPLE.values()) / len(PEOPLE)
    chance = keeps**2 + (1 - keeps) ** 2
    assert _holds(found.alpha, (observed - chance) / (1 - chance))
    mine, others = PEOPLE["careful"], [r for name, r in PEOPLE.items() if name != "careful"]
    seen = sum(agreement(mine, other) for other in others) / len(others)
    theirs = sum(other.keeps() for other in others) / len(others)
    by_chance = mine.keeps() * theirs + (1 - mine.keeps()) * (1 - theirs)
    (careful,) = [one for one in found.people if one.account.username == "careful"]
    assert _holds(careful.kappa, (seen - by_chance) / (1 - by_chance))


def test_planted_items_find_the_careless_one(panel: Panel) -> None:
    """First in the list, and the interval lies wholly below that of all others together."""
    found = panel.figures()
    first, *others = found.people
    assert first.account.username == "careless"
    mine = first.rows[0].planted
    low = [one.rows[0].planted for one in others]
    assert mine.high is not None
    assert all(one.low is not None and mine.high < one.low for one in low)


def test_everything_was_settled_and_nothing_planted_left_a_trace(panel: Panel) -> None:
    with panel.database.read() as session:
        states = Counter(
            state
            for number, state in session.execute(select(Candidate.id, Candidate.state))
            if number in panel.truth
        )
        twice = Counter(
            session.scalars(
                select(Decision.candidate_id).where(Decision.stage == "first", Decision.verdict != "escalate")
            )
        )
    assert set(states) <= {"filed", "rejected", "withdrawn"}
    assert sum(states.values()) == THINGS + 60
    assert set(twice.values()) == {1, 2}
    assert len(twice) == THINGS
