"""How much of a patrol was looked at: kilometres driven, kilometres seen, and the streets they lie on.

A way is what a vehicle drove without a gap in its track: points (n, 3) of epoch seconds, longitude, latitude (WGS-84).
Looks are spans of time. A look sees the street some metres before and behind the vehicle.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from math import cos, radians

import numpy as np
import shapely
from numpy.typing import NDArray

from ingest.track import GEOD, MAX_GAP_S, Track

REACH_M = 20.0
"""How far before and behind the vehicle one look is worth (m): things on the pavement are told apart at 20 m."""
STEP_M = 12.0
"""A kept way has a point about every so many metres; a bend of a street is cut by less than half a metre."""
BESIDE_M = 25.0
"""A street is driven when the vehicle is this near to its middle line: half a wide street and the receiver's error."""
TURNED_DEG = 35.0
"""... and drives about along it: a street that is crossed is not driven."""
PIECE_M = 10.0
TOUCH_M = 0.01

Way = NDArray[np.float64]
Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a way that was looked at, or not. line: (n, 2) longitude, latitude. start, end: epoch seconds."""

    looked: bool
    metres: float
    start: float
    end: float
    line: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Share:
    """Of a street: length, and how much of it was driven along and looked at (m)."""

    metres: float
    driven: float
    looked: float


def ways_of(track: Track) -> list[Way]:
    """The track cut at its gaps (over 10 s) and thinned to a point about every 12 m; first and last points stay."""
    times = np.array([fix.t.timestamp() for fix in track.fixes])
    points = np.column_stack([times, [f.lon for f in track.fixes], [f.lat for f in track.fixes]])
    return [_thinned(way) for way in np.split(points, np.flatnonzero(np.diff(times) > MAX_GAP_S) + 1)]


def _thinned(way: Way) -> Way:
    """A point where the next one would be over 12 m from the last kept one, and where a stop begins and ends."""
    if len(way) < 3:
        return way
    at = odometer(way)
    kept = [0]
    for i in range(1, len(way) - 1):
        far = at[i + 1] - at[kept[-1]] > STEP_M
        waited = way[i + 1, 0] - way[kept[-1], 0] > MAX_GAP_S
        if far or waited:
            kept.append(i)
    return way[[*kept, len(way) - 1]]


def odometer(way: Way) -> NDArray[np.float64]:
    """Metres from the start of the way to each of its points, along geodesics; (n,)."""
    if len(way) < 2:
        return np.zeros(len(way))
    steps = np.asarray(GEOD.inv(way[:-1, 1], way[:-1, 2], way[1:, 1], way[1:, 2])[2], np.float64)
    return np.concatenate([[0.0], np.cumsum(steps)])


def between(way: Way, first: float, last: float) -> Way:
    """The part of a way within [first, last] (epoch seconds), its ends interpolated; (0, 3) where there is none."""
    first, last = max(first, float(way[0, 0])), min(last, float(way[-1, 0]))
    if last <= first:
        return way[:0]
    ends = [[t, *(np.interp(t, way[:, 0], way[:, k]) for k in (1, 2))] for t in (first, last)]
    inside = way[(way[:, 0] > first) & (way[:, 0] < last)]
    return np.vstack([ends[0], inside, ends[1]])


def once(ways: Iterable[Way], first: float, last: float) -> list[Way]:
    """Ways within [first, last], each moment at most once: what an earlier way of the list covers, a later one does
    not add. So a track that came twice, whole and in pieces, is driven once. In order of time."""
    taken: list[Span] = []
    kept: list[Way] = []
    for way in ways:
        free, at = [], float(way[0, 0])
        for a, b in [*taken, (float(way[-1, 0]), float("inf"))]:
            free.append(between(way, max(at, first), min(a, last)))
            at = max(at, b)
        kept += [part for part in free if len(part) > 1]
        taken = _merged([*taken, (float(way[0, 0]), float(way[-1, 0]))])
    return sorted(kept, key=lambda part: float(part[0, 0]))


def spans_of(times: Iterable[datetime], gap_s: float = 5.0) -> list[Span]:
    """Looks no more than ``gap_s`` seconds apart, joined: (first, last) in epoch seconds, in order."""
    spans: list[Span] = []
    for t in sorted(time.timestamp() for time in times):
        if spans and t - spans[-1][1] <= gap_s:
            spans[-1] = (spans[-1][0], t)
        else:
            spans.append((t, t))
    return spans


def stretches(way: Way, spans: Sequence[Span], reach_m: float = REACH_M) -> list[Stretch]:
    """The way cut into what was looked at and what was not, in order; a way without length gives none.

    A span of looks covers the metres driven within it and ``reach_m`` before and after.
    """
    at = odometer(way)
    if len(way) < 2 or at[-1] <= 0:
        return []
    seen = _merged(_on_way(way, at, spans, reach_m))
    cuts = sorted({0.0, float(at[-1]), *(m for pair in seen for m in pair)})
    found = []
    for a, b in pairwise(cuts):
        looked = any(low <= (a + b) / 2 <= high for low, high in seen)
        found.append(_stretch(way, at, a, b, looked))
    return found


def _on_way(way: Way, at: NDArray[np.float64], spans: Sequence[Span], reach: float) -> list[Span]:
    found = []
    for first, last in spans:
        if last >= way[0, 0] and first <= way[-1, 0]:
            low, high = np.interp([first, last], way[:, 0], at)
            found.append((max(0.0, float(low) - reach), min(float(at[-1]), float(high) + reach)))
    return found


def _merged(spans: list[Span]) -> list[Span]:
    merged: list[Span] = []
    for low, high in sorted(spans):
        if merged and low <= merged[-1][1] + TOUCH_M:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    return merged


def _stretch(way: Way, at: NDArray[np.float64], a: float, b: float, looked: bool) -> Stretch:
    ends = [np.array([np.interp(m, at, way[:, k]) for k in range(3)]) for m in (a, b)]
    inside = way[(at > a) & (at < b)]
    points = np.vstack([ends[0], inside, ends[1]])
    return Stretch(looked, b - a, float(points[0, 0]), float(points[-1, 0]), points[:, 1:])


def street_shares(
    streets: Sequence[NDArray[np.float64]], driven: Sequence[Stretch], beside_m: float = BESIDE_M
) -> list[Share]:
    """For each street, a line (n, 2) of longitude, latitude: how much of it was driven along and looked at.

    A street is walked in pieces of at most 10 m; a piece counts when a stretch passes within ``beside_m`` of its
    middle in about its direction, either way. Lengths on a plane: good to a thousandth within a district.
    """
    if not streets:
        return []
    origin = np.concatenate(list(streets)).mean(axis=0)
    pieces = [_pieces(_plane(line, origin)) for line in streets]
    everything = np.concatenate(pieces)
    marks = [
        _near(everything, [s for s in driven if s.looked or not only], origin, beside_m)
        for only in (False, True)
    ]
    owner = np.repeat(np.arange(len(streets)), [len(p) for p in pieces])
    lengths = [
        np.bincount(owner, everything[:, 3] * mark, len(streets))
        for mark in (np.ones(len(everything), np.bool_), *marks)
    ]
    return [Share(*(float(length[i]) for length in lengths)) for i in range(len(streets))]


def _plane(points: NDArray[np.float64], origin: NDArray[np.float64]) -> NDArray[np.float64]:
    """Metres east and north of ``origin`` (longitude, latitude); a degree's length by the series of WGS-84."""
    phi = radians(float(origin[1]))
    scale = np.array([111_412.84 * cos(phi) - 93.5 * cos(3 * phi), 111_132.95 - 559.85 * cos(2 * phi)])
    return np.asarray((points - origin) * scale, np.float64)


def _pieces(line: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, 4): middle east, north (m), direction (radians), length (m)."""
    found = []
    for a, b in pairwise(line):
        length = float(np.hypot(*(b - a)))
        count = max(1, int(np.ceil(length / PIECE_M)))
        turn = float(np.arctan2(b[1] - a[1], b[0] - a[0]))
        for i in range(count if length > 0 else 0):
            found.append([*(a + (b - a) * (i + 0.5) / count), turn, length / count])
    return np.array(found, np.float64).reshape(-1, 4)


def _near(
    pieces: NDArray[np.float64], driven: Sequence[Stretch], origin: NDArray[np.float64], beside_m: float
) -> NDArray[np.bool_]:
    """Which pieces of streets have a driven line beside them."""
    marked = np.zeros(len(pieces), np.bool_)
    lines = [_plane(s.line, origin) for s in driven]
    steps = (
        np.concatenate([np.stack([a[:-1], a[1:]], axis=1) for a in lines]) if lines else np.zeros((0, 2, 2))
    )
    steps = steps[np.hypot(*(steps[:, 1] - steps[:, 0]).T) > 0]
    if not len(steps) or not len(pieces):
        return marked
    tree = shapely.STRtree(shapely.linestrings(steps))
    of_piece, of_step = tree.query(shapely.points(pieces[:, :2]), predicate="dwithin", distance=beside_m)
    way = steps[of_step, 1] - steps[of_step, 0]
    turn = np.arctan2(way[:, 1], way[:, 0]) - pieces[of_piece, 2]
    along = np.abs(np.cos(turn)) >= cos(radians(TURNED_DEG))
    marked[of_piece[along]] = True
    return marked
