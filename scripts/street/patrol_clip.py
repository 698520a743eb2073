"""The patrol vehicle's clip: every frame rendered whole, the boxes of staged things read from its own id picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scripts.street import demo, labels, studio
from scripts.street.develop import develop, exposure
from scripts.street.labels import Seen
from scripts.street.studio import FILM, Studio


@dataclass(frozen=True)
class Pass:
    """One frame: seconds, picture (H, W, 3) uint8, what is seen of each staged thing by its index."""

    t: float
    picture: NDArray[np.uint8]
    seen: dict[int, Seen]


def shoot(width: int, samples: int, first: int, last: int) -> Iterator[Pass]:
    """Frames `first` to `last` - 1 in order; each is made independently, so that parts may be rendered apart."""
    camera = demo.patrol_camera(demo.PATROL_START, width)
    room = Studio((camera.width, camera.image_height), samples)
    gain = None
    for k in range(first, last):
        t = demo.PATROL_START + k * demo.PATROL_STEP
        camera = demo.patrol_camera(t, width)
        room.show(room.present(t))
        near = [q for q in demo.movers(room.world, t, patrol=False) if -45 < q.at[0] - camera.x < 12]
        room.put(near)
        room.light(*studio.weather(t))
        room.stage.look(camera)
        rgb, ids = room.stage.render()
        aim = exposure(rgb, FILM.key)
        gain = aim if gain is None else gain + 0.2 * (aim - gain)
        seen = {}
        for i in room.present(t):
            found = labels.look_for(ids, i + 1, room.world.staged[i].thing, camera)
            if found and found.share >= 0.1 and found.box[2] - found.box[0] >= 8:
                seen[i] = found
        yield Pass(t, develop(rgb, FILM, gain, np.random.default_rng((demo.SEED, 1, k))), seen)
