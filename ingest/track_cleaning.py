"""Sorting a track's fixes and dropping those that cannot be true."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ingest.errors import BadTrack
from ingest.frame import PositionSource
from ingest.plausible import is_set
from ingest.track import GEOD, Fix, Track

MAX_SPEED = 60.0
"""m/s (216 km/h): no patrol vehicle; receivers that jump by kilometres imply far more."""
MAX_BAD_SHARE = 1 / 3
MAX_RUNS = 2000


def clean(fixes: Iterable[Fix], source: PositionSource, name: str, notes: Iterable[str] = ()) -> Track:
    """A track from fixes as read: sorted, one fix per moment, jumps dropped; each noted.

    Raises BadTrack, one line, when nothing is left, or when more than a third of the fixes had to go.
    """
    given = list(fixes)
    lines = list(notes)
    dated = [fix for fix in given if is_set(fix.t)]
    _note(lines, len(given) - len(dated), "fixes from a clock that was never set: left out")
    if not dated:
        raise BadTrack(f"{name}: no usable fix in it; give a track with times and WGS-84 positions")
    _note(lines, sum(b.t < a.t for a, b in pairwise(dated)), "fixes out of order: sorted by time")
    ordered = sorted(dated, key=lambda fix: fix.t)
    single = [fix for i, fix in enumerate(ordered) if i == 0 or fix.t != ordered[i - 1].t]
    _note(lines, len(ordered) - len(single), "fixes with a time already seen: first kept")
    kept = _without_jumps(single, name)
    _note(lines, len(single) - len(kept), f"fixes that imply more than {MAX_SPEED:.0f} m/s: left out")
    bad = len(given) - len(dated) + len(single) - len(kept)
    if bad > MAX_BAD_SHARE * (bad + len(kept)):
        raise BadTrack(f"{name}: {bad} of {bad + len(kept)} fixes are impossible; check the receiver")
    return Track(tuple(kept), source, name, tuple(lines))


def _note(lines: list[str], count: int, what: str) -> None:
    if count:
        lines.append(f"track: {count} {what}")


def _without_jumps(fixes: list[Fix], name: str) -> list[Fix]:
    """The largest set of fixes that one vehicle can have driven.

    Method: split at every jump (implied speed above the limit) into runs; of all chains of runs whose joints
    are no jumps keep the one with the most fixes (longest path in a graph that only runs forward in time, by
    dynamic programming). So the minority goes, be it one odd fix, a burst of them, or a wrong beginning.
    """
    if len(fixes) < 2:
        return fixes
    t = np.array([fix.t.timestamp() for fix in fixes])
    lat = np.array([fix.lat for fix in fixes])
    lon = np.array([fix.lon for fix in fixes])
    jump = _speed(lon[:-1], lat[:-1], t[:-1], lon[1:], lat[1:], t[1:]) > MAX_SPEED
    starts = np.append(0, np.flatnonzero(jump) + 1)
    if len(starts) == 1:
        return fixes
    if len(starts) > MAX_RUNS:
        raise BadTrack(f"{name}: positions jump {len(starts)} times; check the receiver or the columns")
    ends = np.append(starts[1:], len(fixes)) - 1
    best = (ends - starts + 1).astype(np.int64)
    before = np.full(len(starts), -1)
    for j in range(1, len(starts)):
        i, k = ends[:j], np.full(j, starts[j])
        joins = _speed(lon[i], lat[i], t[i], lon[k], lat[k], t[k]) <= MAX_SPEED
        if joins.any():
            before[j] = int(np.argmax(np.where(joins, best[:j], -1)))
            best[j] += best[before[j]]
    kept: list[Fix] = []
    run = int(np.argmax(best))
    while run >= 0:
        kept = fixes[starts[run] : ends[run] + 1] + kept
        run = int(before[run])
    return kept


def _speed(
    lon0: NDArray[np.float64],
    lat0: NDArray[np.float64],
    t0: NDArray[np.float64],
    lon1: NDArray[np.float64],
    lat1: NDArray[np.float64],
    t1: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Implied speed, m/s; (n,) each. Times rise strictly, so nothing is divided by zero."""
    distance = np.asarray(GEOD.inv(lon0, lat0, lon1, lat1)[2], np.float64)
    return distance / (t1 - t0)
