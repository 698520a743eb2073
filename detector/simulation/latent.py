"""Scores, labels and boxes drawn from the error model: for things, for parts of them, and for false boxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, sqrt

import numpy as np
from numpy.typing import NDArray

from detector.scene.boxes import Floats
from detector.simulation.error_model import LABELS, ErrorModel

Ids = NDArray[np.int64]
Found = tuple[Floats, Ids, Floats]
"""Boxes (N, 4) px, class ids (N,), confidences (N,)."""


@dataclass(frozen=True, slots=True)
class Scored:
    """Over L looks of K things. confidence: (L, K), 0 where nothing is reported. class_id: (L, K)."""

    confidence: Floats
    class_id: Ids


class Latent:
    """K things (or parts of things, or fixtures) and how each of them is seen.

    of: (K,) which thing each is of. places: (K, 4) boxes, where they are not handed in.
    """

    def __init__(
        self,
        model: ErrorModel,
        labels: Sequence[str],
        rng: np.random.Generator,
        flicker: float = 1.0,
        *,
        level: Floats | None = None,
        of: Ids | None = None,
        places: Floats | None = None,
    ) -> None:
        self._model, self._labels, self._flicker = model, list(labels), flicker
        self._rng = rng
        self.own = np.array([LABELS.index(label) for label in labels], np.int64)
        self.of = np.arange(len(labels)) if of is None else of
        self.places = np.zeros((len(labels), 4)) if places is None else places
        errors = [model.classes[label] for label in labels]
        mean, spread = np.array([e.mean for e in errors]), np.array([e.spread for e in errors])
        if level is None:
            own = np.sqrt(np.maximum(spread**2 - model.look_spread**2, 0.0))
            level = mean + own * rng.normal(size=len(labels))
        self._level = level
        self._bias = rng.normal(0, model.jitter * sqrt(model.between), (len(labels), 4))
        share = np.clip([e.mislabelled * flicker for e in errors], 1e-6, 0.5)
        # How often a thing is mislabelled differs from thing to thing as its score does: a beta distribution with
        # the same share between things.
        odds = (1 - model.between) / max(model.between, 1e-6)
        self._wrong = rng.beta(share * odds, (1 - share) * odds) if model.between < 1 else share

    def parts(self, boxes: Floats) -> Latent:
        """Boxes of parts that some of the things are given besides: one half of them, another every time."""
        rng = self._rng
        of = np.flatnonzero(rng.random(len(self._labels)) < self._model.part_rate)
        places = boxes[of].copy()
        side = rng.integers(0, 3, len(of))  # left half, right half, lower half
        middle = (places[:, :2] + places[:, 2:]) / 2
        places[side == 0, 2] = middle[side == 0, 0]
        places[side == 1, 0] = middle[side == 1, 0]
        places[side == 2, 1] = middle[side == 2, 1]
        labels = [self._labels[i] for i in of.tolist()]
        return Latent(self._model, labels, rng, self._flicker, of=of, places=places)

    def over(self, times: Floats, loss: Floats, there: NDArray[np.bool_], rng: np.random.Generator) -> Scored:
        """How looks at ``times`` (L,) see them. loss: (L, K) logits. there: (L, K) whether there is anything."""
        score = (
            self._level
            + self._model.look_spread * wander(times, len(self._labels), self._model.memory_s, rng)
            - loss
        )
        confidence = 1 / (1 + np.exp(-score))
        reported = there & (confidence >= self._model.floor)
        wrong = rng.random(score.shape) < self._wrong
        other = (self.own + rng.integers(1, len(LABELS), score.shape)) % len(LABELS)
        return Scored(np.where(reported, confidence, 0.0), np.where(wrong, other, self.own))

    def boxes_at(self, places: Floats, scored: Scored, look: int, rng: np.random.Generator) -> Found:
        """What one look reports, with boxes that are off as the model says."""
        here = np.flatnonzero(scored.confidence[look])
        off = self._bias[here] + rng.normal(
            0, self._model.jitter * sqrt(1 - self._model.between), (len(here), 4)
        )
        return moved(places[here], off), scored.class_id[look, here], scored.confidence[look, here]


class Fixtures(Latent):
    """False boxes that stay: what a camera takes for things, day after day."""

    def over_all(self, times: Floats, rng: np.random.Generator) -> Scored:
        """How looks at ``times`` see them: nothing hides them."""
        shape = (len(times), len(self.places))
        return self.over(times, np.zeros(shape), np.ones(shape, bool), rng)


def fixtures(model: ErrorModel, rng: np.random.Generator, size: tuple[int, int]) -> Fixtures:
    """A camera's fixtures. Drawn from further below the floor too: their score wanders, and may rise above it."""
    below = 2 * model.look_spread
    errors = [model.classes[label] for label in LABELS]
    rates = [e.false_rate * model.false_standing * exp(below / e.false_tail) for e in errors]
    own = np.repeat(np.arange(len(LABELS)), rng.poisson(rates))
    tails = np.array([e.false_tail for e in errors])[own]
    level = _floor(model) - below + rng.exponential(tails)
    return Fixtures(
        model,
        [LABELS[i] for i in own.tolist()],
        rng,
        level=level,
        places=_anywhere(model, len(own), rng, size),
    )


def passing(model: ErrorModel, rng: np.random.Generator, size: tuple[int, int], looks: int) -> list[Found]:
    """False boxes that come and go: those of each of so many looks."""
    errors = [model.classes[label] for label in LABELS]
    rates = [e.false_rate * (1 - model.false_standing) for e in errors]
    counts = rng.poisson(rates, (looks, len(LABELS)))
    own = np.repeat(np.tile(np.arange(len(LABELS)), looks), counts.ravel())
    level = _floor(model) + rng.exponential(np.array([e.false_tail for e in errors])[own])
    places, confidence = _anywhere(model, len(own), rng, size), 1 / (1 + np.exp(-level))
    ends = np.cumsum(counts.sum(axis=1))[:-1]
    parts = (np.split(part, ends) for part in (places, own, confidence))
    return list(zip(*parts, strict=True))


def _floor(model: ErrorModel) -> float:
    return float(np.log(model.floor / (1 - model.floor)))


def _anywhere(model: ErrorModel, count: int, rng: np.random.Generator, size: tuple[int, int]) -> Floats:
    """(N, 4) px boxes anywhere on the street: with their feet below the upper quarter of the picture."""
    side = model.false_side * np.exp(rng.normal(0, 0.5, count))
    x, foot = rng.uniform(0, 1, count), rng.uniform(0.25, 1.0, count)
    places = np.column_stack([x - side / 2, foot - side, x + side / 2, foot]) * [*size, *size]
    cut: Floats = np.clip(places, 0, [*size, *size])
    return cut


def wander(times: Floats, count: int, memory_s: float, rng: np.random.Generator) -> Floats:
    """(L, count) standard normal numbers that keep exp(-step / memory_s) of themselves from look to look."""
    noise: Floats = rng.normal(size=(len(times), count))
    stays = np.exp(-np.diff(times, prepend=times[:1]) / memory_s)
    fresh = np.sqrt(1 - stays**2)
    for n in range(1, len(times)):
        noise[n] = stays[n] * noise[n - 1] + fresh[n] * noise[n]
    return noise


def moved(boxes: Floats, off: Floats) -> Floats:
    """(N, 4) boxes whose sides are off by (N, 4) shares of their width or height."""
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    shifted: Floats = boxes + off * np.column_stack([width, height, width, height])
    return shifted
