"""Saving plans: checked as a whole, every change a new version, the old ones stay."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.algorithms.tables import Algorithm
from casework.audit.service import record
from casework.counters import lock_counter
from casework.db import utcnow
from casework.devices.tables import Device
from casework.errors import Conflict, Invalid, not_found
from casework.places import calendars
from casework.places.tables import Squad
from casework.plans.tables import Plan
from casework.words import codes

CODE = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
LEAST_S, MOST_S = 1.0, 86_400.0
LEAST_WEIGHT, MOST_WEIGHT = 0.1, 100.0
LONGEST_DUTY = timedelta(days=92)
MOST_SPANS, MOST_TARGETS = 50, 20_000
TILINGS = ("whole", "tiles")


@dataclass(frozen=True, slots=True)
class Targets:
    """Whom a plan names: the whole district, or cameras, groups and squads by code and name."""

    district: bool = False
    devices: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    squads: tuple[str, ...] = ()

    def as_data(self) -> dict[str, Any]:
        """As the table keeps it."""
        listed = {"devices": self.devices, "groups": self.groups, "squads": self.squads}
        given = {name: sorted(set(values)) for name, values in listed.items() if values}
        return given | ({"district": True} if self.district else {})


@dataclass(frozen=True, slots=True)
class Duty:
    """A span of special duty (保障): the plan holds throughout and is never stretched. interval_s none: the plan's."""

    name: str
    since: datetime
    until: datetime
    interval_s: float | None = None


@dataclass(frozen=True, slots=True)
class NewPlan:
    """A plan as it is to hold. See ``casework.plans.tables.Plan`` for the parts."""

    code: str
    name: str
    targets: Targets
    interval_s: float
    calendar: dict[str, Any] | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    slowest_s: float | None = None
    types: Sequence[str] = ()
    algorithm_id: int | None = None
    tiling: str | None = None
    weight: float = 1.0
    special: Sequence[Duty] = field(default_factory=tuple)
    active: bool = True


@dataclass(frozen=True, slots=True)
class Saving:
    """Who saves and why. base: the version that was edited (0: none was there); another one since is a conflict."""

    actor: str
    name: str
    reason: str = ""
    base: int | None = None


def checked(session: Session, new: NewPlan) -> Plan:
    """The plan as a row that is not in the session. Raises Invalid, NotFound: in one line what and how to mend it."""
    if not CODE.fullmatch(new.code):
        raise _bad(
            "预案编码只能用字母、数字和 _ . : -，最多 64 位",
            "a plan's code is 1 to 64 letters, digits and _ . : -",
        )
    if not new.name.strip() or len(new.name) > 80:
        raise _bad("预案名称为 1–80 字", "a plan's name has 1 to 80 characters")
    _number(new.interval_s, LEAST_S, MOST_S, "检看间隔（秒）", "interval_s")
    _number(new.weight, LEAST_WEIGHT, MOST_WEIGHT, "权重", "weight")
    if new.slowest_s is not None:
        _number(
            new.slowest_s,
            new.interval_s,
            MOST_S,
            "最慢间隔（秒，不小于检看间隔）",
            "slowest_s (not below interval_s)",
        )
    if strange := sorted(set(new.types) - codes("types")):
        raise _bad(f"没有违规类型 {strange[0]}", f"no violation type {strange[0]}")
    if new.tiling not in (None, *TILINGS):
        raise _bad("分块方式只能是整图或分块", f"tiling is one of {', '.join(TILINGS)}")
    _check_targets(session, new.targets)
    _check_algorithm(session, new.algorithm_id)
    days = {"valid_from": _text(new.valid_from), "valid_to": _text(new.valid_to)}
    wrong = calendars.problem(new.calendar, days)
    if wrong:
        raise _bad(*wrong)
    return Plan(
        code=new.code,
        name=new.name.strip(),
        targets=new.targets.as_data(),
        calendar=new.calendar or None,
        valid_from=new.valid_from,
        valid_to=new.valid_to,
        interval_s=float(new.interval_s),
        slowest_s=new.slowest_s,
        types=sorted(set(new.types)),
        algorithm_id=new.algorithm_id,
        tiling=new.tiling,
        weight=float(new.weight),
        special=_spans(new.special),
        active=new.active,
    )


def save(session: Session, by: Saving, new: NewPlan) -> Plan:
    """The next version of a plan; cameras follow with the next ``refresh``. Raises Invalid, NotFound, Conflict."""
    row = checked(session, new)
    lock_counter(session, f"plan:{new.code}")
    before = session.scalar(select(Plan).where(Plan.code == new.code, Plan.replaced_at.is_(None)))
    number = before.version if before else 0
    if by.base is not None and by.base != number:
        raise Conflict(
            "plan_changed",
            zh=f"该预案已有第 {number} 版，请刷新后重试" if number else "该预案不存在，请刷新",
            en=f"the plan is at version {number} now; read it again",
        )
    now = utcnow()
    if before is not None:
        before.replaced_at = now
    row.version, row.reason, row.made_by, row.by_name, row.made_at = (
        number + 1,
        by.reason.strip(),
        by.actor,
        by.name,
        now,
    )
    session.add(row)
    session.flush()
    detail = {
        "version": row.version,
        "interval_s": row.interval_s,
        "active": row.active,
        "reason": row.reason,
    }
    record(session, by.actor, "plan_saved", f"plan:{row.code}", detail)
    return row


def _check_targets(session: Session, targets: Targets) -> None:
    if not targets.as_data():
        raise _bad("请选择摄像机、分组、中队或全区", "name cameras, groups, squads, or the district")
    if len(targets.devices) > MOST_TARGETS:
        raise _bad(
            f"逐台选择的摄像机超过 {MOST_TARGETS} 台，请改用分组", "too many single cameras; use groups"
        )
    known = {code for (code,) in session.execute(select(Device.code).where(Device.kind == "fixed"))}
    for given, there, zh, en in (
        (targets.devices, known, "摄像机", "camera"),
        (targets.groups, _listed(session, Device.camera_group), "分组", "group"),
        (targets.squads, _listed(session, Squad.code), "中队", "squad"),
    ):
        strange = sorted(set(given) - there)
        if strange:
            raise not_found(en, zh, strange[0])


def _listed(session: Session, column: Any) -> set[str]:
    return {value for (value,) in session.execute(select(column).distinct()) if value}


def _check_algorithm(session: Session, algorithm_id: int | None) -> None:
    if algorithm_id is None:
        return
    row = session.get(Algorithm, algorithm_id)
    if row is None:
        raise not_found("algorithm", "算法版本", algorithm_id)
    if row.state == "retired":
        raise _bad(
            f"算法 {row.name} {row.version} 已退役，请另选",
            f"{row.name} {row.version} is retired; choose another",
        )


def _spans(duties: Sequence[Duty]) -> list[dict[str, Any]]:
    if len(duties) > MOST_SPANS:
        raise _bad(f"保障时段最多 {MOST_SPANS} 个", f"at most {MOST_SPANS} spans of special duty")
    spans = []
    for duty in sorted(duties, key=lambda d: d.since):
        if not duty.since < duty.until <= duty.since + LONGEST_DUTY:
            raise _bad(
                f"保障时段“{duty.name}”的结束须晚于开始，且不超过 {LONGEST_DUTY.days} 天",
                f"special duty {duty.name!r} ends after it begins, within {LONGEST_DUTY.days} days",
            )
        if duty.interval_s is not None:
            _number(duty.interval_s, LEAST_S, MOST_S, "保障间隔（秒）", "interval_s of special duty")
        spans.append(
            {
                "from": duty.since.isoformat(),
                "to": duty.until.isoformat(),
                "name": duty.name.strip()[:80],
                "interval_s": duty.interval_s,
            }
        )
    return spans


def _number(value: float, low: float, high: float, zh: str, en: str) -> None:
    if not math.isfinite(value) or not low <= value <= high:
        raise _bad(f"{zh}须在 {low:g} 到 {high:g} 之间", f"{en} lies between {low:g} and {high:g}")


def _text(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _bad(zh: str, en: str) -> Invalid:
    return Invalid("bad_plan", zh=zh, en=en)
