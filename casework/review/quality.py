"""A reviewer's figures, and who may see them when: the reviewer first, others once they have, or some days later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.db import utcnow
from casework.errors import Invalid, not_found
from casework.people.roles import Role
from casework.people.service import Person
from casework.people.tables import Account
from casework.review.agreement import Agreement
from casework.review.figures import (
    Drift,
    QualityRow,
    alpha_of,
    drift_of,
    kappa_of,
    row_of,
    rows_of,
    seconds_of,
)
from casework.review.quality_rules import rules
from casework.review.quality_tables import QualitySeen
from casework.review.said import Said, said_between

LEAST_NEW = timedelta(minutes=1)
"""A look at one's own figures that shows less than this more than the one before is not noted again."""


@dataclass(frozen=True, slots=True)
class Quality:
    """One reviewer's figures of a span; one of a panel has those of all of it only, and no drift.

    until: to where they are shown, which is before the end of what was asked while the reviewer has not seen the rest;
    none: nothing of it yet. opens_at: when all of it is shown at the latest.
    """

    account: Account
    since: datetime
    until: datetime | None
    opens_at: datetime
    rows: list[QualityRow]
    kappa: Agreement
    drift: list[Drift]
    median_s: float | None


@dataclass(frozen=True, slots=True)
class Panel:
    """All reviewers of a span. alpha: their agreement over random second looks, over what may be shown of each."""

    since: datetime
    until: datetime
    alpha: Agreement
    people: list[Quality]


def own(session: Session, person: Person, since: datetime, until: datetime) -> Quality:
    """One's own figures; that they were seen is noted. Raises Invalid (span)."""
    _check(since, until)
    account, now = session.get_one(Account, person.id), utcnow()
    end = min(until, now)
    if end - open_until(session, person.id, since, now) > LEAST_NEW:
        session.add(QualitySeen(account_id=person.id, since=since, until=end, seen_at=now))
        session.flush()
    return _of(account, _load(session, None, since, until, person.id), since, until, until)


def of(session: Session, viewer: Person, username: str, since: datetime, until: datetime) -> Quality:
    """A reviewer's figures for somebody else, of candidates in their scope. Raises NotFound, Invalid (span)."""
    _check(since, until)
    account = session.scalar(select(Account).where(Account.username == username))
    if account is None or account.role != Role.REVIEWER:
        raise not_found("reviewer", "一审人员", username)
    now = utcnow()
    end = min(until, open_until(session, account.id, since, now))
    said = [s for s in _load(session, viewer, since, until, account.id) if _open(s, since, end, now)]
    return _of(account, said, since, until, end)


def panel(session: Session, viewer: Person, since: datetime, until: datetime) -> Panel:
    """All reviewers: who is least sure to be right on planted items first, then by name. Raises Invalid (span)."""
    _check(since, until)
    now = utcnow()
    accounts = session.scalars(
        select(Account).where(Account.role == Role.REVIEWER).order_by(Account.username)
    ).all()
    ends = {a.id: min(until, open_until(session, a.id, since, now)) for a in accounts}
    said: dict[int, list[Said]] = {a.id: [] for a in accounts}
    for one in said_between(session, viewer, since, until):
        if one.account in ends and one.at < ends[one.account]:
            said[one.account].append(one)
    people = [_line(a, said[a.id], since, until, ends[a.id]) for a in accounts]
    people.sort(key=_careless_first)
    return Panel(since, until, alpha_of(s for own in said.values() for s in own), people)


def open_until(session: Session, account_id: int, since: datetime, now: datetime) -> datetime:
    """To where others may see a reviewer's figures of a span that begins at ``since``: what the reviewer has seen of it
    without a gap, or some days ago. Before ``since`` or at it: nothing is open."""
    shown = max(since, _some_days_ago(now)) if since < now else since
    query = select(QualitySeen).where(QualitySeen.account_id == account_id, QualitySeen.until > shown)
    for seen in session.scalars(query.order_by(QualitySeen.since)):
        if seen.since <= shown:
            shown = max(shown, seen.until)
    return shown


def _some_days_ago(now: datetime) -> datetime:
    return now - timedelta(days=rules().first_to_reviewer_days)


def _open(said: Said, since: datetime, end: datetime, now: datetime) -> bool:
    """Whether others may be told of it: within what is open of the span, or old enough (drift reaches further back)."""
    return since <= said.at < end or said.at < min(since, _some_days_ago(now))


def _load(
    session: Session, viewer: Person | None, since: datetime, until: datetime, account: int | None
) -> list[Said]:
    """Back to where drift begins."""
    numbers = rules()
    back = until - timedelta(days=numbers.drift_last_days + numbers.drift_before_days)
    return said_between(session, viewer, min(since, back), until, None if account is None else {account})


def _of(account: Account, said: list[Said], since: datetime, until: datetime, end: datetime) -> Quality:
    numbers = rules()
    opens_at = until + timedelta(days=numbers.first_to_reviewer_days)
    shown = [s for s in said if since <= s.at < end]
    if end <= since:
        return Quality(account, since, None, opens_at, [], kappa_of([]), [], None)
    return Quality(
        account,
        since,
        end,
        opens_at,
        rows_of(shown, numbers) or [row_of("all", None, [], numbers)],
        kappa_of(shown),
        drift_of([s for s in said if s.at < end], end, numbers),
        seconds_of(shown),
    )


def _line(account: Account, said: list[Said], since: datetime, until: datetime, end: datetime) -> Quality:
    numbers = rules()
    opens_at = until + timedelta(days=numbers.first_to_reviewer_days)
    if end <= since:
        return Quality(account, since, None, opens_at, [], kappa_of([]), [], None)
    whole = row_of("all", None, said, numbers)
    return Quality(account, since, end, opens_at, [whole], kappa_of(said), [], seconds_of(said))


def _careless_first(one: Quality) -> tuple[float, str]:
    planted = one.rows[0].planted if one.rows else None
    value = planted.value if planted is not None else None
    return (2.0 if value is None else value, one.account.username)


def _check(since: datetime, until: datetime) -> None:
    most = rules().most_days
    if not since < until or until - since > timedelta(days=most):
        raise Invalid(
            "bad_span",
            zh=f"起始须早于终止，且不超过 {most} 天",
            en=f"the span must begin before it ends, and be no longer than {most} days",
        )
