"""Training pictures with YOLO labels from random streets."""

from __future__ import annotations

import json
from math import pi
from pathlib import Path

import bpy
import numpy as np
from numpy.random import Generator
from PIL import Image

from scripts.street import labels, scatter
from scripts.street import town as towns
from scripts.street.camera import Camera
from scripts.street.develop import develop, exposure, random_film
from scripts.street.labels import CLASSES, Thing
from scripts.street.palette import chance
from scripts.street.stage import Stage

SHOTS_PER_STREET = 8


def random_camera(rng: Generator, focus: float, kerb: float, front: float, size: tuple[int, int]) -> Camera:
    """A pole camera across the road, a pole camera along the pavement, or a vehicle's side-forward camera."""
    kind = rng.random()
    target = np.array((focus, kerb + 0.55 * (front - kerb), float(rng.uniform(0.2, 1.2))))
    hfov = float(rng.uniform(48, 88))
    if kind < 0.38:
        at = (
            focus + float(rng.uniform(-7, 7)),
            float(rng.uniform(-front + 1.2, 1.5)),
            float(rng.uniform(3.5, 6)),
        )
    elif kind < 0.58:
        side = 1 if chance(rng, 0.5) else -1
        at = (
            focus - side * float(rng.uniform(7, 12)),
            float(rng.uniform(kerb - 1.5, front - 1.5)),
            float(rng.uniform(3.2, 5.5)),
        )
    else:
        east = chance(rng, 0.5)
        yaw = float(rng.uniform(30, 72)) * (-1 if east else 1)
        azimuth = (90 if east else 270) + yaw
        y = float(rng.uniform(0.8, kerb - 1.4))
        depth = target[1] - y
        x = focus - depth * np.tan(azimuth * pi / 180)
        return Camera(float(x), y, float(rng.uniform(1.5, 2.2)), azimuth % 360, float(rng.uniform(0, 9)), hfov, *size,
                      float(rng.normal(0, 0.8)))  # fmt: skip
    way = target - at
    azimuth = float(np.degrees(np.arctan2(way[0], way[1]))) % 360
    pitch = float(np.degrees(np.arctan2(-way[2], np.hypot(way[0], way[1])))) + float(rng.normal(0, 2))
    return Camera(*(float(v) for v in at), azimuth, pitch, hfov, *size, float(rng.normal(0, 0.8)))


def random_light(stage: Stage, rng: Generator) -> None:
    """Sun from the south half of the sky or clouds."""
    overcast = 0.0 if chance(rng, 0.55) else float(rng.uniform(0.4, 1.0))
    stage.light(
        float(rng.uniform(14, 65)), float(rng.uniform(95, 265)), float(rng.uniform(2.5, 5)), 0.12, overcast
    )


def shoot(
    stage: Stage, rng: Generator, kerb: float, front: float, domain: bool
) -> tuple[np.ndarray, list[str], list]:
    """One picture: (H, W, 3) uint8, its YOLO lines, and what was seen [(thing, seen)]."""
    focus = float(rng.uniform(10, 150))
    camera = random_camera(
        rng, focus, kerb, front, (stage.scene.render.resolution_x, stage.scene.render.resolution_y)
    )
    things = scatter.scatter(rng, focus, kerb, front, domain)
    objects = [
        stage.put(stage.mesh(t.shape), t.at, t.turn, i if t.label else 0) for i, t in enumerate(things, 1)
    ]
    random_light(stage, rng)
    stage.look(camera)
    rgb, ids = stage.render()
    for obj in objects:
        mesh = obj.data
        bpy.data.objects.remove(obj)
        bpy.data.meshes.remove(mesh)
    film = random_film(rng)
    gain = exposure(rgb, film.key)
    seen = []
    for i, thing in enumerate(things, 1):
        found = labels.look_for(ids, i, thing, camera) if thing.label else None
        if found and labels.wanted(found, camera):
            seen.append((thing, found))
    return develop(rgb, film, gain, rng), [yolo(t, s.box, camera) for t, s in seen], seen


def blocked(picture: np.ndarray) -> bool:
    """Whether the camera stands inside something or has its view taken: nearly all dark or all alike."""
    grey = picture.mean(2)
    return bool(grey.mean() < 22 or grey.std() < 14 or (grey < 25).mean() > 0.7)


def yolo(thing: Thing, box: tuple[int, int, int, int], camera: Camera) -> str:
    """`class x y w h`, centre and size as shares of the picture."""
    x0, y0, x1, y1 = box
    w, h = camera.width, camera.image_height
    return (f"{CLASSES.index(thing.label)} {(x0 + x1) / 2 / w:.5f} {(y0 + y1) / 2 / h:.5f} "
            f"{(x1 - x0) / w:.5f} {(y1 - y0) / h:.5f}")  # fmt: skip


def render(out: Path, seed: int, frames: int, size: tuple[int, int], samples: int) -> None:
    """Write up to `frames` pictures and labels under `out`; every fifth has none of the three classes of interest."""
    (out / "images").mkdir(parents=True, exist_ok=True)
    (out / "labels").mkdir(exist_ok=True)
    counts = dict.fromkeys(CLASSES, 0)
    for number in range(frames):
        street, shot = divmod(number, SHOTS_PER_STREET)
        if shot == 0:
            stage, kerb, front = new_street(np.random.default_rng((seed, street)), size, samples)
        rng = np.random.default_rng((seed, street, shot))
        picture, lines, seen = shoot(stage, rng, kerb, front, number % 5 != 4)
        if blocked(picture):
            continue
        name = f"render_{seed}_{number:04d}"
        Image.fromarray(picture).save(out / "images" / f"{name}.jpg", quality=int(rng.integers(62, 94)))
        (out / "labels" / f"{name}.txt").write_text("".join(line + "\n" for line in lines))
        for thing, _ in seen:
            counts[thing.label] += 1
    (out / f"counts_{seed}.json").write_text(
        json.dumps({"pictures": len(list((out / "images").glob(f"render_{seed}_*"))), "boxes": counts})
    )


def new_street(rng: Generator, size: tuple[int, int], samples: int) -> tuple[Stage, float, float]:
    """A stage with a random street; also its kerb and door line (y, metres)."""
    stage = Stage(*size, samples)
    kerb = float(rng.uniform(3.2, 5.5))
    front = kerb + float(rng.uniform(3.6, 6.0))
    town = towns.build(rng, kerb, front)
    stage.put(stage.mesh(town.ground))
    meshes = {id(shape): stage.mesh(shape) for shape, _ in town.trees}
    for shape, at in town.trees:
        stage.put(meshes[id(shape)], at, float(rng.uniform(0, 6)))
    for sign in town.signs:
        stage.letter(sign)
    return stage, kerb, front
