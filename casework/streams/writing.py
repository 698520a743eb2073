"""Reading and writing thousands of cameras at a time, in a few statements."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from casework.db import utcnow
from casework.devices.tables import Approval, Device
from casework.plans.tables import LookDue
from casework.streams.entries import Entry, Granted
from casework.streams.tables import Stream

_DEVICE = ("name", "camera_group", "heading", "squad_id", "street_id", "latitude", "longitude")
_STREAM = (
    "gb_code", "owner", "active", "place_system", "given_latitude", "given_longitude",
    "kind", "url", "transport", "user", "password_sealed",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Known:
    """A camera as it is in the database: the columns that a sheet may change, and its approvals."""

    id: int
    kind: str
    device: dict[str, Any]
    stream: dict[str, Any] | None
    approvals: frozenset[tuple[str, str, str, str, str]]


@dataclass(slots=True)
class Change:
    """What is to be written of one camera: only what differs."""

    entry: Entry
    known: Known | None
    device: dict[str, Any]
    stream: dict[str, Any]
    approvals: list[Granted]

    @property
    def nothing(self) -> bool:
        """Whether the camera is as the sheet says already."""
        return self.known is not None and not (self.device or self.stream or self.approvals)


def known_cameras(session: Session) -> dict[str, Known]:
    """Code -> what is known. All devices: three statements, however many."""
    of_stream = {
        row.device_id: {name: getattr(row, name) for name in _STREAM}
        for row in session.execute(select(Stream.device_id, *(getattr(Stream, n) for n in _STREAM)))
    }
    granted: dict[int, set[tuple[str, str, str, str, str]]] = {}
    for row in session.execute(
        select(
            Approval.device_id,
            Approval.kind,
            Approval.document,
            Approval.person,
            Approval.valid_from,
            Approval.valid_to,
        )
    ):
        key = (row.kind, row.document, row.person, row.valid_from.isoformat(), row.valid_to.isoformat())
        granted.setdefault(row.device_id, set()).add(key)
    columns = [getattr(Device, name) for name in _DEVICE]
    return {
        row.code: Known(
            row.id,
            row.kind,
            {name: getattr(row, name) for name in _DEVICE},
            of_stream.get(row.id),
            frozenset(granted.get(row.id, ())),
        )
        for row in session.execute(select(Device.id, Device.code, Device.kind, *columns))
    }


def approval_key(g: Granted) -> tuple[str, str, str, str, str]:
    """What makes two approvals the same."""
    return g.kind, g.document, g.person, g.valid_from.isoformat(), g.valid_to.isoformat()


def write(session: Session, changes: Sequence[Change]) -> None:
    """All cameras in a few statements, in the caller's transaction."""
    now = utcnow()
    new = [c for c in changes if c.known is None]
    blank: dict[str, Any] = dict.fromkeys(_DEVICE)
    if new:
        session.execute(
            insert(Device),
            [
                {
                    **blank,
                    **c.device,
                    "code": c.entry.code,
                    "name": c.entry.name or c.entry.code,
                    "name_en": c.entry.name or c.entry.code,
                    "kind": "fixed",
                    "active": True,
                    "made_at": now,
                }
                for c in new
            ],
        )
    ids = {code: number for number, code in session.execute(select(Device.id, Device.code))}
    _update(session, Device, "id", [(ids[c.entry.code], c.device) for c in changes if c.known and c.device])
    empty: dict[str, Any] = {**dict.fromkeys(_STREAM), "active": True, "made_at": now, "quiet_looks": 0}
    streams = [
        {**empty, **c.stream, "device_id": ids[c.entry.code]}
        for c in changes
        if c.known is None or c.known.stream is None
    ]
    if streams:
        session.execute(insert(Stream), streams)
    old = [(ids[c.entry.code], c.stream) for c in changes if c.known and c.known.stream and c.stream]
    _update(session, Stream, "device_id", old)
    ended = [number for number, stream in old if stream.get("active") is False]
    for number in ended:  # not looked at again, not even once: the next refresh is half a minute away
        session.execute(delete(LookDue).where(LookDue.device_id == number))
    approvals = [
        {
            "device_id": ids[c.entry.code],
            "kind": g.kind,
            "document": g.document,
            "person": g.person,
            "valid_from": g.valid_from,
            "valid_to": g.valid_to,
        }
        for c in changes
        for g in c.approvals
    ]
    if approvals:
        session.execute(insert(Approval), approvals)
    session.expire_all()


def _update(session: Session, table: Any, key: str, rows: Iterable[tuple[int, dict[str, Any]]]) -> None:
    """Rows that change the same columns go together."""
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for number, values in rows:
        alike.setdefault(tuple(sorted(values)), []).append({"b_key": number, **values})
    for names, listed in alike.items():
        target = table.__table__
        statement = (
            update(target)
            .where(target.c[key] == bindparam("b_key"))
            .values({target.c[name]: bindparam(name) for name in names})
        )
        session.connection().execute(statement, listed)
