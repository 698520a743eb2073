"""Taking a version in, and its steps. Every act has a person, a time and a reason, and is in the audit log."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.algorithms import queries
from casework.algorithms.files import Offer
from casework.algorithms.guards import Guard, ap50_by_class, promotion_guards
from casework.algorithms.scopes import Scope, checked, holding, in_use_at
from casework.algorithms.tables import Algorithm, AlgorithmEvaluation, AlgorithmEvent, Assignment
from casework.algorithms.transitions import Step, step
from casework.audit.service import record
from casework.counters import lock_counter
from casework.db import utcnow
from casework.errors import Conflict, Invalid, Refused
from casework.people.service import Person
from casework.words import word

SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
SHA256 = re.compile(r"[0-9a-f]{64}")
SYSTEM = "system"


def add(session: Session, person: Person | None, offer: Offer, size: int, reason: str) -> Algorithm:
    """Take a version into the registry; its file was kept before (``files.keep``).

    person: none for the one that came with the release. Raises Conflict (there already), Invalid.
    """
    _begin(session, reason)
    if not SAFE_NAME.fullmatch(offer.model_id):
        raise Invalid(
            "bad_algorithm",
            zh=f"算法名称 {offer.model_id} 只能含字母、数字、点、横线与下划线",
            en=f"{offer.model_id}: name and version hold letters, digits, dots, dashes and underscores only",
        )
    known = session.scalar(
        select(Algorithm).where(
            (Algorithm.model_id == offer.model_id)
            | ((Algorithm.name == offer.name) & (Algorithm.version == offer.version))
        )
    )
    if known is not None:
        raise Conflict(
            "algorithm_exists",
            zh=f"{offer.name} {offer.version} 已登记；文件不同时请改用新的版本号",
            en=f"{offer.name} {offer.version} is registered already; another file needs another version",
        )
    row = Algorithm(
        name=offer.name,
        version=offer.version,
        kind=offer.kind,
        model_id=offer.model_id,
        sha256=offer.sha256,
        file=offer.path.name,
        size=size,
        classes=list(offer.classes),
        thresholds=offer.thresholds,
        record=offer.record,
        state="trained",
        added_by=person.id if person else None,
        added_by_name=person.display_name if person else SYSTEM,
        added_at=utcnow(),
    )
    session.add(row)
    session.flush()
    _write(session, person, row, "add", None, reason, {"sha256": offer.sha256})
    return row


def adopt(session: Session, offer: Offer, size: int) -> Algorithm:
    """The release's own version is used by the district where no version ever was: as before there was a registry."""
    lock_counter(session, "algorithms")
    row = session.scalar(select(Algorithm).where(Algorithm.model_id == offer.model_id))
    if row is None:
        row = add(session, None, offer, size, "随版本发布")
    if session.scalar(select(Assignment.id).limit(1)) is None:
        row.state = "active"
        _assign(session, None, row, "active", Scope(), "随版本发布的算法", None)
        _write(session, None, row, "adopt", "trained", "随版本发布的算法", {"scope": "district"})
    return row


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What ``jiexun model evaluate --json`` printed. dataset: what people call the data; its hash tells sets apart."""

    dataset: str
    figures: dict[str, Any] = field(repr=False)


def record_evaluation(
    session: Session, person: Person, algorithm_id: int, given: Evaluated
) -> AlgorithmEvaluation:
    """Keep figures with the version that they are of. Raises Invalid (another model's, or no figures)."""
    lock_counter(session, "algorithms")
    row = queries.algorithm(session, algorithm_id)
    try:
        measured = str(given.figures["model"]["sha256"])
        split, dataset = str(given.figures["data"]["split"]), str(given.figures["data"]["sha256"])
        classes = ap50_by_class(given.figures)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Invalid(
            "bad_evaluation",
            zh="评测结果缺少 model.sha256、data.sha256 或 ap50，请使用 jiexun model evaluate --json 的输出",
            en=f"no figures of jiexun model evaluate --json: {error!r} is missing or wrong",
        ) from error
    if measured != row.sha256:
        raise Invalid(
            "other_model",
            zh=f"该评测属于另一模型（{measured[:12]}），不是 {row.name} {row.version}",
            en=f"these figures are of another model ({measured[:12]}), not of {row.name} {row.version}",
        )
    if not classes or not all(0 <= v <= 1 for v in classes.values()) or not SHA256.fullmatch(dataset):
        raise Invalid(
            "bad_evaluation",
            zh="评测结果没有任何类别的 AP50，或数据集哈希有误",
            en="no class has an AP50 between 0 and 1, or the data set's hash is no SHA-256",
        )
    kept = AlgorithmEvaluation(
        algorithm_id=row.id,
        dataset=given.dataset,
        split=split,
        dataset_sha256=dataset,
        figures=given.figures,
        account_id=person.id,
        by_name=person.display_name,
        recorded_at=utcnow(),
    )
    session.add(kept)
    data = {"dataset": given.dataset, "split": split, "dataset_sha256": dataset}
    _write(session, person, row, "evaluation", row.state, "登记评测", {**data, "ap50": classes})
    return kept


def shadow(session: Session, person: Person, algorithm_id: int, scope: Scope, reason: str) -> Assignment:
    """Let a version run beside the one in use in a scope; another shadow there ends."""
    row, taken = _step(session, person, algorithm_id, "shadow", reason)
    scope = checked(session, scope)
    if in_use_at(session, scope) is row:
        raise _used_already(row, scope)
    before, row.state = row.state, taken.to
    new = _assign(session, person, row, "shadow", scope, reason, None)
    _write(session, person, row, "shadow", before, reason, {"scope": str(scope)})
    return new


def promote(session: Session, person: Person, algorithm_id: int, scope: Scope, reason: str) -> Assignment:
    """Use a version in a scope. Raises Conflict, naming every guard that does not hold and why."""
    row, taken = _step(session, person, algorithm_id, "promote", reason)
    scope = checked(session, scope)
    if in_use_at(session, scope) is row:
        raise _used_already(row, scope)
    _hold(promotion_guards(session, row, scope, person))
    before, row.state = row.state, taken.to
    row.approved_by_name, row.approved_at = person.display_name, utcnow()
    former = holding(session, scope)
    beside = holding(session, scope, "shadow")
    if beside is not None and beside.algorithm_id == row.id:
        beside.ended_at = utcnow()
    new = _assign(session, person, row, "active", scope, reason, former)
    old = former.algorithm.model_id if former else None
    _write(session, person, row, "promote", before, reason, {"scope": str(scope), "instead_of": old})
    return new


def rollback(session: Session, person: Person, assignment_id: int, reason: str) -> Assignment | None:
    """Withdraw the version of an assignment that holds and restore the one before it, in one step.

    A group or camera without a version of its own before goes back to that of the scope around it (none is
    returned). Naming the assignment keeps a second click from going back twice. Raises Conflict.
    """
    _begin(session, reason)
    current = session.get(Assignment, assignment_id)
    if current is None or current.ended_at is not None or current.role != "active":
        raise Conflict(
            "not_in_use",
            zh="该版本已不在用，请刷新后查看",
            en="this version is not in use there any more; look again",
        )
    scope = Scope(current.scope, current.target)
    former = session.get(Assignment, current.replaces_id) if current.replaces_id else None
    if former is None and scope.kind == "district":
        raise Conflict(
            "nothing_before",
            zh="全区没有更早的版本可恢复",
            en="there is no version before this one to restore",
        )
    bad = queries.algorithm(session, current.algorithm_id)
    withdrawn = _may(person, "withdraw", bad)
    current.ended_at = utcnow()
    session.flush()
    restored = None
    if former is not None:
        good = queries.algorithm(session, former.algorithm_id)
        taken = _may(person, "restore", good)
        before, good.state = good.state, taken.to
        earlier = session.get(Assignment, former.replaces_id) if former.replaces_id else None
        restored = _assign(session, person, good, "active", scope, reason, earlier)
        _write(session, person, good, "restore", before, reason, {"scope": str(scope), "after": bad.model_id})
    held = queries.assignments(session, bad.id)
    before = bad.state
    if not any(a.role == "active" for a in held):  # used nowhere else: it is put away, its shadow runs too
        bad.state = withdrawn.to
        for assignment in held:
            assignment.ended_at = utcnow()
    _write(session, person, bad, "withdraw", before, reason, {"scope": str(scope)})
    return restored


def retire(session: Session, person: Person, algorithm_id: int, reason: str) -> Algorithm:
    """Put a version away; its shadow runs end. Raises Conflict while it is in use somewhere."""
    row, taken = _step(session, person, algorithm_id, "retire", reason)
    held = queries.assignments(session, row.id)
    used = [str(Scope(a.scope, a.target)) for a in held if a.role == "active"]
    said = ", ".join(used)
    _hold([Guard("unused", not used, f"仍在使用：{said}", f"it is still in use: {said}")])
    for assignment in held:
        assignment.ended_at = utcnow()
    before, row.state = row.state, taken.to
    _write(session, person, row, "retire", before, reason, {})
    return row


def end_shadow(session: Session, person: Person, assignment_id: int, reason: str) -> None:
    """A shadow run ends; the version keeps its state and what it found."""
    _begin(session, reason)
    held = session.get(Assignment, assignment_id)
    if held is None or held.ended_at is not None or held.role != "shadow":
        raise Conflict("not_in_shadow", zh="该影子运行已结束", en="this shadow run has ended already")
    row = queries.algorithm(session, held.algorithm_id)
    _may(person, "shadow", row)
    held.ended_at = utcnow()
    scope = str(Scope(held.scope, held.target))
    _write(session, person, row, "shadow_ended", row.state, reason, {"scope": scope})


def _begin(session: Session, reason: str) -> None:
    """Acts on the registry are done one after the other."""
    lock_counter(session, "algorithms")
    if not reason.strip():
        raise Invalid("reason_needed", zh="请写明理由", en="give a reason")


def _step(
    session: Session, person: Person, algorithm_id: int, act: str, reason: str
) -> tuple[Algorithm, Step]:
    _begin(session, reason)
    row = queries.algorithm(session, algorithm_id)
    return row, _may(person, act, row)


def _may(person: Person, act: str, row: Algorithm) -> Step:
    taken = step(act, row.state)
    name, here = word("algorithm_acts", act), word("algorithm_states", row.state)
    if taken is None:
        raise Conflict(
            "not_allowed",
            zh=f"{row.name} {row.version} 处于“{here.zh}”，不能{name.zh}",
            en=f"{row.name} {row.version} is '{here.en}': {act} is not possible",
        )
    if person.role not in taken.roles:
        raise Refused(
            "not_your_step",
            zh=f"“{name.zh}”须由其他角色办理",
            en=f"a {person.role} may not {act} an algorithm",
        )
    return taken


def _hold(guards: list[Guard]) -> None:
    failed = [g for g in guards if not g.ok]
    if failed:
        raise Conflict(
            "guards_failed", zh="；".join(g.zh for g in failed), en="; ".join(g.en for g in failed)
        )


def _used_already(row: Algorithm, scope: Scope) -> Conflict:
    return Conflict(
        "in_use_already",
        zh=f"该范围已在使用 {row.name} {row.version}",
        en=f"{row.name} {row.version} is in use there already ({scope})",
    )


def _assign(
    session: Session,
    person: Person | None,
    row: Algorithm,
    role: str,
    scope: Scope,
    reason: str,
    replaces: Assignment | None,
) -> Assignment:
    now = utcnow()
    held = holding(session, scope, role)
    if held is not None:
        held.ended_at = now
        session.flush()  # one of a role and scope at a time: the old one ends before the new one begins
    new = Assignment(
        algorithm_id=row.id,
        role=role,
        scope=scope.kind,
        target=scope.target,
        since=now,
        by_name=person.display_name if person else SYSTEM,
        reason=reason,
        replaces_id=replaces.id if replaces else None,
        algorithm=row,
    )
    session.add(new)
    session.flush()
    return new


def _write(
    session: Session,
    person: Person | None,
    row: Algorithm,
    act: str,
    before: str | None,
    reason: str,
    data: dict[str, Any],
) -> None:
    event = AlgorithmEvent(
        algorithm_id=row.id,
        at=utcnow(),
        account_id=person.id if person else None,
        by_name=person.display_name if person else SYSTEM,
        act=act,
        from_state=before,
        to_state=row.state,
        reason=reason,
        data=data,
    )
    session.add(event)
    session.flush()
    record(
        session,
        person.actor if person else SYSTEM,
        f"algorithm_{act}",
        f"algorithm:{row.id}",
        {"model": row.model_id, "from": before, "to": row.state, "reason": reason, **data},
    )
