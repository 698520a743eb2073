"""The table of what may happen to a candidate besides decisions, read from ``life.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

UNCOUNTED = ("merged", "withdrawn")
"""States of candidates that are no longer one thing of their own: left out of figures and histories."""


@dataclass(frozen=True, slots=True)
class Act:
    """One row. to: none where the state stays."""

    name: str
    sources: frozenset[str]
    to: str | None
    into: frozenset[str]
    by: frozenset[str]


@dataclass(frozen=True, slots=True)
class Again:
    """When a rejected place may be raised again; see the file."""

    days: int
    size_ratio: float
    least_likeness: float
    lasting: frozenset[str]


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(files("casework.candidates").joinpath("life.toml").read_text("utf-8"))


@cache
def act(name: str) -> Act:
    """The act of a name; an unknown one is a programming error (KeyError)."""
    row = _data()["acts"][name]
    return Act(
        name, frozenset(row["from"]), row.get("to"), frozenset(row.get("into", ())), frozenset(row["by"])
    )


def acts_from(state: str) -> list[str]:
    """What a person may do to a candidate in a state."""
    return [name for name in _data()["acts"] if state in act(name).sources and "person" in act(name).by]


@cache
def again() -> Again:
    """The rule for rejected places."""
    row = _data()["again"]
    return Again(row["days"], row["size_ratio"], row["least_likeness"], frozenset(row["lasting"]))


@dataclass(frozen=True, slots=True)
class Alike:
    """When candidates are of one group; see the file."""

    least_overlap: float
    metres: float
    days: int


@cache
def alike() -> Alike:
    """The rule for groups."""
    row = _data()["alike"]
    return Alike(row["least_overlap"], row["metres"], row["days"])
