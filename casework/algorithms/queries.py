"""Reading the registry."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from casework.algorithms.scopes import Scope, covers
from casework.algorithms.tables import Algorithm, AlgorithmEvaluation, AlgorithmEvent, Assignment, ShadowRun
from casework.devices.tables import Device
from casework.errors import not_found


def algorithms(session: Session) -> list[Algorithm]:
    """All versions, newest first."""
    return list(session.scalars(select(Algorithm).order_by(Algorithm.id.desc())))


def algorithm(session: Session, algorithm_id: int) -> Algorithm:
    """One version with its events. Raises NotFound."""
    row = session.scalar(
        select(Algorithm).where(Algorithm.id == algorithm_id).options(selectinload(Algorithm.events))
    )
    if row is None:
        raise not_found("algorithm", "算法", algorithm_id)
    return row


def algorithm_named(session: Session, text: str) -> Algorithm:
    """By number, ``name@version`` or model id. Raises NotFound."""
    name, _, version = text.partition("@")
    query = select(Algorithm.id).where((Algorithm.name == name) & (Algorithm.version == version))
    if not version:
        is_number = text.isascii() and text.isdigit()
        query = select(Algorithm.id).where(
            Algorithm.id == int(text) if is_number else Algorithm.model_id == text
        )
    found = session.scalar(query)
    if found is None:
        raise not_found("algorithm", "算法", text)
    return algorithm(session, found)


def model_of_file(session: Session, sha256: str) -> str | None:
    """The model id, as candidates carry it, of the algorithm that a file belongs to, one of eight bits too."""
    for row in algorithms(session):
        if sha256 in (row.sha256, (row.record.get("int8") or {}).get("sha256")):
            return row.model_id
    return None


def algorithms_by_model(session: Session, model_ids: Iterable[str]) -> dict[str, Algorithm]:
    """Model id, as candidates carry it -> the registry's row. One query."""
    rows = session.scalars(select(Algorithm).where(Algorithm.model_id.in_(set(model_ids))))
    return {row.model_id: row for row in rows}


def assignments(
    session: Session, algorithm_id: int | None = None, *, ended: bool = False
) -> list[Assignment]:
    """Those that hold (or all, with ``ended``), newest first; of one version, or of all."""
    query = select(Assignment).options(joinedload(Assignment.algorithm)).order_by(Assignment.id.desc())
    if algorithm_id is not None:
        query = query.where(Assignment.algorithm_id == algorithm_id)
    return list(session.scalars(query if ended else query.where(Assignment.ended_at.is_(None))))


def replaced_by(session: Session, rows: Iterable[Assignment]) -> dict[int, Algorithm]:
    """Assignment -> the version that it took the place of, where there was one. One query."""
    before = {row.id: row.replaces_id for row in rows if row.replaces_id is not None}
    query = (
        select(Assignment)
        .where(Assignment.id.in_(set(before.values())))
        .options(joinedload(Assignment.algorithm))
    )
    used = {row.id: row.algorithm for row in session.scalars(query)}
    return {number: used[earlier] for number, earlier in before.items()}


def newest_evaluations(session: Session) -> dict[int, AlgorithmEvaluation]:
    """Algorithm -> its newest evaluation. One query."""
    newest = select(func.max(AlgorithmEvaluation.id)).group_by(AlgorithmEvaluation.algorithm_id)
    rows = session.scalars(select(AlgorithmEvaluation).where(AlgorithmEvaluation.id.in_(newest)))
    return {row.algorithm_id: row for row in rows}


def evaluations(session: Session, algorithm_id: int) -> list[AlgorithmEvaluation]:
    """Of one version, newest first."""
    return list(
        session.scalars(
            select(AlgorithmEvaluation)
            .where(AlgorithmEvaluation.algorithm_id == algorithm_id)
            .order_by(AlgorithmEvaluation.id.desc())
        )
    )


def evaluations_on_same(
    session: Session, new_id: int, old_id: int
) -> tuple[AlgorithmEvaluation, AlgorithmEvaluation] | None:
    """The newest evaluation of the new version whose data set the old one was measured on too, with that one."""
    old = {e.dataset_sha256: e for e in reversed(evaluations(session, old_id))}
    return next(
        ((e, old[e.dataset_sha256]) for e in evaluations(session, new_id) if e.dataset_sha256 in old), None
    )


def shadow_looks(session: Session, algorithm_id: int, scope: Scope) -> int:
    """Looks that a version made in shadow within a scope since it last went into shadow."""
    began = session.scalar(
        select(func.max(AlgorithmEvent.at)).where(
            AlgorithmEvent.algorithm_id == algorithm_id,
            AlgorithmEvent.to_state == "shadow",
            AlgorithmEvent.from_state != "shadow",
        )
    )
    if began is None:
        return 0
    total = session.scalar(
        select(func.sum(ShadowRun.looks))
        .join(Device, Device.id == ShadowRun.device_id)
        .where(ShadowRun.algorithm_id == algorithm_id, ShadowRun.finished_at >= began, covers(scope))
    )
    return int(total or 0)
