"""The table of an algorithm's steps, read from ``transitions.toml``, and the numbers of its guards."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from casework.people.roles import Role


@dataclass(frozen=True, slots=True)
class Step:
    """One allowed step."""

    act: str
    source: str
    to: str
    roles: frozenset[Role]
    guards: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """ap50_tolerance: by how much a class may be worse. shadow_looks: least looks of a shadow span."""

    ap50_tolerance: float
    shadow_looks: int


@cache
def steps() -> tuple[Step, ...]:
    """All allowed steps."""
    data = tomllib.loads(files("casework.algorithms").joinpath("transitions.toml").read_text("utf-8"))
    return tuple(
        Step(
            row["act"],
            source,
            row["to"],
            frozenset(Role(r) for r in row["roles"]),
            tuple(row.get("guards", ())),
        )
        for row in data["transition"]
        for source in row["from"]
    )


def step(act: str, state: str) -> Step | None:
    """The step that an act is in this state; none where it is not allowed."""
    return next((s for s in steps() if (s.act, s.source) == (act, state)), None)


@cache
def limits() -> Limits:
    """The numbers of the guards (``guards.toml``)."""
    data = tomllib.loads(files("casework.algorithms").joinpath("guards.toml").read_text("utf-8"))
    return Limits(float(data["ap50_tolerance"]), int(data["shadow_looks"]))
