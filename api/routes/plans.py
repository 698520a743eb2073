"""Plans (预案): which cameras are looked at when, what that costs, the budget."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request

from api.access import Ctx, Needs
from api.problems import speaks_english
from api.schemas import plans as p
from api.schemas.zones import CalendarData
from casework.algorithms.queries import algorithms
from casework.db import Session, utcnow
from casework.devices.queries import camera_groups
from casework.people.service import Person
from casework.places import calendars
from casework.plans import budget, queries, service
from casework.plans.choosing import holding, plans_now, special_span
from casework.plans.queries import Load
from casework.plans.schedule import refresh
from casework.plans.tables import LookBudget, Plan

router = APIRouter(tags=["plans"])
Reader = Annotated[Person, Depends(Needs("devices"))]
Keeper = Annotated[Person, Depends(Needs("camera_steps"))]
Code = Annotated[str, Path(pattern=r"^[A-Za-z0-9_.:-]{1,64}$")]


@router.get("/plans", operation_id="listPlans")
def list_plans(ctx: Ctx, person: Reader, request: Request) -> p.PlansOut:
    """All plans as they count, with what they have now; the budget; what may be chosen."""
    with ctx.database.read() as session:
        return _all(session, speaks_english(request))


@router.get("/plans/{code}/versions", operation_id="planVersions")
def plan_versions(code: Code, ctx: Ctx, person: Reader) -> list[p.PlanVersion]:
    """Who changed a plan when and why, newest first."""
    with ctx.database.read() as session:
        queries.plan(session, code)
        return [p.PlanVersion.model_validate(row) for row in queries.history(session, code)]


@router.put("/plans/{code}", operation_id="savePlan")
def save_plan(code: Code, body: p.PlanIn, ctx: Ctx, person: Keeper, request: Request) -> p.PlansOut:
    """Save the next version of a plan; the schedule follows at once."""
    by = service.Saving(person.actor, person.display_name, body.reason, body.base)
    with ctx.database.write() as session:
        service.save(session, by, _new(code, body))
        refresh(session, utcnow())
        return _all(session, speaks_english(request))


@router.post("/plans/{code}/trial", operation_id="tryPlan")
def try_plan(code: Code, body: p.PlanIn, ctx: Ctx, person: Keeper) -> p.TrialOut:
    """What the plan would cost. Nothing is written."""
    with ctx.database.read() as session:
        found = queries.trial(session, service.checked(session, _new(code, body)), utcnow())
        return p.TrialOut(own=_load(found.own), whole=_load(found.whole))


@router.put("/look-budget", operation_id="setBudget")
def set_budget(body: p.BudgetIn, ctx: Ctx, person: Keeper, request: Request) -> p.PlansOut:
    """Enter what the machines can do; the schedule follows at once."""
    with ctx.database.write() as session:
        budget.enter(session, person.actor, person.display_name, budget.NewBudget(**body.model_dump()))
        refresh(session, utcnow())
        return _all(session, speaks_english(request))


def _new(code: str, body: p.PlanIn) -> service.NewPlan:
    given: dict[str, Any] = body.model_dump(exclude={"base", "reason", "targets", "special", "calendar"})
    calendar = body.calendar.model_dump(exclude_defaults=True) if body.calendar else None
    return service.NewPlan(
        code=code,
        targets=service.Targets(
            body.targets.district,
            *(tuple(v) for v in (body.targets.devices, body.targets.groups, body.targets.squads)),
        ),
        special=[
            service.Duty(d.name, d.since.astimezone(UTC), d.until.astimezone(UTC), d.interval_s)
            for d in body.special
        ],
        calendar=calendar or None,
        **given,
    )


def _all(session: Session, english: bool) -> p.PlansOut:
    now = utcnow()
    rows = plans_now(session)
    held = {h.plan.id for h in holding(rows, now)}
    loads = queries.loads(session)
    whole = queries.whole_load(session)
    entered = budget.newest(session)
    return p.PlansOut(
        plans=[
            _plan(row, row.id in held, loads.get(row.id, Load(0, 0, 0, whole.limit)), now, english)
            for row in rows
        ],
        budget=_budget(entered) if entered else None,
        load=_load(whole),
        groups=camera_groups(session),
        algorithms=[
            p.AlgorithmChoice(id=a.id, name=a.name, version=a.version)
            for a in algorithms(session)
            if a.state != "retired"
        ],
    )


def _plan(row: Plan, holds: bool, load: Load, now: datetime, english: bool) -> p.PlanOut:
    days = {
        "valid_from": row.valid_from.isoformat() if row.valid_from else None,
        "valid_to": row.valid_to.isoformat() if row.valid_to else None,
    }
    said = calendars.preview(row.calendar, days, now)
    span = special_span(row.special, now)
    return p.PlanOut(
        code=row.code,
        version=row.version,
        name=row.name,
        targets=p.TargetsData(**row.targets),
        interval_s=row.interval_s,
        calendar=CalendarData(**row.calendar) if row.calendar else None,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        slowest_s=row.slowest_s,
        types=row.types,
        algorithm_id=row.algorithm_id,
        tiling=row.tiling,
        weight=row.weight,
        special=[
            p.DutyData(name=s["name"], since=s["from"], until=s["to"], interval_s=s["interval_s"])
            for s in row.special
        ],
        active=row.active,
        by_name=row.by_name,
        made_at=row.made_at,
        reason=row.reason,
        words=said.words[1 if english else 0],
        holds=holds,
        duty=span["name"] if holds and span else None,
        next_change=said.next_change,
        load=_load(load),
    )


def _load(load: Load) -> p.LoadOut:
    return p.LoadOut.model_validate(load)


def _budget(row: LookBudget) -> p.BudgetOut:
    return p.BudgetOut.model_validate(row)
