"""The whole evaluation of a detector on a split, as one report and as JSON."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.errors import BadWeights, DataSetError
from detector.evaluation.calibration import FROM, Calibration, calibration
from detector.evaluation.figures import Classes, Figures, Table, figures, figures_of_size
from detector.evaluation.looks import Looks, Scene, tally_of
from detector.evaluation.mistakes import BACKGROUND, Finding, confusion, findings
from detector.evaluation.resampling import Interval
from detector.training.context import CLASSES, DOMAIN

SIZES: dict[str, tuple[float, float]] = {
    "small": (0.0, 0.02),
    "medium": (0.02, 0.15),
    "large": (0.15, math.inf),
}
"""Share of the picture that a thing's box takes; on our val about a quarter of the labels each side of medium."""

SOURCES = ("repository", "source", "set")
"""Columns of ``sources.csv`` that may name where a picture came from, the first that is there."""

TOP = 20
"""So many sources and groups are told, those with the most pictures."""

PART_DRAWS = 300
"""Resamples for parts of a set."""


@dataclass(frozen=True, slots=True)
class BySize:
    """Things of one size. boxes: labels by class."""

    limits: tuple[float, float]
    boxes: Mapping[str, int]
    ap50: Table
    recall: Table


@dataclass(frozen=True, slots=True)
class Report:
    """Everything measured. not_measured: class name and why. found: every box shown and label missed."""

    looks: Looks
    classes: Classes
    not_measured: Mapping[str, str]
    thresholds: Mapping[str, float]
    overall: Figures
    by_source: Mapping[str, Figures]
    by_group: Mapping[str, Figures]
    by_view: Mapping[str, Figures]
    by_light: Mapping[str, Figures]
    by_size: Mapping[str, BySize]
    calibrations: Mapping[str, Calibration]
    found: tuple[Finding, ...]
    confusion: NDArray[np.int64]
    method: str

    def as_dict(self, *, whole: bool = True) -> dict[str, Any]:
        """For JSON: numbers rounded to four places, None where nothing could be measured. whole: with sources,
        groups, calibration and confusion.
        """
        data: dict[str, Any] = {
            "data": {"split": self.looks.split, "sha256": self.looks.sha256},
            "classes_measured": list(self.classes.mean),
            "classes_beside": list(self.classes.beside),
            "classes_not_measured": dict(self.not_measured),
            **_told(self.overall),
            "thresholds": dict(self.thresholds),
            "by_source": {k: _told(v) for k, v in self.by_source.items()},
            "by_group": {k: _told(v) for k, v in self.by_group.items()},
            "by_view": {k: _told(v) for k, v in self.by_view.items()},
            "by_light": {k: _told(v) for k, v in self.by_light.items()},
            "by_size": {k: _told_size(v) for k, v in self.by_size.items()},
            "calibration": {
                "from_confidence": FROM,
                **{name: asdict(c) for name, c in self.calibrations.items()},
            },
            "confusion": {
                "rows": "labelled", "columns": "shown",
                "classes": [*self.classes.wanted, BACKGROUND], "counts": self.confusion.tolist(),
            },
            "method": self.method,
        }  # fmt: skip
        details = () if whole else ("by_source", "by_group", "calibration", "confusion")
        return {key: _rounded(value) for key, value in data.items() if key not in details}


def measure(looks: Looks, thresholds: Mapping[str, float], *, resampled: int = 1000, seed: int = 0) -> Report:
    """Every figure of pictures that were looked at.

    thresholds: operating confidence by class name, for every class measured. resampled: bootstrap draws by group
    over the whole set; parts have at most ``PART_DRAWS``. Raises BadWeights for thresholds that do not fit the
    model, DataSetError when the set holds nothing that can be measured.
    """
    classes, not_measured = _classes(looks)
    _check_thresholds(looks, classes, thresholds)
    used = {n: float(thresholds[n]) for n in classes.wanted + classes.beside}
    few = min(resampled, PART_DRAWS)

    def of(scenes: tuple[Scene, ...], draws: int = few) -> Figures:
        return figures(scenes, classes, used, draws=draws, seed=seed)

    def parts(key: Callable[[Scene], str]) -> dict[str, Figures]:
        common = Counter(key(s) for s in looks.scenes if key(s)).most_common(TOP)
        return {name: of(tuple(s for s in looks.scenes if key(s) == name)) for name, _ in common}

    found = tuple(f for scene in looks.scenes for f in findings(scene, classes.wanted, used))
    return Report(
        looks, classes, not_measured, used,
        of(looks.scenes, resampled),
        parts(_source), parts(lambda s: s.source.get("group", "")),
        parts(lambda s: s.source.get("view", "")), parts(lambda s: s.source.get("light", "")),
        {
            size: BySize(limits, *figures_of_size(looks.scenes, classes, used, limits, draws=few, seed=seed))
            for size, limits in SIZES.items()
        },
        {n: calibration(tally_of(looks.scenes, n)) for n in classes.mean + classes.beside},
        found, confusion(list(found), classes.wanted),
        f"COCO 101-point average precision over all pictures, at most 100 boxes of a class in a picture; ap50_95 "
        f"is the mean over overlaps (IoU) 0.50 to 0.95; precision and recall at the operating thresholds and an "
        f"overlap of 0.5; means are plain means over classes_measured (a class that shows no box has no precision "
        f"and is left out of that mean); precision_at_recall is the best precision at a recall of at least 0.5; "
        f"a negative shows none of the wanted classes; by_size: share of the picture, a box goes with the label it "
        f"finds; intervals: 95 % percentile bootstrap by group (none where one group "
        f"holds all labels), {resampled} draws ({few} for parts), seed {seed}.",
    )  # fmt: skip


def _classes(looks: Looks) -> tuple[Classes, dict[str, str]]:
    domain = [n for n in CLASSES[:DOMAIN] if n in looks.names]
    mean = tuple(n for n in looks.measurable if n in domain)
    beside = tuple(n for n in looks.measurable if n not in domain)
    unlabelled = tuple(n for n in domain if n in looks.known and n not in mean)
    why = {n: "the model does not know this class" for n in looks.names if n not in looks.known}
    why |= {
        n: "not labelled in this split" for n in looks.names if n in looks.known and n not in mean + beside
    }
    why |= {n: "not among the set's classes" for n in CLASSES[:DOMAIN] if n not in looks.names}
    if not mean + beside + unlabelled:
        raise DataSetError(
            f"nothing can be measured: {'; '.join(f'{n}: {reason}' for n, reason in why.items())}; label some, or "
            "rename the classes in data.yaml"
        )
    return Classes(mean, beside, unlabelled), why


def _check_thresholds(looks: Looks, classes: Classes, thresholds: Mapping[str, float]) -> None:
    strange = sorted(set(thresholds) - set(looks.known))
    if strange:
        raise BadWeights(
            f"thresholds for classes that the model does not know: {', '.join(strange)}; it knows "
            f"{', '.join(looks.known)}"
        )
    absent = [n for n in classes.wanted + classes.beside if n not in thresholds]
    if absent:
        raise BadWeights(f"no threshold for {', '.join(absent)}; add it to the manifest")
    wrong = [n for n, v in thresholds.items() if not 0 <= v <= 1]
    if wrong:
        raise BadWeights(
            f"the threshold of {wrong[0]} is {thresholds[wrong[0]]}; it must lie between 0 and 1"
        )


def _source(scene: Scene) -> str:
    return next((scene.source[c] for c in SOURCES if scene.source.get(c)), "")


def _told(f: Figures) -> dict[str, Any]:
    return {
        "pictures": f.pictures, "negatives": f.negatives, "groups": f.groups,
        "boxes": {"all": sum(f.boxes.values()), **f.boxes}, "groups_with_boxes": dict(f.groups_with),
        "ap50": _keys(f.ap50), "ap50_95": _keys(f.ap),
        "precision": _keys(f.precision), "recall": _keys(f.recall),
        "precision_at_recall": {"recall": 0.5, **_keys(f.precision_at_recall)},
        "false_per_100_negatives": f.false_per_100.value,
        "false_per_100_negatives_ci": [f.false_per_100.low, f.false_per_100.high],
    }  # fmt: skip


def _told_size(s: BySize) -> dict[str, Any]:
    return {
        "share_of_picture": [s.limits[0], min(s.limits[1], 1.0)],
        "boxes": {"all": sum(s.boxes.values()), **s.boxes},
        "ap50": _keys(s.ap50),
        "recall": _keys(s.recall),
    }


def _keys(table: Mapping[str, Interval]) -> dict[str, Any]:
    """``mean`` and ``mean_ci``, and so for each class."""
    out: dict[str, Any] = {}
    for name, figure in table.items():
        out |= {name: figure.value, f"{name}_ci": [figure.low, figure.high]}
    return out


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(v) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(v) for v in value]
    if isinstance(value, float):
        return round(value, 4) if math.isfinite(value) else None
    return value
