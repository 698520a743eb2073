"""The numbers of ``quality.toml``: shares, thresholds, spans. Read once; a bureau may name a file of its own."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields, replace
from importlib.resources import files
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class LowAgreement:
    """More second looks where few agree; ``least``: second looks that must be there to say so."""

    share: float
    below: float
    least: int
    days: int


@dataclass(frozen=True, slots=True)
class HighStakes:
    """More second looks where most hangs on it."""

    share: float
    repeats: int
    special_duty: bool


@dataclass(frozen=True, slots=True)
class QualityRules:
    """All numbers; see the file. Shares 0-1."""

    second_share: float
    colleague_days: int
    low_agreement: LowAgreement
    high_stakes: HighStakes
    planted_share: float
    haste_picture_ms: int
    drift_last_days: int
    drift_before_days: int
    least: int
    first_to_reviewer_days: float
    most_days: int

    @property
    def most_second(self) -> float:
        """The greatest share of second looks that anything asks for."""
        return max(self.second_share, self.low_agreement.share, self.high_stakes.share)


_in_use: list[QualityRules] = []


def rules() -> QualityRules:
    """The numbers in use: those that shipped, unless others were named."""
    if not _in_use:
        use(read(files("casework.review").joinpath("quality.toml").read_text("utf-8")))
    return _in_use[0]


def use(chosen: QualityRules) -> None:
    """From now on these hold in this process."""
    _in_use[:] = [chosen]


def without_draws() -> QualityRules:
    """The numbers in use, but nothing is drawn for a second look and nothing planted: for measurements."""
    now = rules()
    return replace(
        now,
        second_share=0.0,
        planted_share=0.0,
        low_agreement=replace(now.low_agreement, share=0.0),
        high_stakes=replace(now.high_stakes, share=0.0),
    )


def use_file(path: Path) -> None:
    """A bureau's own file, whole. Raises ValueError with what is wrong, OSError."""
    use(read(path.read_text("utf-8")))


def read(text: str) -> QualityRules:
    """From TOML. Raises ValueError with what is wrong: what is missing, unknown, or no share."""
    data = tomllib.loads(text)
    try:
        second = data["second"]
        found = QualityRules(
            second_share=_share(second["share"], "second.share"),
            colleague_days=int(second["colleague_days"]),
            low_agreement=_part(LowAgreement, second, "low_agreement"),
            high_stakes=_part(HighStakes, second, "high_stakes"),
            planted_share=_share(data["planted"]["share"], "planted.share"),
            haste_picture_ms=int(data["haste"]["picture_ms"]),
            drift_last_days=int(data["drift"]["last_days"]),
            drift_before_days=int(data["drift"]["before_days"]),
            least=int(data["figures"]["least"]),
            first_to_reviewer_days=float(data["figures"]["first_to_reviewer_days"]),
            most_days=int(data["figures"]["most_days"]),
        )
    except KeyError as error:
        raise ValueError(f"quality.toml: {error} is missing") from error
    if min(found.drift_last_days, found.drift_before_days, found.least, found.most_days) < 1:
        raise ValueError("quality.toml: days and least must be 1 or more")
    return found


def _part(table: type[Any], data: dict[str, Any], name: str) -> Any:
    row, known = data[name], {f.name for f in fields(table)}
    if set(row) != known:
        raise ValueError(f"quality.toml: second.{name} must hold {sorted(known)}, and nothing else")
    _share(row["share"], f"second.{name}.share")
    return table(**row)


def _share(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ValueError(f"quality.toml: {name} is {value!r}; give a share from 0 to 1")
    return float(value)
