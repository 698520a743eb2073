"""Rules as data: the shipped ones, and what is refused."""

from __future__ import annotations

from datetime import date

import pytest

from detector.errors import BadRule
from detector.scene.model import Rule, ZoneKind
from detector.scene.rules import FixedScene
from detector.scene.rules_data import default_rules, from_dict, in_force, parse

from .builders import a_rule

LABELS = ("stall", "shop_goods", "pile")
ONE = """
[[rule]]
code = "stall"
version = {version}
valid_from = {start}
{end}
type = "stall"
labels = ["stall"]
zone_kinds = ["pavement"]
"""


def test_the_shipped_rules() -> None:
    rules = default_rules(LABELS, date(2026, 6, 1))
    both = (ZoneKind.PAVEMENT, ZoneKind.FRONTAGE)
    assert rules[:3] == (
        Rule("stall", 2, "stall", ("stall",), both, duty_dwell_s=120.0),
        Rule("cross_door", 2, "cross_door", ("shop_goods",), (ZoneKind.FRONTAGE,), duty_dwell_s=120.0),
        Rule("stacked_goods", 2, "stacked_goods", ("pile",), both, duty_dwell_s=120.0),
    )
    assert (rules[0].dwell_s, rules[0].pictures, rules[0].spacing_s, rules[0].gap_s) == (300, 3, 60, 120)
    assert default_rules(LABELS, date(2025, 12, 31)) == ()


def test_versions_follow_each_other() -> None:
    text = ONE.format(version=1, start="2026-01-01", end="valid_to = 2026-03-31")
    text += ONE.format(version=2, start="2026-04-01", end="")
    rules = parse(text, LABELS)
    assert [rule.version for rule in in_force(rules, date(2026, 3, 31))] == [1]
    assert [rule.version for rule in in_force(rules, date(2026, 4, 1))] == [2]


@pytest.mark.parametrize(
    "text",
    [
        "[[rule",
        "x = 1",
        "rule = 3",
        ONE.format(version=1, start="2026-01-01", end="valid_to = 2025-01-01"),
        ONE.format(version=1, start="'soon'", end=""),
        ONE.format(version=1, start="2026-01-01T00:00:00", end=""),
        ONE.format(version=1, start="2026-01-01", end="") * 2,
        ONE.format(version=1, start="2026-01-01", end="") + ONE.format(version=2, start="2026-02-01", end=""),
    ],
)
def test_bad_texts_are_refused(text: str) -> None:
    with pytest.raises(BadRule):
        parse(text, LABELS)


@pytest.mark.parametrize(
    "change",
    [
        {"labels": ["tent"]},
        {"labels": []},
        {"labels": "stall"},
        {"zone_kinds": ["roof"]},
        {"zone_kinds": ["permitted"]},
        {"zone_kinds": []},
        {"dwell_s": -1},
        {"dwell_s": float("nan")},
        {"dwell_s": True},
        {"pictures": 0},
        {"pictures": 2.5},
        {"gap_s": 0},
        {"overlap": 0},
        {"overlap": 1.5},
        {"start_confidence": 0.1},
        {"looks_per_pass": 0},
        {"reach_m": 0},
        {"version": 0},
        {"code": ""},
        {"weight": 3},
    ],
)
def test_bad_rules_are_refused_in_one_line(change: dict[str, object]) -> None:
    good = {"code": "a", "version": 1, "type": "t", "labels": ["stall"], "zone_kinds": ["pavement"]}
    assert from_dict(good, LABELS).code == "a"
    with pytest.raises(BadRule) as error:
        from_dict(good | change, LABELS)
    assert "\n" not in str(error.value)


def test_a_rule_must_be_whole() -> None:
    with pytest.raises(BadRule, match="lacks labels, type"):
        from_dict({"code": "a", "version": 1, "zone_kinds": ["pavement"]}, LABELS)


def test_a_scene_takes_a_rule_once() -> None:
    with pytest.raises(BadRule, match="twice"):
        FixedScene("cam", [], [a_rule(), a_rule()])
