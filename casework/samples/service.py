"""Keeping what was drawn, handing samples to reviewers, and taking their labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.audit.service import record
from casework.db import utcnow
from casework.errors import Conflict, Invalid
from casework.footage.tables import Footage
from casework.people.service import Person
from casework.samples import queries
from casework.samples.tables import LookSample, SampleDraw, SampleLabel
from casework.words import codes

LEASE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A look that was drawn; its picture lies in the store. turn: 0-1, from the seed."""

    captured_at: datetime
    picture: str
    media_type: str
    width: int
    height: int
    turn: float


def record_draw(
    session: Session, footage: Footage, model_id: str, looks: int, drawn: Sequence[Drawn]
) -> None:
    """Keep a footage's draw, in the transaction that finishes the footage. looks: without a candidate, all of them."""
    session.add(
        SampleDraw(footage_id=footage.id, device_id=footage.device_id, model_id=model_id, looks=looks)
    )
    for one in drawn:
        session.add(
            LookSample(
                footage_id=footage.id,
                device_id=footage.device_id,
                model_id=model_id,
                captured_at=one.captured_at,
                picture=one.picture,
                media_type=one.media_type,
                width=one.width,
                height=one.height,
                turn=one.turn,
            )
        )
    session.flush()


def take_next(
    session: Session, person: Person, model_id: str | None = None
) -> tuple[LookSample | None, datetime | None]:
    """Lease the next unlabelled sample of the person's squad to them, in the random order."""
    now = utcnow()
    row = queries.next_free(session, person, model_id, now)
    if row is None:
        return None, None
    row.lease_by, row.lease_until = person.id, now + LEASE
    session.flush()
    return row, row.lease_until


def label(
    session: Session, person: Person, sample_id: int, missed: list[dict[str, Any]], note: str = ""
) -> SampleLabel:
    """Write what a person saw; empty: nothing was missed. Raises Conflict (labelled, or not held), Invalid."""
    row = queries.sample(session, person, sample_id, lock=True)
    done = session.scalar(select(SampleLabel).where(SampleLabel.sample_id == sample_id))
    if done is not None:
        raise Conflict("already_labelled", zh="该抽检已有人标注", en="this sample is labelled already")
    if row.lease_by != person.id:
        raise Conflict(
            "not_held", zh="请先领取再标注", en="take this sample from the queue before labelling it"
        )
    for thing in missed:
        left, top, right, bottom = thing["xyxy"]
        if thing["type"] not in codes("types"):
            raise Invalid("no_type", zh=f"没有类型 {thing['type']}", en=f"no type {thing['type']}")
        if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
            raise Invalid(
                "bad_boxes",
                zh="框须为 0–1 的左、上、右、下，且左小于右、上小于下",
                en="a box is left, top, right, bottom, 0-1, left before right, top above bottom",
            )
    made = SampleLabel(
        sample_id=sample_id, account_id=person.id, labelled_at=utcnow(), missed=missed, note=note
    )
    session.add(made)
    row.lease_by = row.lease_until = None
    session.flush()
    record(session, person.actor, "sample_labelled", f"sample:{sample_id}", {"missed": missed, "note": note})
    return made
