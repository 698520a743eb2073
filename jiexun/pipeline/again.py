"""Looking again at places that were to be corrected: every look that shows one is asked, of footage and live.

A look shows a place before a fixed camera's own picture unless other things cover it, and from a vehicle when the
place is in the picture, within the rule's reach and not behind a box that is nearer. It sees the thing there when
a box with a label of the type's rules lies at the place. The looks answer when they showed the place often
enough: not corrected when a fifth of them saw the thing, corrected when nearly none did; else the watch goes on
waiting. A footage is asked at its end, a live camera at each look (jiexun/live/watching.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from casework.candidates.tables import Candidate
from casework.db import Session
from casework.devices.service import SHANGHAI, mounting_from
from casework.devices.tables import Device
from casework.evidence.service import Exhibit, pack
from casework.storage import BlobStore
from casework.watches.queries import waiting_for
from casework.watches.service import Seen, report
from casework.watches.tables import Watch
from detector.detections import UNNAMED, Detections
from detector.scene.boxes import areas, intersections, iou
from detector.scene.ground import LocalPlane, place_on_ground, to_pixels, view_of
from detector.scene.model import DeviceKind, GroundPlace, Rule
from detector.scene.places import distance_m, same_ground
from detector.scene.rules_data import parse
from detector.scene.sightings import HIDDEN, MATCH
from ingest.frame import Frame
from jiexun.house import House
from jiexun.pipeline import exhibits
from jiexun.pipeline.judging import Surroundings
from jiexun.pipeline.lookbook import Look
from jiexun.pipeline.writing import Act

LEAST_LOOKS = 3
LEAST_S = 60.0
"""A fixed camera's answer needs looks over a minute; a vehicle's pass is short by nature."""
STILL, GONE = 0.2, 0.05


class Again:
    """The watches that one footage may answer."""

    def __init__(
        self, house: House, device: Device, around: Surroundings, footage_id: int, begins: datetime
    ) -> None:
        self._house, self._device, self._footage_id = house, device, footage_id
        with house.database.read() as session:
            self._open = opened(waiting_for(session, device, begins), around, begins)

    def look(self, look: Look) -> None:
        """Ask one look about every place."""
        frame, seen = look.frame, look.seen
        for one in self._open:
            fixed = self._device.kind == DeviceKind.FIXED
            there = (
                one.before_camera(frame.size, seen) if fixed else one.along_the_way(frame, seen, self._device)
            )
            if one.count(frame.captured_at, there) and there is not None:
                one.pictures[there] = look

    def finish(self) -> None:
        """Write the answers, each with its latest picture sealed. Raises StorageFull."""
        for one in self._open:
            corrected = one.answer(self._device.kind == DeviceKind.FIXED)
            if corrected is None:
                continue
            act = answered(self._house.store, one, corrected, one.pictures[not corrected], self._footage_id)
            with self._house.database.write() as session:
                act(session)


def opened(waiting: Sequence[Watch], around: Surroundings, begins: datetime) -> list[Open]:
    """The watches that a device's looks may answer from a moment on."""
    return [Open(watch, _rules(around, watch.candidate, begins)) for watch in waiting]


def answered(store: BlobStore, one: Open, corrected: bool, picture: Look, footage_id: int) -> Act:
    """Write an answer's picture to the store; what is left for the transaction. Raises StorageFull."""
    frame, watch = picture.frame, one.watch
    data, media_type = exhibits.original(frame)
    meta = exhibits.described(picture)
    exhibit = Exhibit("picture", "after", data, media_type, frame.captured_at, meta)
    said = {
        "watch": {
            "id": watch.id,
            "since": watch.since.isoformat(),
            "until": watch.until.isoformat(),
            "corrected": corrected,
            "looks": one.looks,
            "seen": one.seen,
        }
    }
    packed = pack(store, f"watch-{watch.id}:after", [exhibit], said)
    result = Seen(watch.id, footage_id, corrected, frame.captured_at, one.looks, one.seen)

    def act(session: Session) -> None:
        report(session, result, packed)

    return act


def _rules(around: Surroundings, about: Candidate, begins: datetime) -> list[Rule]:
    """The rules of the type in force; where there are none now, what it was raised by cannot be looked for.

    Nor can what no class names: to a background that begins with this footage it is part of the street, so that its
    absence from the boxes says nothing. A person has to look.
    """
    if about.facts.get("label") == UNNAMED:
        return []
    day = begins.astimezone(SHANGHAI).date()
    held = [d.rule for d in parse(around.rules.text, None) if d.rule.type == about.type and d.in_force(day)]
    return [rule for rule in held if set(rule.labels) != {UNNAMED}]


@dataclass(slots=True)
class Open:
    """One watch and what a footage's looks showed. pictures: the latest look with the thing there, and without."""

    watch: Watch
    rules: list[Rule]
    looks: int = 0
    seen: int = 0
    first: datetime | None = None
    last: datetime | None = None
    pictures: dict[bool, Look] = field(default_factory=dict)

    def count(self, at: datetime, there: bool | None) -> bool:
        """Take in what a look showed (none: not the place); whether it counts."""
        if there is None or not self.watch.since <= at < self.watch.until:
            return False
        self.looks, self.seen = self.looks + 1, self.seen + there
        self.first, self.last = self.first or at, at
        return True

    def answer(self, fixed: bool) -> bool | None:
        """Whether it was corrected; none: these looks do not say."""
        if self.looks < LEAST_LOOKS or self.first is None or self.last is None:
            return None
        if fixed and (self.last - self.first).total_seconds() < LEAST_S:
            return None
        share = self.seen / self.looks
        return False if share >= STILL else True if share <= GONE else None

    def before_camera(self, size: tuple[int, int], seen: Detections) -> bool | None:
        """Whether the thing is at its place in a picture of (width, height) px; none: the place is covered, or no rule
        looks for it."""
        place = np.asarray([self.watch.candidate.image_place], np.float64)
        boxes = seen.xyxy / np.array([*size, *size], np.float64)
        mine = self._mine(seen)
        if not self.rules:
            return None
        if (iou(place, boxes[mine])[0] >= MATCH).any():
            return True
        covered = intersections(place, boxes[~mine]).sum() >= HIDDEN * areas(place)[0]
        return None if covered else False

    def along_the_way(self, frame: Frame, seen: Detections, device: Device) -> bool | None:
        """The same from a vehicle; none also where the place is not in the picture or too far away."""
        about, position = self.watch.candidate, frame.position
        if position is None or position.heading is None or not self.rules or device.mounting is None:
            return None
        mounting = mounting_from(device.mounting)
        place = GroundPlace(about.latitude or 0.0, about.longitude or 0.0, about.place_error_m or 0.0)
        here = GroundPlace(position.latitude, position.longitude, position.accuracy)
        if distance_m(here, place) > max(rule.reach_m for rule in self.rules):
            return None
        mine = self._mine(seen)
        for left, _top, right, bottom in seen.xyxy[mine].astype(np.float64).tolist():
            ground = place_on_ground(mounting, position, frame.size, (left + right) / 2, bottom)
            if ground is not None and same_ground(place, ground):
                return True
        local = LocalPlane(position.latitude, position.longitude).to_local(
            np.array([[place.longitude, place.latitude]])
        )
        x, y = to_pixels(view_of(mounting, position.heading, frame.size), local)[0].tolist()
        width, height = frame.size
        if not (0.05 * width <= x <= 0.95 * width and 0 <= y < height):  # NaN is nowhere
            return None
        others = seen.xyxy[~mine]
        before = (others[:, 0] <= x) & (x <= others[:, 2]) & (others[:, 1] <= y) & (others[:, 3] > y)
        return None if before.any() else False

    def _mine(self, seen: Detections) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        least = {label: r.stop_confidence for r in self.rules for label in r.labels}
        bounds = np.array([least.get(name, np.inf) for name in seen.names])
        return np.asarray(seen.confidence + 1e-6 >= bounds[seen.class_id], np.bool_)
