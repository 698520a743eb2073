"""The limits of the class-free path, and one thing that it sees."""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass, fields
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from detector.scene.boxes import FOOT

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]
Window = tuple[slice, slice]

ON_ZONE = 0.25
"""Share of a foot in a zone from which on it is worth a look; the rules ask for more."""


@dataclass(frozen=True, slots=True)
class Limits:
    """See ``limits.toml`` for the meaning and unit of each."""

    short_s: float
    most_step: float
    long_s: float
    long_every_s: float
    begin_looks: float
    absorb_s: float
    edge: float
    wide_change: float
    least_cells: float
    most_share: float
    outline: float
    round_about: float
    shown_through: float
    level: float
    darkest: float
    colour: float
    confirmed: float
    named_least: float
    named_s: float
    movers: tuple[str, ...]

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name != "movers" and not (math.isfinite(value) and value > 0):
                raise ValueError(f"{field.name} is {value}; give a number of more than 0")


def shipped() -> Limits:
    """The shipped limits."""
    return limits_from(files(__package__).joinpath("limits.toml").read_text("utf-8"))


def limits_from(text: str) -> Limits:
    """Limits from TOML text. Raises ValueError: one that is unknown, missing or out of range."""
    values = tomllib.loads(text)
    if strange := sorted(set(values) ^ {field.name for field in fields(Limits)}):
        raise ValueError(f"limits of the class-free path: {', '.join(strange)} unknown or missing")
    movers = values.pop("movers")
    if not isinstance(movers, list) or not all(isinstance(m, str) for m in movers):
        raise ValueError(f"movers is {movers!r}; give a list of class names")
    return Limits(movers=tuple(movers), **{name: float(value) for name, value in values.items()})


@dataclass(frozen=True, slots=True)
class Blob:
    """Something new. cells: which cells of the ``window`` of the grid it fills. box: left, top, right, bottom
    in cells of the grid. score: 0.5-1, how far its new edges are above the least, which would be 0.5.
    """

    window: Window
    cells: Mask
    box: tuple[int, int, int, int]
    score: float


def stands_on(box: tuple[int, int, int, int], wanted: Mask) -> bool:
    """Whether enough of a box's foot lies on such cells of the grid."""
    left, top, right, bottom = box
    high = max(1, round(FOOT * (bottom - top)))
    return bool(wanted[bottom - high : bottom, left:right].mean() >= ON_ZONE)
