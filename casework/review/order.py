"""Which candidates are handed out after all others, from ``order.toml``."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files


@cache
def handed_out_last() -> tuple[str, ...]:
    """Codes of rules. Raises ValueError for a file that says something else."""
    values = tomllib.loads(files(__package__).joinpath("order.toml").read_text("utf-8"))
    last = values.pop("last", [])
    if values or not isinstance(last, list) or not all(isinstance(code, str) for code in last):
        raise ValueError("order.toml must hold 'last', a list of rule codes, and nothing else")
    return tuple(last)
