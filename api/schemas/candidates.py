"""Candidates, their evidence and decisions."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from api.schemas.base import Model, Named, RowId, UtcTime

Stage = Literal["first", "senior", "legal"]
Verdict = Literal["keep", "reject", "escalate", "accept", "return", "undo"]
GivenVerdict = Literal["keep", "reject", "escalate", "accept", "return"]
BoxXyxy = tuple[float, float, float, float]
"""Left, top, right, bottom, 0-1 of the picture's width and height."""


class DeviceBrief(Model):
    """A camera, in short."""

    code: str
    name: str
    name_en: str
    kind: Literal["fixed", "vehicle"]


class CandidateBrief(Model):
    """A row of a list. Durations in seconds of capture time; ``confidence`` 0-1."""

    id: int
    number: str
    type: str
    state: str  # open, escalated, kept, rejected, filed, returned
    proof: Literal["evidence", "clue"]
    squad: Named | None
    street: Named | None
    shop: Named | None
    device: DeviceBrief
    first_at: UtcTime
    last_at: UtcTime
    observed_s: float
    inferred_s: float
    confidence: float
    standing: bool  # not yet seen to end
    latitude: float | None
    longitude: float | None
    picture: str | None  # address of the best picture
    reason: str | None  # of its rejection
    case_id: int | None
    case_number: str | None
    warning: bool  # of a rule on trial: never a case


class BoxOut(Model):
    """A box on a picture: xyxy 0-1 of width and height. ``subject``: the thing this candidate is about."""

    label: str
    confidence: float
    xyxy: BoxXyxy
    subject: bool


class ZoneOnPicture(Model):
    """A zone as it was when the candidate was raised: polygon 0-1 of the picture."""

    code: str
    kind: str
    polygon: list[tuple[float, float]]
    shop: str | None


class PictureOut(Model):
    """One sealed picture. ``role``: first, middle, latest."""

    id: int
    role: str
    captured_at: UtcTime
    time_source: str
    device: str
    width: int
    height: int
    url: str
    sha256: str
    boxes: list[BoxOut]
    zones: list[ZoneOnPicture]


class ClipOut(Model):
    """A short clip around the latest look; ``url`` plays in a browser."""

    url: str
    start: UtcTime
    end: UtcTime
    sha256: str


class Check(Model):
    """One thing the rule or the law asks, as a code with values; the page puts it into words.

    ok: True tick, False cross, None for information only.
    """

    code: str
    ok: bool | None
    values: dict[str, float | int | bool | str | None]


class SightingOut(Model):
    """One stay at the place, seen by one device in one go."""

    device: str
    first_at: UtcTime
    last_at: UtcTime
    observed_s: float
    inferred_s: float
    looks: int
    id: int
    candidate: int  # another than this one where that was merged into it


class DecisionOut(Model):
    """A decision as it stands in the record."""

    id: int
    stage: Stage
    verdict: Verdict
    reason: str | None
    note: str
    by: str  # empty for a senior until they have decided
    decided_at: UtcTime
    seconds: float
    shown: list[Shown]
    boxes: list[CorrectedPicture] | None
    undoes: int | None  # the decision that this one takes back
    from_type: str | None  # where the type was corrected
    to_type: str | None


class SealOut(Model):
    """The seal over a candidate's evidence: place in the chain and hash."""

    seq: int
    manifest_sha256: str
    hash: str
    sealed_at: UtcTime


class HistoryOut(Model):
    """What happened at this place in the 30 days before: counts."""

    candidates: int
    confirmed: int
    cases: int


class AlgorithmRef(Model):
    """A version of an algorithm, in short."""

    id: int
    name: str
    version: str
    model_id: str


class CandidateRef(Model):
    """Another candidate, in short."""

    id: int
    number: str
    state: str


class CandidateEventOut(Model):
    """A merge, unmerge, split, split_off, withdraw or restore. candidate: which it happened to; other: the other."""

    act: str
    at: UtcTime
    by: str
    reason: str
    candidate: int
    other: int | None


class Candidate(CandidateBrief):
    """All that a reviewer sees of one candidate."""

    pictures: list[PictureOut]
    clip: ClipOut | None
    checks: list[Check]
    sightings: list[SightingOut]
    decisions: list[DecisionOut]
    seals: list[SealOut]
    history: HistoryOut
    place_error_m: float | None
    rule: str
    rule_version: int
    rule_set: int | None  # version of the rule set
    merged_into: CandidateRef | None
    merged: list[CandidateRef]  # what was merged into it
    events: list[CandidateEventOut]
    acts: list[str]  # merge, unmerge, split, restore: what its state allows to who may do such acts
    model_id: str
    algorithm: AlgorithmRef | None  # the registry's, where it knows the model
    group_id: int | None
    group_waiting: int  # how many alike wait where it waits, itself among them; 201: more than 200
    repeats: int  # confirmed ones of its type at its place in the 30 days before it was raised


class QueueFilter(Model):
    """What a queue is narrowed to, by codes. algorithm: a model id, name (its newest) or name@version."""

    squad: str | None = Field(default=None, max_length=100)
    street: str | None = Field(default=None, max_length=100)
    type: str | None = Field(default=None, max_length=100)
    device: str | None = Field(default=None, max_length=100)
    algorithm: str | None = Field(default=None, max_length=200)


class TakeNext(QueueFilter):
    """What the reviewer wants next. ``skip``: ids held already or put aside."""

    stage: Stage = "first"
    skip: list[RowId] = Field(default=[], max_length=50)


class Taken(Model):
    """A candidate under lease, or none when the queue is empty."""

    candidate: Candidate | None
    lease_until: UtcTime | None
    waiting: int


class QueueSummary(Model):
    """How much waits, and how the person's day goes. ``median_s``: seconds a decision took, today, median."""

    stage: Stage
    waiting: int
    held: int
    by_type: dict[str, int]
    by_squad: dict[str, int]
    by_street: dict[str, int]
    mine_today: int
    median_s: float | None


class Shown(Model):
    """A picture that was on screen, for how long."""

    picture: int
    ms: int = Field(ge=0, le=86_400_000)


class CorrectedBox(Model):
    """A box as the reviewer drew it. label: a class of the detector (stall, shop_goods, pile)."""

    label: str = Field(pattern="^[a-z][a-z_]{0,39}$")
    xyxy: BoxXyxy


class CorrectedPicture(Model):
    """The right boxes of one of the candidate's pictures; empty: nothing of the kind is on it."""

    picture: int
    boxes: list[CorrectedBox] = Field(max_length=50)


class DecisionIn(Model):
    """A decision. ``key``: chosen by the page, the same when it sends again: it then counts once.

    boxes: where the reviewer corrected them, for training; the sealed evidence stays as it is. shown: the first and the
    latest picture at least, 300 ms each. type: with the verdict keep, the right one where the rule's is wrong.
    """

    stage: Stage
    verdict: GivenVerdict
    reason: str | None = None
    note: str = Field(default="", max_length=500)
    seconds: float = Field(ge=0, le=86_400)
    shown: list[Shown] = Field(default=[], max_length=100)
    boxes: list[CorrectedPicture] | None = Field(default=None, max_length=20)
    type: str | None = Field(default=None, max_length=100)
    key: str = Field(min_length=8, max_length=64)


class Decided(Model):
    """What the decision did."""

    decision: DecisionOut
    state: str
    case_id: int | None
    case_number: str | None
