"""Reading plans: which hold now, what they cost against the budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from casework.errors import not_found
from casework.plans import budget
from casework.plans.choosing import Holding, chosen, holding, plans_now
from casework.plans.choosing import cameras as all_cameras
from casework.plans.refreshing import Wish, shared, wishes
from casework.plans.sharing import QUICK_RESERVE
from casework.plans.tables import LookDue, Plan


@dataclass(frozen=True, slots=True)
class Load:
    """Looks an hour. wanted: by the plans; given: after what never happens anywhere and the budget were weighed.

    limit: the budget without the part that is kept for follow-up looks, none: there is no budget. stretched: the most
    by which an interval is longer than wanted, 1: none is.
    """

    cameras: int
    wanted: float
    given: float
    limit: float | None
    stretched: float = 1.0


def plan(session: Session, code: str) -> Plan:
    """The version that counts. Raises NotFound."""
    row = session.scalar(select(Plan).where(Plan.code == code, Plan.replaced_at.is_(None)))
    if row is None:
        raise not_found("plan", "预案", code)
    return row


def history(session: Session, code: str) -> list[Plan]:
    """All versions, newest first."""
    return list(session.scalars(select(Plan).where(Plan.code == code).order_by(Plan.version.desc())))


def loads(session: Session) -> dict[int, Load]:
    """Plan id -> what it has now, as the schedule stands."""
    rows = session.execute(
        select(
            LookDue.plan_id,
            func.count(),
            func.sum(3600.0 / LookDue.wanted_s),
            func.sum(3600.0 / LookDue.interval_s),
            func.max(LookDue.interval_s / LookDue.wanted_s),
        ).group_by(LookDue.plan_id)
    )
    limit = _limit(session)
    return {
        number: Load(count, float(wanted), float(given), limit, float(most))
        for number, count, wanted, given, most in rows
    }


def total(parts: Sequence[Load], limit: float | None) -> Load:
    """Of all plans together."""
    return Load(
        sum(p.cameras for p in parts),
        sum(p.wanted for p in parts),
        sum(p.given for p in parts),
        limit,
        max((p.stretched for p in parts), default=1.0),
    )


def whole_load(session: Session) -> Load:
    """Of the schedule as it stands."""
    return total(list(loads(session).values()), _limit(session))


@dataclass(frozen=True, slots=True)
class Trial:
    """What a plan would cost while it is in force beside those that are in force now. own: its own part."""

    own: Load
    whole: Load


def trial(session: Session, tried: Plan, now: datetime) -> Trial:
    """With a checked plan (not in the session) instead of the version that counts, in force whatever its calendar."""
    held = [h for h in holding(plans_now(session), now) if h.plan.code != tried.code]
    held.append(Holding(tried, tried.interval_s, False))
    listed = wishes(session, now, held)
    limit = budget.current(session)
    intervals = shared(listed, {}, limit, now)
    own = [(w, s) for w, s in zip(listed, intervals, strict=True) if w.held.plan is tried]
    hourly = _limit(session)
    return Trial(_load(own, hourly), _load(list(zip(listed, intervals, strict=True)), hourly))


def _load(rows: Sequence[tuple[Wish, float]], limit: float | None) -> Load:
    return Load(
        len(rows),
        sum(3600 / w.wanted_s for w, _ in rows),
        sum(3600 / s for _, s in rows),
        limit,
        max((s / w.every_s for w, s in rows), default=1.0),
    )


def _limit(session: Session) -> float | None:
    per_s = budget.current(session)
    return per_s * 3600 * (1 - QUICK_RESERVE) if per_s is not None else None


def named(session: Session, row: Plan) -> int:
    """How many cameras a plan names, whether another plan goes before it or not."""
    return len(chosen([Holding(row, row.interval_s, False)], all_cameras(session)))
