"""Counting a month. Numbers and the lists behind them come from the same condition, so that they agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session, joinedload

from casework.candidates.acts import UNCOUNTED
from casework.candidates.queries import BRIEF
from casework.candidates.tables import Candidate
from casework.cases.tables import Case
from casework.footage.tables import Footage, LookTally
from casework.people.service import Person
from casework.places.tables import Squad
from casework.statistics.figures import SHANGHAI, Figure, Month, figures

TABLES: dict[str, type[Any]] = {"candidates": Candidate, "cases": Case}


@dataclass(frozen=True, slots=True)
class Row:
    """Figures of one squad (none: all) and type (none: all). None in figures: not counted at this grain."""

    squad: Squad | None
    type: str | None
    figures: dict[str, int | None] = field(default_factory=dict)
    rejected_by_reason: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cell:
    """Which number a list is behind."""

    figure: Figure
    month: Month
    squad_id: int | None = None
    type: str | None = None
    reason: str | None = None


def conditions(cell: Cell) -> list[ColumnElement[bool]]:
    """What a row must fulfil to be counted in this cell (candidates and cases)."""
    table = TABLES[cell.figure.source]
    at = getattr(table, cell.figure.at)
    found: list[ColumnElement[bool]] = [at >= cell.month.start, at < cell.month.end]
    found += [getattr(table, column).in_(values) for column, values in cell.figure.where.items()]
    if table is Candidate:
        # A thing is counted once, and what a rule on trial only warns of is not counted at all.
        found += [Candidate.state.not_in(UNCOUNTED), ~Candidate.warning]
    if cell.squad_id is not None:
        found.append(table.squad_id == cell.squad_id)
    if cell.type is not None:
        found.append(table.type == cell.type)
    if cell.reason is not None:
        found.append(Candidate.reason == cell.reason)
    return found


def rows(
    session: Session, person: Person, month: Month, squads: Sequence[Squad], types: Sequence[str]
) -> list[Row]:
    """Per squad: its total, then its types; last the totals of all squads per type, and of everything.

    One grouped query per figure, however many squads and types there are. Records without a squad count in the
    totals only.
    """
    grouped: dict[str, dict[tuple[int | None, str | None], int]] = {}
    for item in figures():
        grouped[item.code] = _counts(session, person, item, month)
    reasons = _reasons(session, person, month)
    result: list[Row] = []
    groups: list[Squad | None] = [*squads, None]
    for squad in groups:
        for kind in (None, *types):
            result.append(_row(grouped, reasons, squad, kind))
    return result


def _counts(
    session: Session, person: Person, item: Figure, month: Month
) -> dict[tuple[int | None, str | None], int]:
    if item.source == "looks":
        looks: Any = (
            select(LookTally.squad_id, func.sum(LookTally.looks))
            .where(LookTally.hour >= month.start, LookTally.hour < month.end)
            .group_by(LookTally.squad_id)
        )
        if person.squad_id is not None:
            looks = looks.where(LookTally.squad_id == person.squad_id)
        return {(squad, None): int(number) for squad, number in session.execute(looks)}
    table = TABLES[item.source]
    amount = func.coalesce(func.sum(getattr(table, item.sum)), 0) if item.sum else func.count()
    query: Select[Any] = select(table.squad_id, table.type, amount).where(
        *conditions(Cell(item, month, person.squad_id))
    )
    return {(s, t): int(n) for s, t, n in session.execute(query.group_by(table.squad_id, table.type))}


def _reasons(session: Session, person: Person, month: Month) -> dict[tuple[int | None, str, str], int]:
    rejected = next(f for f in figures() if f.code == "rejected")
    query = (
        select(Candidate.squad_id, Candidate.type, Candidate.reason, func.count())
        .where(*conditions(Cell(rejected, month, person.squad_id)))
        .group_by(Candidate.squad_id, Candidate.type, Candidate.reason)
    )
    return {(s, t, r or ""): n for s, t, r, n in session.execute(query)}


def _row(
    grouped: dict[str, dict[tuple[int | None, str | None], int]],
    reasons: dict[tuple[int | None, str, str], int],
    squad: Squad | None,
    kind: str | None,
) -> Row:
    row = Row(squad, kind)
    for item in figures():
        if item.source == "looks" and kind is not None:
            row.figures[item.code] = None
            continue
        row.figures[item.code] = sum(
            n
            for (s, t), n in grouped[item.code].items()
            if (squad is None or s == squad.id) and (kind is None or t == kind)
        )
    for (s, t, reason), n in reasons.items():
        if (squad is None or s == squad.id) and (kind is None or t == kind):
            row.rejected_by_reason[reason] = row.rejected_by_reason.get(reason, 0) + n
    return row


def months_with_records(session: Session) -> list[str]:
    """Months from the first to the last record, newest first."""
    ends = []
    for column in (Candidate.first_at, LookTally.hour, Case.opened_at, Case.closed_at):
        ends += [
            t for t in session.execute(select(func.min(column), func.max(column))).one() if t is not None
        ]
    if not ends:
        return []
    first, last = min(ends).astimezone(SHANGHAI), max(ends).astimezone(SHANGHAI)
    count = (last.year - first.year) * 12 + last.month - first.month
    index = last.year * 12 + last.month - 1
    return [f"{(index - i) // 12:04d}-{(index - i) % 12 + 1:02d}" for i in range(count + 1)]


def candidates_in(session: Session, cell: Cell, page: int, size: int) -> tuple[list[Candidate], int]:
    """The candidates that a number counts."""
    query = select(Candidate).where(*conditions(cell))
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    ordered = query.options(*BRIEF).order_by(Candidate.first_at, Candidate.id)
    return list(session.scalars(ordered.offset((page - 1) * size).limit(size))), total


def cases_in(session: Session, cell: Cell, page: int, size: int) -> tuple[list[Case], int, int]:
    """The cases that a number counts, how many, and the sum of their fines."""
    query = select(Case).where(*conditions(cell))
    whole = query.subquery()
    total, fines = session.execute(select(func.count(), func.coalesce(func.sum(whole.c.fine_yuan), 0))).one()
    ordered = query.options(joinedload(Case.candidate).options(*BRIEF)).order_by(
        getattr(Case, cell.figure.at), Case.id
    )
    return list(session.scalars(ordered.offset((page - 1) * size).limit(size))), total, int(fines)


def footage_in(
    session: Session, cell: Cell, page: int, size: int
) -> tuple[list[tuple[Footage, int]], int, int]:
    """What was looked at, each with its looks in the month: footage that was handed in, and days of live cameras
    (``kind``); how many of both, and the sum.
    """
    within = [LookTally.hour >= cell.month.start, LookTally.hour < cell.month.end]
    if cell.squad_id is not None:
        within.append(LookTally.squad_id == cell.squad_id)
    per = select(LookTally.footage_id, func.sum(LookTally.looks).label("looks")).where(*within)
    whole = per.group_by(LookTally.footage_id).subquery()
    total, looks = session.execute(
        select(func.count(), func.coalesce(func.sum(whole.c.looks), 0)).select_from(whole)
    ).one()
    query = select(Footage, whole.c.looks).join(whole, whole.c.footage_id == Footage.id)
    ordered = query.options(joinedload(Footage.device)).order_by(Footage.started_at, Footage.id)
    found = [(f, int(n)) for f, n in session.execute(ordered.offset((page - 1) * size).limit(size))]
    return found, total, int(looks)
