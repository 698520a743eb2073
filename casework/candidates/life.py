"""Merging, splitting, withdrawing: what happens to candidates besides decisions, by the table in ``life.toml``.

A merged candidate keeps its sightings and its sealed evidence; it only says where it went on, so that a merge
can be taken back. A split moves sightings; the evidence that was sealed with them is found by their keys.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.audit.service import record
from casework.candidates import queries
from casework.candidates.acts import Act, act
from casework.candidates.queries import in_scope
from casework.candidates.sums import sum_up
from casework.candidates.tables import Candidate, CandidateEvent, CandidateSighting
from casework.counters import lock_counter, next_number
from casework.db import utcnow
from casework.errors import Conflict, Invalid, not_found
from casework.people.service import Person
from casework.words import word

SYSTEM = "system"


def merge(session: Session, person: Person | None, candidate_id: int, into_id: int, reason: str) -> Candidate:
    """One candidate goes on in another, which is returned. person none: the system, which says why in ``reason``.

    Raises NotFound, Invalid (the same one, another type, no reason), Conflict (state, or somebody holds it).
    """
    # One after the other with raising: a sighting must not join what is just being merged.
    lock_counter(session, "raising")
    rows = {i: locked(session, person, i) for i in sorted({candidate_id, into_id})}
    gone, kept = rows[candidate_id], rows[into_id]
    step = _may_merge(gone, kept, person)
    _reasoned(reason)
    before = {"proof": kept.proof, "clue_because": kept.facts["clue_because"]}
    gone.merged_into = kept.id
    _strengthen(kept, gone, queries.sightings_of(session, kept))
    write(session, gone, step, person, reason, other_id=kept.id, data={"before": before})
    sum_up(session, kept)
    kept.standing = kept.standing or gone.standing
    return kept


def merge_target(session: Session, person: Person, candidate_id: int, number: str) -> Candidate:
    """The candidate of a number as people read it, if this one may go on in it. Raises as ``merge`` does."""
    gone = queries.candidate(session, person, candidate_id)
    kept = queries.by_number(session, person, number.strip().upper())
    _may_merge(gone, kept, person)
    return kept


def _may_merge(gone: Candidate, kept: Candidate, person: Person | None) -> Act:
    if gone.id == kept.id:
        raise Invalid(
            "same_candidate", zh="不能并入自身", en="a candidate cannot be merged into itself; name another"
        )
    step = may("merge", gone, person)
    if kept.state not in step.into:
        state = word("candidate_states", kept.state)
        raise Conflict(
            "bad_state",
            zh=f"{kept.number} 现为“{state.zh}”，不能再并入其他疑似",
            en=f"{kept.number} is '{state.en}' now: nothing can be merged into it",
        )
    if (gone.type, gone.warning) != (kept.type, kept.warning):
        types = [word("types", one.type) for one in (gone, kept)]
        raise Invalid(
            "other_type",
            zh=f"类型不同（{types[0].zh}、{types[1].zh}）或一为预警的疑似不能合并",
            en=f"only candidates of one type can be merged ({types[0].en}, {types[1].en}), and a warning only with "
            "a warning",
        )
    return step


def unmerge(session: Session, person: Person, candidate_id: int, reason: str) -> Candidate:
    """A merged candidate is one of its own again, to be reviewed anew. Raises NotFound, Conflict, Invalid."""
    lock_counter(session, "raising")
    gone = locked(session, person, candidate_id)
    step = _step("unmerge", gone, person, reason)
    assert gone.merged_into is not None
    kept = locked(session, None, gone.merged_into)
    merged = [
        e for e in queries.events_on(session, gone.id) if e.act == "merge" and e.candidate_id == gone.id
    ]
    if kept.state in act("merge").sources:  # not yet kept or filed
        before = merged[-1].data["before"]
        kept.proof = before["proof"]
        kept.facts = {**kept.facts, "clue_because": before["clue_because"]}
    gone.merged_into = None
    write(session, gone, step, person, reason, other_id=kept.id)
    sum_up(session, kept)
    return gone


def split(
    session: Session, person: Person, candidate_id: int, sightings: Collection[int], reason: str
) -> Candidate:
    """Some sightings are of another thing, which becomes a candidate of its own and is returned.

    Raises NotFound, Conflict (state, or held by another), Invalid (not its sightings, none, or all of them).
    """
    lock_counter(session, "raising")
    old = locked(session, person, candidate_id)
    step = _step("split", old, person, reason)
    rows = list(
        session.scalars(select(CandidateSighting).where(CandidateSighting.candidate_id == candidate_id))
    )
    moving = [row for row in rows if row.id in set(sightings)]
    if not moving or len(moving) < len(set(sightings)) or len(moving) == len(rows):
        raise Invalid(
            "bad_sightings",
            zh="请选择该疑似自己的部分出现记录（不能为空，也不能全选）",
            en="name some of this candidate's own sightings, not none and not all of them",
        )
    new = _copy(session, old)
    for row in moving:
        row.candidate_id, row.moved_from = new.id, row.moved_from or old.id
    session.flush()
    for one in (old, new):
        sum_up(session, one)
        _weaken(session, one)
    moved = {"sightings": sorted(row.id for row in moving)}
    write(session, old, step, person, reason, other_id=new.id, data=moved)
    write(session, new, act("split_off"), person, reason, other_id=old.id, data=moved, begins=True)
    return new


def withdraw(session: Session, person: Person | None, candidate_id: int, because: str) -> Candidate:
    """It should not have been raised, say the system or a leader. Raises NotFound, Conflict, Invalid."""
    row = locked(session, person, candidate_id)
    write(session, row, _step("withdraw", row, person, because), person, because)
    return row


def restore(session: Session, person: Person, candidate_id: int, reason: str) -> Candidate:
    """A person does not agree with a withdrawal: it is reviewed. Raises NotFound, Conflict, Invalid."""
    row = locked(session, person, candidate_id)
    write(session, row, _step("restore", row, person, reason), person, reason)
    return row


def locked(session: Session, person: Person | None, candidate_id: int) -> Candidate:
    """The candidate, its row locked until the transaction ends. Raises NotFound, outside the squad too."""
    query = select(Candidate).where(Candidate.id == candidate_id)
    if person is not None:
        query = in_scope(query, person)
    row: Candidate | None = session.scalar(query.with_for_update(of=Candidate))
    if row is None:
        raise not_found("candidate", "疑似", candidate_id)
    return row


def may(name: str, row: Candidate, person: Person | None) -> Act:
    """The act, if the candidate's state and whoever reviews it now allow it. Raises Conflict."""
    step = act(name)
    if row.state not in step.sources:
        state = word("candidate_states", row.state)
        raise Conflict(
            "bad_state",
            zh=f"该疑似现为“{state.zh}”，不能进行此操作",
            en=f"this candidate is '{state.en}' now: it cannot be changed so",
        )
    if held_by_other(row, person):
        raise Conflict("held_by_other", zh="该疑似正由他人审核", en="somebody else holds this candidate")
    who = {"person", person.role} if person else {SYSTEM}
    if step.by.isdisjoint(who):  # pragma: no cover - the endpoints know the table
        raise KeyError(f"{name} is not for {who}")
    return step


def held_by_other(row: Candidate, person: Person | None) -> bool:
    """Whether somebody else reviews it at this moment."""
    mine = person is not None and row.lease_by == person.id
    return row.lease_until is not None and row.lease_until > utcnow() and not mine


def _step(name: str, row: Candidate, person: Person | None, reason: str) -> Act:
    step = may(name, row, person)
    _reasoned(reason)
    return step


def _reasoned(reason: str) -> None:
    if not reason.strip():
        raise Invalid("reason_needed", zh="请写明理由", en="say in words why")


def write(
    session: Session,
    row: Candidate,
    step: Act,
    person: Person | None,
    reason: str,
    *,
    other_id: int | None = None,
    data: dict[str, Any] | None = None,
    begins: bool = False,
) -> None:
    """The new state with its event, and the audit log last."""
    event = CandidateEvent(
        candidate_id=row.id,
        at=utcnow(),
        act=step.name,
        from_state="" if begins else row.state,
        to_state=step.to or row.state,
        other_id=other_id,
        account_id=person.id if person else None,
        by_name=person.display_name if person else SYSTEM,
        reason=reason.strip(),
        data=data or {},
    )
    row.state = event.to_state
    row.lease_by = row.lease_stage = row.lease_until = None
    session.add(event)
    session.flush()
    actor = person.actor if person else SYSTEM
    record(session, actor, f"candidate_{step.name}", f"candidate:{row.id}", event.content())


def _strengthen(kept: Candidate, gone: Candidate, rows: list[CandidateSighting]) -> None:
    """A clue becomes evidence by what joins it, as long as nobody has decided: one that is evidence, or a second
    pass far enough from the first where nothing but that was missing."""
    if kept.state != "open" or kept.proof == "evidence":
        return
    begun = [row.first_at for row in rows]
    apart = max(begun) - min(begun)
    only_passes = kept.facts["clue_because"] == gone.facts["clue_because"] == ["one_pass"]
    enough = only_passes and apart.total_seconds() >= kept.facts["rule"]["pass_spacing_s"]
    if gone.proof == "evidence" or enough:
        kept.proof = "evidence"
        kept.facts = {**kept.facts, "clue_because": []}


def _weaken(session: Session, row: Candidate) -> None:
    """After a split: vehicle passes alone, none far enough from another, are a clue."""
    rows = queries.sightings_of(session, row)
    begun = [s.first_at for s in rows]
    apart = (max(begun) - min(begun)).total_seconds()
    passes_only = all(s.device.kind == "vehicle" for s in rows)
    because = list(row.facts["clue_because"])
    if passes_only and apart < row.facts["rule"]["pass_spacing_s"] and "one_pass" not in because:
        row.proof = "clue"
        row.facts = {**row.facts, "clue_because": [*because, "one_pass"], "proven_by": "one_pass"}


def _copy(session: Session, old: Candidate) -> Candidate:
    """A new row at the same place; its times come from its sightings."""
    day = old.number.split("-")[1]
    new = Candidate(
        number=f"YS-{day}-{next_number(session, f'candidate:{day}'):04d}",
        state="open",
        standing=old.standing,
        made_at=utcnow(),
        reason=None,
        **{
            name: getattr(old, name)
            for name in (
                *("type", "proof", "squad_id", "street_id", "shop_id", "device_id", "latitude", "longitude"),
                *("place_error_m", "image_place", "first_at", "last_at", "observed_s", "inferred_s"),
                *("confidence", "rule", "rule_version", "rule_set", "model_id", "warning"),
            )
        },
        facts={**old.facts, "split_from": old.id},
    )
    session.add(new)
    session.flush()
    new.group_id = new.id
    return new
