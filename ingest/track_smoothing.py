"""A track smoothed over its whole drive: where the vehicle most likely was, and how sure that is.

Method: Kalman filter and Rauch-Tung-Striebel smoother (Rauch, Tung and Striebel 1965; Bar-Shalom, Li and
Kirubarajan, Estimation with Applications to Tracking and Navigation, 2001, ch. 5, 6 and 8). State: position,
velocity, and the receiver's error, which is no white noise: it drifts over seconds (first-order Gauss-Markov).
A filter that took it for white would believe an average over five fixes to be twice as good as it is.
Receivers measure speed and course by Doppler, far better than by differences of positions: where a fix has
both, they are what carries the smoothing over half a minute.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from math import atan2, degrees, exp, hypot, isfinite, radians, sqrt

import numpy as np
from numpy.typing import NDArray
from pyproj import Proj

from ingest.frame import Position
from ingest.plausible import as_utc
from ingest.track import Track, accuracy_of

Floats = NDArray[np.float64]

DRIFT_S = 10.0
"""Time over which a receiver's error stays alike, seconds: multipath in a street that is driven along. Rather
long: taking it for shorter than it is makes the stated errors too small, the other way costs little."""
DRIFT_SHARE = 0.8
"""Share of the error's variance that drifts; the rest is new with every fix."""
STRAIGHT = 0.3
"""m2/s3: density of the acceleration where the measured speed and course hold: 1.7 m/s of change in 10 s."""
SHARPEST = 30.0
"""m2/s3: the most: a right angle within a second at 40 km/h. A Doppler speed that is wrong says more."""
UNMEASURED = 1.0
"""m2/s3: the same where they are not, so that a corner shows late. Both are the best of a few that were tried
on simulated drives (docs/VEHICLES.md); a factor of three either way changes little."""
TURNING = 2.0
"""m2/s3: where no fix says what was done for a while: 4.5 m/s of change in 10 s."""
SPEED_ERROR = 0.3
"""m/s, one sigma of a Doppler speed in a street."""
COURSE_ERROR = radians(1.5)
"""One sigma of a Doppler course at speed, besides what the speed's error turns it."""
STANDING = 0.3
"""m/s: slower than this a receiver's speed says that the vehicle stands."""
STEADY = 1.5
"""m/s: slower than this the heading is held from when it was last faster."""
GATE = 25.0
"""Squared sigmas of a fix's surprise (2 degrees of freedom: 4 in a million by chance) beyond which it is a
jump."""
MOST_JUMPS = 4
"""After so many jumps in a row the receiver has come back elsewhere, and is believed."""
LONG_STEP_S = 3.0
"""Without a fix for longer anything may have been done."""
BRIDGED_S = 30.0
"""Between fixes further apart nobody knows where the vehicle was."""
USABLE_M = 15.0
"""... nor where the error is larger than this."""
USABLE_HEADING = 20.0

_POSITION = np.eye(6)[:2] + np.eye(6)[4:]  # what a fix measures: the place and the receiver's error
_VELOCITY = np.eye(6)[2:4]


@dataclass(frozen=True, slots=True)
class _Smoothed:
    """Arrays over the N fixes. x: (N, 6) smoothed states; p: (N, 6, 6) their covariances; xf, pf: filtered;
    pp: predicted to the fix. q: (N,) acceleration density of the step to the fix. s: seconds from the first."""

    s: list[float]
    q: Floats
    xf: Floats
    pf: Floats
    pp: Floats
    x: Floats
    p: Floats
    variance: float


@dataclass(frozen=True, slots=True)
class SmoothTrack(Track):
    """A track whose places between and at the fixes are the smoothed ones (build it with :func:`smooth`)."""

    plane: Proj = field(kw_only=True, repr=False)
    run: _Smoothed = field(kw_only=True, repr=False)
    held: tuple[tuple[float, float, float], ...] = field(kw_only=True, repr=False)

    def position_at(self, t: datetime) -> Position | None:
        """The place at ``t`` (aware), or None outside the track, where fixes are more than 30 s apart, and
        where the error is over 15 m.

        accuracy: root mean square of the horizontal error, m. heading: of the smoothed velocity; below
        1.5 m/s held from when the vehicle was last faster (else: next faster). heading_error: degrees, one
        sigma. Both None when it never moved.
        """
        t = as_utc(t)
        if not self.start <= t <= self.end:
            return None
        s = (t - self.start).total_seconds()
        i = min(bisect_right(self.run.s, s) - 1, len(self.run.s) - 1)
        after = min(i + 1, len(self.run.s) - 1)
        if s > self.run.s[i] and self.run.s[after] - self.run.s[i] > BRIDGED_S:
            return None
        x, p = _between(self.run, i, s)
        accuracy = sqrt(p[0, 0] + p[1, 1])
        if accuracy > USABLE_M:
            return None
        lon, lat = self.plane(x[0], x[1], inverse=True)
        heading, error = self._heading(s, x, p)
        nearest = i if s - self.run.s[i] <= self.run.s[after] - s else after
        speed = hypot(x[2], x[3])
        raw = self.fixes[nearest].raw
        return Position(lat, lon, heading, speed, accuracy, self.source, raw, heading_error=error)

    def _heading(self, s: float, x: Floats, p: Floats) -> tuple[float | None, float | None]:
        own, error = _course(x, p)
        if hypot(x[2], x[3]) >= STEADY and error <= USABLE_HEADING:
            return own, error
        if self.held:
            j = bisect_right(self.held, s, key=lambda h: h[0]) - 1
            return self.held[max(j, 0)][1:]
        return (own, error) if error <= USABLE_HEADING else (None, None)


def smooth(track: Track) -> SmoothTrack:
    """The track smoothed. A fix without accuracy counts as 5 m; jumps beyond five sigmas are left out, noted."""
    first = track.fixes[0]
    plane = Proj(proj="tmerc", lat_0=first.lat, lon_0=first.lon, ellps="WGS84")
    s = [(fix.t - first.t).total_seconds() for fix in track.fixes]
    place = np.column_stack(plane([f.lon for f in track.fixes], [f.lat for f in track.fixes]))
    steps = np.diff(s, prepend=s[0])
    q = np.where(steps > LONG_STEP_S, TURNING, _manoeuvres(track, steps))
    run, jumps = _run(track, s, place, q)
    notes = track.notes
    if jumps.any():
        notes = (*notes, f"track: {int(jumps.sum())} fixes that jump beyond five sigmas: not believed")
    held = []
    for k, x in enumerate(run.x):
        course, error = _course(x, run.p[k])
        if hypot(x[2], x[3]) >= STEADY and error <= USABLE_HEADING:
            held.append((s[k], course, error))
    return SmoothTrack(track.fixes, track.source, track.name, notes, plane=plane, run=run, held=tuple(held))


def _run(track: Track, s: list[float], place: Floats, q: Floats) -> tuple[_Smoothed, NDArray[np.bool_]]:
    """Filter forwards, smooth backwards. Returns the states and which fixes were jumps."""
    n = len(s)
    xf, pf, pp = np.zeros((n, 6)), np.zeros((n, 6, 6)), np.zeros((n, 6, 6))
    jumps = np.zeros(n, bool)
    # One drift variance for the drive: single fixes that claim more or less differ in their white part.
    variance = float(np.median([_variance(track, k) for k in range(n)])) * DRIFT_SHARE
    x = np.array([*place[0], 0.0, 0.0, 0.0, 0.0])
    p = np.diag([1e6, 1e6, 400.0, 400.0, variance, variance])
    in_a_row = 0
    for k in range(n):
        if k:
            f, noise = _step(s[k] - s[k - 1], float(q[k]), variance)
            x, p = f @ x, f @ p @ f.T + noise
        white = max(_variance(track, k) - variance, (1 - DRIFT_SHARE) * _variance(track, k), 0.01)
        apart = place[k] - _POSITION @ x
        expected = _POSITION @ p @ _POSITION.T + white * np.eye(2)
        if apart @ np.linalg.solve(expected, apart) > GATE:
            in_a_row += 1
            jumps[k] = in_a_row <= MOST_JUMPS
            if in_a_row > MOST_JUMPS:
                p[:2, :2] += float(apart @ apart) * np.eye(2)
                p[2:4, 2:4] += 25.0 * np.eye(2)
        pp[k] = p
        if not jumps[k]:
            in_a_row = 0
            x, p = _update(x, p, _POSITION, place[k], white * np.eye(2))
            measured = _doppler(track, k)
            if measured is not None:
                velocity, noise2 = measured
                surprise = velocity - _VELOCITY @ x
                if surprise @ np.linalg.solve(p[2:4, 2:4] + noise2, surprise) <= GATE or k < 2:
                    x, p = _update(x, p, _VELOCITY, velocity, noise2)
        xf[k], pf[k] = x, p
    xs, ps = xf.copy(), pf.copy()
    for k in range(n - 2, -1, -1):
        f, _ = _step(s[k + 1] - s[k], float(q[k + 1]), variance)
        gain = np.linalg.solve(pp[k + 1], f @ pf[k]).T
        xs[k] = xf[k] + gain @ (xs[k + 1] - f @ xf[k])
        ps[k] = pf[k] + gain @ (ps[k + 1] - pp[k + 1]) @ gain.T
    return _Smoothed(s, q, xf, pf, pp, xs, ps, variance), jumps


def _step(dt: float, q: float, variance: float) -> tuple[Floats, Floats]:
    """Transition and process noise over ``dt`` seconds (white acceleration; Gauss-Markov drift)."""
    f, noise, one = np.eye(6), np.zeros((6, 6)), np.eye(2)
    stays = exp(-dt / DRIFT_S)
    f[:2, 2:4], f[4:, 4:] = dt * one, stays * one
    noise[:2, :2], noise[2:4, 2:4] = q * dt**3 / 3 * one, q * dt * one
    noise[:2, 2:4] = noise[2:4, :2] = q * dt**2 / 2 * one
    noise[4:, 4:] = variance * (1 - stays**2) * one
    return f, noise


def _update(x: Floats, p: Floats, h: Floats, z: Floats, r: Floats) -> tuple[Floats, Floats]:
    """One measurement taken in (Joseph's form, which keeps the covariance positive)."""
    gain = np.linalg.solve(h @ p @ h.T + r, h @ p).T
    rest = np.eye(6) - gain @ h
    return x + gain @ (z - h @ x), rest @ p @ rest.T + gain @ r @ gain.T


def _variance(track: Track, k: int) -> float:
    """Per axis, m2: accuracy is the root mean square over both."""
    return max(accuracy_of(track.fixes[k]), 0.1) ** 2 / 2


def _doppler(track: Track, k: int) -> tuple[Floats, Floats] | None:
    """Velocity (east, north) m/s by speed and course, and its covariance; None when the fix has not both."""
    fix = track.fixes[k]
    if fix.speed is None or not isfinite(fix.speed):
        return None
    if fix.speed < STANDING:
        return np.zeros(2), SPEED_ERROR**2 * np.eye(2)
    if fix.heading is None:
        return None
    course = radians(fix.heading)
    ahead = np.array([np.sin(course), np.cos(course)])
    outer = np.outer(ahead, ahead)
    aside = SPEED_ERROR**2 + (fix.speed * COURSE_ERROR) ** 2
    return fix.speed * ahead, SPEED_ERROR**2 * outer + aside * (np.eye(2) - outer)


def _manoeuvres(track: Track, steps: Floats) -> Floats:
    """(N,) acceleration density of the step to each fix: by the change between the speeds and courses at its
    ends, where both have them."""
    q = np.full(len(steps), UNMEASURED)
    velocities = [_doppler(track, k) for k in range(len(steps))]
    for k, (before, after) in enumerate(pairwise(velocities), 1):
        if before is not None and after is not None:
            change = after[0] - before[0]
            q[k] = min(max(STRAIGHT, float(change @ change) / 2 / steps[k]), SHARPEST)
    return q


def _between(run: _Smoothed, i: int, s: float) -> tuple[Floats, Floats]:
    """The smoothed state at ``s`` seconds, in the step after fix ``i``: a fix there that measures nothing."""
    if s <= run.s[i] or i + 1 == len(run.s):
        return run.x[i], run.p[i]
    q = float(run.q[i + 1])
    f, noise = _step(s - run.s[i], q, run.variance)
    x, p = f @ run.xf[i], f @ run.pf[i] @ f.T + noise
    g, _ = _step(run.s[i + 1] - s, q, run.variance)
    gain = np.linalg.solve(run.pp[i + 1], g @ p).T
    return x + gain @ (run.x[i + 1] - g @ x), p + gain @ (run.p[i + 1] - run.pp[i + 1]) @ gain.T


def _course(x: Floats, p: Floats) -> tuple[float, float]:
    """Direction of the velocity, degrees 0..360 from north, and its one-sigma error in degrees."""
    speed = hypot(x[2], x[3])
    if speed < 0.1:
        return 0.0, 180.0
    aside = np.array([x[3], -x[2]]) / speed
    error = degrees(atan2(sqrt(float(aside @ p[2:4, 2:4] @ aside)), speed))
    return degrees(atan2(x[2], x[3])) % 360 % 360, error
