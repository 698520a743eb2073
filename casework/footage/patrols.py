"""A vehicle's day: where it drove, how much of that was looked at, what came of its uploads, what is wrong.

A day is one of Asia/Shanghai. All vehicles of a day are read together: the number of queries does not grow with them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import numpy as np
from sqlalchemy import case, func, or_, select
from sqlalchemy.orm import Session, joinedload, undefer

from casework.db import utcnow
from casework.devices.service import SHANGHAI
from casework.devices.tables import Device
from casework.errors import not_found
from casework.footage.tables import Footage, LookSpan, LookTally, TrackFile, Upload
from casework.footage.uploads import FINAL, PARTIAL, UNFINISHED
from casework.people.service import Person
from ingest.coverage import Span, Stretch, Way, once, stretches

MISSING_DAYS = 30
LONGEST_GAP_S = 1800.0
"""A longer pause in the track is a vehicle that was parked and off; a shorter one is a receiver that lost its fix."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong. code: no_track, gaps, late, failed, track, footage. file: which one. text: as ingest says it."""

    code: str
    file: str | None = None
    text: str | None = None
    count: int | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """Uploads: files in each state, bytes that are here and bytes announced, of those that are not over."""

    unfinished: int = 0
    accepted: int = 0
    refused: int = 0
    here: int = 0
    announced: int = 0
    last_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Patrol:
    """stretches: in order of time. looks: spans of capture time. footage: of that day, by its first look."""

    device: Device
    day: date
    stretches: tuple[Stretch, ...] = ()
    looks: tuple[Span, ...] = ()
    footage: tuple[Footage, ...] = ()
    faults: tuple[Fault, ...] = ()
    sent: Sent = field(default_factory=Sent)
    missing: tuple[date, ...] = ()
    seen: tuple[date, ...] = ()

    @property
    def driven_m(self) -> float:
        """Metres that its tracks show."""
        return sum(s.metres for s in self.stretches)

    @property
    def looked_m(self) -> float:
        """Of these, metres that were looked at."""
        return sum(s.metres for s in self.stretches if s.looked)


def bounds(day: date) -> tuple[datetime, datetime]:
    """A day's first moment and the next day's, UTC."""
    first = datetime.combine(day, time(), SHANGHAI)
    return first.astimezone(UTC), (datetime.combine(day + timedelta(days=1), time(), SHANGHAI)).astimezone(
        UTC
    )


def vehicles(session: Session, person: Person, code: str | None = None) -> list[Device]:
    """The person's vehicles, by code. Raises NotFound for a code that is none of them."""
    query = (
        select(Device).where(Device.kind == "vehicle").options(joinedload(Device.squad)).order_by(Device.code)
    )
    if person.squad_id is not None:
        query = query.where(Device.squad_id == person.squad_id)
    if code is None:
        return list(session.scalars(query.where(Device.active)))
    rows = list(session.scalars(query.where(Device.code == code)))
    if not rows:
        raise not_found("vehicle", "车辆", code)
    return rows


def patrols(session: Session, rows: Sequence[Device], day: date, late: timedelta) -> list[Patrol]:
    """The day of each vehicle."""
    ids = [row.id for row in rows]
    first, last = bounds(day)
    tracks, looks = _tracks(session, ids, first, last), _looks(session, ids, first, last)
    footage, sent = _footage(session, ids, first, last), _sent(session, ids, first, last)
    days = _days(session, rows, day)
    return [
        _patrol(
            row,
            day,
            late,
            tracks[row.id],
            looks[row.id],
            footage[row.id],
            sent.get(row.id, Sent()),
            days[row.id],
        )
        for row in rows
    ]


def _patrol(
    device: Device,
    day: date,
    late: timedelta,
    tracks: list[TrackFile],
    looks: list[Span],
    footage: list[Footage],
    sent: Sent,
    days: tuple[tuple[date, ...], tuple[date, ...]],
) -> Patrol:
    first, last = (t.timestamp() for t in bounds(day))
    ways: list[Way] = [np.array(way, np.float64) for track in tracks for way in track.ways if len(way) > 1]
    driven = once(ways, first, last)
    found = tuple(s for way in driven for s in stretches(way, looks))
    faults = (*_track_faults(tracks, driven), *_footage_faults(footage, late))
    return Patrol(device, day, found, tuple(looks), tuple(footage), faults, sent, *days)


def _track_faults(tracks: list[TrackFile], driven: list[Way]) -> list[Fault]:
    faults = [Fault("track", track.stem, text) for track in tracks for text in track.faults]
    apart = [float(b[0, 0] - a[-1, 0]) for a, b in pairwise(driven)]
    lost = [gap for gap in apart if 1.0 < gap <= LONGEST_GAP_S]
    if lost:
        faults.append(Fault("gaps", count=len(lost), seconds=sum(lost)))
    return faults


def _footage_faults(footage: list[Footage], late: timedelta) -> list[Fault]:
    faults = []
    for row in footage:
        if row.state == "failed":
            faults += [Fault("failed", row.name, text) for text in row.notes]
            continue
        faults += [Fault("footage", row.name, text) for text in row.notes]
        if row.track_path is None:
            faults.append(Fault("no_track", row.name))
        days = late_days(row, late)
        if days is not None:
            faults.append(Fault("late", row.name, count=days))
    return faults


def late_days(row: Footage, late: timedelta) -> int | None:
    """Whole days from capture to arrival where these are more than ``late``, else none."""
    captured = row.started_at or row.given_start
    if captured is None or row.received_at - captured <= late:
        return None
    return (row.received_at - captured).days


def _tracks(session: Session, ids: list[int], first: datetime, last: datetime) -> dict[int, list[TrackFile]]:
    """Tracks that overlap the day, and sidecars that cannot be read and came that day; the newest first."""
    inside = (TrackFile.started_at < last) & (TrackFile.ended_at >= first)
    unreadable = (
        TrackFile.started_at.is_(None) & (TrackFile.received_at >= first) & (TrackFile.received_at < last)
    )
    query = (
        select(TrackFile)
        .where(TrackFile.device_id.in_(ids), or_(inside, unreadable))
        .options(undefer(TrackFile.ways))
        .order_by(TrackFile.id.desc())
    )
    found: dict[int, list[TrackFile]] = defaultdict(list)
    for row in session.scalars(query):
        found[row.device_id].append(row)
    return found


def _looks(session: Session, ids: list[int], first: datetime, last: datetime) -> dict[int, list[Span]]:
    query = (
        select(LookSpan)
        .where(LookSpan.device_id.in_(ids), LookSpan.started_at < last, LookSpan.ended_at >= first)
        .order_by(LookSpan.started_at)
    )
    found: dict[int, list[Span]] = defaultdict(list)
    for row in session.scalars(query):
        span = (max(row.started_at, first).timestamp(), min(row.ended_at, last).timestamp())
        found[row.device_id].append(span)
    return found


def _footage(session: Session, ids: list[int], first: datetime, last: datetime) -> dict[int, list[Footage]]:
    """Footage captured that day; where no capture time is known yet, what came that day."""
    at = func.coalesce(Footage.started_at, Footage.given_start, Footage.received_at)
    query = (
        select(Footage)
        .where(Footage.device_id.in_(ids), at >= first, at < last)
        .options(joinedload(Footage.device))
        .order_by(at, Footage.id)
    )
    found: dict[int, list[Footage]] = defaultdict(list)
    for row in session.scalars(query):
        found[row.device_id].append(row)
    return found


def _sent(session: Session, ids: list[int], first: datetime, last: datetime) -> dict[int, Sent]:
    """Uploads that were begun that day; parts count only by the whole that they are joined to."""
    came = func.max(func.coalesce(Upload.moved_at, Upload.made_at))
    whole = or_(Upload.concat.is_(None), Upload.concat != PARTIAL, Upload.state.in_(UNFINISHED))
    query = (
        select(
            Upload.device_id,
            Upload.state,
            func.count(),
            func.sum(Upload.offset),
            func.sum(Upload.length),
            came,
        )
        .where(Upload.device_id.in_(ids), Upload.made_at >= first, Upload.made_at < last, whole)
        .group_by(Upload.device_id, Upload.state)
    )
    found: dict[int, Sent] = {}
    for device_id, state, count, here, announced, at in session.execute(query):
        old = found.get(device_id, Sent())
        going = state in UNFINISHED
        found[device_id] = Sent(
            old.unfinished + count * going,
            old.accepted + count * (state in ("accepted", "duplicate")),
            old.refused + count * (state in ("refused", "expired")),
            old.here + int(here) * going,
            old.announced + int(announced) * going,
            max(filter(None, (old.last_at, at))),
        )
    return found


def _days(
    session: Session, rows: Sequence[Device], day: date
) -> dict[int, tuple[tuple[date, ...], tuple[date, ...]]]:
    """Of the 30 days up to ``day``: those that are over without a look and without a track, from when the vehicle was
    registered; and those with either. Other days say nothing."""
    first = bounds(day - timedelta(days=MISSING_DAYS - 1))[0]
    last = bounds(day)[1]
    ids = [row.id for row in rows]
    seen: dict[int, set[date]] = defaultdict(set)
    hours = select(LookTally.device_id, LookTally.hour).where(
        LookTally.device_id.in_(ids), LookTally.hour >= first - timedelta(hours=1), LookTally.hour < last
    )
    starts = select(TrackFile.device_id, TrackFile.started_at).where(
        TrackFile.device_id.in_(ids), TrackFile.started_at >= first, TrackFile.started_at < last
    )
    for query in (hours, starts):
        for device_id, at in session.execute(query.distinct()):
            assert at is not None  # it lies between two moments
            seen[device_id].add(at.astimezone(SHANGHAI).date())
    today = utcnow().astimezone(SHANGHAI).date()
    days = [d for n in range(MISSING_DAYS - 1, -1, -1) if (d := day - timedelta(days=n)) < today]
    return {
        row.id: (
            tuple(d for d in days if d not in seen[row.id] and d >= row.made_at.astimezone(SHANGHAI).date()),
            tuple(sorted(d for d in seen[row.id] if d > day - timedelta(days=MISSING_DAYS))),
        )
        for row in rows
    }


def page_of_uploads(session: Session, device: Device, page: int, size: int) -> tuple[list[Upload], int]:
    """A vehicle's uploads, unfinished ones first, then the newest; parts that were joined are shown by their whole."""
    query = select(Upload).where(Upload.device_id == device.id, Upload.state != "joined")
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    going = case((Upload.state.in_(UNFINISHED), 0), else_=1)
    rows = query.order_by(going, Upload.made_at.desc(), Upload.id).offset((page - 1) * size).limit(size)
    return list(session.scalars(rows)), total


def is_joined(row: Upload) -> bool:
    """Whether it was made of parts."""
    return (row.concat or "").startswith(FINAL)
