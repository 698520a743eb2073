"""Things along one pass of a vehicle: ground points of many looks put together by place."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from detector.scene.beside import Counts
from detector.scene.boxes import Floats
from detector.scene.looks import History
from detector.scene.model import Rule
from detector.scene.pictures import Ladder
from detector.tints import alike, mixed

GATE = 3.0
"""A ground point further from a thing than this many sigmas of both their errors is another thing."""

GATE_M = 4.0
"""... and so is one further than this many metres, however poor the angles are."""

TIE = 0.1
"""Most that like tints add to the nearness of a point and a thing, where a point has more than one to choose from."""

JITTER_M = 0.5
"""One sigma, each axis, of what positions differ by from look to look.

(Their common error shifts all points alike.)
"""

CUT_M = 1.5
"""One sigma, each axis, by which the foot of a box that the picture's edge cuts may be off: half a stall."""

DOUBLE_M = 2.0
"""Two heaps of looks in one pass nearer than this are one thing."""

FURTHEST_DOUBLE_M = 6.0
"""... however poor the position is."""

IN_COMMON = 1 / 3
"""Most looks, as a share of the fewer, that two heaps of one thing have in common.

A false box beside a thing, at one look, begins a heap that takes some of the thing's own boxes later on. Two things
that stand so near to each other are seen side by side at most looks.
"""

ALIKE_S = 30.0
"""Time over which smoothed positions keep their error."""

KEPT = 200
"""Ground points kept for one thing; more add nothing to its place."""


@dataclass(frozen=True, slots=True)
class Points:
    """Ground points of one look. local: (N, 2) metres in the pass's plane. spread: (N, 2, 2) m², position
    aside.

    cut: (N,) box touches the picture's edge. size: (N, 2) width and height, metres. accuracy: metres, root mean
    square, of the vehicle's position. tints: (N, 4) of the boxes, NaN where unknown.
    """

    local: Floats
    spread: Floats
    cut: Sequence[bool]
    size: Floats
    accuracy: float
    tints: Floats


@dataclass(eq=False, slots=True)
class RoadThing:
    """One thing along the way. centre, weight: its place so far and the inverse of that place's error (m,
    1/m²).

    rules: that hold since its first look. company: in how many looks something was beside it.
    seen_from: (east, north) of the vehicle at the looks, same order as ``points``. nearest_m: of all looks.
    sizes: (width, height) in metres of the whole boxes. tint: (1, 4) mean of its boxes', NaN where unknown.
    """

    begun: datetime
    size: tuple[int, int]
    ladder: Ladder
    centre: Floats
    weight: Floats
    rules: tuple[Rule, ...] = ()
    company: Counts = ()
    history: History = field(default_factory=History)
    evidence: dict[str, float] = field(default_factory=dict)
    best: dict[str, float] = field(default_factory=dict)
    points: list[Floats] = field(default_factory=list)
    spreads: list[Floats] = field(default_factory=list)
    cuts: list[bool] = field(default_factory=list)
    accuracies: list[float] = field(default_factory=list)
    seen_from: list[Floats] = field(default_factory=list)
    sizes: list[Floats] = field(default_factory=list)
    nearest_m: float = math.inf
    tint: Floats = field(default_factory=lambda: np.full((1, 4), np.nan))
    told: bool = False  # judged since it was last seen
    raised: bool = False

    @property
    def label(self) -> str:
        """The label with the most evidence; of equals, the first in the alphabet."""
        return min(self.evidence, key=lambda label: (-self.evidence[label], label))

    @property
    def label_share(self) -> float:
        """Share 0-1 of the evidence that speaks for ``label``."""
        return self.evidence[self.label] / sum(self.evidence.values())

    @property
    def size_m(self) -> tuple[float, float] | None:
        """Median width and height in metres, where a whole box was seen."""
        if not self.sizes:
            return None
        width, height = np.median(np.array(self.sizes), axis=0).tolist()
        return width, height

    def add(self, points: Points, i: int, vehicle: Floats) -> None:
        """One more ground point, weighed by its precision."""
        point, spread, cut = points.local[i].copy(), points.spread[i], points.cut[i]
        precision = np.linalg.inv(spread)
        total = self.weight + precision
        self.centre = np.asarray(
            np.linalg.solve(total, self.weight @ self.centre + precision @ point), np.float64
        )
        self.weight = total
        self.tint = mixed(self.tint, points.tints[i][None], np.array([[1 / (self.history.tally.seen + 1)]]))
        self.nearest_m = min(self.nearest_m, float(np.hypot(*(point - vehicle))))
        if len(self.points) < KEPT:
            self.points.append(point)
            self.spreads.append(spread)
            self.cuts.append(cut)
            self.accuracies.append(points.accuracy)
            self.seen_from.append(vehicle)
            if not cut:
                self.sizes.append(points.size[i])


@dataclass(frozen=True, slots=True)
class Settled:
    """Where a thing stands after its last look. local: (2,) m. relative: (2, 2) m², error without that of the
    vehicle's position; position: (2, 2) m², that one.

    scatter_m: root mean square distance of the points that count. cut_only: no whole box was seen.
    """

    local: Floats
    relative: Floats
    position: Floats
    scatter_m: float
    cut_only: bool

    @property
    def relative_m(self) -> float:
        """Root mean square error without that of the position."""
        return math.sqrt(float(np.trace(self.relative)))

    @property
    def position_m(self) -> float:
        """Root mean square error of the vehicle's position."""
        return math.sqrt(float(np.trace(self.position)))

    @property
    def spread(self) -> Floats:
        """(2, 2) m², the whole error."""
        whole: Floats = self.relative + self.position
        return whole

    @property
    def error_m(self) -> float:
        """Root mean square of the whole error."""
        return math.sqrt(float(np.trace(self.spread)))


def spread_of(covariances: Floats, cut: Sequence[bool]) -> Floats:
    """(N, 2, 2) m²: what points of one thing may differ by, from the camera's covariances (N, 2, 2)."""
    extra = np.where(np.asarray(cut, bool), JITTER_M**2 + CUT_M**2, JITTER_M**2)
    spread: Floats = covariances + extra[:, None, None] * np.eye(2)
    return spread


def distances(things: Sequence[RoadThing], points: Points) -> Floats:
    """(T, N) nearness 0-1 of points to things: 1 on the spot, 0 at the gate, less beyond it."""
    centre = np.array([thing.centre for thing in things])
    # A thing seen fifty times from one angle is not known fifty times better: its error is at least one
    # jitter.
    own = np.array([np.linalg.inv(thing.weight) for thing in things]) + JITTER_M**2 * np.eye(2)
    apart = points.local[None, :, :] - centre[:, None, :]
    both = own[:, None] + points.spread[None]
    sigmas = np.sqrt(np.einsum("tni,tnij,tnj->tn", apart, np.linalg.inv(both), apart))
    near = 1 - np.maximum(sigmas / GATE, np.hypot(apart[..., 0], apart[..., 1]) / GATE_M)
    tints = np.concatenate([thing.tint for thing in things])
    # Only between places within the gate: a like colour brings nobody near.
    chosen = np.where(near >= 0, near + TIE * alike(tints, points.tints), near)
    return np.asarray(chosen, np.float64)


def settle(thing: RoadThing) -> Settled:
    """The robust place of a thing: precision-weighted mean of the points near the weighted median.

    Whole boxes only, where there are any: a cut box's foot is not where the thing stands. The errors of one
    pass are mostly common (pitch, mounting, receiver) and do not shrink with the number of looks; so the
    error is the best single look's or the points' own scatter over the root of their number, whichever is
    larger.
    """
    cut = np.array(thing.cuts)
    use = ~cut if not cut.all() else np.ones(len(cut), bool)
    points, spreads = np.array(thing.points)[use], np.array(thing.spreads)[use]
    precisions = np.linalg.inv(spreads)
    weights = np.sqrt(np.linalg.det(precisions))
    middle = np.array([_weighted_median(points[:, axis], weights) for axis in (0, 1)])
    apart = points - middle
    near = np.einsum("ni,nij,nj->n", apart, precisions, apart) <= GATE**2
    if not near.any():
        near[:] = True
    local = np.linalg.solve(
        precisions[near].sum(axis=0), np.einsum("nij,nj->i", precisions[near], points[near])
    )
    scatter2 = float(((points[near] - local) ** 2).sum(axis=1).mean())
    relative = spreads[near][int(np.argmin(np.trace(spreads[near], axis1=1, axis2=2)))]
    relative = relative * max(1.0, scatter2 / int(near.sum()) / float(np.trace(relative)))
    position = float(np.median(thing.accuracies)) ** 2 / 2 * np.eye(2)
    return Settled(local, relative, position, math.sqrt(scatter2), bool(cut.all()))


def _weighted_median(values: Floats, weights: Floats) -> float:
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(reached, reached[-1] / 2)])


@dataclass(frozen=True, slots=True)
class Told:
    """A thing that was raised in this pass. times: of its looks. last_s: seconds on the scene's clock of the
    last.
    """

    type: str
    settled: Settled
    times: frozenset[datetime]
    last_s: float

    def doubles(self, other: Told) -> bool:
        """Whether both are one thing whose looks fell into two heaps: seldom seen both at one look."""
        fewer = min(len(self.times), len(other.times))
        if self.type != other.type or len(self.times & other.times) > IN_COMMON * fewer:
            return False
        # Positions err alike for a while only: what they differ by grows with the time between the heaps.
        apart_s = abs(self.last_s - other.last_s)
        drift = math.sqrt(1 - math.exp(-apart_s / ALIKE_S)) * self.settled.position_m
        reach = max(DOUBLE_M, 2 * math.hypot(self.settled.relative_m, other.settled.relative_m, drift))
        return float(np.hypot(*(self.settled.local - other.settled.local))) <= min(reach, FURTHEST_DOUBLE_M)
