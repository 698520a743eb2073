"""The table of allowed steps of a case, read from ``transitions.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from casework.people.roles import Role

MODES = frozenset({"evidence", "clue"})


@dataclass(frozen=True, slots=True)
class Step:
    """One allowed step. watch_days: from it on the place is looked at again for so many days, none: it is not."""

    source: str
    to: str
    roles: frozenset[Role]
    modes: frozenset[str]
    needs: tuple[str, ...]
    closes: bool
    watch_days: int | None


@cache
def steps() -> tuple[Step, ...]:
    """All allowed steps."""
    data = tomllib.loads(files("casework.cases").joinpath("transitions.toml").read_text("utf-8"))
    return tuple(
        Step(
            row["from"],
            row["to"],
            frozenset(Role(r) for r in row["roles"]),
            frozenset(row.get("modes", MODES)),
            tuple(row.get("needs", ())),
            row.get("closes", False),
            row.get("watch_days"),
        )
        for row in data["transition"]
    )


def next_steps(state: str, mode: str) -> list[Step]:
    """The lawful next steps of a case in this state and mode."""
    return [s for s in steps() if s.source == state and mode in s.modes]
