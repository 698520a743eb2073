"""What looks at a camera: the plan's algorithm, else the assigned one, over the whole picture or in tiles too."""

from __future__ import annotations

from dataclasses import dataclass

from casework.algorithms.scopes import Chosen
from casework.algorithms.tables import Algorithm
from casework.db import Session
from casework.plans.model import Due
from detector.detections import Detector
from detector.tiles import TiledDetector
from jiexun.warehouse import Detectors

TILES = "tiles"


@dataclass(frozen=True, slots=True)
class Asked:
    """By which detector a camera is to be looked at. plan: (algorithm, tiling) as its plan says."""

    chosen: Chosen
    plan: tuple[int | None, str | None]


def asked_for(session: Session, chosen: Chosen, due: Due) -> Asked:
    """What its plan names, else what is assigned to it (``chosen``)."""
    if due.algorithm_id is not None:
        chosen = Chosen(session.get_one(Algorithm, due.algorithm_id), ())
    return Asked(chosen, (due.algorithm_id, due.tiling))


class Seers:
    """The detectors of one thread, each opened once."""

    def __init__(self, detectors: Detectors) -> None:
        self._detectors = detectors
        self._tiled: dict[str, Detector] = {}

    def of(self, asked: Asked) -> Detector:
        """Raises BadWeights."""
        plain = self._detectors.active(asked.chosen)
        if asked.plan[1] != TILES:
            return plain
        return self._tiled.setdefault(plain.model_id, TiledDetector(plain))

    def model_id(self, asked: Asked) -> str:
        """As candidates carry it."""
        return self._detectors.model_id(asked.chosen)
