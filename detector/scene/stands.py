"""A stand: the time over which one thing did without a break what one rule forbids."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from detector.scene.boxes import Floats
from detector.scene.looks import NOTHING, Span, Tally
from detector.scene.model import GroundPlace, Rule, Violation, ZoneKind
from detector.scene.pictures import Ladder, least_spacing
from detector.scene.sightings import Thing
from detector.scene.zones import ZoneSet

EXEMPT = 0.5
"""A thing is let off where this share of its foot, the greater part, lies on permitted or ignored ground."""

LET_GO = 0.8
"""A stand that has begun goes on while the share in its zones is this part of the rule's: a jitter must not
end it.
"""

LEAST_SEEN = 0.2
"""Share of the looks, hidden ones aside, that must have seen a thing.

A place that false boxes hit now and then, never longer apart than the gap, is no standing thing.
"""

LABEL_SHARE = 0.6
"""Share of what was seen of a thing that must bear one label: a candidate accuses of one kind of thing."""

_HAIR = 1e-6

SHOP_SHARE = 0.25
"""Least share of the foot in a shop's frontage to name that shop."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the zones say of a place under a rule. share: of the foot in the rule's zones, together."""

    share: float
    zones: tuple[tuple[str, int], ...]
    shop: str | None


def judge(rule: Rule, zones: ZoneSet, active: Sequence[bool], foot: Floats, shares: Floats) -> Verdict | None:
    """The verdict on one foot (4,), or None where the place is let off or none of the rule's.

    active: (Z,) zones whose calendar holds now. shares: (Z,) of the foot, calendars aside.
    The foot may lie across several zones of the rule: their union counts.
    """
    wanted, exempt = [], []
    shop, shop_share = None, SHOP_SHARE
    for i in np.flatnonzero(shares).tolist():
        zone = zones.zones[i]
        if not active[i]:
            continue
        if zone.kind in (ZoneKind.PERMITTED, ZoneKind.IGNORED):
            exempt.append(i)
        if zone.kind in rule.zone_kinds:
            wanted.append(i)
        if zone.kind is ZoneKind.FRONTAGE and zone.shop is not None and shares[i] >= shop_share:
            shop, shop_share = zone.shop, float(shares[i])
    share = _together(zones, foot, shares, wanted)
    if share < LET_GO * rule.overlap or _together(zones, foot, shares, exempt) >= EXEMPT:
        return None
    return Verdict(share, tuple(zones.names[i] for i in wanted), shop)


def _together(zones: ZoneSet, foot: Floats, shares: Floats, which: list[int]) -> float:
    if len(which) <= 1:
        return float(shares[which[0]]) if which else 0.0
    largest = float(shares[which].max())
    return largest if largest > 1 - 1e-9 else zones.share_of_union(foot, which)


@dataclass(frozen=True, slots=True)
class Raised:
    """What is fixed when a violation is raised, and is not judged again afterwards."""

    key: str
    label: str
    label_share: float
    verdict: Verdict
    ground: GroundPlace | None


@dataclass(slots=True)
class Stand:
    """One unbroken span of one thing under one rule.

    Its last look is the thing's own (``PlaceFile.end``): a look at which the rule does not hold ends it.
    start, before: see ``looks.Span``. start_s, told_s: seconds on the scene's clock, told_s of the last event
    about it. ladder: once a label of the rule was seen. key_times: once raised, the capture times that prove it.
    """

    rule: Rule
    start: datetime
    before: Tally
    start_s: float
    ladder: Ladder | None = None
    longest_step_s: float = 0.0
    raised: Raised | None = None
    key_times: tuple[datetime, ...] = ()
    told_s: float = 0.0

    def often_seen(self, after: Tally) -> bool:
        """Whether enough of the looks that could see the thing did. after: the tally by now."""
        seen = after.seen - self.before.seen
        missed = after.missed - self.before.missed - (after.hidden - self.before.hidden)
        return seen >= LEAST_SEEN * (seen + missed)

    @property
    def wanted(self) -> Sequence[datetime]:
        """Capture times whose pictures may still be needed."""
        if self.raised is not None:
            return self.key_times
        return self.ladder.rungs if self.ladder is not None else ()

    def violation(
        self, device_id: str, thing: Thing, file: PlaceFile, raised: Raised, first_look: datetime | None
    ) -> Violation:
        """All that is known by now. first_look: capture time of the scene's first look."""
        rule, span = self.rule, Span(self.start, file.end, self.before, file.after)
        return Violation(
            key=raised.key,
            type=rule.type,
            rule=rule.code,
            rule_version=rule.version,
            zones=raised.verdict.zones,
            shop=raised.verdict.shop,
            sighting=thing.history.sighting(device_id, raised.label, thing.size, span, raised.ground),
            start=span.start,
            end=span.end,
            key_times=self.key_times,
            proven=True,
            facts=span.facts
            | {
                "longest_step_s": round(self.longest_step_s, 3),
                "pictures": len(self.key_times),
                "least_spacing_s": round(least_spacing(self.key_times), 3),
                "zone_share": round(raised.verdict.share, 3),
                "label_share": round(raised.label_share, 3),
                "stood_from_first_look": span.start == first_look,
            },
        )


@dataclass(eq=False, slots=True)
class PlaceFile:
    """What a scene keeps of one thing besides its history: its verdicts, rule by rule, and its stands."""

    shares: Floats  # (Z,) of its foot in the zones, calendars aside
    permits: tuple[int, ...]  # places on the ground that may let it off, see permits.GroundPermits
    end: datetime  # of its last look that was judged
    end_s: float = 0.0  # the same on the scene's clock
    after: Tally = NOTHING  # as it was just after that look
    epoch: int = -1  # which set of active zones the verdicts are for
    verdicts: list[tuple[Rule, Verdict]] = field(default_factory=list)
    stands: dict[str, Stand] = field(default_factory=dict)  # by rule code
    open: Stand | None = None  # the stand whose violation is raised and has not ended
    due_s: float = math.inf  # when the first of its stands reaches its dwell
    labels: int = 0  # how many labels its thing bore when pictures were last asked for

    def want_pictures(self, evidence: Collection[str]) -> None:
        """Keep pictures for the rules that one of the labels in ``evidence`` belongs to.

        Not before such a label was seen, so that every rung was wanted from the moment it was a rung: whoever
        keeps pictures look by look has them all.
        """
        for stand in self.stands.values():
            if (
                stand.ladder is None
                and stand.raised is None
                and any(one in evidence for one in stand.rule.labels)
            ):
                stand.ladder = Ladder(stand.rule.spacing_s, stand.rule.pictures)

    def begin_stands(self, at: datetime, at_s: float, before: Tally) -> None:
        """Begin a stand, with the thing's latest look, under each rule whose verdict asks for one and that has none.

        before: ``History.before_last``.
        """
        for rule, verdict in self.verdicts:
            if rule.code not in self.stands and verdict.share + _HAIR >= rule.overlap:
                self.stands[rule.code] = Stand(rule, at, before, at_s)
                self.labels = 0
        self.due_s = min((s.start_s + s.rule.dwell_s - _HAIR for s in self.stands.values()), default=math.inf)


def violation_key(device_id: str, rule: Rule, start: datetime, place: Sequence[float], digits: int) -> str:
    """20 hex digits, the same whenever the same looks are judged by the same rule version.

    place: numbers rounded to ``digits`` decimals, so that a last-bit difference between machines changes
    nothing.
    """
    rounded = ",".join(f"{round(value, digits) + 0.0:.{digits}f}" for value in place)
    text = "|".join([device_id, rule.code, str(rule.version), rule.type, start.isoformat(), rounded])
    return hashlib.sha256(text.encode()).hexdigest()[:20]
