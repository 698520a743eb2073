"""The demonstration's world on a stage: light over time, staged things shown or hidden, movers put down and cleared."""

from __future__ import annotations

from math import cos, pi, radians, sin, tan

import bpy
import numpy as np

from scripts.street import demo
from scripts.street.camera import Camera
from scripts.street.develop import Film
from scripts.street.labels import Thing
from scripts.street.shape import Array
from scripts.street.stage import Stage

ELEVATION, AZIMUTH = 36.0, 222.0
"""The sun over Shanghai on 31 October at 14:10, degrees; it is held still over the twelve minutes."""
SUN, SKY, LAMPS = 4.0, 0.13, 6.0
FILM = Film(key=0.2, contrast=1.08, saturation=0.95, noise=0.005, vignette=0.12, sharpen=0.3)
MOVER = 100
"""Object indices from here on are movers; below, staged thing n has index n + 1."""


def weather(t: float) -> tuple[float, float]:
    """Shares of sun and sky light at time t (seconds): thin cloud drifts over twice."""
    sun = 0.86 + 0.16 * cos(2 * pi * t / 610) + 0.07 * sin(2 * pi * t / 173)
    return sun, 1.0 + 0.12 * sin(2 * pi * t / 540 + 0.6)


class Studio:
    """A stage with the town and all staged things; `show` chooses which of them stand."""

    def __init__(self, size: tuple[int, int], samples: int) -> None:
        self.world = demo.build()
        self.stage = Stage(*size, samples)
        rng = np.random.default_rng(demo.SEED)
        town = self.world.town
        self.stage.put(self.stage.mesh(town.ground))
        meshes = {id(shape): self.stage.mesh(shape) for shape, _ in town.trees}
        for shape, at in town.trees:
            self.stage.put(meshes[id(shape)], at, float(rng.uniform(0, 6)))
        for sign in town.signs:
            self.stage.letter(sign)
        things = [s.thing for s in self.world.staged]
        self.staged = [
            self.stage.put(self.stage.mesh(q.shape), q.at, q.turn, i + 1) for i, q in enumerate(things)
        ]
        self._loose: list[bpy.types.Object] = []

    def present(self, t: float) -> list[int]:
        """Indices of the staged things that stand at time t."""
        return [i for i, s in enumerate(self.world.staged) if s.start <= t < s.end]

    def show(self, present: list[int]) -> None:
        """Show exactly these staged things."""
        for i, obj in enumerate(self.staged):
            obj.hide_render = i not in present

    def light(self, sun: float, sky: float) -> None:
        """Shares of sun and of sky (and of the shops' lamps)."""
        self.stage.light(ELEVATION, AZIMUTH, SUN * sun, SKY * sky, 0.0)
        self.stage.lamps(LAMPS * min(sky, 1.0))

    def put(self, things: list[Thing]) -> None:
        """Clear the movers of the frame before and put these down."""
        for obj in self._loose:
            mesh = obj.data
            bpy.data.objects.remove(obj)
            bpy.data.meshes.remove(mesh)
        self._loose = [
            self.stage.put(self.stage.mesh(q.shape), q.at, q.turn, MOVER + i) for i, q in enumerate(things)
        ]


def shadow(points: Array, front: float = 9.0) -> Array:
    """Where the sun throws these points (N, 3): onto the ground z = 0 or the fronts at y = `front`, metres."""
    a, e = radians(AZIMUTH), radians(ELEVATION)
    way = np.array((-sin(a), -cos(a), -tan(e)))
    fall = np.minimum(np.maximum(points[:, 2], 0) / tan(e), np.maximum(front - points[:, 1], 0) / way[1])
    return points + fall[:, None] * way


def rectangle(
    camera: Camera, thing: Thing, margin: int = 10, with_shadow: bool = True
) -> tuple[int, int, int, int] | None:
    """The pixel rectangle of a thing and its shadow, or none if it is out of the picture."""
    points = thing.world()
    if with_shadow:
        points = np.concatenate([points, shadow(points)])
    pixels, depth = camera.project(points)
    if depth.min() < 0.3:
        pixels = pixels[depth > 0.3]
    if not len(pixels):
        return None
    x0, y0 = np.maximum(np.floor(pixels.min(0)) - margin, 0)
    x1, y1 = np.minimum(np.ceil(pixels.max(0)) + margin, (camera.width, camera.image_height))
    return (int(x0), int(y0), int(x1), int(y1)) if x1 - x0 > 2 and y1 - y0 > 2 else None
