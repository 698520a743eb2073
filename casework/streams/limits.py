"""When something about a device needs a person: limits and words, as data (``alarms.toml``)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Limits:
    """See ``alarms.toml`` for the meaning of each. Seconds, but for shares and counts."""

    silent_intervals: float
    silent_least_s: float
    late_share: float
    late_least_s: float
    worker_quiet_s: float
    vehicle_silent_s: float
    drift_s: float


@dataclass(frozen=True, slots=True)
class AlarmWords:
    """What an alarm is called, and what to do about it."""

    kind: str
    zh: str
    en: str
    do_zh: str
    do_en: str


_DATA = tomllib.loads(files("casework.streams").joinpath("alarms.toml").read_text("utf-8"))
LIMITS = Limits(**{name: float(value) for name, value in _DATA["limits"].items()})
ALARMS = {row["kind"]: AlarmWords(**row) for row in _DATA["alarm"]}
"""By kind, the gravest first."""
