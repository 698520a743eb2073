"""Between the warehouse's registry and the detectors: what lies in ``weights/``, and opening what is assigned."""

from __future__ import annotations

from collections.abc import Callable

from casework.algorithms.files import Offer, folder_of, keep
from casework.algorithms.scopes import Chosen
from casework.algorithms.service import adopt
from casework.algorithms.tables import Algorithm
from casework.rules.queries import known_labels
from detector.backends import open_detector
from detector.detections import Detector
from detector.weights import Model, read_manifest
from jiexun.house import House
from jiexun.settings import Settings

Opener = Callable[[Algorithm], Detector]


def offers(settings: Settings) -> list[Offer]:
    """The models of the weights folder in plain values, the default one first. Raises BadWeights."""
    return [_offer(model) for model in read_manifest(settings.weights_dir)]


def _offer(model: Model) -> Offer:
    return Offer(
        model.name,
        model.version,
        model.model_id,
        model.sha256,
        model.path,
        model.classes,
        dict(model.thresholds),
        dict(model.record),
        also=((model.int8.path, model.int8.sha256),) if model.int8 else (),
    )


def adopt_default(house: House) -> str:
    """Register the release's default model, and let the district use it where it never used any; its model id.

    Raises BadWeights.
    """
    first = offers(house.settings)[0]
    size = keep(house.settings.algorithms_dir, first)
    with house.database.write() as session:
        adopt(session, first, size)
    return first.model_id


def opener(settings: Settings, threads: int | None = None) -> Opener:
    """Opens an algorithm from the warehouse's own copy, whose hash is checked. Raises BadWeights.

    threads: within one look; none: the settings' for recordings.
    """

    def open_(algorithm: Algorithm) -> Detector:
        folder = folder_of(settings.algorithms_dir, algorithm.model_id)
        return open_detector(
            settings.backend,
            folder,
            algorithm.name,
            threads=threads or settings.threads_at_recordings,
            memory=settings.backend_memory,
        )

    return open_


class Detectors:
    """The detectors of one process: opened once each, chosen for each piece of footage by what is assigned to it.

    default: looks where nothing is assigned. Without an opener it looks at everything, whatever is assigned.
    default_id: its id in the registry, where the back end runs another file of it (eight bits).
    """

    def __init__(self, default: Detector, open_: Opener | None = None, default_id: str | None = None) -> None:
        self._open = open_
        self._default = default
        self._opened: dict[str, Detector] = {default_id or default.model_id: default}

    def active(self, chosen: Chosen) -> Detector:
        """Raises BadWeights: the assigned one cannot be opened, and no other takes its place unasked."""
        return self._default if chosen.active is None or self._open is None else self.of(chosen.active)

    def model_id(self, chosen: Chosen) -> str:
        """As candidates carry it: the registry's, whatever file of it the back end runs."""
        return chosen.active.model_id if chosen.active and self._open else self._default.model_id

    def shadows(self, chosen: Chosen) -> tuple[Algorithm, ...]:
        """What runs beside it."""
        return tuple(chosen.shadows) if self._open is not None else ()

    def of(self, algorithm: Algorithm) -> Detector:
        """The detector of an algorithm. Raises BadWeights."""
        found = self._opened.get(algorithm.model_id)
        if found is None:
            if self._open is None:
                raise LookupError(f"no opener for {algorithm.model_id}")
            found = self._opened[algorithm.model_id] = self._open(algorithm)
        return found


def open_detectors(house: House, threads: int | None = None) -> Detectors:
    """The detectors of a worker or of one of its threads. threads: within one look; none: the settings' for recordings.

    Raises BadWeights.
    """
    s = house.settings
    threads = threads or s.threads_at_recordings
    default = open_detector(s.backend, s.weights_dir, threads=threads, memory=s.backend_memory)
    return Detectors(default, opener(s, threads), adopt_default(house))


def labels_of(house: House) -> frozenset[str]:
    """What rules may name: the classes of the registered algorithms, and of the models in the weights folder.

    Raises BadWeights.
    """
    with house.database.read() as session:
        registered = known_labels(session)
    return registered | {label for offer in offers(house.settings) for label in offer.classes}
