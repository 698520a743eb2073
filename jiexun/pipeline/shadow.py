"""A shadow: another version over the same looks, with its own scene. Notes what it would raise, raises nothing."""

from __future__ import annotations

from datetime import datetime

import cv2

from casework.algorithms.shadow import KeptPicture, ShadowLook
from casework.algorithms.tables import Algorithm
from casework.db import Session
from casework.devices.tables import Device
from casework.fixtures.queries import fixture_at
from casework.looks.codec import rounded
from casework.storage import BlobStore
from detector.detections import Detector
from detector.errors import DetectorError
from detector.scene.model import Change, SceneEvent, Violation
from detector.tints import tinted
from ingest.frame import Image
from jiexun.pipeline.classfree import lent_to
from jiexun.pipeline.judging import Judging, Surroundings
from jiexun.pipeline.lookbook import Look, on_reference
from jiexun.warehouse import Detectors

QUALITY = 90


def jpeg(image: Image) -> bytes:
    """A picture for looking at, no evidence. image: (H, W, 3) uint8 BGR."""
    done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    if not done:  # pragma: no cover - a BGR array always encodes
        raise RuntimeError("OpenCV cannot encode JPEG; reinstall opencv-python-headless")
    return data.tobytes()


class Shadow:
    """One version beside the active one. Whatever is wrong with it stops it and never the active one."""

    def __init__(
        self,
        store: BlobStore,
        algorithm: Algorithm,
        detectors: Detectors,
        device: Device,
        around: Surroundings,
        begins: datetime,
    ) -> None:
        self._store, self._algorithm, self._device = store, algorithm, device
        self._looks = self._detections = 0
        self._pictures: dict[str, KeptPicture] = {}
        self._found: list[tuple[Violation, KeptPicture | None]] = []
        self._fault: str | None = None
        self._detector: Detector | None = None
        try:
            self._detector = detectors.of(algorithm)
            self._judging = Judging(device, around, self._detector.names, begins)
        except DetectorError as error:
            self._detector, self._fault = None, str(error)

    def look(self, active: Look) -> None:
        """Look at what the active version looks at, registered alike; what that has unnamed is unnamed here, too.
        Raises StorageFull.
        """
        if self._detector is None:
            return
        try:
            frame = active.frame
            seen = tinted(self._detector.detect([frame.image])[0], frame.image)
            found = lent_to(on_reference(seen, active.shift, frame.size), active.seen)
            events = self._judging.look(Look(frame, rounded(found, frame.size), active.shift))
        except DetectorError as error:
            self._detector, self._fault = None, str(error)
            return
        self._looks += 1
        self._detections += len(seen)
        self._note(events)

    def finish(self, session: Session, active_model_id: str) -> ShadowLook:
        """End of the footage: all that it would have raised, less what no version raises there."""
        if self._detector is not None:
            self._note(self._judging.scene.finish())
        found = [(v, picture) for v, picture in self._found if not self._held_back(session, v)]
        return ShadowLook(
            self._algorithm.id, active_model_id, self._looks, self._detections, found, self._fault
        )

    def _held_back(self, session: Session, violation: Violation) -> bool:
        """As with the active version: a street that the rule does not mean, or a remembered place."""
        if self._judging.off_grade(session, violation):
            return True
        return fixture_at(session, violation, self._device) is not None

    def _note(self, events: list[SceneEvent]) -> None:
        for event in events:
            violation = event.violation
            if event.change is Change.RAISED:
                kept = self._judging.book.at(violation.key_times[-1])
                if kept is not None:
                    sha256 = self._store.put(jpeg(kept.frame.image))
                    self._pictures[violation.key] = KeptPicture(sha256, "image/jpeg", kept.frame.captured_at)
            elif event.change is Change.ENDED:
                self._found.append((violation, self._pictures.get(violation.key)))
