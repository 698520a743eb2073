"""Company: what must be beside a thing, and whether somebody attends it. All shares counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from detector.detections import Detections
from detector.errors import BadRule
from detector.scene.beside import grown
from detector.scene.company import Attended, Company
from detector.scene.model import Change, Rule, Violation
from detector.scene.passes import VehicleScene
from detector.scene.rules import FixedScene
from detector.scene.rules_data import parse

from .builders import Box, a_mounting, a_rule, a_zone, at
from .test_passes import Stand, box_of, vehicle_at

NAMES = ("person", "car", "stall", "shop_goods", "pile", "umbrella")
SIZE = (1000, 500)
STALL: Box = (400, 300, 500, 400)
BESIDE: Box = (520, 300, 550, 400)  # 20 px from the stall, which is 100 wide
FAR: Box = (560, 300, 590, 400)  # 10 px beyond half the stall's width
HEAD = 'persons = ["person", "rider"]\n'
RULE = """
[[rule]]
code = "stall"
version = 1
valid_from = 2026-01-01
type = "stall"
labels = ["stall"]
zone_kinds = ["pavement"]
"""


def detections(*seen: tuple[str, Box, float]) -> Detections:
    return Detections(
        np.array([box for _, box, _ in seen], np.float32).reshape(-1, 4),
        np.array([NAMES.index(label) for label, _, _ in seen], np.int64),
        np.array([confidence for _, _, confidence in seen], np.float32),
        NAMES,
        "hand",
    )


def rule(**asked: object) -> Rule:
    """House defaults (300 s, 3 pictures 60 s apart) and company. persons: person."""
    return a_rule(company=Company(persons=("person",), **asked))  # type: ignore[arg-type]


def stand(
    rule_: Rule | list[Rule], beside: dict[int, list[tuple[str, Box, float]]], looks: int = 11
) -> Violation | None:
    """A stall from the first look on, a look each 30 s. beside: by look, what else was seen. The 11th look is the
    first with 300 s behind it."""
    scene = FixedScene("C", [a_zone()], rule_ if isinstance(rule_, list) else [rule_])
    for i in range(looks):
        what = detections(("stall", STALL, 0.9), *beside.get(i, []))
        for event in scene.look(at(30 * i), i, SIZE, what):
            if event.change is Change.RAISED:
                return event.violation
    return None


def in_looks(label: str, count: int, box: Box = BESIDE, confidence: float = 0.6) -> dict[int, list]:
    return {i: [(label, box, confidence)] for i in range(count)}


def test_a_stall_only_with_an_umbrella() -> None:
    asked = rule(with_labels=("umbrella",))  # in half of the looks
    assert stand(asked, {}) is None
    assert stand(asked, in_looks("umbrella", 5)) is None  # 5 of 11 looks
    found = stand(asked, in_looks("umbrella", 6))
    assert found is not None
    assert (found.facts["with"], found.facts["with_share"]) == ("umbrella", 0.545)  # 6 / 11
    assert "attended" not in found.facts
    assert stand(rule(with_labels=("umbrella",), with_share=0.4), in_looks("umbrella", 5)) is not None


def test_it_is_raised_once_the_share_is_reached() -> None:
    # An umbrella from the 7th look on: 5 of 11 looks, 6 of 12.
    late = {i: [("umbrella", BESIDE, 0.6)] for i in range(6, 20)}
    found = stand(rule(with_labels=("umbrella",)), late, looks=20)
    assert found is not None
    assert (found.end, found.facts["with_share"]) == (at(330), 0.5)


def test_any_or_all() -> None:
    both = {i: [("umbrella", BESIDE, 0.6)] for i in range(4)} | {
        i: [("shop_goods", BESIDE, 0.6)] for i in range(4, 8)
    }
    labels = ("umbrella", "shop_goods")
    found = stand(rule(with_labels=labels), both)  # one of them in 8 of 11 looks
    assert found is not None
    assert (found.facts["with"], found.facts["with_share"]) == ("umbrella / shop_goods", 0.727)
    assert stand(rule(with_labels=labels, with_all=True), both) is None  # each in 4 of 11
    found = stand(rule(with_labels=labels, with_all=True, with_share=0.36), both)
    assert found is not None
    assert (found.facts["with"], found.facts["with_share"]) == ("umbrella + shop_goods", 0.364)


@pytest.mark.parametrize(
    ("box", "confidence", "counts"),
    [
        (BESIDE, 0.6, True),
        (FAR, 0.6, False),
        (BESIDE, 0.39, False),  # start_confidence is 0.4
        ((380, 250, 520, 350), 0.6, True),  # above it
        ((536, 300, 566, 400), 0.6, False),  # 14 of its 30 px within the 50 px beside the stall
        ((534, 300, 564, 400), 0.6, True),  # 16 of them
        ((450, 430, 480, 465), 0.6, True),  # before it: 20 of its 35 px
        ((520, 400, 520, 400), 0.6, False),  # no area
    ],
)
def test_what_is_beside(box: Box, confidence: float, counts: bool) -> None:
    found = stand(rule(with_labels=("umbrella",)), in_looks("umbrella", 11, box, confidence))
    assert (found is not None) is counts


def test_a_second_name_of_the_thing_is_no_company() -> None:
    # Goods are a rule's label: a box that is the stall's own, called goods, is the stall under another name.
    both = [rule(with_labels=("shop_goods",)), a_rule("cross_door")]
    assert stand(both, in_looks("shop_goods", 11, STALL)) is None
    assert stand(both, in_looks("shop_goods", 11, (450, 320, 540, 400))) is not None


@pytest.mark.parametrize(("persons", "attended"), [(0, False), (3, False), (4, True), (11, True)])
def test_attended_or_not(persons: int, attended: bool) -> None:
    # The usual share is 0.3: 3 of 11 looks are 0.27, 4 are 0.36.
    there = in_looks("person", persons)
    yes, no = (stand(rule(attended=how), there) for how in (Attended.YES, Attended.NO))
    assert (yes is not None, no is not None) == (attended, not attended)
    found = yes or no
    assert found is not None
    assert found.facts["attended"] == ("yes" if attended else "no")
    assert found.facts["attended_share"] == round(persons / 11, 3)
    assert stand(rule(), there) is not None  # any


def test_company_counts_from_when_the_rule_holds() -> None:
    # A person in the first five looks only; the zone's rule holds from the sixth on.
    text = HEAD + RULE + 'attended = "no"\ncalendar = { hours = [["10:03", "22:00"]] }\n'
    [dated] = parse(text, NAMES)  # START is 10:00: 150 s later is the sixth look, 180 s the seventh
    found = stand(dated.rule, in_looks("person", 6), looks=20)
    assert found is not None
    assert (found.start, found.facts["attended_share"]) == (at(180), 0.0)


def drive_by(rule_: Rule, goods_in: int) -> list[Violation]:
    """A vehicle passes a stall; goods lie beside it in every ``goods_in``-th look (0: in none)."""
    scene = VehicleScene("V", [rule_], [], [], a_mounting())
    raised: list[Violation] = []
    n = 0
    for i in range(80):
        north = -30 + i
        seen = box_of(Stand(4.0, 6.0), north)
        what = [seen] if seen is not None else []
        if seen is not None and goods_in and n % goods_in == 0:
            left, top, right, low = seen[1]
            what.append(("shop_goods", (right, (top + low) / 2, right + (right - left) / 3, low), 0.6))
        n += seen is not None
        events = scene.look(at(i / 5), i, (1920, 1080), detections(*what), vehicle_at(north))
        raised += [e.violation for e in events]
    return raised + [e.violation for e in scene.finish()]


def test_company_along_the_way() -> None:
    asked = rule(with_labels=("shop_goods",))
    assert drive_by(asked, 0) == []
    assert drive_by(asked, 3) == []  # in a third of the looks
    [found] = drive_by(asked, 1)
    assert (found.facts["with"], found.proven) == ("shop_goods", False)
    assert found.facts["with_share"] >= 0.9
    [alone] = drive_by(rule(attended=Attended.NO), 0)
    assert (alone.facts["attended"], alone.facts["attended_share"]) == ("no", 0.0)
    assert drive_by(rule(attended=Attended.YES), 1) == []


def test_grown() -> None:
    assert grown(np.array([[0.4, 0.2, 0.6, 0.6]]), 0.5)[0] == pytest.approx([0.3, 0.0, 0.7, 0.8])


def test_reading() -> None:
    [dated] = parse(
        HEAD + RULE + 'with_labels = ["umbrella", "pile"]\nwith_all = true\nwith_share = 0.6\n'
        'attended = "no"\nattended_share = 0.2\nbeside = 1\nlabel_confidence = { person = 0.5 }',
        NAMES,
    )
    assert dated.rule.company == Company(
        ("umbrella", "pile"), True, 0.6, Attended.NO, 0.2, ("person", "rider"), 1.0
    )
    assert dated.rule.begins_at("person") == 0.5
    [plain] = parse(HEAD + RULE, NAMES)
    assert plain.rule.company == Company()  # persons alone ask for nothing, and are no part of the rule


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ('with_labels = ["ufo"]', "with_labels names 'ufo', which no model sees; known labels are car"),
        ('with_labels = ["stall"]', "which the rule itself is about"),
        ('with_labels = "pile"', "give a list of texts"),
        ("with_all = true", "with_all without with_labels"),
        ("with_share = 0.5", "with_share without with_labels"),
        ('with_labels = ["pile"]\nwith_all = 1', "give true or false"),
        ('with_labels = ["pile"]\nwith_share = 0', "more than 0 and at most 1"),
        ('with_labels = ["pile"]\nwith_share = nan', "more than 0 and at most 1"),
        ('with_labels = ["pile"]\nbeside = 3.5', "at most 3"),
        ("beside = 1", "beside without with_labels or attended"),
        ("attended = true", 'give "yes", "no" or "any"'),
        ('attended = "maybe"', 'give "yes", "no" or "any"'),
        ("attended_share = 0.5", "attended_share without attended"),
        ('attended = "yes"\nattended_share = 1.5', "at most 1"),
        ('attended = "yes"\nlabel_confidence = { car = 0.5 }', "which the rule does not name"),
    ],
)
def test_what_is_refused(more: str, why: str) -> None:
    with pytest.raises(BadRule, match=why) as caught:
        parse(HEAD + RULE + more, NAMES)
    assert "\n" not in str(caught.value)


def test_attended_needs_an_algorithm_that_sees_persons() -> None:
    asks = RULE + 'attended = "yes"\n'
    with pytest.raises(BadRule, match=r"do not say which labels are persons; write persons = \[\"person\"\]"):
        parse(asks, NAMES)
    with pytest.raises(
        BadRule, match=r"no model sees a person: person, rider missing of the labels pile, stall"
    ):
        parse(HEAD + asks, ("stall", "pile"))
    assert parse(HEAD + asks, None)[0].rule.company.attended is Attended.YES
    for head in ("persons = 3\n", 'persons = [""]\n'):
        with pytest.raises(BadRule, match="give the labels that are persons"):
            parse(head + asks, NAMES)
    with pytest.raises(BadRule, match="is about 'stall', a person itself"):
        parse('persons = ["stall"]\n' + asks, NAMES)
