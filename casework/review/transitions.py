"""The table of what decisions do, read from ``transitions.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Transition:
    """One row."""

    stage: str
    verdict: str
    sources: frozenset[str]
    to: str
    needs: tuple[str, ...]


@cache
def transitions() -> tuple[Transition, ...]:
    """All rows."""
    data = tomllib.loads(files("casework.review").joinpath("transitions.toml").read_text("utf-8"))
    return tuple(
        Transition(
            row["stage"], row["verdict"], frozenset(row["from"]), row["to"], tuple(row.get("needs", ()))
        )
        for row in data["transition"]
    )


def transition(stage: str, verdict: str) -> Transition | None:
    """The row for a stage and verdict."""
    return next((t for t in transitions() if (t.stage, t.verdict) == (stage, verdict)), None)


def waiting_states(stage: str) -> frozenset[str]:
    """The states in which a candidate waits for this stage."""
    return frozenset().union(*(t.sources for t in transitions() if t.stage == stage))


@cache
def stage_that_waits(state: str, *, warning: bool = False) -> str | None:
    """The stage that a candidate in a state waits for; none: nobody. What only warns never becomes a case."""
    stage = next((t.stage for t in transitions() if state in t.sources), None)
    return None if stage == "legal" and warning else stage
