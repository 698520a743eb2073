"""In which order waiting candidates are handed out, from ``order.toml``. Pure, but for the file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib.resources import files
from typing import Any

WEIGHTS = frozenset({"deadline", "complaint", "special_duty", "standing", "repeat"})
AFTER_ALL = 1_000_000
"""Added to the rank of what comes last: more than all weights together."""


@dataclass(frozen=True, slots=True)
class Order:
    """The file. within: from the raising to when the deadline comes near."""

    last: tuple[str, ...]
    weights: Mapping[str, int]
    most_doubt: int
    within: timedelta


@dataclass(frozen=True, slots=True)
class Urgency:
    """What a candidate's place in the queue depends on. confidence: of the detector, 0-1."""

    rule: str
    confidence: float
    standing: bool
    special_duty: bool = False
    repeat: bool = False
    complaint: bool = False
    deadline: bool = False


@cache
def order() -> Order:
    """Raises ValueError for a file that says something else than the parts of ``Order``."""
    values: dict[str, Any] = tomllib.loads(files(__package__).joinpath("order.toml").read_text("utf-8"))
    last, weights = values.get("last"), values.get("weights")
    if (
        set(values) != {"last", "weights", "doubt", "deadline"}
        or not (isinstance(last, list) and all(isinstance(code, str) for code in last))
        or not (isinstance(weights, dict) and weights.keys() == WEIGHTS)
        or not all(type(n) is int and 0 <= n < AFTER_ALL // 10 for n in weights.values())
        or not (set(values["doubt"]) == {"most"} and type(values["doubt"]["most"]) is int)
        or set(values["deadline"]) != {"hours", "near_hours"}
    ):
        raise ValueError("order.toml must hold last, weights, doubt.most, deadline.hours and near_hours")
    hours = values["deadline"]["hours"] - values["deadline"]["near_hours"]
    return Order(tuple(last), weights, values["doubt"]["most"], timedelta(hours=hours))


def rank_of(about: Urgency) -> int:
    """The candidate's place in the queue: lower is handed out sooner. Of one rank the lower id comes first."""
    rule = order()
    held = sum(weight for name, weight in rule.weights.items() if getattr(about, name))
    doubt = round((1.0 - min(max(about.confidence, 0.0), 1.0)) * rule.most_doubt)
    return (AFTER_ALL if about.rule in rule.last else 0) - held - doubt
