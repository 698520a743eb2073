"""What can be said of a camera, and the limits that say it."""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass, fields
from enum import StrEnum
from importlib.resources import files


class Condition(StrEnum):
    """How a fixed camera's picture stands to its reference picture."""

    FINE = "fine"
    SHIFTED = "shifted"  # a little: zones are moved along (``Finding.shift``)
    MOVED = "moved"  # shifted too far, turned or zoomed: zones hold no more
    BLOCKED = "blocked"
    DARK = "dark"
    BLURRED = "blurred"
    FROZEN = "frozen"  # the same picture for too long
    WRONG_SCENE = "wrong_scene"
    WRONG_SHAPE = "wrong_shape"  # other proportions of width and height

    @property
    def usable(self) -> bool:
        """Whether zones may be used, moved by the shift."""
        return self in (Condition.FINE, Condition.SHIFTED)


@dataclass(frozen=True, slots=True)
class Finding:
    """A condition with its measured value and the limit that it passed (or kept, when fine).

    shift: by which what stands moved in the picture since the reference, (x, y) as shares of width and height,
    right and down positive; (0, 0) where it is not known. measure: the name in ``limits.toml`` that ``value`` and
    ``limit`` are of.
    """

    condition: Condition
    measure: str
    value: float
    limit: float
    shift: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Limits:
    """See ``limits.toml`` for the meaning and unit of each."""

    shape: float
    dark_level: float
    sharpness: float
    coarse_alike: float
    least_tiles: float
    alike_tile: float
    alike_share: float
    sure_share: float
    flat_share: float
    shift_least: float
    shift_most: float
    turn_deg: float
    zoom: float
    points: float
    frozen_level: float
    frozen_s: float
    frozen_looks: float
    every_s: float
    sudden_boxes: float
    begin_s: float
    begin_votes: float
    end_votes: float
    votes: float

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not math.isfinite(value) or value < 0:
                raise ValueError(f"{field.name} is {value}; give a number of 0 or more")
        if not 1 <= self.begin_votes <= self.votes or not 1 <= self.end_votes <= self.votes:
            raise ValueError("begin_votes and end_votes must be 1 to votes")
        if self.begin_votes + self.end_votes <= self.votes:
            raise ValueError(
                "begin_votes and end_votes must be more than votes together, else both hold at once"
            )


def shipped() -> Limits:
    """The shipped limits."""
    return limits_from(files(__package__).joinpath("limits.toml").read_text("utf-8"))


def limits_from(text: str) -> Limits:
    """Limits from TOML text. Raises ValueError: a number that is unknown, missing or out of range."""
    values = tomllib.loads(text)
    known = {field.name for field in fields(Limits)}
    if strange := sorted(set(values) ^ known):
        raise ValueError(
            f"limits of camera care: {', '.join(strange)} unknown or missing; known: {sorted(known)}"
        )
    return Limits(**{name: float(value) for name, value in values.items()})
