"""Which way a camera travels, seen from itself: from corners followed over two looks to pitch and yaw.

Method: the vanishing point of a straight drive is the epipole of its pictures (Hartley and Zisserman, ch. 9).
Two corners give a first guess (RANSAC, Fischler and Bolles 1981); then direction and the small turn between the
looks together are fitted to all by Gauss-Newton on Sampson's distance; corners that are far off do not count
(Tukey's biweight).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from detector.scene.boxes import Floats

LEAST_MATCHES = 30
LEAST_PAIRS = 5
LEAST_SHARE = 0.5
"""Of the corners of a pair of looks so many must agree; the rest may be other road users and mistakes."""
NEAR_PX = 1.0
"""A corner this near to its epipolar line agrees."""
LEAST_SCATTER = 0.1
START_YAWS = (0.0, -50.0, 50.0)
"""Between them and the guess the fit finds the best of several valleys: a turn and a side-step look alike."""
GUESSES = 300
WIDE = 8.0
ROUNDS = 25
WORST_DEG = 2.0
"""A pair whose own fit is less sure than this says nothing."""
FLOOR_DEG = 0.05
"""No angle is stated better than this: the vehicle's body is not rigid."""


@dataclass(frozen=True, slots=True)
class Travel:
    """How a camera sits in its vehicle by one pair of looks. Degrees; errors one sigma. inliers: share 0-1."""

    pitch_deg: float
    yaw_deg: float
    pitch_error: float
    yaw_error: float
    inliers: float


@dataclass(frozen=True, slots=True)
class Angles:
    """The same over a drive. pairs: looks that it is from."""

    pitch_deg: float
    yaw_deg: float
    pitch_error: float
    yaw_error: float
    pairs: int


def travel(before: Floats, after: Floats, focal_px: float, seed: int = 0) -> Travel | None:
    """Pitch (positive looks down) and yaw (clockwise from the way that is driven) by one pair of looks.

    before, after: (N, 2) px from the picture's middle, lens distortion taken away, of the same corners. Assumes
    that the vehicle drove straight on and that the camera is not rolled. None where too few corners agree.
    """
    if len(before) < LEAST_MATCHES:
        return None
    one, two = (np.column_stack([p / focal_px, np.ones(len(p))]) for p in (before, after))
    near = NEAR_PX / focal_px
    starts = [_guess(one, two, near, np.random.default_rng(seed)), *map(_ahead, START_YAWS)]
    fits = [_fit(start, one, two, near) for start in starts]
    state, spread, rest = min(fits, key=lambda fit: float(np.minimum((fit[2] / near) ** 2, 1.0).sum()))
    good = np.abs(rest) <= 2 * near
    if float(good.mean()) < LEAST_SHARE:
        return None
    pitch, yaw = _forward(state, one, two)
    errors = np.degrees(np.sqrt(np.diag(spread)[:2]))
    if not float(errors.max()) <= WORST_DEG:
        return None
    return Travel(
        math.degrees(pitch), math.degrees(yaw), float(errors[0]), float(errors[1]), float(good.mean())
    )


def _fit(state: Floats, one: Floats, two: Floats, near: float) -> tuple[Floats, Floats, Floats]:
    """(state, its covariance, distances of all corners) that Gauss-Newton finds from a start."""
    slopes = np.zeros((len(one), 5))
    for i in range(ROUNDS):
        # The start knows no turn; so what agrees is narrowed down step by step.
        wide = near * max(1.0, WIDE * 0.6**i)
        rest = _sampson(state, one, two)
        for k, step in enumerate(np.eye(5) * 1e-5):
            slopes[:, k] = (_sampson(state + step, one, two) - _sampson(state - step, one, two)) / 2e-5
        within = np.abs(rest[np.abs(rest) <= 4 * wide])
        scatter = 1.4826 * float(np.median(within)) if len(within) else wide
        reach = 4.685 * max(min(scatter, wide), LEAST_SCATTER * near)
        weights = np.where(np.abs(rest) < reach, (1 - (rest / reach) ** 2) ** 2, 0.0)
        normal = slopes.T @ (weights[:, None] * slopes) + 1e-9 * np.eye(5)
        move = np.linalg.solve(normal, slopes.T @ (weights * rest))
        # No step may throw it over: half a radian at most.
        state = state - move * min(1.0, 0.5 / max(float(np.abs(move).max()), 1e-9))
        if wide == near and float(np.abs(move).max()) < 1e-7:
            break
    rest = _sampson(state, one, two)
    variance = float((weights * rest**2).sum() / max(float(weights.sum()), 1e-9))
    spread = np.asarray(np.linalg.inv(normal) * variance, np.float64)
    return state, spread, rest


def _ahead(yaw_deg: float) -> Floats:
    return np.array([0.0, math.radians(yaw_deg), 0.0, 0.0, 0.0])


def over_a_drive(pairs: Sequence[Travel]) -> Angles | None:
    """The median of many pairs; errors from their own scatter, however sure each was. None for too few."""
    if len(pairs) < LEAST_PAIRS:
        return None
    yaws = np.array([pair.yaw_deg for pair in pairs])
    pitches = np.array([pair.pitch_deg for pair in pairs])
    # The circle is cut opposite the first yaw, so that 179 and -179 are neighbours.
    yaws = yaws[0] + (yaws - yaws[0] + 180) % 360 - 180
    yaw, yaw_error = _median(yaws)
    pitch, pitch_error = _median(pitches)
    return Angles(pitch, (yaw + 180) % 360 - 180, pitch_error, yaw_error, len(pairs))


def _median(values: Floats) -> tuple[float, float]:
    middle = float(np.median(values))
    scatter = 1.4826 * float(np.median(np.abs(values - middle)))
    # A median's error is 1.25 times a mean's.
    return middle, max(FLOOR_DEG, 1.25 * scatter / math.sqrt(len(values)))


def _direction(pitch: float, yaw: float) -> Floats:
    """The way ahead in the camera's (right, down, forward)."""
    return np.array([-math.sin(yaw), -math.sin(pitch) * math.cos(yaw), math.cos(pitch) * math.cos(yaw)])


def _cross(v: Floats) -> Floats:
    return np.array([[0.0, -v[2], v[1]], [v[2], 0.0, -v[0]], [-v[1], v[0], 0.0]])


def _sampson(state: Floats, one: Floats, two: Floats) -> Floats:
    """(N,) signed distances from the epipolar lines, in focal lengths. state: pitch, yaw, turn (3)."""
    essential = _cross(_direction(float(state[0]), float(state[1]))) @ (np.eye(3) + _cross(state[2:]))
    lines, back = one @ essential.T, two @ essential
    size = np.sqrt((lines[:, :2] ** 2).sum(axis=1) + (back[:, :2] ** 2).sum(axis=1))
    distance: Floats = (two * lines).sum(axis=1) / np.maximum(size, 1e-12)
    return distance


def _guess(one: Floats, two: Floats, near: float, random: np.random.Generator) -> Floats:
    """The direction that most corners agree with, of those that two corners give, without a turn."""
    normals = np.cross(one, two)
    size = np.linalg.norm(normals, axis=1)
    moved = np.flatnonzero(size > 1.5 * near)
    best, most = np.zeros(5), -1
    if len(moved) < 2:
        return best
    normals = normals / np.maximum(size, 1e-12)[:, None]
    for i, j in random.choice(moved, (GUESSES, 2)):
        way = np.cross(normals[i], normals[j])
        length = float(np.linalg.norm(way))
        if length < 1e-3:
            continue
        way = way / length
        state = np.array([*_angles(way), 0.0, 0.0, 0.0])
        agree = int((np.abs(_sampson(state, one, two)[moved]) <= 2 * near).sum())
        if agree > most:
            best, most = state, agree
    return best


def _angles(way: Floats) -> tuple[float, float]:
    """(pitch, yaw) radians of a direction in the camera's (right, down, forward); yaw -pi to pi."""
    yaw = math.asin(max(-1.0, min(1.0, -float(way[0]))))
    if way[2] >= 0:
        return math.atan2(-way[1], way[2]), yaw
    return math.atan2(way[1], -way[2]), math.remainder(math.pi - yaw, 2 * math.pi)


def _forward(state: Floats, one: Floats, two: Floats) -> tuple[float, float]:
    """(pitch, yaw) radians with the sign by which things come nearer."""
    way = _direction(float(state[0]), float(state[1]))
    turned = one @ (np.eye(3) + _cross(state[2:])).T
    flow = two[:, :2] - turned[:, :2] / turned[:, 2:]
    towards = float(np.median((flow * (one[:, :2] * way[2] - way[:2])).sum(axis=1)))
    return _angles(way if towards >= 0 else -way)
