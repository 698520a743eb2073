"""Camera care in one run: which looks may be judged, where their boxes lie on the reference, and who is told."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import cv2

from casework.db import Session
from casework.devices.conditions import begin, end, open_conditions
from casework.devices.pictures import references_of
from casework.devices.tables import CameraCondition, Device, ReferencePicture
from casework.errors import NotFound
from detector.care.aligning import Reference
from detector.care.care import CameraCare, Memory, State, thin
from detector.care.features import Working
from detector.care.model import Condition, Finding, shipped
from detector.detections import Detections
from detector.pictures import read_picture
from detector.scene.model import DeviceKind
from ingest.frame import Frame, Image
from jiexun.house import House
from jiexun.pipeline.lookbook import Look, on_reference

QUALITY = 88
LIMITS = shipped()


@dataclass(frozen=True, slots=True)
class Standing:
    """What a camera's pictures are laid over, and what is known to be wrong with them now."""

    reference: ReferencePicture | None
    condition: CameraCondition | None


def standing_of(session: Session, devices: Collection[Device]) -> dict[int, Standing]:
    """Device id -> how it stands. Two queries, however many devices."""
    fixed = [device.id for device in devices if device.kind == DeviceKind.FIXED]
    references, conditions = references_of(session, fixed), open_conditions(session, list(devices))
    return {d.id: Standing(references.get(d.id), conditions.get(d.id)) for d in devices}


class Caring:
    """For a fixed camera with a reference picture; without one every look may be judged as it is.

    A look is withheld while the camera is not fine, and while there is doubt: for the scene it is a look that never
    came, so what stands is held and no candidate is raised.
    """

    def __init__(
        self,
        house: House,
        device: Device,
        standing: Standing,
        footage_id: int | None,
        begins: datetime,
        references: Callable[[str], Callable[[], Reference]] | None = None,
    ) -> None:
        """standing: at the first look. references: where features of references are had by sha256, for many cameras in
        one process."""
        self._house, self._device, self._footage_id = house, device, footage_id
        self._care: CameraCare | None = None
        self._withheld: Counter[Condition] = Counter()
        self._shifted = 0
        shown, row = standing.reference, standing.condition
        if shown is None:
            return
        try:
            reference = references(shown.sha256) if references else _decoded(house.store.get(shown.sha256))
        except NotFound:
            return  # told by ``verify``; looks are judged all the same
        state = None
        if row is not None and row.since <= begins:
            finding = Finding(Condition(row.kind), row.measure, row.value, row.limit_value)
            state = State(finding, row.since)
        self._care = CameraCare(reference, LIMITS, state, thin if references else lambda image: image)

    def look(self, frame: Frame, seen: Detections, working: Working | None = None) -> Look | None:
        """The look with its detections on the reference picture, or none when it must not be judged. working: of the
        picture.
        """
        care = self._care
        if care is None:
            return Look(frame, seen)
        before = care.state
        if care.due(frame.captured_at, len(seen)):
            self._tell(before, care.look(frame.captured_at, frame.image, len(seen), working), frame)
        state = care.state
        if state.suspended or state.unsure:
            self._withheld[state.finding.condition if state.suspended else Condition.FINE] += 1
            return None
        if state.shift == (0.0, 0.0):
            return Look(frame, seen)
        self._shifted += 1
        return Look(frame, on_reference(seen, state.shift, frame.size), state.shift)

    @property
    def memory(self) -> Memory | None:
        """What it learnt; ``recall`` takes it back."""
        return self._care.memory if self._care else None

    def recall(self, memory: Memory | None) -> None:
        """Go on from there."""
        if self._care is not None and memory is not None:
            self._care.recall(memory)

    def notes(self) -> list[str]:
        """What happened, for the footage."""
        code = self._device.code
        said = [
            f"camera {code}: {count} looks were not judged, its picture is {condition.value}; look at the camera, "
            "or set a new reference picture and draw the zones on it"
            for condition, count in self._withheld.items()
            if condition is not Condition.FINE
        ]
        if doubtful := self._withheld[Condition.FINE]:
            said.append(
                f"camera {code}: {doubtful} single looks were unlike its reference and were not judged"
            )
        if self._shifted:
            said.append(f"camera {code}: {self._shifted} looks were registered to its reference picture")
        return said

    def _tell(self, before: State, now: State, frame: Frame) -> None:
        if now.suspended and now.finding.condition is not before.finding.condition:
            done, encoded = cv2.imencode(".jpg", frame.image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
            if not done:  # pragma: no cover - a BGR array always encodes
                raise RuntimeError("OpenCV cannot encode JPEG; reinstall opencv-python-headless")
            sha256 = self._house.store.put(encoded.tobytes())
            with self._house.database.write() as session:
                since = now.since if not before.suspended and now.since else frame.captured_at
                begin(session, self._device, now.finding, since, sha256, self._footage_id)
        elif before.suspended and not now.suspended:
            with self._house.database.write() as session:
                end(session, self._device, now.since or frame.captured_at)


def _decoded(data: bytes) -> Image:
    with tempfile.NamedTemporaryFile(suffix=".jpg") as file:
        file.write(data)
        file.flush()
        return read_picture(Path(file.name))
