"""Simple human figures with varied clothes. Local frame: origin between the feet, facing +x."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi, sin

import numpy as np
from numpy.random import Generator

from scripts.street import palette as pal
from scripts.street.palette import chance, colour
from scripts.street.shape import Array, Material, Shape, ellipse


@dataclass(frozen=True)
class Look:
    """What a person looks like; `height` in metres, colours as materials."""

    height: float
    girth: float
    top: Material
    legs: Material
    skin: Material
    hair: Material
    shoes: Material
    coat: bool
    long_hair: bool
    hat: bool
    bag: int
    bag_colour: Material


def random_look(rng: Generator) -> Look:
    """A random adult."""
    return Look(
        height=float(rng.uniform(1.54, 1.82)),
        girth=float(rng.uniform(0.9, 1.15)),
        top=("fabric", colour(rng, pal.CLOTHES)),
        legs=("fabric", colour(rng, pal.TROUSERS)),
        skin=("skin", colour(rng, pal.SKIN, 8)),
        hair=("plain", colour(rng, pal.HAIR, 6)),
        shoes=("plain", colour(rng, ("1a1a1c", "d8d8d4", "5a4a3a"), 8)),
        coat=chance(rng, 0.3),
        long_hair=chance(rng, 0.4),
        hat=chance(rng, 0.15),
        bag=int(rng.integers(4)),
        bag_colour=("plain", colour(rng, pal.CLOTHES + pal.PLASTICS)),
    )


def limb(s: Shape, points: list[Array], radii: list[float], material: Material) -> None:
    """A bent limb: tapered tubes through the points with round joints."""
    for a, b, r0, r1 in zip(points, points[1:], radii, radii[1:], strict=False):
        s.tube(a, b, r0, r1, material, 9)
    for p, r in zip(points, radii, strict=True):
        s.ball(p, (r, r, r), material, n=8)


def person(look: Look, phase: float | None = None, seated: bool = False) -> Shape:
    """The figure standing (`phase` None), walking at `phase` (0-1 of a double step) or seated on a saddle.

    Seated figures have their seat at the height of the hips and hands forward, for bicycles and scooters.
    """
    s, h, g = Shape(), look.height, look.girth
    a = 0.0 if phase is None else 2 * pi * phase
    swing = 0.0 if phase is None else 0.36
    hip = 0.51 * h - (0.02 * h * abs(sin(a)) if phase is not None else 0)
    for side in (-1, 1):
        y = side * 0.052 * h * g
        t = swing * sin(a) * side
        bend = max(0.0, -cos(a) * side) * (0.9 if phase is not None else 0) + 0.04
        if seated:
            t, bend = 1.15, 1.3
        knee = np.array((0.235 * h * sin(t), y, hip - 0.235 * h * cos(t)))
        ankle = knee + np.array((0.225 * h * sin(t - bend), 0, -0.225 * h * cos(t - bend)))
        limb(s, [np.array((0, y, hip)), knee, ankle], [0.052 * h * g, 0.036 * h * g, 0.024 * h], look.legs)
        s.ball(
            ankle + np.array((0.04 * h, 0, -0.022 * h)), (0.078 * h, 0.027 * h, 0.024 * h), look.shoes, n=8
        )
        arm = -t * 0.8 if not seated else 0.9
        shoulder = np.array((0, side * 0.108 * h * g, 0.805 * h))
        elbow = shoulder + np.array((0.165 * h * sin(arm), side * 0.02 * h, -0.165 * h * cos(arm)))
        fore = arm + (0.35 if not seated else 0.5)
        hand = elbow + np.array((0.15 * h * sin(fore), 0, -0.15 * h * cos(fore)))
        limb(s, [shoulder, elbow, hand], [0.034 * h * g, 0.027 * h, 0.02 * h], look.top)
        s.ball(hand + np.array((0, 0, -0.02 * h)), (0.02 * h, 0.013 * h, 0.033 * h), look.skin, n=6)
        if look.bag == 1 and side == 1 and not seated:
            s.box(hand + np.array((0, 0, -0.17 * h)), (0.2 * h, 0.07 * h, 0.19 * h), look.bag_colour)
    torso(s, look, hip)
    head(s, look)
    if look.bag == 2:
        s.ball((-0.1 * h, 0, 0.7 * h), (0.055 * h, 0.085 * h, 0.12 * h), look.bag_colour)
    return s


def torso(s: Shape, look: Look, hip: float) -> None:
    """Trunk from the hips to the neck; a coat reaches towards the knees."""
    h, g = look.height, look.girth
    rings = [(0.60, 0.070, 0.094), (0.66, 0.068, 0.090), (0.74, 0.074, 0.106), (0.80, 0.066, 0.116),
             (0.83, 0.045, 0.085), (0.86, 0.033, 0.034)]  # fmt: skip
    low = hip / h
    start = (
        [(low - 0.17, 0.088, 0.102), (low + 0.03, 0.08, 0.098)]
        if look.coat
        else [(low - 0.045, 0.074, 0.096)]
    )
    s.loft([ellipse(0, 0, z * h, x * h * g, y * h * g) for z, x, y in [*start, *rings]], look.top)
    s.tube((0, 0, 0.84 * h), (0.005 * h, 0, 0.9 * h), 0.03 * h, 0.028 * h, look.skin, 8)


def head(s: Shape, look: Look) -> None:
    """Head with nose, hair and perhaps a cap."""
    h = look.height
    s.ball((0.01 * h, 0, 0.927 * h), (0.054 * h, 0.045 * h, 0.068 * h), look.skin, n=12)
    s.ball((0.063 * h, 0, 0.92 * h), (0.012 * h, 0.008 * h, 0.014 * h), look.skin, n=6)
    s.ball((-0.008 * h, 0, 0.948 * h), (0.057 * h, 0.05 * h, 0.056 * h), look.hair, n=12)
    if look.long_hair:
        s.ball((-0.03 * h, 0, 0.9 * h), (0.035 * h, 0.048 * h, 0.075 * h), look.hair, n=10)
    if look.hat:
        s.ball((0, 0, 0.965 * h), (0.064 * h, 0.056 * h, 0.042 * h), look.bag_colour, n=10)
        s.box((0.06 * h, 0, 0.955 * h), (0.07 * h, 0.08 * h, 0.008 * h), look.bag_colour)
