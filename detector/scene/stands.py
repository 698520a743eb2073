"""A stand: the time over which one thing did without a break what one rule forbids."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from detector.scene.beside import Counts
from detector.scene.boxes import Floats
from detector.scene.looks import NOTHING, Span, Tally
from detector.scene.model import GroundPlace, Rule, Violation, ZoneKind
from detector.scene.pictures import Ladder, least_spacing
from detector.scene.sightings import Thing
from detector.scene.zones import ZoneSet

EXEMPT = 0.25
"""A thing is let off where this share of its foot lies on permitted or ignored ground.

Doubt about the place speaks for the party (docs/decisions/0006). The detector puts the lower edge of a box 4 % of its
height too high or too low (one sigma, and the same way at every look), which is a sixth of the foot: a stall wholly
within a place that is little larger than itself showed a third of its foot there, at the worst of a thousand boxes.
Things two and a half metres beside such a place never showed more than a tenth.
"""

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

TOLD_EVERY_S = 1.0
"""Least seconds between two events about one violation."""

_HAIR = 1e-6

SHOP_SHARE = 0.25
"""Least share of the foot in a shop's frontage to name that shop."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the zones say of a place under a rule. share: of the foot in the rule's zones, together.

    duty, duty_share: the same of special-duty ground.
    """

    share: float
    zones: tuple[tuple[str, int], ...]
    shop: str | None
    duty: tuple[tuple[str, int], ...] = ()
    duty_share: float = 0.0


@dataclass(frozen=True, eq=False, slots=True)
class Alike:
    """Rules that ask the same of place, hours and gaps: a thing begins and ends to stand under all of them at once,
    so their verdict and its stand are kept once.
    """

    rules: tuple[Rule, ...]

    @property
    def first(self) -> Rule:
        """One for all, as to what they have in common."""
        return self.rules[0]

    def shares_code(self, other: Alike) -> bool:
        """Whether they hold versions of one rule."""
        return any(a.code == b.code for a in self.rules for b in other.rules)


def alike(rules: Sequence[Rule], before: Sequence[Alike] = ()) -> tuple[Alike, ...]:
    """The rules, those alike together. before: of earlier rules; what did not change is handed back itself, and what
    followed different ones among them is kept apart.
    """
    found: dict[object, list[Rule]] = {}
    for rule in rules:
        followed = tuple(any(rule.code == old.code for old in one.rules) for one in before)
        same = (rule.zone_kinds, rule.overlap, rule.gap_s, rule.calendar, followed)
        found.setdefault(same, []).append(rule)
    known = {one.rules: one for one in before}
    return tuple(known.get(tuple(group)) or Alike(tuple(group)) for group in found.values())


def judge(rule: Rule, zones: ZoneSet, active: Sequence[bool], foot: Floats, shares: Floats) -> Verdict | None:
    """The verdict on one foot (4,), or None where the place is let off or none of the rule's.

    active: (Z,) zones whose calendar holds now. shares: (Z,) of the foot, calendars aside.
    The foot may lie across several zones of the rule: their union counts.
    """
    wanted, duty = [], []
    shop, shop_share = None, SHOP_SHARE
    for i in np.flatnonzero(shares).tolist():
        zone = zones.zones[i]
        if not active[i]:
            continue
        if zone.kind in rule.zone_kinds:
            wanted.append(i)
        if zone.kind is ZoneKind.SPECIAL_DUTY:
            duty.append(i)
        if zone.kind is ZoneKind.FRONTAGE and zone.shop is not None and shares[i] >= shop_share:
            shop, shop_share = zone.shop, float(shares[i])

    def names(which: list[int]) -> tuple[tuple[str, int], ...]:
        return tuple(zones.names[i] for i in which)

    share = _together(zones, foot, shares, wanted)
    if share < LET_GO * rule.overlap or exempt(zones, active, foot, shares):
        return None
    return Verdict(share, names(wanted), shop, names(duty), _together(zones, foot, shares, duty))


def exempt(zones: ZoneSet, active: Sequence[bool], foot: Floats, shares: Floats) -> bool:
    """Whether so much of a foot lies on permitted or ignored ground that its thing is let off. Arguments as above."""
    kinds = (ZoneKind.PERMITTED, ZoneKind.IGNORED)
    lies_on = [i for i in np.flatnonzero(shares).tolist() if active[i] and zones.zones[i].kind in kinds]
    return _together(zones, foot, shares, lies_on) >= EXEMPT


def _together(zones: ZoneSet, foot: Floats, shares: Floats, which: list[int]) -> float:
    if len(which) <= 1:
        return float(shares[which[0]]) if which else 0.0
    largest = float(shares[which].max())
    return largest if largest > 1 - 1e-9 else zones.share_of_union(foot, which)


@dataclass(frozen=True, slots=True)
class Raised:
    """What is fixed when a violation is raised, and is not judged again afterwards. facts: of duty and company."""

    rule: Rule
    key: str
    label: str
    label_share: float
    verdict: Verdict
    ground: GroundPlace | None
    facts: Mapping[str, float | int | bool | str]


@dataclass(slots=True)
class Stand:
    """One unbroken span of one thing under rules that are alike.

    Its last look is the thing's own (``PlaceFile.end``): a look at which the rules do not hold ends it.
    start, before: see ``looks.Span``. start_s, told_s: seconds on the scene's clock, told_s of the last event
    about it. ladders: by rule, once a label of the rule was seen. key_times: once raised, the capture times that prove
    it.
    duty_s: since when, on the scene's clock, it stands on special-duty ground while the duty lasts; None: it does not.
    company: counted before its first look.
    """

    alike: Alike
    start: datetime
    before: Tally
    start_s: float
    ladders: tuple[tuple[Rule, Ladder], ...] = ()
    longest_step_s: float = 0.0
    raised: Raised | None = None
    key_times: tuple[datetime, ...] = ()
    told_s: float = 0.0
    duty_s: float | None = None
    company: Counts = ()

    def due_s(self, rule: Rule) -> float:
        """When, on the scene's clock, it has stood long enough. On special-duty ground the shorter dwell counts from
        when the duty holds there."""
        due_s = self.start_s + rule.dwell_s
        if self.duty_s is not None and rule.duty_dwell_s is not None:
            due_s = min(due_s, self.duty_s + rule.duty_dwell_s)
        return due_s - _HAIR

    def ladder(self, rule: Rule) -> Ladder | None:
        """The pictures kept for a rule."""
        return next((ladder for one, ladder in self.ladders if one is rule), None)

    def mind_duty(self, verdict: Verdict, at_s: float) -> None:
        """Note whether it stands on special-duty ground now; a jitter does not end that."""
        least = self.alike.first.overlap * (1.0 if self.duty_s is None else LET_GO)
        if not verdict.duty or verdict.duty_share + _HAIR < least:
            self.duty_s = None
        elif self.duty_s is None:
            self.duty_s = at_s

    def duty_facts(self, rule: Rule, verdict: Verdict, at_s: float) -> dict[str, float | int | bool | str]:
        """What special duty has to do with its being raised at ``at_s``. needed_s: its dwell, where the shorter one."""
        if self.duty_s is None or rule.duty_dwell_s is None:
            return {}
        told: dict[str, float | int | bool | str] = {
            "special_duty": ", ".join(code for code, _ in verdict.duty)
        }
        if at_s < self.start_s + rule.dwell_s - _HAIR:
            told["needed_s"] = rule.duty_dwell_s
        return told

    def often_seen(self, after: Tally) -> bool:
        """Whether enough of the looks that could see the thing did. after: the tally by now."""
        seen = after.seen - self.before.seen
        missed = after.missed - self.before.missed - (after.hidden - self.before.hidden)
        return seen >= LEAST_SEEN * (seen + missed)

    @property
    def wanted(self) -> Sequence[datetime]:
        """Capture times whose pictures may still be needed."""
        return [*self.key_times, *(at for _, ladder in self.ladders for at in ladder.rungs)]

    def violation(
        self, device_id: str, thing: Thing, file: PlaceFile, raised: Raised, first_look: datetime | None
    ) -> Violation:
        """All that is known by now. first_look: capture time of the scene's first look."""
        rule, span = raised.rule, Span(self.start, file.end, self.before, file.after)
        return Violation(
            key=raised.key,
            type=rule.type,
            rule=rule.code,
            rule_version=rule.version,
            zones=(
                (*raised.verdict.zones, *raised.verdict.duty)
                if "special_duty" in raised.facts
                else raised.verdict.zones
            ),
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
                **raised.facts,
            },
        )


@dataclass(eq=False, slots=True)
class PlaceFile:
    """What a scene keeps of one thing besides its history: its verdicts and its stands, for rules alike."""

    permits: tuple[int, ...]  # places on the ground that may let it off, see permits.GroundPermits
    end: datetime  # of its last look that was judged
    end_s: float = 0.0  # the same on the scene's clock
    after: Tally = NOTHING  # as it was just after that look
    epoch: int = -1  # which set of active zones the verdicts are for
    verdicts: tuple[tuple[Alike, Verdict], ...] = ()
    stands: tuple[Stand, ...] = ()
    open: Stand | None = None  # the stand whose violation is raised and has not ended
    due_s: float = math.inf  # when there is next something to tell, see ``ask_again``
    labels: int = 0  # how many labels its thing bore when pictures were last asked for
    company: Counts = ()  # in how many looks something was beside it
    quiet_s: float = -1.0  # a step between looks up to this long changes nothing in its stands

    def stand(self, under: Alike) -> Stand | None:
        """Its stand under rules alike."""
        for stand in self.stands:
            if stand.alike is under:
                return stand
        return None

    def step(self, step_s: float, at: datetime, at_s: float) -> None:
        """A look came ``step_s`` after the one before."""
        for stand in self.stands:
            if step_s > stand.longest_step_s and stand.start_s < at_s:
                stand.longest_step_s = step_s
            for _, ladder in stand.ladders:
                ladder.offer(at)
        offering = any(stand.ladders for stand in self.stands)
        self.quiet_s = -1.0 if offering else min((s.longest_step_s for s in self.stands), default=math.inf)

    def want_pictures(self, evidence: Collection[str]) -> None:
        """Keep pictures for the rules that one of the labels in ``evidence`` belongs to.

        Not before such a label was seen, so that every rung was wanted from the moment it was a rung: whoever
        keeps pictures look by look has them all.
        """
        self.quiet_s = -1.0
        for stand in self.stands:
            kept = stand.ladders
            for rule in stand.alike.rules:
                done = stand.raised is not None and stand.raised.rule is rule
                if not done and stand.ladder(rule) is None and any(one in evidence for one in rule.labels):
                    kept = (*kept, (rule, Ladder(rule.spacing_s, rule.pictures)))
            stand.ladders = kept
        self.ask_again()

    def begin_stands(self, at: datetime, at_s: float, before: Tally) -> None:
        """Begin a stand, with the thing's latest look, wherever a verdict asks for one and there is none.

        before: ``History.before_last``.
        """
        for under, verdict in self.verdicts:
            stand = self.stand(under)
            if stand is None and verdict.share + _HAIR >= under.first.overlap:
                stand = Stand(under, at, before, at_s, company=self.company)
                self.stands = (*self.stands, stand)
                self.labels, self.quiet_s = 0, -1.0
            if stand is not None:
                stand.mind_duty(verdict, at_s)
        self.ask_again()

    def ask_again(self) -> None:
        """Reckon when there is next something to tell: of the violation that is open, else of the stands."""
        if self.open is not None and self.open.raised is not None:
            self.due_s = self.open.told_s + max(self.open.raised.rule.spacing_s, TOLD_EVERY_S) - _HAIR
        else:
            # Without pictures kept for it, no label of a rule was seen: it has nothing to tell.
            due_s = (stand.due_s(rule) for stand in self.stands for rule, _ in stand.ladders)
            self.due_s = min(due_s, default=math.inf)


def violation_key(device_id: str, rule: Rule, start: datetime, place: Sequence[float], digits: int) -> str:
    """20 hex digits, the same whenever the same looks are judged by the same rule version.

    place: numbers rounded to ``digits`` decimals, so that a last-bit difference between machines changes
    nothing.
    """
    rounded = ",".join(f"{round(value, digits) + 0.0:.{digits}f}" for value in place)
    text = "|".join([device_id, rule.code, str(rule.version), rule.type, start.isoformat(), rounded])
    return hashlib.sha256(text.encode()).hexdigest()[:20]
