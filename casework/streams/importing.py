"""Bringing an inventory into the database: first shown, then done. All cameras in a few statements.

What a sheet says nothing of stays as it is, and a camera that is not in the sheet stays too: to end one, write 否 in
its column 启用. Faulty rows are never half taken.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from casework.audit.service import record
from casework.errors import Invalid
from casework.streams.entries import Entry, Fault, Reading
from casework.streams.sealing import sealer_of
from casework.streams.sheet import read_sheet
from casework.streams.where import Whereabouts
from casework.streams.writing import Change, Known, approval_key, known_cameras, write
from ingest.streams.model import StreamAddress

MOST_FAULTS = 500
"""So many are told one by one; all are counted."""


@dataclass(slots=True)
class Report:
    """What an inventory says. rows = new + changed + same + faulty. applied: whether it was written.

    faults: the first MOST_FAULTS; a row may have several. unknown: headings that say nothing to us.
    """

    rows: int = 0
    new: int = 0
    changed: int = 0
    same: int = 0
    faulty: int = 0
    applied: bool = False
    headings: dict[str, str] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def preview(session: Session, data: bytes, system: str | None = None) -> Report:
    """What would be done. data: the file. system: of a file without a column for it. Raises Invalid."""
    return _read(session, data, system)[0]


def apply(
    session: Session, actor: str, data: bytes, system: str | None = None, skip_faulty: bool = False
) -> Report:
    """Do it, in the caller's transaction. With faulty rows nothing is written, unless they are to be skipped.

    Raises Invalid: the file, or faulty rows.
    """
    report, changes = _read(session, data, system)
    if report.faulty and not skip_faulty:
        raise Invalid(
            "faulty_rows",
            zh=f"{report.faulty} 行有误，未导入任何内容；请改正，或选择跳过有误的行",
            en=f"{report.faulty} rows are faulty and nothing was written: mend them, or skip the faulty rows",
        )
    write(session, [c for c in changes if not c.nothing])
    report.applied = True
    if report.new or report.changed:
        counts = {"new": report.new, "changed": report.changed, "faulty": report.faulty}
        record(session, actor, "cameras_imported", "cameras", counts)
    return report


def _read(session: Session, data: bytes, system: str | None) -> tuple[Report, list[Change]]:
    sheet = read_sheet(data)
    report = Report(rows=len(sheet.rows), headings=sheet.headings, unknown=sheet.unknown)
    entries: list[Entry] = []
    faults: list[Fault] = []
    for row in sheet.rows:
        reading = Reading(row, sheet.headings, system)
        entry = reading.entry()
        faults += reading.faults
        entries += [entry] if entry else []
    known = known_cameras(session)
    where = Whereabouts(session)
    changes: list[Change] = []
    lines: dict[str, int] = {}
    gb_owner = {k.stream["gb_code"]: code for code, k in known.items() if k.stream and k.stream["gb_code"]}
    for entry in entries:
        wrong = _clashes(entry, known.get(entry.code), lines, gb_owner, where)
        if wrong:
            faults += wrong
            continue
        lines[entry.code] = entry.line
        if entry.gb_code:
            gb_owner[entry.gb_code] = entry.code
        changes.append(_change(entry, known.get(entry.code), where, session))
    report.faults = sorted(faults, key=lambda f: f.line)[:MOST_FAULTS]
    report.faulty = len({f.line for f in faults})
    report.new = sum(c.known is None for c in changes)
    report.same = sum(c.nothing for c in changes)
    report.changed = len(changes) - report.new - report.same
    return report, changes


def _clashes(
    entry: Entry, known: Known | None, lines: dict[str, int], gb_owner: dict[str, str], where: Whereabouts
) -> list[Fault]:
    found: list[tuple[str, str, str]] = []
    if entry.code in lines:
        n = lines[entry.code]
        found.append(
            (entry.code, f"与第 {n} 行是同一编码，请删去一行", f"the same code as line {n}; remove one")
        )
    owner = gb_owner.get(entry.gb_code or "")
    if owner not in (None, entry.code):
        found.append(
            (
                entry.gb_code or "",
                f"国标编码已属于 {owner}，请核对",
                f"{owner} has this GB/T 28181 code already; check both",
            )
        )
    if known is not None and known.kind != "fixed":
        found.append(
            (entry.code, "该编码是车载设备，请换一个编码", "a vehicle has this code; give the camera another")
        )
    if entry.address is None and (known is None or known.stream is None):
        found.append(("", "新摄像机须填写取流地址", "a new camera needs a stream address"))
    for value, table, zh, en in (
        (entry.squad, where.squads, "中队", "squad"),
        (entry.street, where.streets, "路段", "street"),
    ):
        if value is not None and value not in table:
            found.append(
                (value, f"没有这个{zh}，请填{zh}的编码或名称", f"no such {en}; give its code or name")
            )
    return [Fault(entry.line, "", value, zh, en) for value, zh, en in found]


def _change(entry: Entry, known: Known | None, where: Whereabouts, session: Session) -> Change:
    device: dict[str, Any] = {"name": entry.name, "camera_group": entry.group, "heading": entry.heading}
    stream: dict[str, Any] = {"gb_code": entry.gb_code, "owner": entry.owner, "active": entry.active}
    if entry.squad:
        device["squad_id"] = where.squads[entry.squad]
    if entry.street:
        device["street_id"] = where.streets[entry.street]
    if entry.place:
        p = entry.place
        device |= {"latitude": p.latitude, "longitude": p.longitude}
        stream |= {
            "place_system": p.system,
            "given_latitude": p.given_latitude,
            "given_longitude": p.given_longitude,
        }
        if known is None:
            squad_id, street_id = where.of(p.latitude, p.longitude)
            device.setdefault("squad_id", squad_id)
            device.setdefault("street_id", street_id)
    if entry.address:
        a = entry.address
        stream |= {"kind": a.kind.value, "url": a.url, "transport": a.transport, "user": a.user}
    device = _differing(device, known.device if known else None)
    stream = _differing(stream, known.stream if known else None)
    if entry.address:
        stream |= _password(session, entry.code, entry.address, known)
    there = known.approvals if known else frozenset()
    fresh = [g for g in entry.approvals if approval_key(g) not in there]
    return Change(entry, known, device, stream, fresh)


def _differing(given: dict[str, Any], there: dict[str, Any] | None) -> dict[str, Any]:
    return {
        name: value
        for name, value in given.items()
        if value is not None and (there is None or there[name] != value)
    }


def _password(session: Session, code: str, address: StreamAddress, known: Known | None) -> dict[str, str]:
    """The password sealed anew, unless it is the one that is there."""
    if address.password is None:
        return {}
    sealer = sealer_of(session)
    sealed = known.stream["password_sealed"] if known and known.stream else None
    if sealed is not None:
        try:
            if sealer.open(sealed, code) == address.password:
                return {}
        except Invalid:
            pass  # sealed with a lost key: this is the way to mend it
    return {"password_sealed": sealer.seal(address.password, code)}
