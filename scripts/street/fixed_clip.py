"""The fixed camera's clip: backgrounds rendered once for sun and for sky, then only what moves, crop by crop.

Light adds up linearly, so the background under any weather is a weighted sum of the two. What stands for minutes is
rendered into both backgrounds when it comes or goes; what moves is rendered with its shadow in small rectangles.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scripts.street import demo, studio
from scripts.street.camera import Camera
from scripts.street.develop import blur, develop, exposure
from scripts.street.labels import Thing
from scripts.street.studio import FILM, MOVER, Studio

Image = NDArray[np.float32]
Rect = tuple[int, int, int, int]


@dataclass(frozen=True)
class Look:
    """One frame: seconds, picture (H, W, 3) uint8, mask (H, W) of what moves."""

    t: float
    picture: NDArray[np.uint8]
    movers: NDArray[np.bool_]


class Backdrop:
    """The two backgrounds, kept up to date as staged things come and go."""

    def __init__(self, room: Studio, camera: Camera, samples: int) -> None:
        self.room, self.camera, self.samples = room, camera, samples
        self.present: list[int] | None = None
        self.light: list[Image] = []
        room.stage.look(camera)

    def update(self, present: list[int]) -> None:
        """Bring both backgrounds to these staged things."""
        if present == self.present:
            return
        room = self.room
        room.put([])
        room.show(present)
        room.stage.scene.cycles.samples = self.samples
        rects: list[Rect | None] = [None]
        if self.present is not None:
            changed = [room.world.staged[i].thing for i in set(present) ^ set(self.present)]
            rects = [studio.rectangle(self.camera, thing, 16) for thing in changed]
        for i, (sun, sky) in enumerate(((1.0, 0.0), (0.0, 1.0))):
            room.light(sun, sky)
            for rect in rects:
                room.stage.region(rect)
                rgb, _ = room.stage.render()
                if self.present is None:
                    self.light.append(rgb.copy())
                elif rect is not None:
                    x0, y0, x1, y1 = rect
                    old, new = self.light[i][y0:y1, x0:x1], rgb[y0:y1, x0:x1]
                    self.light[i][y0:y1, x0:x1] = old + feather(rect, rgb.shape) * (new - old)
        self.present = present

    def at(self, sun: float, sky: float) -> Image:
        """The background under these shares of sun and sky, linear RGB."""
        return sun * self.light[0] + sky * self.light[1]


def feather(rect: Rect, shape: tuple[int, ...], edge: int = 8) -> Image:
    """1 inside, falling to 0 over `edge` pixels towards borders that are not the picture's own, (h, w, 1)."""
    x0, y0, x1, y1 = rect
    far = 10 * edge
    x, y = np.arange(x0, x1), np.arange(y0, y1)
    across = np.minimum(x - x0 if x0 else far, x1 - 1 - x if x1 < shape[1] else far)
    down = np.minimum(y - y0 if y0 else far, y1 - 1 - y if y1 < shape[0] else far)
    away = np.minimum(np.broadcast_to(down, y.shape)[:, None], np.broadcast_to(across, x.shape)[None])
    return np.clip(away / edge, 0, 1)[:, :, None].astype(np.float32)


def in_view(camera: Camera, things: list[Thing]) -> list[tuple[Thing, Rect]]:
    """Movers that are near the picture, with the rectangles of them and their shadows."""
    out = []
    for thing in things:
        rect = studio.rectangle(camera, thing)
        if rect is not None and -2 < thing.at[0] - camera.x + 12 < 40:
            out.append((thing, rect))
    return out


def merged(rects: list[Rect]) -> list[Rect]:
    """Rectangles united where they overlap."""
    left, out = list(rects), []
    while left:
        a = left.pop()
        hit = next((b for b in left if a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]), None)
        if hit is None:
            out.append(a)
        else:
            left.remove(hit)
            left.append((min(a[0], hit[0]), min(a[1], hit[1]), max(a[2], hit[2]), max(a[3], hit[3])))
    return out


def compose(back: Image, crop: Image, ids: NDArray[np.uint16], edge: Image) -> Image:
    """The crop where movers are or where their shadows change the light, the background elsewhere."""
    change = np.abs(crop - back).mean(2, keepdims=True) / (back.mean(2, keepdims=True) + 0.01)
    soft = blur(blur(np.clip((change - 0.1) / 0.12, 0, 1)))
    solid = blur((ids >= MOVER).astype(float)[:, :, None])
    alpha = np.clip(np.maximum(soft, np.minimum(1, 2 * solid)), 0, 1) * edge
    return (back + alpha * (crop - back)).astype(np.float32)


def shoot(width: int, samples: int, still_samples: int, frames: int) -> Iterator[Look]:
    """The frames of the clip in order."""
    camera = demo.fixed_camera(width)
    room = Studio((camera.width, camera.image_height), samples)
    backdrop = Backdrop(room, camera, still_samples)
    gain = 0.0
    for k in range(frames):
        t = k * demo.FIXED_STEP
        backdrop.update(room.present(t))
        sun, sky = studio.weather(t)
        linear = backdrop.at(sun, sky)
        near = in_view(camera, demo.movers(room.world, t))
        room.put([thing for thing, _ in near])
        room.light(sun, sky)
        room.stage.scene.cycles.samples = samples
        mask = np.zeros(linear.shape[:2], bool)
        for x0, y0, x1, y1 in merged([rect for _, rect in near]):
            room.stage.region((x0, y0, x1, y1))
            rgb, ids = room.stage.render()
            part = np.s_[y0:y1, x0:x1]
            mask[part] = ids[part] >= MOVER
            edge = feather((x0, y0, x1, y1), linear.shape)
            linear[part] = compose(linear[part], rgb[part], ids[part], edge)
        aim = exposure(linear, FILM.key)
        gain = aim if k == 0 else gain + 0.12 * (aim - gain)
        yield Look(t, develop(linear, FILM, gain, np.random.default_rng((demo.SEED, k))), mask)


def boxes(width: int) -> dict[int, NDArray[np.bool_]]:
    """For each staged thing in the fixed camera's view its mask (H, W) with nothing moving in front of it."""
    camera = demo.fixed_camera(width)
    room = Studio((camera.width, camera.image_height), 1)
    room.stage.scene.cycles.use_denoising = False
    room.stage.look(camera)
    masks: dict[int, NDArray[np.bool_]] = {}
    for i, staged in enumerate(room.world.staged):
        if staged.thing.at[0] > camera.x + 30:
            continue
        present = room.present(max(staged.start, 0.0) if staged.end < 720 else 700.0)
        rect = studio.rectangle(camera, staged.thing, 10, with_shadow=False)
        if rect is None:
            continue
        room.show(present)
        room.stage.region(rect)
        _, ids = room.stage.render()
        if (ids == i + 1).sum() > 30:
            masks[i] = ids == i + 1
    return masks
