"""The algorithm warehouse: versions, where they are used, what they are worth; samples and hints."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from api.schemas.base import Model, UtcTime
from api.schemas.candidates import AlgorithmRef, BoxXyxy, DeviceBrief

State = Literal["trained", "shadow", "active", "retired"]
ScopeKind = Literal["district", "group", "device"]
Cure = Literal["ignore_zone", "fixture", "threshold"]
Reason = Field(min_length=1, max_length=500)


class ShareOut(Model):
    """hits of trials, with Wilson's 95 % interval; none where nothing was tried. A share is 0-1."""

    hits: float
    trials: float
    value: float | None
    low: float | None
    high: float | None


class ScopeIn(Model):
    """Where: ``target`` is the group's name or the device's code, empty for the district."""

    kind: ScopeKind = "district"
    target: str = Field(default="", max_length=64)


class AssignmentOut(Model):
    """A version is used (active) or runs beside (shadow) in a scope. ``ended_at`` none: it holds now.

    replaces: the version before it there, which a rollback restores; none: that of the scope around it.
    """

    id: int
    algorithm: AlgorithmRef
    role: Literal["active", "shadow"]
    scope: ScopeKind
    target: str
    since: UtcTime
    ended_at: UtcTime | None
    by: str
    reason: str
    replaces: AlgorithmRef | None


class HeadlineOut(Model):
    """Figures for a list. dataset: the recorded evaluation's, none: from the manifest. ap50 and the rest as
    jiexun model evaluate printed them."""

    dataset: str | None
    split: str
    figures: dict[str, Any]


class AlgorithmBrief(AlgorithmRef):
    """A row of the list. ``holds``: where it is used or runs beside, now. ``next``: acts this person may take.

    headline: of the newest evaluation, else of the manifest.
    """

    kind: str
    state: State
    classes: list[str]
    size: int
    added_by: str
    added_at: UtcTime
    approved_by: str | None
    approved_at: UtcTime | None
    holds: list[AssignmentOut]
    precision: ShareOut
    undecided: int
    next: list[str]
    headline: HeadlineOut | None


class AlgorithmEventOut(Model):
    """One act on a version."""

    at: UtcTime
    by: str
    act: str
    from_state: State | None
    to_state: State
    reason: str
    data: dict[str, Any]


class EvaluationOut(Model):
    """Figures on a keep-set. ``figures``: as jiexun model evaluate printed them."""

    id: int
    dataset: str
    split: str
    dataset_sha256: str
    by: str
    recorded_at: UtcTime
    figures: dict[str, Any]


class PrecisionRow(Model):
    """Of all, or of one type, device (code) or hour of day (0-23, Asia/Shanghai). precision: confirmed / decided."""

    by: Literal["all", "type", "device", "hour"]
    key: str | int | None
    precision: ShareOut
    confirmed: int
    rejected: int
    undecided: int
    reasons: dict[str, int]


class ComparisonRow(Model):
    """Of one type (none: all). Stays: would_raise = agreed + only_shadow. Candidates: see the names."""

    type: str | None
    would_raise: int
    agreed: int
    only_shadow: int
    only_active: int
    confirmed: int
    confirmed_found: int
    rejected: int
    rejected_repeated: int
    undecided: int
    found: ShareOut
    repeated: ShareOut


class ShadowFindingOut(Model):
    """What a shadow would have raised. ``xyxy``: its place on the picture, 0-1."""

    id: int
    type: str
    device: str
    first_at: UtcTime
    last_at: UtcTime
    looks: int
    confidence: float
    xyxy: BoxXyxy
    latitude: float | None
    longitude: float | None
    picture: str | None  # address


class ComparisonOut(Model):
    """A shadow against what was raised from the same footage. only_shadow: the newest findings nobody raised."""

    footage: int
    looks: int
    faults: int
    devices: int
    since: UtcTime | None
    until: UtcTime | None
    total: ComparisonRow
    by_type: list[ComparisonRow]
    only_shadow: list[ShadowFindingOut]


class AlgorithmOut(AlgorithmBrief):
    """All of one version. ``record``: its entry in the manifest (data, recipe, figures, licence)."""

    sha256: str
    file: str
    thresholds: dict[str, float]
    record: dict[str, Any]
    events: list[AlgorithmEventOut]
    assignments: list[AssignmentOut]
    evaluations: list[EvaluationOut]
    precision_rows: list[PrecisionRow]
    shadow: ComparisonOut


class OfferOut(Model):
    """A model in the server's weights folder. ``registered``: it is in the registry."""

    name: str
    version: str
    model_id: str
    classes: list[str]
    registered: bool


class AlgorithmsOut(Model):
    """The warehouse: versions (newest first), assignments that hold, what could be added, groups there are."""

    algorithms: list[AlgorithmBrief]
    assignments: list[AssignmentOut]
    offers: list[OfferOut]
    offers_problem: str | None  # why the weights folder cannot be read
    groups: list[str]


class AlgorithmIn(Model):
    """Add a model of the server's weights folder."""

    model_id: str = Field(min_length=1, max_length=100)
    reason: str = Reason


class EvaluationIn(Model):
    """What jiexun model evaluate --json printed, and what people call the data set."""

    dataset: str = Field(min_length=1, max_length=120)
    figures: dict[str, Any]


class AlgorithmStepIn(Model):
    """An act: shadow and promote in a scope, retire everywhere."""

    act: Literal["shadow", "promote", "retire"]
    scope: ScopeIn = ScopeIn()
    reason: str = Reason


class GuardOut(Model):
    """One thing that a promotion asks for."""

    code: str
    ok: bool
    zh: str
    en: str
    values: dict[str, Any]


class ReasonIn(Model):
    """Why."""

    reason: str = Reason


class RolledBack(Model):
    """assignment: what holds in that scope now; none where it goes back to the scope around it."""

    assignment: AssignmentOut | None


class MissedThing(Model):
    """A thing that should have been found. xyxy 0-1."""

    type: str
    xyxy: BoxXyxy


class SampleOut(Model):
    """A look that raised nothing."""

    id: int
    device: DeviceBrief
    captured_at: UtcTime
    model_id: str
    width: int
    height: int
    url: str


class SampleTaken(Model):
    """A sample under lease, or none when none waits."""

    sample: SampleOut | None
    lease_until: UtcTime | None
    waiting: int


class LabelIn(Model):
    """What a person sees on a sample; ``missed`` empty: nothing was missed."""

    missed: list[MissedThing] = Field(max_length=50)
    note: str = Field(default="", max_length=500)


class LabelOut(Model):
    """The label as it was written."""

    sample: int
    missed: list[MissedThing]
    labelled_at: UtcTime


class MissesRow(Model):
    """Of a type (none: any). per_1000: looks with a missed thing per 1,000 looks without a candidate, 95 %."""

    type: str | None
    labelled: int
    missed: int
    per_1000: float | None
    low: float | None
    high: float | None


class StratumOut(Model):
    """One camera's part."""

    device: str
    looks: int
    labelled: int
    missed: int


class EstimateOut(Model):
    """Estimate of misses. looks: of cameras with a label, which it is about; unseen_looks: of the others."""

    looks: int
    unseen_looks: int
    labelled: int
    waiting: int
    types: list[MissesRow]
    devices: list[StratumOut]


class HintOut(Model):
    """Repeated false candidates of a camera (at device) or at one place, and a proposed cure.

    polygon: proposed zone 0-1 (fixed cameras). threshold: the least confidence among those confirmed there;
    below: rejected ones under it. picture: of one of the rejected. apply: address of the API where an accepted
    cure is carried out by a person; none where it is a matter of the rules' files.
    """

    key: str
    at: Literal["place", "device"]
    device: DeviceBrief
    type: str
    rejected: int
    confirmed: int
    precision: ShareOut
    reasons: dict[str, int]
    cure: Cure
    candidates: list[int]
    polygon: list[tuple[float, float]] | None
    latitude: float | None
    longitude: float | None
    threshold: float | None
    below: int
    picture: str | None
    apply: str | None


class HintAnswer(Model):
    """What somebody decided on a hint."""

    id: int
    device: str
    type: str
    verdict: Literal["accept", "dismiss"]
    cure: Cure
    reason: str
    counts: dict[str, Any]
    by: str
    decided_at: UtcTime
    apply: str | None


class HintsOut(Model):
    """Open hints, and what was answered before. The numbers that make a hint: least_rejected in days."""

    hints: list[HintOut]
    answers: list[HintAnswer]
    days: int
    least_rejected: int
    precision_below: float


class HintDecisionIn(Model):
    """Accept or dismiss. ``cure``: another than the proposed one."""

    key: str = Field(min_length=1, max_length=120)
    verdict: Literal["accept", "dismiss"]
    cure: Cure | None = None
    reason: str = Reason
