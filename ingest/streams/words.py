"""Faults in Chinese and English, for pages and reports."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from ingest.streams.model import FaultCode


@dataclass(frozen=True, slots=True)
class FaultWords:
    """What a fault is called, and how it is mended."""

    zh: str
    en: str
    mend_zh: str
    mend_en: str


def fault_words(code: FaultCode) -> FaultWords:
    """Of one fault."""
    return _all()[code]


@cache
def _all() -> dict[FaultCode, FaultWords]:
    told = tomllib.loads(files("ingest.streams").joinpath("words.toml").read_text("utf-8"))["faults"]
    return {
        FaultCode(row["code"]): FaultWords(row["zh"], row["en"], row["mend_zh"], row["mend_en"])
        for row in told
    }
