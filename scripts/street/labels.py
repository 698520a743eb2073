"""Boxes of visible pixels from the id picture, and how much of each thing is seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from scripts.street.camera import Camera
from scripts.street.shape import Array, Shape, placed

CLASSES = ("stall", "shop_goods", "pile", "person", "bicycle", "motorcycle", "car")


@dataclass(frozen=True)
class Thing:
    """A labelled thing on the stage: class name, shape, place (x, y, z) metres, turn in radians anticlockwise."""

    label: str
    shape: Shape
    at: tuple[float, float, float]
    turn: float

    def world(self) -> Array:
        """Its vertices in the world frame, (N, 3) metres."""
        return placed(self.shape.vertices, self.at, self.turn)


@dataclass(frozen=True)
class Seen:
    """A thing in a picture: box in pixels (x0, y0, x1, y1; the right and lower edges outside), its visible share."""

    box: tuple[int, int, int, int]
    share: float


def silhouette(thing: Thing, camera: Camera) -> int:
    """The pixels that the thing would cover if nothing hid it, parts outside of the picture included."""
    points, depth = camera.project(thing.world())
    good = depth > 0.1
    if not good.any():
        return 0
    seen = points[good]
    scale = (
        0.5 if np.ptp(seen[:, 0]) > 500 else 3.0
    )  # drawn polygons grow by half a pixel: small ones are drawn large
    low, high = (
        np.array((-camera.width, -camera.image_height)),
        np.array((2 * camera.width, 2 * camera.image_height)),
    )
    x0, y0 = np.maximum(seen.min(0), low) * scale
    x1, y1 = np.minimum(seen.max(0), high) * scale
    if x1 - x0 < 1 or y1 - y0 < 1:
        return 1
    canvas = Image.new("1", (int(x1 - x0) + 2, int(y1 - y0) + 2))
    draw = ImageDraw.Draw(canvas)
    shifted = points * scale - (x0, y0)
    for face in thing.shape.faces:
        if all(good[i] for i in face):
            draw.polygon([tuple(shifted[i]) for i in face], fill=1)
    return round(float(np.asarray(canvas).sum()) / scale**2)


def look_for(ids: NDArray[np.uint16], index: int, thing: Thing, camera: Camera) -> Seen | None:
    """Where thing number `index` is seen in the id picture (H, W), or none."""
    rows, cols = np.nonzero(ids == index)
    if len(rows) < 12:
        return None
    box = (int(cols.min()), int(rows.min()), int(cols.max()) + 1, int(rows.max()) + 1)
    return Seen(box, min(1.0, len(rows) / max(1, silhouette(thing, camera))))


def wanted(seen: Seen, camera: Camera, least_share: float = 0.25, least_width: float = 0.025) -> bool:
    """Whether a thing is large and free enough to be labelled; narrow things such as people may be tall instead."""
    x0, y0, x1, y1 = seen.box
    size = max(x1 - x0, 0.6 * (y1 - y0))
    return seen.share >= least_share and size >= least_width * camera.width
