"""Street cameras: the list, one of them, the inventory's import; sources and workers with their alarms."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from api.schemas.base import Model, Named, UtcTime
from api.schemas.places import ApprovalOut

State = Literal["ok", "fault", "late", "waiting", "unplanned", "off"]
AlarmKind = Literal["stopped", "silent", "late", "drifting", "unapproved", "short"]
Order = Literal["code", "oldest", "usability"]
System = Literal["wgs84", "gcj02"]


class PlanRef(Model):
    """The plan that holds for a camera now."""

    code: str
    name: str


class CameraOut(Model):
    """A street camera. last_picture_at: when it came. fault: a code of ingest.streams; since: from when on pictures
    come, or do not. usability: 0-100 of its last test. uptime: share of the looks of seven days that got a picture.
    interval_s: between two looks as it holds now. clock_offset_s: its clock less ours."""

    code: str
    name: str
    gb_code: str | None
    group: str | None
    squad: Named | None
    street: Named | None
    owner: str | None
    kind: str
    state: State
    active: bool
    last_picture_at: UtcTime | None
    fault: str | None
    fault_text: str | None
    since: UtcTime | None
    usability: int | None
    uptime: float | None
    plan: PlanRef | None
    interval_s: float | None
    due_at: UtcTime | None
    follow_up: bool
    clock_offset_s: float | None
    missing: list[str]  # approvals that do not hold today


class CameraDetail(CameraOut):
    """One camera with its address (never a password), its place as given and its approvals."""

    address: str
    transport: str
    user: str | None
    has_password: bool
    latitude: float | None
    longitude: float | None
    place_system: str | None
    given_latitude: float | None
    given_longitude: float | None
    usability_at: UtcTime | None
    usability_parts: dict[str, float | None]
    approvals: list[ApprovalOut]


class CameraPage(Model):
    """One page of the cameras that a filter lets through; counts: of all cameras, by state."""

    items: list[CameraOut]
    total: int
    page: int
    size: int
    counts: dict[str, int]
    groups: list[str]


class ActiveIn(Model):
    """Taking a camera out of use, or back into it."""

    active: bool
    reason: Annotated[str, Field(min_length=1, max_length=500)]


class FaultOut(Model):
    """What is wrong with a row of an inventory, and how to mend it, in the asked language."""

    line: int
    column: str
    value: str
    message: str


class ImportOut(Model):
    """What an inventory says. rows = new + changed + same + faulty. unknown: headings that say nothing to us."""

    rows: int
    new: int
    changed: int
    same: int
    faulty: int
    applied: bool
    headings: dict[str, str]
    unknown: list[str]
    faults: list[FaultOut]


class TestedOut(Model):
    """What a test of a stream showed. message: why no picture came, in the asked language."""

    fault: str | None
    message: str | None
    width: int | None
    height: int | None
    codec: str | None
    seconds: float | None
    clock_offset_s: float | None
    score: int | None
    parts: dict[str, float | None]


class SubjectOut(Model):
    """A device that an alarm is about."""

    code: str
    name: str
    since: UtcTime | None
    fault: str | None
    value: float | None
    missing: list[str]


class AlarmOut(Model):
    """What needs a person, in the asked language. subjects: the first of ``count``. value: see kind."""

    kind: AlarmKind
    title: str
    what_to_do: str
    count: int
    since: UtcTime | None
    subjects: list[SubjectOut]
    value: float | None


class WorkerOut(Model):
    """One worker over its last ten minutes; late_*: seconds from a look's due time until it was written down."""

    name: str
    last_at: UtcTime
    working: bool
    looks_per_minute: float
    faults: int
    missed: int
    late_mean_s: float
    late_most_s: float
    holds: int


class MinuteOut(Model):
    """All workers' looks in one minute."""

    minute: UtcTime
    looks: int
    faults: int
    missed: int


class OperationsOut(Model):
    """How it goes: cameras by state, what is due, workers, the last hour, alarms. asked: looks a minute by plan now."""

    at: UtcTime
    counts: dict[str, int]
    due: int
    latest_s: float
    asked_per_minute: float
    looks_per_minute: float
    last_picture_at: UtcTime | None
    minutes: list[MinuteOut]
    workers: list[WorkerOut]
    alarms: list[AlarmOut]
