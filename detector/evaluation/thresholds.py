"""Choosing the confidence from which boxes are shown, so that a stated precision is kept."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from detector.evaluation.looks import Looks, tally_of
from detector.evaluation.matching import Floats, Tally

PRECISION = 0.85
"""The precision that the customer asks for."""

LEAST, MOST = 0.1, 0.9
"""Thresholds lie between these: the service looks from the first on, and beyond the second nothing is left."""

LEAST_RECALL = 0.2
"""A precision bought by missing four things in five is not reached."""

FEW, USUAL = 20, 0.4
"""With fewer labels than this, the best F1 is chance: the usual threshold is taken."""

F1_LEAST, F1_MOST = 0.25, 0.6
"""F1 is flat around its best: its threshold is kept within what has proved itself."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A threshold and why. precision, recall: counted on the same labels, hence a little too good; None where there
    is nothing to count. shown: boxes at it. labels: labelled boxes.
    """

    threshold: float
    why: str
    precision: float | None
    recall: float | None
    shown: int
    labels: int

    def as_dict(self) -> dict[str, Any]:
        """For the manifest, rounded to four places."""
        return {k: round(v, 4) if isinstance(v, float) else v for k, v in asdict(self).items()}


def choose(looks: Looks, precision: float = PRECISION) -> dict[str, Choice]:
    """A threshold for each measurable class."""
    return {name: choose_one(tally_of(looks.scenes, name), precision) for name in looks.measurable}


def choose_one(t: Tally, precision: float = PRECISION) -> Choice:
    """The lowest threshold that keeps the precision, else the one with the best F1.

    Precision over falling confidence goes up and down by chance, and its lowest crossing would be a lucky peak. So
    the precision counted must hold, and a smoothed one too: (1) the right ones among the boxes shown are read from
    their least concave curve, where precision falls steadily (isotonic regression), and (2) two imagined boxes, one
    right and one wrong, are added (rule of succession), so that 0.85 asks for at least five boxes. Where the
    precision is out of reach: the threshold with the best F1 on the same curve, or the usual one for few labels.
    Raises ValueError for a precision that is none.
    """
    if not 0 < precision < 1:
        raise ValueError(f"a precision of {precision} cannot be kept; give one between 0 and 1")
    usable = t.confidence >= LEAST
    confidence, hit = t.confidence[usable].astype(np.float64), t.hit[usable, 0]
    labels = int(t.truths.sum())
    last = np.flatnonzero(np.append(np.diff(confidence) != 0, True)) if len(hit) else np.zeros(0, np.int64)
    shown = (last + 1).astype(np.float64)  # equal confidences are shown together
    right = hit.cumsum()[last].astype(np.float64)
    smooth = _concave(shown, right)
    steady = (right >= precision * shown) & ((smooth + 1) / (shown + 2) >= precision)
    kept = np.flatnonzero(steady & (right >= LEAST_RECALL * labels))
    if len(kept):
        threshold = _above(confidence, int(shown[kept[-1]]))
        return _choice(t, threshold, f"lowest that keeps a counted and smoothed precision of {precision:g}")
    out_of_reach = f"a smoothed precision of {precision:g} is out of reach"
    if labels < FEW or not hit.any():
        return _choice(
            t, USUAL, f"the usual one: {out_of_reach}, and {labels} labels are too few to fit another"
        )
    best = int((2 * smooth / (shown + labels)).argmax())
    threshold = float(np.clip(_above(confidence, int(shown[best])), F1_LEAST, F1_MOST))
    return _choice(t, threshold, f"best F1 within {F1_LEAST:g}-{F1_MOST:g}: {out_of_reach}")


def thresholds_of(choices: Mapping[str, Choice]) -> dict[str, float]:
    """The thresholds alone."""
    return {name: choice.threshold for name, choice in choices.items()}


def _choice(t: Tally, threshold: float, why: str) -> Choice:
    """With what is counted at the threshold, cut (never raised) to four places, as the manifest keeps it."""
    threshold = math.floor(threshold * 1e4) / 1e4
    over = t.confidence >= threshold
    shown, right, labels = int(over.sum()), int(t.hit[over, 0].sum()), int(t.truths.sum())
    precision = right / shown if shown else None
    return Choice(threshold, why, precision, right / labels if labels else None, shown, labels)


def _concave(shown: Floats, right: Floats) -> Floats:
    """The least concave curve on or above (boxes shown, right ones), which starts at (0, 0)."""
    corners: list[tuple[float, float]] = [(0.0, 0.0)]
    for x, y in zip(shown.tolist(), right.tolist(), strict=True):
        while len(corners) > 1 and _turns_up(corners[-2], corners[-1], (x, y)):
            corners.pop()
        corners.append((x, y))
    xs, ys = zip(*corners, strict=True)
    curve: Floats = np.interp(shown, xs, ys)
    return curve


def _turns_up(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> bool:
    """Whether c lies on or above the line from a through b."""
    return (c[1] - a[1]) * (b[0] - a[0]) >= (b[1] - a[1]) * (c[0] - a[0])


def _above(confidence: Floats, number: int) -> float:
    """A threshold that shows so many boxes: half-way to the next weaker one, to two places where these allow it."""
    weakest = float(confidence[number - 1])
    following = float(confidence[number]) if number < len(confidence) else LEAST
    middle = (weakest + following) / 2
    rounded = round(middle, 2)
    return float(np.clip(rounded if following < rounded <= weakest else middle, LEAST, MOST))
