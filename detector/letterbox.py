"""Letterbox: a picture of any shape into the square that a network looks at, and boxes back out of it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.detections import Boxes
from detector.errors import BadPicture
from ingest.frame import Image

PADDING = 114
"""Grey of the bars, as in training (ultralytics' value)."""


@dataclass(frozen=True, slots=True)
class Letterbox:
    """How a picture lies in its square: ``square = picture * scale + (left, top)``, all in pixels.

    scale: one factor for both axes, so nothing is squeezed. left, top: whole pixels of padding.
    width, height: of the picture.
    """

    scale: float
    left: int
    top: int
    width: int
    height: int

    def into(self, xyxy: Boxes) -> Boxes:
        """Boxes (N, 4) of the picture as boxes of the square."""
        return (xyxy * self.scale + self._offset).astype(np.float32)

    def back(self, xyxy: Boxes) -> Boxes:
        """Boxes (N, 4) of the square as boxes of the picture, cut at the picture's edges."""
        boxes = (xyxy - self._offset) / np.float32(self.scale)
        limit = np.array([self.width, self.height, self.width, self.height], np.float32)
        cut: Boxes = np.clip(boxes, 0, limit).astype(np.float32)
        return cut

    @property
    def _offset(self) -> NDArray[np.float32]:
        return np.array([self.left, self.top, self.left, self.top], np.float32)


def fit(width: int, height: int, size: int) -> Letterbox:
    """Where a picture of this width and height lies in a square of ``size`` pixels: as large as can be,
    centred.

    A spare odd pixel goes to the right or bottom bar. Raises BadPicture for a picture without pixels.
    """
    if min(width, height) < 1:
        raise BadPicture(f"picture is {width}x{height} pixels; there is nothing to look at")
    scale = min(size / width, size / height)
    inner_width, inner_height = _scaled(width, scale), _scaled(height, scale)
    # ultralytics rounds half the bar after taking off 0.1, so that 0.5 goes down
    left, top = round((size - inner_width) / 2 - 0.1), round((size - inner_height) / 2 - 0.1)
    return Letterbox(scale, left, top, width, height)


def check_picture(image: Image) -> None:
    """Raises BadPicture when the array is no (H, W, 3) uint8 picture."""
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or not image.size:
        raise BadPicture(f"picture is {image.shape} {image.dtype}; (H, W, 3) uint8 BGR is expected")


def letterbox(image: Image, size: int) -> tuple[Image, Letterbox]:
    """The picture (H, W, 3) uint8 in a square (size, size, 3) uint8 with grey bars, and where it lies in it.

    Raises BadPicture when the array is not a picture.
    """
    check_picture(image)
    height, width = image.shape[:2]
    place = fit(width, height, size)
    inner_width, inner_height = _scaled(width, place.scale), _scaled(height, place.scale)
    square = np.empty((size, size, 3), np.uint8)
    bottom, right = place.top + inner_height, place.left + inner_width
    square[: place.top] = square[bottom:] = PADDING
    square[place.top : bottom, : place.left] = square[place.top : bottom, right:] = PADDING
    window = square[place.top : bottom, place.left : right]
    if (inner_width, inner_height) == (width, height):
        window[:] = image
    elif inner_width == size:  # whole rows: OpenCV writes them where they belong
        cv2.resize(image, (inner_width, inner_height), dst=window, interpolation=cv2.INTER_LINEAR)
    else:
        window[:] = cv2.resize(image, (inner_width, inner_height), interpolation=cv2.INTER_LINEAR)
    return square, place


def to_input(squares: list[Image]) -> NDArray[np.float32]:
    """Squares (S, S, 3) uint8 blue-green-red as network input (N, 3, S, S) float32, red-green-blue, 0-1."""
    return np.asarray(cv2.dnn.blobFromImages(squares, 1 / 255, swapRB=True), np.float32)


def _scaled(side: int, scale: float) -> int:
    return max(1, round(side * scale))
