"""The words of the domain, as data: ``words.toml``. Codes are stable, words are for people."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Word:
    """A code with its words. ``key``: the key that decides in the review page (reasons).

    hard_negative: the reason says that it is not the thing at all, so that detectors may learn from it.
    """

    code: str
    zh: str
    en: str
    key: str | None = None
    stage: str | None = None
    hard_negative: bool = False


@cache
def _all() -> dict[str, tuple[Word, ...]]:
    data = tomllib.loads(files("casework").joinpath("words.toml").read_text("utf-8"))
    return {group: tuple(Word(**row) for row in rows) for group, rows in data.items()}


def words(group: str) -> tuple[Word, ...]:
    """The words of a group: types, reasons, candidate_states, case_states ...."""
    return _all()[group]


def codes(group: str) -> frozenset[str]:
    """The codes of a group."""
    return frozenset(word.code for word in words(group))


def word(group: str, code: str) -> Word:
    """One word; the code itself where the file has none."""
    return next((w for w in words(group) if w.code == code), Word(code, code, code))
