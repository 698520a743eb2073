"""One camera's day of the simulated district as pictures: the truth of `detector.simulation`, rendered look by look.

The district's pavement runs north with the shops on its east side; the rendered street runs along x with the shops
on its north side. So the camera looks west here, and (east, north) of the district is (`X0` - north, `Y0` + east).
"""

from __future__ import annotations

import json
import time
from math import pi, sin
from pathlib import Path

import bpy
import numpy as np
from numpy.random import Generator
from PIL import Image

from detector.simulation.district import BEGIN, DAY_S, DUSK_S, KERB, Standing, a_day, a_site
from scripts.street import labels, people, piles, shopgoods, stalls, vehicles
from scripts.street import town as towns
from scripts.street.camera import Camera
from scripts.street.develop import Film, develop, exposure
from scripts.street.labels import Thing
from scripts.street.palette import chance, pick
from scripts.street.shape import Shape
from scripts.street.stage import Stage, linear
from scripts.street.town import ROAD_Z

X0, Y0 = 60.0, 4.0 - KERB  # the kerb of the rendered street lies at y = 4, its door line at y = 9
STALLS = ("cart", "tricycle", "table", "ground")  # a tent is larger than the district's spots are apart
GOODS = ("fruit", "clothes", "racks", "flowers", "household")  # no terrace: it reaches too far from the door
SUNRISE_H, SUNSET_H = 5.0, 18.75  # Shanghai in May
LAMPS = ((X0 - 8, 5.0, 6.5), (X0 - 18, 5.0, 6.5), (X0 - 28, 5.0, 6.5))
LAMP_W = 450.0
PEOPLE = 2.0  # in view, on average


def render(out: Path, seed: int, number: int, every_s: float, width: int, samples: int) -> None:
    """Write `out`/day.json and a picture for each look of camera `number`: one each `every_s` seconds, 06:00 to 22:00.

    What was rendered before is kept: a render that was stopped goes on where it ended.
    """
    (out / "pictures").mkdir(parents=True, exist_ok=True)
    site = a_site(number, np.random.default_rng((seed, number, 0)))
    day = a_day(site, np.random.default_rng((seed, number, 3, 0)))
    standing = [thing for thing in day if site.slots[thing.slot].judged]
    mount, size = site.mounting, (width, width * 9 // 16)
    azimuth = (270.0 + (site.position.heading or 0.0) + mount.yaw_deg) % 360
    camera = Camera(X0, Y0, mount.height_m, azimuth, mount.pitch_deg, mount.hfov_deg, *size)
    things = [a_thing(s, np.random.default_rng((seed, number, 6, k))) for k, s in enumerate(standing)]
    room = Room(size, samples, things, np.random.default_rng((seed, number, 7)))
    room.stage.look(camera)
    times = np.arange(every_s / 2, DAY_S, every_s).tolist()
    begun, visible = time.process_time(), []
    for n, at_s in enumerate(times):
        note = out / "pictures" / f"{n:04d}.json"
        if not note.exists():
            present = [k for k, s in enumerate(standing) if s.from_s <= at_s <= s.to_s]
            picture, ids = room.shoot(at_s, present, np.random.default_rng((seed, number, 8, n)))
            Image.fromarray(picture).save(note.with_suffix(".jpg"), quality=90)
            seen = {k: labels.look_for(ids, k + 1, things[k], camera) for k in present}
            note.write_text(json.dumps({k: round(s.share, 3) for k, s in seen.items() if s is not None}))
        visible.append(json.loads(note.read_text()))
    text = {
        "begin": BEGIN.isoformat(), "seed": seed, "camera": number, "every_s": every_s, "size": size,
        "cpu_seconds": round(time.process_time() - begun),
        "things": [_told(s, t, camera) for s, t in zip(standing, things, strict=True)],
        "looks": [{"at_s": at_s, "visible": shares} for at_s, shares in zip(times, visible, strict=True)],
    }  # fmt: skip
    (out / "day.json").write_text(json.dumps(text))


def a_thing(standing: Standing, rng: Generator) -> Thing:
    """A shape of the thing's kind with the middle of its ground plan where the thing stands."""
    kinds = {"stall": lambda: stalls.KINDS[pick(rng, list(STALLS))](rng), "pile": lambda: piles.random_pile(rng),
             "shop_goods": lambda: shopgoods.KINDS[pick(rng, list(GOODS))](rng, standing.body[0])}  # fmt: skip
    shape: Shape = kinds[standing.label]()
    flat = shape.vertices[:, :2]
    x, y = np.array((X0 - standing.north, Y0 + standing.east)) - (flat.min(0) + flat.max(0)) / 2
    return Thing(standing.label, shape, (float(x), float(y), 0.0), 0.0)


def _told(standing: Standing, thing: Thing, camera: Camera) -> dict[str, object]:
    pixels, _ = camera.project(thing.world())
    low, high = pixels.min(0), pixels.max(0)
    edge = (camera.width, camera.image_height)
    box = [*np.clip(low, 0, edge), *np.clip(high, 0, edge)]
    return {"slot": standing.slot, "label": standing.label, "east": standing.east, "north": standing.north,
            "body": standing.body, "from_s": standing.from_s, "to_s": standing.to_s,
            "box": [round(float(v), 1) for v in box]}  # fmt: skip


class Room:
    """The street with all things of the day, of which `shoot` shows some, in the light of the hour."""

    def __init__(self, size: tuple[int, int], samples: int, things: list[Thing], rng: Generator) -> None:
        self.stage = Stage(*size, samples)
        south = [(float(x), -1) for x in range(-10, 180, 9)]  # trees on the pavement would hide the spots
        town = towns.build(rng, 4.0, 9.0, trees=south)
        self.stage.put(self.stage.mesh(town.ground))
        meshes = {id(shape): self.stage.mesh(shape) for shape, _ in town.trees}
        for shape, at in town.trees:
            self.stage.put(meshes[id(shape)], at, float(rng.uniform(0, 6)))
        for sign in town.signs:
            self.stage.letter(sign)
        self._things, self._loose = things, list[bpy.types.Object]()
        self._stands = [
            self.stage.put(self.stage.mesh(t.shape), t.at, t.turn, k + 1) for k, t in enumerate(things)
        ]
        self._lamps = [self._lamp(at) for at in LAMPS]
        self._clouds = rng.uniform(0, 2 * pi, 3)

    def shoot(self, at_s: float, present: list[int], rng: Generator) -> tuple[np.ndarray, np.ndarray]:
        """(H, W, 3) uint8 picture and (H, W) ids of the look at second `at_s` of the day."""
        for k, stand in enumerate(self._stands):
            stand.hide_render = k not in present
        self._clear()
        for thing in passers(rng) + [v for k in present for v in vendor(self._things[k], rng)]:
            self._loose.append(self.stage.put(self.stage.mesh(thing.shape), thing.at, thing.turn))
        dark = self._light(at_s)
        rgb, ids = self.stage.render()
        film = Film(
            key=0.2 - 0.1 * dark, noise=0.005 + 0.015 * dark, contrast=1.08, saturation=0.95 - 0.2 * dark
        )
        return develop(rgb, film, exposure(rgb, film.key), rng), ids

    def _light(self, at_s: float) -> float:
        """Light of the hour; says how dark it is, 0 day to 1 night."""
        hour = 6 + at_s / 3600
        day = (hour - SUNRISE_H) / (SUNSET_H - SUNRISE_H)
        height = sin(pi * day)  # below 0 after sunset
        bright = float(np.clip(height / 0.3, 0.0, 1.0))
        swell = [
            sin(2 * pi * hour / period + phase)
            for period, phase in zip((5.3, 2.1, 0.9), self._clouds, strict=True)
        ]
        overcast = float(np.clip(0.3 + 0.35 * swell[0] + 0.2 * swell[1] + 0.15 * swell[2], 0, 1))
        self.stage.light(
            max(72 * height, 1.0),
            70 + 220 * min(max(day, 0), 1),
            4 * bright,
            0.002 + 0.128 * bright,
            overcast,
        )
        lit = at_s >= DUSK_S
        self.stage.lamps(6.0 if bright > 0.5 else 3.0)
        for lamp in self._lamps:
            lamp.data.energy = LAMP_W if lit else 0.0
        return 1 - bright

    def _lamp(self, at: tuple[float, float, float]) -> bpy.types.Object:
        light = bpy.data.lights.new("street lamp", "POINT")
        light.color, light.shadow_soft_size = linear("ffd9a0"), 0.3
        lamp = bpy.data.objects.new("street lamp", light)
        lamp.location = at
        self.stage.scene.collection.objects.link(lamp)
        return lamp

    def _clear(self) -> None:
        for obj in self._loose:
            mesh = obj.data
            bpy.data.objects.remove(obj)
            bpy.data.meshes.remove(mesh)
        self._loose = []


def passers(rng: Generator) -> list[Thing]:
    """People who walk on the pavement, new at every look, and now and then a car at the kerb or a bicycle."""
    out = []
    for _ in range(int(rng.poisson(PEOPLE))):
        shape = people.person(people.random_look(rng), float(rng.uniform(0, 1)))
        at = (X0 - float(rng.uniform(6, 30)), float(rng.uniform(4.3, 8.6)), 0.0)
        out.append(Thing("person", shape, at, pick(rng, [0.0, pi])))
    if chance(rng, 0.25):
        at = (X0 - float(rng.uniform(10, 35)), 2.85, ROAD_Z)
        out.append(Thing("car", vehicles.car(rng), at, pi))
    if chance(rng, 0.3):
        at = (X0 - float(rng.uniform(8, 30)), float(rng.uniform(4.4, 5.0)), 0.0)
        out.append(Thing("bicycle", vehicles.bicycle(rng), at, float(rng.normal(0, 0.2))))
    return out


def vendor(thing: Thing, rng: Generator) -> list[Thing]:
    """Who stands behind a stall, three looks in four."""
    if thing.label != "stall" or chance(rng, 0.25):
        return []
    x, y, _ = thing.at
    at = (x + float(rng.normal(0, 0.2)), y + 0.95, 0.0)
    return [Thing("person", people.person(people.random_look(rng)), at, -pi / 2)]
