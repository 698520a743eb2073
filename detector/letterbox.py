"""Letterbox: a picture of any shape into what a network looks at, and boxes back out of it.

A network looks at a square, or, where its file leaves the sides open, at the square with most of the grey bars
cut off: 384 of 640 rows for a picture of 16:9, which costs it 0.6 of the time.
"""

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

STRIDE = 32
"""Sides of what a network looks at are multiples of it."""

FORMS = 5
"""How many lengths the shorter side can have: a runtime compiles the network for each."""


@dataclass(frozen=True, slots=True)
class Letterbox:
    """How a picture lies in its frame: ``frame = picture * scale + (left, top)``, all in pixels.

    scale: one factor for both axes, so nothing is squeezed. left, top: whole pixels of padding.
    width, height: of the picture.
    """

    scale: float
    left: int
    top: int
    width: int
    height: int

    def into(self, xyxy: Boxes) -> Boxes:
        """Boxes (N, 4) of the picture as boxes of the frame."""
        return (xyxy * self.scale + self._offset).astype(np.float32)

    def back(self, xyxy: Boxes) -> Boxes:
        """Boxes (N, 4) of the frame as boxes of the picture, cut at the picture's edges."""
        boxes = (xyxy - self._offset) / np.float32(self.scale)
        limit = np.array([self.width, self.height, self.width, self.height], np.float32)
        cut: Boxes = np.clip(boxes, 0, limit).astype(np.float32)
        return cut

    @property
    def _offset(self) -> NDArray[np.float32]:
        return np.array([self.left, self.top, self.left, self.top], np.float32)


def frame_of(width: int, height: int, size: int) -> tuple[int, int]:
    """(width, height) of the smallest frame around a picture of this shape whose longer side is ``size`` pixels.

    The shorter side is a fifth of ``size`` (rounded up to ``STRIDE``), or two fifths, and so on.
    """
    step = -(-size // (FORMS * STRIDE)) * STRIDE
    scale = min(size / width, size / height)
    sides = (min(size, -(-_scaled(side, scale) // step) * step) for side in (width, height))
    return next(sides), next(sides)


def fit(width: int, height: int, size: int, frame: tuple[int, int] | None = None) -> Letterbox:
    """Where a picture of this width and height lies in a frame, (width, height) of it; by default the square of
    ``size`` pixels: as large as can be, centred.

    A spare odd pixel goes to the right or bottom bar. Raises BadPicture for a picture without pixels.
    """
    _check_sides(width, height)
    frame = frame or (size, size)
    scale = min(size / width, size / height)
    spare = frame[0] - _scaled(width, scale), frame[1] - _scaled(height, scale)
    # ultralytics rounds half the bar after taking off 0.1, so that 0.5 goes down
    return Letterbox(scale, round(spare[0] / 2 - 0.1), round(spare[1] / 2 - 0.1), width, height)


def check_picture(image: Image) -> None:
    """Raises BadPicture when the array is no (H, W, 3) uint8 picture."""
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or not image.size:
        raise BadPicture(f"picture is {image.shape} {image.dtype}; (H, W, 3) uint8 BGR is expected")


def letterbox(image: Image, size: int, *, cut: bool = False) -> tuple[Image, Letterbox]:
    """The picture (H, W, 3) uint8 in a square of ``size`` pixels with grey bars, or in ``frame_of`` it when the
    bars are cut, and where it lies in it.

    Raises BadPicture when the array is not a picture.
    """
    check_picture(image)
    height, width = image.shape[:2]
    _check_sides(width, height)
    across, down = frame_of(width, height, size) if cut else (size, size)
    place = fit(width, height, size, (across, down))
    inner_width, inner_height = _scaled(width, place.scale), _scaled(height, place.scale)
    framed = np.empty((down, across, 3), np.uint8)
    bottom, right = place.top + inner_height, place.left + inner_width
    framed[: place.top] = framed[bottom:] = PADDING
    framed[place.top : bottom, : place.left] = framed[place.top : bottom, right:] = PADDING
    window = framed[place.top : bottom, place.left : right]
    if (inner_width, inner_height) == (width, height):
        window[:] = image
    elif inner_width == across:  # whole rows: OpenCV writes them where they belong
        cv2.resize(image, (inner_width, inner_height), dst=window, interpolation=cv2.INTER_LINEAR)
    else:
        window[:] = cv2.resize(image, (inner_width, inner_height), interpolation=cv2.INTER_LINEAR)
    return framed, place


def to_input(frames: list[Image]) -> NDArray[np.float32]:
    """Frames (H, W, 3) uint8 blue-green-red, all of one shape, as network input (N, 3, H, W) float32,
    red-green-blue, 0-1.
    """
    return np.asarray(cv2.dnn.blobFromImages(frames, 1 / 255, swapRB=True), np.float32)


def _check_sides(width: int, height: int) -> None:
    if min(width, height) < 1:
        raise BadPicture(f"picture is {width}x{height} pixels; there is nothing to look at")


def _scaled(side: int, scale: float) -> int:
    return max(1, round(side * scale))
