"""A stand: the time over which one thing did without a break what one rule forbids."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from detector.scene.boxes import Floats, feet
from detector.scene.looks import History, Span, Tally
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
    return Verdict(share, tuple((zones.zones[i].code, zones.zones[i].version) for i in wanted), shop)


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

    start, end, before, after: see ``looks.Span``. start_s, last_s, told_s: seconds on the scene's clock,
    told_s of the last event about it. key_times: once raised, the capture times that prove it.
    """

    rule: Rule
    start: datetime
    end: datetime
    before: Tally
    after: Tally
    start_s: float
    last_s: float
    ladder: Ladder
    longest_step_s: float = 0.0
    raised: Raised | None = None
    key_times: tuple[datetime, ...] = ()
    told_s: float = 0.0

    @staticmethod
    def begin(rule: Rule, at: datetime, at_s: float, history: History) -> Stand:
        """A stand whose first look is the history's last, at ``at``."""
        ladder = Ladder(rule.spacing_s, rule.pictures)
        return Stand(rule, at, at, history.before_last, history.tally, at_s, at_s, ladder)

    def go_on(self, at: datetime, at_s: float, thing: Thing) -> None:
        """One more look that saw the thing.

        Pictures are kept only once a label of the rule was seen, so that every rung was wanted from the
        moment it was a rung: whoever keeps pictures look by look has them all.
        """
        step = at_s - self.last_s
        if step > self.longest_step_s:
            self.longest_step_s = step
        self.last_s, self.end, self.after = at_s, at, thing.history.tally
        if self.raised is None and not thing.evidence.keys().isdisjoint(self.rule.labels):
            self.ladder.offer(at)

    @property
    def often_seen(self) -> bool:
        """Whether enough of the looks that could see the thing did."""
        seen = self.after.seen - self.before.seen
        missed = self.after.missed - self.before.missed - (self.after.hidden - self.before.hidden)
        return seen >= LEAST_SEEN * (seen + missed)

    @property
    def wanted(self) -> Sequence[datetime]:
        """Capture times whose pictures may still be needed."""
        return self.ladder.rungs if self.raised is None else self.key_times

    def violation(
        self, device_id: str, thing: Thing, raised: Raised, first_look: datetime | None
    ) -> Violation:
        """All that is known by now. first_look: capture time of the scene's first look."""
        rule, span = self.rule, Span(self.start, self.end, self.before, self.after)
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


@dataclass(slots=True)
class PlaceFile:
    """What a scene keeps of one thing besides its history: its verdicts, rule by rule, and its stands."""

    measured: Floats  # (4,) the place when its shares were last taken
    shares: Floats  # (Z,)
    epoch: int  # which set of active zones the verdicts are for
    verdicts: list[tuple[Rule, Verdict]] = field(default_factory=list)
    stands: dict[str, Stand] = field(default_factory=dict)  # by rule code

    @property
    def open(self) -> Stand | None:
        """The stand whose violation is raised and has not ended."""
        return next((stand for stand in self.stands.values() if stand.raised is not None), None)


def foot_of(place: Floats) -> Floats:
    """(4,) foot of one place (4,)."""
    foot: Floats = feet(place[None])[0]
    return foot


def violation_key(device_id: str, rule: Rule, start: datetime, place: Sequence[float], digits: int) -> str:
    """20 hex digits, the same whenever the same looks are judged by the same rule version.

    place: numbers rounded to ``digits`` decimals, so that a last-bit difference between machines changes
    nothing.
    """
    rounded = ",".join(f"{round(value, digits) + 0.0:.{digits}f}" for value in place)
    text = "|".join([device_id, rule.code, str(rule.version), rule.type, start.isoformat(), rounded])
    return hashlib.sha256(text.encode()).hexdigest()[:20]
