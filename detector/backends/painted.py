"""A painted street for self-tests and measurements: people, cars, a stall, plain enough for any street model to
see some of them, and the same on every machine.
"""

from __future__ import annotations

import cv2
import numpy as np

from ingest.frame import Image


def painted_street(width: int = 1280, height: int = 720) -> Image:
    """(height, width, 3) uint8 BGR; drawn at 1280 x 720 and resized."""
    image = np.zeros((720, 1280, 3), np.uint8)
    image[:300], image[300:420], image[420:] = (210, 190, 170), (120, 130, 140), (95, 95, 95)
    for x in (60, 330, 620):
        _person(image, x)
    for x, colour in ((760, (40, 40, 190)), (1020, (170, 90, 30))):
        _car(image, x, colour)
    _stall(image)
    return np.asarray(cv2.resize(cv2.GaussianBlur(image, (3, 3), 0), (width, height)), np.uint8)


def _person(image: Image, x: int) -> None:
    skin, coat, trousers = (120, 150, 200), (60, 40, 150), (60, 30, 20)
    cv2.ellipse(image, (x, 285), (16, 20), 0, 0, 360, skin, -1)
    cv2.rectangle(image, (x - 28, 306), (x + 28, 400), coat, -1)
    for side in (-1, 1):
        cv2.rectangle(image, (x + side * 34 - 6, 310), (x + side * 34 + 6, 390), coat, -1)
        cv2.rectangle(image, (x + side * 14 - 10, 400), (x + side * 14 + 10, 500), trousers, -1)


def _car(image: Image, x: int, colour: tuple[int, int, int]) -> None:
    cv2.rectangle(image, (x, 460), (x + 240, 540), colour, -1)
    roof = np.array([(x + 40, 460), (x + 75, 405), (x + 175, 405), (x + 210, 460)], np.int32)
    cv2.fillPoly(image, [roof], (60, 50, 45))
    for wheel in (x + 50, x + 190):
        cv2.circle(image, (wheel, 540), 26, (20, 20, 20), -1)
        cv2.circle(image, (wheel, 540), 12, (170, 170, 170), -1)


def _stall(image: Image) -> None:
    cv2.fillPoly(image, [np.array([(400, 250), (480, 180), (560, 250)], np.int32)], (40, 40, 220))
    cv2.line(image, (480, 250), (480, 420), (50, 50, 50), 5)
    cv2.rectangle(image, (420, 400), (540, 460), (80, 120, 160), -1)
