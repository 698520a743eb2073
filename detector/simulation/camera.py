"""What a fixed camera's detector sees of the truth: detections of a day's looks, made with the error model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from detector.detections import Detections
from detector.scene.boxes import Floats, areas, intersections
from detector.scene.ground import View, view_of
from detector.scene.stands import LABEL_SHARE
from detector.simulation.district import BEGIN, DAY_S, DUSK_S, SIZE, Site, Standing
from detector.simulation.error_model import LABELS, ErrorModel
from detector.simulation.latent import Latent, Scored, fixtures, passing

NAMES = (*LABELS, "person", "bus")
PERSON, BUS = (0.5, 0.4, 1.7), (10.0, 2.5, 3.0)  # width (north), depth (east), height


@dataclass(frozen=True, slots=True)
class Trouble:
    """What disturbs a camera's day.

    dropped: share of looks that never arrive. drift_ppm: the clock runs fast by so much. back_s: it jumps back by
    so many seconds at noon. turned: share of the picture's width by which the camera is turned at noon. people:
    in view, on average. buses: per hour, each standing before the pavement for two to six minutes. dusk: the lamps
    are lit at 18:30. flicker: label errors times so much. misses: logits that every score is lower by.
    """

    dropped: float = 0.0
    drift_ppm: float = 50.0
    back_s: float = 0.0
    turned: float = 0.0
    people: float = 2.0
    buses: float = 1.0
    dusk: bool = True
    flicker: float = 1.0
    misses: float = 0.0


@dataclass(frozen=True, slots=True)
class Look:
    """One look. at_s: true seconds of the day. captured_at: what the camera's clock says."""

    at_s: float
    captured_at: datetime
    index: int
    detections: Detections


@dataclass(slots=True)
class Day:
    """A camera's day. boxes: (K, 4) px of the things; visible, seen: (L, K) how much of each thing no other hides,
    and the confidence with which a look saw it (``_seen``).
    """

    things: list[Standing]
    boxes: Floats
    times: Floats
    visible: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    seen: Floats = field(default_factory=lambda: np.zeros((0, 0)))


class Camera:
    """One camera over its days: the fixtures that it takes for things stay."""

    def __init__(self, site: Site, model: ErrorModel, every_s: float, rng: np.random.Generator) -> None:
        self.site, self.model, self.every_s = site, model, every_s
        self._view = view_of(site.mounting, site.position.heading or 0.0, SIZE)
        self._fixtures = fixtures(model, rng, SIZE)

    def day(
        self, things: list[Standing], trouble: Trouble, rng: np.random.Generator
    ) -> tuple[Day, Iterator[Look]]:
        """A day and its looks. The looks must be read to the end before the day's arrays are whole."""
        planned = np.arange(0.0, DAY_S, self.every_s) + rng.uniform(0, self.every_s)
        kept = rng.random(len(planned)) >= trouble.dropped
        times = planned[kept] + rng.uniform(-0.1, 0.1, int(kept.sum()))
        day = Day(things, box_of(self._view, things), times)
        return day, self._looks(day, trouble, rng)

    def _looks(self, day: Day, trouble: Trouble, rng: np.random.Generator) -> Iterator[Look]:
        model, times, things = self.model, day.times, day.things
        there = np.array([[t.from_s <= s <= t.to_s for t in things] for s in times.tolist()], bool).reshape(
            len(times), len(things)
        )
        passers = _Passers(self._view, trouble, rng)
        near = np.array([np.hypot(t.east, t.north) for t in things])
        covers = _covers(day.boxes, near)
        day.visible = np.zeros(there.shape)
        others: list[tuple[Floats, NDArray[np.int64]]] = []
        for n, at_s in enumerate(times.tolist()):
            boxes, class_id, distance = passers.at(at_s)
            hidden = covers @ there[n] + passers.hide(day.boxes, near, boxes, distance)
            day.visible[n] = np.where(there[n], np.clip(1 - hidden, 0, 1), 0)
            seen = rng.random(len(boxes)) < model.context
            others.append((boxes[seen], class_id[seen]))
        loss = model.hidden * (1 - day.visible) + trouble.misses + _dark(model, times, trouble)[:, None]
        latent = Latent(model, [t.label for t in things], rng, trouble.flicker)
        parts = latent.parts(day.boxes)
        fixed = self._fixtures.over_all(times, rng)
        scored = latent.over(times, loss, there & (day.visible > 0.05), rng)
        parted = parts.over(times, loss[:, parts.of], there[:, parts.of], rng)
        day.seen = _seen(latent, scored, parts, parted)
        clock = _clock(times, trouble)
        come_and_go = passing(model, rng, SIZE, len(times))
        turned = trouble.turned * SIZE[0] * (times > DAY_S / 2)
        for n in range(len(times)):
            found = [
                latent.boxes_at(day.boxes, scored, n, rng),
                parts.boxes_at(parts.places, parted, n, rng),
                self._fixtures.boxes_at(self._fixtures.places, fixed, n, rng),
                come_and_go[n],
                (others[n][0], others[n][1], rng.uniform(0.4, 0.9, len(others[n][1]))),
            ]
            yield Look(float(times[n]), clock[n], n, _together(found, float(turned[n]), rng))


def _seen(latent: Latent, scored: Scored, parts: Latent, parted: Scored) -> Floats:
    """(L, K) confidence with which each look saw each thing, or a part of it.

    Of a thing that is not mostly given its own label, only the looks that name it right count.
    """
    own = scored.class_id == latent.own
    right = np.where(own, scored.confidence, 0.0)
    mostly = right.sum(axis=0) >= LABEL_SHARE * scored.confidence.sum(axis=0)
    seen: Floats = np.where(mostly, scored.confidence, right)
    for n, k in enumerate(parts.of.tolist()):
        seen[:, k] = np.maximum(
            seen[:, k], np.where(parted.class_id[:, n] == latent.own[k], parted.confidence[:, n], 0)
        )
    return seen


def _together(
    found: list[tuple[Floats, NDArray[np.int64], Floats]], turned: float, rng: np.random.Generator
) -> Detections:
    """One look's boxes in no order: identity is place, never the order or a number."""
    boxes = np.concatenate([part[0] for part in found])
    class_id = np.concatenate([part[1] for part in found])
    confidence = np.concatenate([part[2] for part in found])
    boxes[:, 0::2] += turned
    boxes = np.clip(boxes, 0, [*SIZE, *SIZE])
    whole = np.flatnonzero((boxes[:, 2] - boxes[:, 0] > 4) & (boxes[:, 3] - boxes[:, 1] > 4))
    order = rng.permutation(whole)
    return Detections(
        boxes[order].astype(np.float32),
        class_id[order],
        confidence[order].astype(np.float32),
        NAMES,
        "simulated",
    )


def box_of(view: View, things: list[Standing]) -> Floats:
    """(K, 4) px boxes of things, cut at the picture's edge."""
    bodies = np.array([(t.east, t.north, *t.body) for t in things], np.float64).reshape(-1, 5)
    return project(view, bodies)


def project(view: View, bodies: Floats) -> Floats:
    """(K, 4) px boxes of (K, 5) bodies: east, north of the middle, width (north), depth (east), height, metres."""
    signs = np.array([[e, n, u] for e in (-0.5, 0.5) for n in (-0.5, 0.5) for u in (0.0, 1.0)])
    corners = np.stack(
        [
            bodies[:, None, 0] + signs[:, 0] * bodies[:, None, 3],
            bodies[:, None, 1] + signs[:, 1] * bodies[:, None, 2],
            signs[:, 2] * bodies[:, None, 4] - view.height_m,
        ],
        axis=2,
    )
    rays = corners @ view.axes.T
    depth = np.maximum(rays[..., 2], 0.3)
    pixels = view.centre + view.focal_px * rays[..., :2] / depth[..., None]
    boxes = np.concatenate([pixels.min(axis=1), pixels.max(axis=1)], axis=1)
    cut: Floats = np.clip(boxes, 0.0, [*SIZE, *SIZE])
    return cut


def _covers(boxes: Floats, near: Floats) -> Floats:
    """(K, K) share of a thing (row) that another (column), nearer to the camera, hides. Boxes hide less than they
    cover: half of it.
    """
    share = intersections(boxes, boxes) / np.maximum(areas(boxes), 1.0)[:, None]
    hides: Floats = np.where(near[None, :] < near[:, None] - 0.3, 0.5 * share, 0.0)
    return hides


def _dark(model: ErrorModel, times: Floats, trouble: Trouble) -> Floats:
    """(L,) logits lost to dusk and night."""
    if not trouble.dusk:
        return np.zeros(len(times))
    since = times - DUSK_S
    return np.where(since < 0, 0.0, np.where(since < 600, model.dusk, model.night))


def _clock(times: Floats, trouble: Trouble) -> list[datetime]:
    shown = times * (1 + trouble.drift_ppm * 1e-6) - trouble.back_s * (times > DAY_S / 2)
    return [BEGIN + timedelta(seconds=round(s, 3)) for s in shown.tolist()]


class _Passers:
    """People who walk by, new at every look, and buses that stop before the pavement."""

    def __init__(self, view: View, trouble: Trouble, rng: np.random.Generator) -> None:
        self._view, self._rng, self._people = view, rng, trouble.people
        count = rng.poisson(trouble.buses * DAY_S / 3600)
        begin = rng.uniform(0, DAY_S, count)
        self._buses = list(zip(begin.tolist(), (begin + rng.uniform(120, 360, count)).tolist(), strict=True))

    def at(self, at_s: float) -> tuple[Floats, NDArray[np.int64], Floats]:
        """(boxes px, class ids, metres from the camera) of one look."""
        count = int(self._rng.poisson(self._people))
        east, north = self._rng.uniform(1.6, 6.4, count), self._rng.uniform(6.0, 30.0, count)
        bodies = [(e, n, *PERSON) for e, n in zip(east.tolist(), north.tolist(), strict=True)]
        standing = [b for b in self._buses if b[0] <= at_s <= b[1]]
        bodies += [(0.1, 8.0 + begin % 14.0, *BUS) for begin, _ in standing]
        table = np.array(bodies, np.float64).reshape(-1, 5)
        kinds = [NAMES.index("person")] * count + [NAMES.index("bus")] * len(standing)
        return project(self._view, table), np.array(kinds, np.int64), np.hypot(table[:, 0], table[:, 1])

    def hide(self, things: Floats, near: Floats, boxes: Floats, distance: Floats) -> Floats:
        """(K,) share of each thing that they hide; a bus hides what it covers, a person half of it."""
        if not len(boxes):
            return np.zeros(len(things))
        share = intersections(things, boxes) / np.maximum(areas(things), 1.0)[:, None]
        solid = np.where(distance[None, :] < near[:, None], np.where(areas(boxes) > 2e5, 1.0, 0.5), 0.0)
        hidden: Floats = (share * solid).sum(axis=1)
        return hidden
