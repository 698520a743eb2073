"""A vehicle's way over time: fixes, and the place at any moment between them."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from datetime import datetime
from math import sqrt

from pyproj import Geod

from ingest.errors import BadTrack
from ingest.frame import Position, PositionSource
from ingest.plausible import as_utc

GEOD = Geod(ellps="WGS84")
MAX_GAP_S = 10.0
"""Between fixes further apart than this nobody knows where the vehicle was."""
DEFAULT_ACCURACY_M = 5.0
"""One sigma of a fix whose receiver says nothing: an ordinary receiver under open sky (GPS SPS PS 2020,
3.8)."""
ACCELERATION = 2.0
"""m/s2: what a patrol vehicle does between two fixes without notice (brisk braking or a corner)."""
MOTION_M = 5.0
"""Least distance (m) over which a direction of travel is read from positions: below it fixes only jitter."""
MOTION_S = 5.0


@dataclass(frozen=True, slots=True)
class Fix:
    """One fix. t: aware UTC. lat, lon: degrees WGS-84. accuracy: m, one sigma. speed: m/s. heading: degrees
    from true north, clockwise. None: the receiver did not say. raw: the text as received."""

    t: datetime
    lat: float
    lon: float
    accuracy: float | None = None
    speed: float | None = None
    heading: float | None = None
    raw: str = ""


@dataclass(frozen=True, slots=True)
class Track:
    """Fixes with strictly rising times (build it with :func:`ingest.track_cleaning.clean`)."""

    fixes: tuple[Fix, ...]
    source: PositionSource
    name: str = ""
    notes: tuple[str, ...] = ()

    @property
    def start(self) -> datetime:
        """Time of the first fix, UTC."""
        return self.fixes[0].t

    @property
    def end(self) -> datetime:
        """Time of the last fix, UTC."""
        return self.fixes[-1].t

    def covers(self, start: datetime, end: datetime) -> float:
        """Share (0-1) of the span ``start``..``end`` (aware) that lies within the track's span."""
        start, end = as_utc(start), as_utc(end)
        if end <= start:
            return 1.0 if self.start <= start <= self.end else 0.0
        overlap = (min(end, self.end) - max(start, self.start)).total_seconds()
        return max(0.0, overlap / (end - start).total_seconds())

    def must_cover(self, start: datetime, end: datetime, footage: str) -> None:
        """Raises BadTrack, one line with both spans, when no moment of the footage lies within the track."""
        if self.covers(start, end) > 0:
            return
        shift = (self.start - start).total_seconds() / 3600
        hint = "give the track of this drive"
        if abs(shift) < 15 and round(shift) != 0 and abs(shift - round(shift)) < 0.05:
            hint = f"they differ by about {abs(round(shift))} h: check the time zone of the start"
        raise BadTrack(
            f"{self.name or 'track'}: it runs {_span(self.start, self.end)}, "
            f"the footage {footage} {_span(start, end)}; {hint}"
        )

    def position_at(self, t: datetime) -> Position | None:
        """The place at ``t`` (aware), or None outside the track and inside gaps longer than 10 s.

        Linear along the geodesic between the fixes around ``t`` (Karney 2013, by pyproj). accuracy: that of
        the fixes, interpolated, combined with the error bound of linear interpolation under an acceleration
        of a = 2 m/s2, e = a/2 * s * (g - s) for s seconds into a gap of g seconds: sqrt(sigma^2 + e^2).
        heading: the fixes' own, interpolated on the circle, else the direction of motion, else None at rest.
        """
        t = as_utc(t)
        j = bisect_left(self.fixes, t, key=lambda fix: fix.t)
        if j == len(self.fixes) or (j == 0 and self.fixes[0].t != t):
            return None
        after = self.fixes[j]
        if after.t == t:
            return self._at_fix(j)
        before = self.fixes[j - 1]
        gap = (after.t - before.t).total_seconds()
        if gap > MAX_GAP_S:
            return None
        s = (t - before.t).total_seconds()
        share = s / gap
        azimuth, _, distance = GEOD.inv(before.lon, before.lat, after.lon, after.lat)
        lon, lat, _ = GEOD.fwd(before.lon, before.lat, azimuth, distance * share)
        sigma = (1 - share) * accuracy_of(before) + share * accuracy_of(after)
        nearest = before if share <= 0.5 else after
        moving_heading, moving_speed = self._motion(j - 1, j)
        return Position(
            latitude=lat,
            longitude=lon,
            heading=_between(before.heading, after.heading, share, moving_heading),
            speed=moving_speed
            if before.speed is None or after.speed is None
            else (1 - share) * before.speed + share * after.speed,
            accuracy=sqrt(sigma**2 + (ACCELERATION / 2 * s * (gap - s)) ** 2),
            source=self.source,
            raw=nearest.raw,
        )

    def _at_fix(self, i: int) -> Position:
        fix = self.fixes[i]
        heading, speed = self._motion(i, i)
        return Position(
            fix.lat,
            fix.lon,
            fix.heading if fix.heading is not None else heading,
            fix.speed if fix.speed is not None else speed,
            accuracy_of(fix),
            self.source,
            fix.raw,
        )

    def _motion(self, i: int, j: int) -> tuple[float | None, float | None]:
        """(heading degrees, speed m/s) from the fixes around ``i``..``j``, widened until they are 5 m apart,
        at most 5 s (and no gap) to either side. Heading None when the vehicle did not move that far."""
        middle = self.fixes[i].t
        while True:
            azimuth, _, distance = GEOD.inv(
                self.fixes[i].lon, self.fixes[i].lat, self.fixes[j].lon, self.fixes[j].lat
            )
            seconds = (self.fixes[j].t - self.fixes[i].t).total_seconds()
            if seconds > 0 and distance >= MOTION_M:
                return azimuth % 360 % 360, distance / seconds
            back = i > 0 and self._near(i - 1, i, middle)
            on = j + 1 < len(self.fixes) and self._near(j, j + 1, middle)
            if not back and not on:
                return None, distance / seconds if seconds > 0 else None
            i, j = i - back, j + on

    def _near(self, i: int, j: int, middle: datetime) -> bool:
        a, b = self.fixes[i].t, self.fixes[j].t
        return (b - a).total_seconds() <= MAX_GAP_S and (
            min(abs((a - middle).total_seconds()), abs((b - middle).total_seconds())) < MOTION_S
        )


def accuracy_of(fix: Fix) -> float:
    """Metres, one sigma of the horizontal error; 5 m where the receiver says nothing."""
    return DEFAULT_ACCURACY_M if fix.accuracy is None else fix.accuracy


def _between(a: float | None, b: float | None, share: float, motion: float | None) -> float | None:
    """Headings interpolated the short way round the circle; degrees 0..360."""
    if a is None or b is None:
        return motion
    turn = (b - a + 180) % 360 - 180
    return (a + share * turn) % 360 % 360  # twice: -1e-15 % 360 is 360.0


def _span(start: datetime, end: datetime) -> str:
    return f"{start:%Y-%m-%d %H:%M:%S} to {end:%Y-%m-%d %H:%M:%S} UTC"
