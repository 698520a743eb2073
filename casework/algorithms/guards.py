"""What must hold before a version is used: each guard says whether it holds and, in both languages, why not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from casework.algorithms import queries
from casework.algorithms.scopes import Scope, in_use_at
from casework.algorithms.tables import Algorithm
from casework.algorithms.transitions import limits
from casework.people.service import Person


@dataclass(frozen=True, slots=True)
class Guard:
    """code: evaluation, shadow_span, other_person, unused."""

    code: str
    ok: bool
    zh: str
    en: str
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ClassPair:
    """AP50 of one class on the same pictures; none where it was not measured."""

    name: str
    new: float | None
    old: float | None
    worse: bool


def compared(new: dict[str, Any], old: dict[str, Any], tolerance: float) -> list[ClassPair]:
    """The classes that the old version was measured on. A class that the new one lacks counts as worse."""
    ours, theirs = ap50_by_class(new), ap50_by_class(old)
    return [
        ClassPair(name, ours.get(name), was, name not in ours or ours[name] < was - tolerance - 1e-9)
        for name, was in sorted(theirs.items())
    ]


def ap50_by_class(figures: dict[str, Any]) -> dict[str, float]:
    """AP50 by class from what ``jiexun model evaluate --json`` prints: no mean, no intervals, no empty ones."""
    return {
        name: float(value)
        for name, value in figures["ap50"].items()
        if name != "mean" and not name.endswith("_ci") and value is not None
    }


def promotion_guards(session: Session, algorithm: Algorithm, scope: Scope, person: Person) -> list[Guard]:
    """All guards of a promotion in a scope, those that hold too."""
    return [
        _evaluation(session, algorithm, in_use_at(session, scope)),
        _shadow_span(session, algorithm, scope),
        _other_person(algorithm, person),
    ]


def _evaluation(session: Session, algorithm: Algorithm, old: Algorithm | None) -> Guard:
    if old is None:
        measured = bool(queries.evaluations(session, algorithm.id))
        return Guard(
            "evaluation",
            measured,
            "已登记评测" if measured else "尚未登记评测结果，请先用 jiexun model evaluate 评测并登记",
            "an evaluation is recorded"
            if measured
            else "no evaluation is recorded: run jiexun model evaluate and record its JSON",
        )
    pair = queries.evaluations_on_same(session, algorithm.id, old.id)
    if pair is None:
        return Guard(
            "evaluation",
            False,
            f"两个版本没有同一保留集上的评测，请用同一数据评测它与在用的 {old.name} {old.version}",
            f"no evaluation on the same keep-set for both: measure this one and {old.name} {old.version}, "
            "which is in use, on the same data and record both",
        )
    new, was = pair
    classes = compared(new.figures, was.figures, limits().ap50_tolerance)
    worse = [c for c in classes if c.worse]
    values = {
        "dataset": new.dataset,
        "split": new.split,
        "dataset_sha256": new.dataset_sha256,
        "old": f"{old.name}@{old.version}",
        "classes": [{"name": c.name, "new": c.new, "old": c.old, "worse": c.worse} for c in classes],
    }
    if not worse:
        return Guard("evaluation", True, "保留集各类均不低于在用版本", "not worse in any class", values)
    said = ", ".join(f"{c.name} {_figure(c.new)} < {_figure(c.old)}" for c in worse)
    return Guard(
        "evaluation",
        False,
        f"保留集上有类别变差（AP50）：{said}",
        f"worse than {old.name} {old.version} on the keep-set (AP50): {said}",
        values,
    )


def _figure(value: float | None) -> str:
    return "—" if value is None else f"{value:.3f}"


def _shadow_span(session: Session, algorithm: Algorithm, scope: Scope) -> Guard:
    looks, needed = queries.shadow_looks(session, algorithm.id, scope), limits().shadow_looks
    return Guard(
        "shadow_span",
        looks >= needed,
        f"影子运行已看 {looks} 次，至少需要 {needed} 次",
        f"{looks} looks in shadow in this scope, {needed} are needed",
        {"looks": looks, "needed": needed},
    )


def _other_person(algorithm: Algorithm, person: Person) -> Guard:
    other = algorithm.added_by != person.id
    return Guard(
        "other_person",
        other,
        "批准人与登记人不是同一人" if other else "登记人不能批准自己登记的版本，请由他人批准",
        "approved by another person than who added it"
        if other
        else "who added a version does not approve it: somebody else must",
    )
