"""A street painted by hand, and what can befall the camera before it."""

from __future__ import annotations

import cv2
import numpy as np

from ingest.frame import Image

WIDTH, HEIGHT = 640, 360
ROOM = 80  # pixels painted around the picture, so that a moved camera sees more street and no border


def street(seed: int = 1, dx: float = 0.0, dy: float = 0.0, turn_deg: float = 0.0) -> Image:
    """(360, 640, 3): houses with windows, a pavement, a kerb, marks. dx, dy: px by which all moved right and down;
    turn_deg: clockwise about the middle.
    """
    matrix = cv2.getRotationMatrix2D((ROOM + WIDTH / 2, ROOM + HEIGHT / 2), -turn_deg, 1.0)
    matrix[:, 2] += (dx, dy)
    canvas = _painted(seed)
    turned = cv2.warpAffine(canvas, matrix, canvas.shape[1::-1], flags=cv2.INTER_CUBIC)
    return np.ascontiguousarray(turned[ROOM : ROOM + HEIGHT, ROOM : ROOM + WIDTH])


def noise(image: Image, seed: int, sigma: float = 3.0) -> Image:
    """A sensor's noise, sigma in grey levels."""
    values = image + np.random.default_rng(seed).normal(0, sigma, image.shape)
    return np.asarray(np.clip(values, 0, 255), np.uint8)


def people(image: Image, seed: int, count: int = 12) -> Image:
    """Dark and light upright figures, 20 by 60 px, anywhere on the lower half."""
    rng, image = np.random.default_rng(seed), image.copy()
    for x, y in rng.integers((0, HEIGHT // 2), (WIDTH - 20, HEIGHT - 60), (count, 2)).tolist():
        colour = tuple(int(c) for c in rng.integers(20, 230, 3))
        cv2.rectangle(image, (x, y), (x + 20, y + 60), colour, -1)
    return image


def bus(image: Image, seed: int = 5) -> Image:
    """A bus over a quarter of the picture."""
    image = image.copy()
    cv2.rectangle(image, (150, 140), (490, 310), (40, 90, 190), -1)
    for x in range(170, 470, 60):
        cv2.rectangle(image, (x, 160), (x + 45, 210), (200, 190, 150), -1)
    return noise(image, seed, 2.0)


def shadow(image: Image) -> Image:
    """The left half at 55 % of its light, with a slanting border."""
    mask = np.ones((HEIGHT, WIDTH, 1), np.float32)
    cv2.fillPoly(mask, [np.array([(0, 0), (380, 0), (250, HEIGHT), (0, HEIGHT)], np.int32)], 0.55)
    return np.asarray(image * mask.reshape(HEIGHT, WIDTH, 1), np.uint8)


def rain(image: Image, seed: int = 7) -> Image:
    """900 bright streaks and less contrast."""
    rng, image = np.random.default_rng(seed), np.asarray(image * 0.7 + 50, np.uint8)
    for x, y in rng.integers((0, 0), (WIDTH, HEIGHT), (900, 2)).tolist():
        cv2.line(image, (x, y), (x + 2, y + 9), (200, 200, 200), 1)
    return image


def night(image: Image) -> Image:
    """A seventh of the light, two lamps, noise; the upper windows are lit: their edges turn from dark to bright."""
    light = np.full((HEIGHT, WIDTH), 0.14, np.float32)
    for x in (160, 480):
        distance = np.hypot(*np.meshgrid(np.arange(WIDTH) - x, np.arange(HEIGHT) - 60))
        light += (0.5 * np.exp(-((distance / 140) ** 2))).astype(np.float32)
    return noise(np.asarray(np.clip(image * light[:, :, None], 0, 255), np.uint8), 9, 4.0)


def _painted(seed: int) -> Image:
    rng = np.random.default_rng(seed)
    high, wide = HEIGHT + 2 * ROOM, WIDTH + 2 * ROOM
    canvas = np.full((high, wide, 3), 150, np.uint8)
    x = 0
    while x < wide:
        house = int(rng.integers(70, 150))
        wall = tuple(int(c) for c in rng.integers(90, 230, 3))
        top = int(rng.integers(0, 90))
        cv2.rectangle(canvas, (x, top), (x + house, 280), wall, -1)
        for wx in range(x + 8, x + house - 20, int(rng.integers(28, 45))):
            for wy in range(top + 10, 230, int(rng.integers(40, 60))):
                cv2.rectangle(canvas, (wx, wy), (wx + 16, wy + 24), (60, 50, 45), -1)
        x += house
    for x in range(0, wide, int(rng.integers(35, 60))):
        cv2.line(canvas, (x, 280), (int(x * 1.4 - wide * 0.2), 400), (110, 110, 115), 2)
    cv2.rectangle(canvas, (0, 400), (wide, high), (70, 70, 72), -1)
    cv2.line(canvas, (0, 400), (wide, 408), (220, 220, 220), 4)
    for x in range(int(rng.integers(0, 60)), wide, 110):
        cv2.rectangle(canvas, (x, 430), (x + 50, 437), (235, 235, 235), -1)
    return canvas
