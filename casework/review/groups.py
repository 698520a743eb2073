"""Groups of alike candidates (``casework.candidates.alike``), looked at one by one and decided on together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from casework.candidates.queries import BRIEF, Filter, in_scope
from casework.candidates.tables import Candidate
from casework.db import utcnow
from casework.errors import CaseworkError, Invalid, not_found
from casework.evidence.queries import items_by_candidate
from casework.fixtures.queries import made_from
from casework.fixtures.service import NewFixture, remember
from casework.people.service import Person
from casework.review import queries
from casework.review.admission import Choice, admitted, check_stage
from casework.review.service import check_same, freed, lease, written
from casework.words import word

MOST_GROUPS, MOST_TAKEN = 50, 200
REMEMBERED = timedelta(days=90)
"""How long a fixture made from a group holds; it can be ended before (``casework.fixtures``)."""


@dataclass(frozen=True, slots=True)
class Group:
    """Candidates that wait together. newest: one that stands for them."""

    id: int
    waiting: int
    first_at: datetime
    last_at: datetime
    newest: Candidate


@dataclass(frozen=True, slots=True)
class Member:
    """One of a group, with the pictures that were on screen, as in ``Choice``."""

    id: int
    shown: list[dict[str, Any]]
    seconds: float


@dataclass(frozen=True, slots=True)
class Done:
    """refused: candidate -> why; these are as they were."""

    decided: list[int] = field(default_factory=list)
    refused: dict[int, CaseworkError] = field(default_factory=dict)
    fixture_id: int | None = None


def waiting_groups(session: Session, person: Person, stage: str, want: Filter) -> list[Group]:
    """Groups of which at least two wait, the largest first, at most ``MOST_GROUPS``. Reads all that waits."""
    check_stage(person, stage)
    base = queries.waiting_for(person, stage, want).where(Candidate.group_id.is_not(None)).subquery()
    number = func.count()
    rows = session.execute(
        select(
            base.c.group_id, number, func.min(base.c.first_at), func.max(base.c.last_at), func.max(base.c.id)
        )
        .group_by(base.c.group_id)
        .having(number >= 2)
        .order_by(number.desc(), base.c.group_id)
        .limit(MOST_GROUPS)
    ).all()
    newest = select(Candidate).where(Candidate.id.in_([row[4] for row in rows])).options(*BRIEF)
    by_id = {c.id: c for c in session.scalars(newest)}
    return [Group(row[0], row[1], row[2], row[3], by_id[row[4]]) for row in rows]


def waiting_in(session: Session, candidate: Candidate) -> int:
    """How many of the candidate's group wait where it waits, itself among them; at most ``MOST_TAKEN`` + 1."""
    if candidate.group_id is None or candidate.queue is None:
        return 0
    some = select(Candidate.id).where(
        Candidate.group_id == candidate.group_id, Candidate.queue == candidate.queue
    )
    return session.scalar(select(func.count()).select_from(some.limit(MOST_TAKEN + 1).subquery())) or 0


def take_group(
    session: Session, person: Person, group_id: int, stage: str, limit: int
) -> tuple[list[Candidate], datetime | None, int]:
    """Lease what nobody else holds of a group, oldest first. Returns it with the lease's end, and how many more wait.

    Raises NotFound where none of it waits for this person.
    """
    check_stage(person, stage)
    now = utcnow()
    waiting = queries.waiting_for(person, stage, Filter()).where(Candidate.group_id == group_id)
    total = session.scalar(select(func.count()).select_from(waiting.subquery())) or 0
    if not total:
        raise not_found("group that waits", "待审的同类组", group_id)
    free = waiting.where(queries.free(now) | queries.held_by(person, stage, now)).options(*BRIEF)
    rows = list(
        session.scalars(
            free.order_by(Candidate.id).limit(limit).with_for_update(skip_locked=True, of=Candidate)
        )
    )
    until = None
    for row in rows:
        until = lease(row, person, stage, now)
    session.flush()
    return rows, until, total - len(rows)


def release_group(session: Session, person: Person, group_id: int) -> None:
    """Give back what the person holds of a group."""
    mine = select(Candidate).where(Candidate.lease_by == person.id, Candidate.group_id == group_id)
    for row in session.scalars(mine.with_for_update(of=Candidate)):
        freed(row)


def decide_group(
    session: Session,
    person: Person,
    group_id: int,
    choice: Choice,
    members: Sequence[Member],
    *,
    fixture: bool,
) -> Done:
    """One verdict with one reason on many, each by the rules for one. What is refused stays as it was, told why.

    choice: without pictures and seconds; its key is that of all, and sent again it gives the same answer. fixture:
    with the verdict reject, remember the place, so that it raises no more. Raises Refused, Invalid (a member twice, a
    fixture with another verdict).
    """
    check_stage(person, choice.stage)
    ids = sorted(member.id for member in members)
    if len(set(ids)) < len(ids):
        raise Invalid("member_twice", zh="同一件重复列出", en="a candidate is named twice")
    if fixture and choice.verdict != "reject":
        raise Invalid(
            "fixture_unwanted",
            zh="只有剔除时才能记住该位置",
            en="a place is remembered only where its candidates are rejected",
        )
    query = in_scope(select(Candidate).where(Candidate.id.in_(ids)), person).order_by(Candidate.id)
    rows = {row.id: row for row in session.scalars(query.with_for_update(of=Candidate))}
    one = [_single(choice, member) for member in sorted(members, key=lambda m: m.id)]
    before = queries.decisions_by_key(session, [each.key for _, each in one])
    pictures = items_by_candidate(session, ids)
    said = queries.had_a_say(session, person, choice.stage, ids)
    done = Done()
    for number, each in one:
        row = rows.get(number)
        try:
            if row is None or row.group_id != group_id:
                raise not_found("candidate in this group", "该组内的疑似", number)
            if each.key in before:
                check_same(before[each.key], person, number)
            else:
                seen = [item for item in pictures[number] if item.kind == "picture"]
                step = admitted(person, row, each, seen, had_a_say=number in said)
                written(session, person, row, each, step.to)
        except CaseworkError as error:
            done.refused[number] = error
            continue
        done.decided.append(number)
    if not (fixture and done.decided):
        return done
    return replace(done, fixture_id=_remembered(session, person, [rows[i] for i in done.decided], choice))


def _single(choice: Choice, member: Member) -> tuple[int, Choice]:
    own = replace(
        choice,
        key=f"{choice.key}:{member.id}",
        batch=choice.key,
        shown=member.shown,
        seconds=member.seconds,
    )
    return member.id, own


def _remembered(session: Session, person: Person, rows: list[Candidate], choice: Choice) -> int:
    """The place of the first, and on a fixed camera's picture all that the boxes take in together."""
    first = rows[0]
    known = made_from(session, first.id, person.id)
    if known is not None:  # sent again
        return known.id
    device = queries.device_of(session, first)
    edges = [row.image_place for row in rows if row.device_id == first.device_id]
    left, top = (min(edge[i] for edge in edges) for i in (0, 1))
    right, bottom = (max(edge[i] for edge in edges) for i in (2, 3))
    on_picture = device.kind == "fixed"
    return remember(
        session,
        person,
        NewFixture(
            reason=choice.note.strip() or word("reasons", choice.reason or "").zh,
            until=utcnow() + REMEMBERED,
            type=first.type,
            candidate=first.id,
            device=device.code if on_picture else None,
            polygon=[(left, top), (right, top), (right, bottom), (left, bottom)] if on_picture else None,
        ),
    ).id
