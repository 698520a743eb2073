"""The class-free path of one fixed camera: asked for what its rules want unnamed things of, and for nothing else."""

from __future__ import annotations

from dataclasses import replace

from casework.devices.tables import Device
from detector.background.model import shipped
from detector.background.unnamed import Unnamed, extended_by_none, lent
from detector.care.features import Working
from detector.detections import UNNAMED, Detections
from detector.scene.model import DeviceKind
from jiexun.pipeline.judging import Judging
from jiexun.pipeline.lookbook import Look

LIMITS = shipped()


class ClassFree:
    """on: the setting. Off, and for vehicles, looks go through as they are."""

    def __init__(self, device: Device, on: bool) -> None:
        self.on = on and device.kind == DeviceKind.FIXED
        self._asked: tuple[tuple[str, int], ...] = ()
        self._path: Unnamed | None = None

    def names(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Class names of the looks that come out, for what goes in."""
        return (*names, UNNAMED) if self.on else names

    def look(self, look: Look, judging: Judging, working: Working | None = None) -> Look:
        """The look with what stands there unnamed. judging: whose rules and zones say where that is asked. working: of
        the picture.
        """
        if not self.on:
            return look
        frame = look.frame
        rules = judging.rules_at(frame.captured_at)
        kinds = {kind for rule in rules if UNNAMED in rule.labels for kind in rule.zone_kinds}
        zones = [zone for zone in judging.zones if zone.kind in kinds]
        asked = tuple((zone.code, zone.version) for zone in zones)
        if asked != self._asked:
            self._asked, polygons = asked, [zone.polygon for zone in zones]
            if self._path is None or not zones:
                self._path = Unnamed(polygons, LIMITS) if zones else None
            else:
                self._path.watch(polygons)  # the street is the same
        if self._path is None:
            return replace(look, seen=extended_by_none(look.seen))
        seen = self._path.look(frame.captured_at, frame.image, look.seen, look.shift, working)
        return replace(look, seen=seen)


def lent_to(seen: Detections, active: Detections) -> Detections:
    """What a shadow saw, with what the active version's look has unnamed: both are judged by one and the same path."""
    return lent(seen, active, LIMITS) if UNNAMED in active.names else seen
