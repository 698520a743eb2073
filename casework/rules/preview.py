"""What other rules would have raised, laid beside what was raised and what people decided on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from casework.candidates.queries import Here, root, stands_at
from casework.candidates.tables import Candidate, CandidateSighting
from casework.devices.tables import Device
from casework.fixtures.tables import HeldBack
from detector.scene.model import DeviceKind, Violation
from detector.scene.places import shop_confidence

CONFIRMED = frozenset({"kept", "filed"})
KEPT, GAINED, LOST = "kept", "gained", "lost"


@dataclass(frozen=True, slots=True)
class Ask:
    """text: the rules as TOML. since, until: aware, half-open; what began to stand there is compared.

    after: footage that is done already. budget_s: none takes its time; else what is not done is left for
    ``Preview.next``.
    """

    text: str
    since: datetime
    until: datetime
    device: str | None = None
    after: int = 0
    budget_s: float | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One violation. outcome: kept (raised then and by these rules), gained, lost.

    verdict: confirmed, rejected or open by people's decisions on the candidate, held_back where a remembered
    place kept it from being one; none for what was gained. rule: code and version that raise it now, none where
    it is lost.
    """

    outcome: str
    type: str
    device: str
    start: datetime
    end: datetime
    rule: str | None = None
    rule_version: int | None = None
    candidate: int | None = None
    number: str | None = None
    verdict: str | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """looks: that were judged again. footage: pieces; missing: of these, whose stored looks could not be read.

    next: footage after which to go on, none when all is done. counts: by outcome and verdict, see ``compare``.
    """

    looks: int = 0
    footage: int = 0
    missing: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    next: int | None = None

    @property
    def counts(self) -> dict[str, int]:
        """raised then, now raised, gained, lost; of those lost: confirmed ones (a loss), rejected ones (a gain)."""
        of = Counter((f.outcome, f.verdict) for f in self.findings)
        by = Counter(f.outcome for f in self.findings)
        return {
            "raised": by[KEPT] + by[LOST],
            "would_raise": by[KEPT] + by[GAINED],
            "kept": by[KEPT],
            "gained": by[GAINED],
            "lost": by[LOST],
            "confirmed_kept": of[KEPT, "confirmed"],
            "confirmed_lost": of[LOST, "confirmed"],
            "rejected_kept": of[KEPT, "rejected"],
            "rejected_avoided": of[LOST, "rejected"],
            "undecided_kept": of[KEPT, "open"],
            "undecided_lost": of[LOST, "open"],
        }


@dataclass(frozen=True, slots=True)
class _Raised:
    """What was raised, or held back, in the footage."""

    key: str
    type: str
    first_at: datetime
    last_at: datetime
    candidate: Candidate | None
    verdict: str


def compare(
    session: Session,
    device: Device,
    footage_id: int,
    found: Sequence[Violation],
    since: datetime,
    until: datetime,
) -> list[Finding]:
    """One footage's violations under other rules against what was raised in it; both begun in [since, until).

    The same when the key is the same, else when type and place are and the times overlap; each counts once.
    """
    before = [r for r in _raised(session, footage_id) if since <= r.first_at < until]
    now = [v for v in found if since <= v.start < until]
    pairs: dict[str, _Raised] = {}
    left = {r.key: r for r in before}
    for violation in now:
        if violation.key in left:
            pairs[violation.key] = left.pop(violation.key)
    for violation in now:
        if violation.key not in pairs:
            same = next((r for r in left.values() if _same(r, violation, device)), None)
            if same is not None:
                pairs[violation.key] = left.pop(same.key)
    findings = [_now(device, v, pairs.get(v.key)) for v in now]
    return findings + [_lost(device, r) for r in left.values()]


def _raised(session: Session, footage_id: int) -> list[_Raised]:
    query = select(CandidateSighting).where(CandidateSighting.footage_id == footage_id)
    found = []
    for row in session.scalars(query.order_by(CandidateSighting.first_at, CandidateSighting.id)).all():
        own = session.get_one(Candidate, row.candidate_id, options=[joinedload(Candidate.shop)])
        decided = root(session, own)
        verdict = "confirmed" if decided.state in CONFIRMED else decided.state
        verdict = verdict if verdict in ("confirmed", "rejected") else "open"
        found.append(_Raised(row.key, own.type, row.first_at, row.last_at, own, verdict))
    held = select(HeldBack).where(HeldBack.footage_id == footage_id).order_by(HeldBack.id)
    found += [
        _Raised(row.key, row.type, row.first_at, row.last_at, None, "held_back")
        for row in session.scalars(held)
    ]
    return found


def _same(raised: _Raised, violation: Violation, device: Device) -> bool:
    if raised.candidate is None or raised.type != violation.type:
        return False
    if raised.first_at > violation.end or violation.start > raised.last_at:
        return False
    sighting = violation.sighting
    here = Here(
        device.id,
        DeviceKind(device.kind),
        [float(v) for v in sighting.place],
        sighting.ground,
        violation.shop,
        shop_confidence(violation.facts),
    )
    return stands_at(raised.candidate, here)


def _now(device: Device, violation: Violation, raised: _Raised | None) -> Finding:
    about = raised.candidate if raised is not None else None
    return Finding(
        GAINED if raised is None else KEPT,
        violation.type,
        device.code,
        violation.start,
        violation.end,
        violation.rule,
        violation.rule_version,
        about.id if about else None,
        about.number if about else None,
        raised.verdict if raised else None,
    )


def _lost(device: Device, raised: _Raised) -> Finding:
    about = raised.candidate
    return Finding(
        LOST,
        raised.type,
        device.code,
        raised.first_at,
        raised.last_at,
        candidate=about.id if about else None,
        number=about.number if about else None,
        verdict=raised.verdict,
    )
