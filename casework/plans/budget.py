"""How many looks there can be: what a person entered for one machine, times the machines."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.audit.service import record
from casework.db import utcnow
from casework.errors import Invalid
from casework.plans.tables import LookBudget

MOST_PER_HOUR = 10_000_000
MOST_MACHINES = 1000


def newest(session: Session) -> LookBudget | None:
    """What was entered last; none: nobody entered any, and there is no limit."""
    return session.scalar(select(LookBudget).order_by(LookBudget.id.desc()).limit(1))


def current(session: Session) -> float | None:
    """Looks a second over all machines; none: no limit."""
    row = newest(session)
    return row.looks_per_hour * row.machines / 3600 if row else None


@dataclass(frozen=True, slots=True)
class NewBudget:
    """looks_per_hour: of one machine."""

    looks_per_hour: int
    machines: int
    reason: str


def enter(session: Session, actor: str, by_name: str, new: NewBudget) -> LookBudget:
    """A new budget; the old ones stay as they were. Raises Invalid."""
    if not 1 <= new.looks_per_hour <= MOST_PER_HOUR or not 1 <= new.machines <= MOST_MACHINES:
        raise Invalid(
            "bad_budget",
            zh=f"每台机器每小时检看次数须为 1–{MOST_PER_HOUR}，机器数须为 1–{MOST_MACHINES}",
            en=f"looks an hour of a machine: 1 to {MOST_PER_HOUR}; machines: 1 to {MOST_MACHINES}",
        )
    if not new.reason.strip():
        raise Invalid("reason_needed", zh="请写明修改理由", en="say in words why the budget changes")
    row = LookBudget(
        looks_per_hour=new.looks_per_hour,
        machines=new.machines,
        reason=new.reason.strip(),
        by_name=by_name,
        made_at=utcnow(),
    )
    session.add(row)
    session.flush()
    detail = {"looks_per_hour": row.looks_per_hour, "machines": row.machines, "reason": row.reason}
    record(session, actor, "look_budget", f"budget:{row.id}", detail)
    return row
