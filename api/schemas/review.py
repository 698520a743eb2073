"""The queue beyond one candidate: what was decided last, undoing, groups."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from api.schemas.base import Model, Named, RowId, UtcTime
from api.schemas.candidates import Candidate, CandidateBrief, DeviceBrief, PictureOut, Shown, Stage

GroupStage = Literal["first", "senior"]


class Leased(Model):
    """Until when the person holds it."""

    lease_until: UtcTime


class RecentDecision(Model):
    """One of the person's own last decisions; those made together on a group as one.

    count: how many were made with it. because: in words, why it is not undoable.
    """

    id: int
    candidate: CandidateBrief
    stage: Stage
    verdict: str
    reason: str | None
    note: str
    decided_at: UtcTime
    undoable: bool
    because: str | None
    batch: str | None
    count: int


class UndoIn(Model):
    """key: chosen by the page, as with a decision. whole: and all others that were made together with it."""

    key: str = Field(min_length=8, max_length=64)
    whole: bool = False


class Undone(Model):
    """The candidate as before the decision, leased to the person again."""

    candidate: Candidate
    lease_until: UtcTime
    stage: Stage


class GroupBrief(Model):
    """Alike candidates that wait. device, street, shop, picture: of the newest of them."""

    id: int
    type: str
    device: DeviceBrief
    street: Named | None
    shop: Named | None
    waiting: int
    first_at: UtcTime
    last_at: UtcTime
    picture: str | None


class TakeGroup(Model):
    """How many of a group the person wants to look at."""

    stage: GroupStage = "first"
    limit: int = Field(default=200, ge=1, le=200)


class GroupMember(Model):
    """One of a group with its first and its latest picture (one where these are the same)."""

    candidate: CandidateBrief
    pictures: list[PictureOut]


class GroupTaken(Model):
    """Leased members. left: how many more of the group wait."""

    id: int
    lease_until: UtcTime | None
    left: int
    members: list[GroupMember]


class MemberSeen(Model):
    """One of a group with what was on screen of it, and for how long the person was at it."""

    id: RowId
    shown: list[Shown] = Field(default=[], max_length=100)
    seconds: float = Field(default=0, ge=0, le=86_400)


class GroupDecisionIn(Model):
    """One verdict on many. fixture: with the verdict reject, remember the place for 90 days."""

    key: str = Field(min_length=8, max_length=64)
    stage: GroupStage = "first"
    verdict: Literal["keep", "reject"]
    reason: str | None = None
    note: str = Field(default="", max_length=500)
    members: list[MemberSeen] = Field(min_length=1, max_length=200)
    fixture: bool = False


class NotDecided(Model):
    """A member that stayed as it was, and why, in words."""

    id: int
    because: str


class GroupDecided(Model):
    """decided: candidates."""

    decided: list[int]
    refused: list[NotDecided]
    fixture_id: int | None
