"""Figures of a set of pictures that were looked at, each with its 95 % interval."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from detector.evaluation.looks import Scene, tally_of
from detector.evaluation.matching import Floats, Tally
from detector.evaluation.resampling import (
    Interval,
    average_precision,
    interval,
    mean_average_precision,
    precision_at_recall,
    rates,
    resamples,
)

RECALL = 0.5
"""The recall at which the aim names a precision."""

Table = Mapping[str, Interval]
"""A figure by class name, and its ``mean`` over the classes in the mean."""


@dataclass(frozen=True, slots=True)
class Classes:
    """Which classes count. mean: in the mean and in false boxes per negative (with those of ``unlabelled``, which
    the set names but nowhere shows). beside: labelled context, measured apart.
    """

    mean: tuple[str, ...]
    beside: tuple[str, ...]
    unlabelled: tuple[str, ...]

    @property
    def wanted(self) -> tuple[str, ...]:
        """Classes whose boxes on a negative picture are false."""
        return self.mean + self.unlabelled


@dataclass(frozen=True, slots=True)
class Figures:
    """A set of pictures. negatives: those where no wanted class is labelled. boxes: labels by class. groups_with:
    groups that hold any of them. ap: average
    precision over overlaps of 0.5-0.95. precision_at_recall: at ``RECALL``. false_per_100: boxes of wanted
    classes shown on 100 negatives. Precision and recall are at the thresholds, and with them an overlap of 0.5.
    """

    pictures: int
    groups: int
    negatives: int
    boxes: Mapping[str, int]
    groups_with: Mapping[str, int]
    ap50: Table
    ap: Table
    precision: Table
    recall: Table
    precision_at_recall: Table
    false_per_100: Interval


def figures(
    scenes: tuple[Scene, ...], classes: Classes, thresholds: Mapping[str, float], *, draws: int, seed: int
) -> Figures:
    """Figures of scenes. draws: bootstrap resamples by group; fewer than two groups have no interval."""
    sampled = _draws(scenes, draws, seed)
    names = classes.mean + classes.beside
    tallies = {name: tally_of(scenes, name) for name in names}
    at_threshold = {name: rates(t, thresholds[name], sampled) for name, t in tallies.items()}
    negative = np.array([not any(len(s.truths[n]) for n in classes.wanted) for s in scenes], bool)
    shown = np.array([_shown(s, classes.wanted, thresholds) for s in scenes], np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        false = 100 * (sampled @ (negative * shown)) / (sampled @ negative.astype(np.float64))
    held_by = {name: _groups_with(scenes, t) for name, t in tallies.items()}
    alone = {name for name, count in held_by.items() if count < 2}

    def each(figure: Callable[[Tally], Floats]) -> dict[str, Interval]:
        return table({n: figure(t) for n, t in tallies.items()}, classes.mean, alone)

    return Figures(
        pictures=len(scenes),
        groups=len({s.group for s in scenes}),
        negatives=int(negative.sum()),
        boxes={name: int(t.truths.sum()) for name, t in tallies.items()},
        groups_with=held_by,
        ap50=each(lambda t: average_precision(t, sampled)),
        ap=each(lambda t: mean_average_precision(t, sampled)),
        precision=table({n: p for n, (p, _) in at_threshold.items()}, classes.mean, shown_only=True),
        recall=table({n: r for n, (_, r) in at_threshold.items()}, classes.mean, alone),
        precision_at_recall=each(lambda t: precision_at_recall(t, sampled, RECALL)),
        false_per_100=interval(false[0], false[1:]),
    )


def figures_of_size(
    scenes: tuple[Scene, ...],
    classes: Classes,
    thresholds: Mapping[str, float],
    limits: tuple[float, float],
    *,
    draws: int,
    seed: int,
) -> tuple[dict[str, int], Table, Table]:
    """(labels, AP50, recall) of things whose share of the picture lies in ``limits`` [low, high)."""
    sampled = _draws(scenes, draws, seed)
    tallies = {n: tally_of(scenes, n).of_size(*limits) for n in classes.mean}
    alone = {n for n, t in tallies.items() if _groups_with(scenes, t) < 2}
    return (
        {n: int(t.truths.sum()) for n, t in tallies.items()},
        table({n: average_precision(t, sampled) for n, t in tallies.items()}, classes.mean, alone),
        table({n: rates(t, thresholds[n], sampled)[1] for n, t in tallies.items()}, classes.mean, alone),
    )


def table(
    values: Mapping[str, Floats],
    mean: Iterable[str],
    alone: Collection[str] = (),
    *,
    shown_only: bool = False,
) -> dict[str, Interval]:
    """``mean`` and each class as intervals; values: (1 + D,), the figure and its resamples.

    A class without the figure: the set's own mean leaves it out (nothing labelled, nothing shown). A resample that
    lost all labels of a class says nothing about the mean and is left out; where classes show no box at all
    (``shown_only``) the resample's mean is over the others, as the set's own is. alone: classes whose labels are all
    of one group, which resampling cannot vary: they have no interval.
    """
    inside = [values[name] for name in mean if np.isfinite(values[name][0])]
    out: dict[str, Interval] = {"mean": Interval(float("nan"), float("nan"), float("nan"))}
    if inside:
        stacked = np.stack(inside)
        known = np.isfinite(stacked)
        counted = known.sum(axis=0)
        enough = counted > 0 if shown_only else counted == len(inside)
        total = np.where(known, stacked, 0).sum(axis=0)
        means = np.divide(total, counted, out=np.full(len(total), np.nan), where=enough)
        out["mean"] = interval(means[0], means[1:])
    return out | {name: interval(v[0], v[1:] if name not in alone else v[:0]) for name, v in values.items()}


def _groups_with(scenes: tuple[Scene, ...], t: Tally) -> int:
    return len({scenes[i].group for i in t.label_picture.tolist()})


def _draws(scenes: tuple[Scene, ...], count: int, seed: int) -> Floats:
    """(1 + D, P): the set itself, then its resamples; none when all pictures are of one place."""
    groups = [s.group for s in scenes]
    sampled = resamples(groups, count if len(set(groups)) > 1 else 0, seed)
    return np.concatenate([np.ones((1, len(scenes))), sampled])


def _shown(scene: Scene, names: Iterable[str], thresholds: Mapping[str, float]) -> int:
    return sum(int((scene.boxes_of(n).confidence >= thresholds[n]).sum()) for n in names)
