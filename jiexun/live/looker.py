"""Lookers: threads that detect and judge. Each has a detector of its own: two beside each other do more than one
with two threads (docs/ENGINE.md).
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import cv2

from casework.db import DatabaseDown, utcnow
from casework.errors import CaseworkError
from casework.live.queries import Changes
from casework.plans.model import Done, Due
from detector.detections import Detections, Detector
from detector.errors import BadOutput, BadPicture, DetectorError
from ingest.frame import Frame
from ingest.streams.model import FaultCode
from jiexun.house import House
from jiexun.live.camera import LiveCamera, Looked, day_of
from jiexun.live.opening import Opening
from jiexun.live.references import References
from jiexun.live.seers import Seers
from jiexun.live.spool import Spool
from jiexun.warehouse import Detectors

LOG = logging.getLogger("jiexun.live")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a due look. done none: nothing is written, its lease ends by itself."""

    due: Due
    done: Done | None
    looked: Looked | None = None
    camera: LiveCamera | None = None

    def under(self, due: Due) -> Outcome:
        """The same look under a newer lease of the same worker."""
        if due.token == self.due.token or self.done is None:
            return self
        return replace(self, due=due, done=replace(self.done, token=due.token))


@dataclass(frozen=True, slots=True)
class _Ready:
    due: Due
    frame: Frame
    camera: LiveCamera
    detector: Detector


class Lookers:
    """cameras: shared with the conductor; a camera is in one pair of hands at a time. tell: what became of a look."""

    def __init__(
        self,
        house: House,
        spool: Spool,
        make: Callable[[], Detectors],
        cameras: dict[int, LiveCamera],
        tell: Callable[[Outcome], None],
        broken: Callable[[BaseException], None],
    ) -> None:
        self._house, self._spool, self._make = house, spool, make
        self._opening = Opening(house, spool, References(house.store, spool.root / "references"))
        self._cameras, self._tell, self._broken = cameras, tell, broken
        self._waiting: queue.SimpleQueue[tuple[Due, Frame] | None] = queue.SimpleQueue()
        self._one_by_one = threading.Lock()
        self._threads = [
            threading.Thread(target=self._work, name=f"jiexun-look-{n}", daemon=True)
            for n in range(house.settings.threads)
        ]

    def start(self) -> None:
        """Begin. OpenCV works within the thread that asks: there is a looker for each core already."""
        cv2.setNumThreads(1)
        for thread in self._threads:
            thread.start()

    def stop(self, timeout_s: float) -> None:
        """End after the looks under way."""
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            thread.join(timeout_s)

    def expect(self, dues: Sequence[Due]) -> None:
        """Pictures that will come: what opening their cameras asks is read for all of them at once."""
        today = day_of(utcnow())
        new = [d for d in dues if not self._opening.goes_on(self._cameras.get(d.device_id), d, today)]
        try:
            if new:
                self._opening.read_ahead(new)
        except (DatabaseDown, CaseworkError) as error:
            LOG.warning("cameras are read one by one: %s", error)

    def over(self, device_id: int) -> None:
        """A look is over, or its picture did not come."""
        self._opening.forget(device_id)

    def take(self, due: Due, frame: Frame) -> None:
        """A picture to be looked at. There are never more than are in hand."""
        self._waiting.put((due, frame))

    @property
    def waiting(self) -> int:
        """Pictures that nobody looks at yet."""
        return self._waiting.qsize()

    def changed(self, found: Changes) -> None:
        """People changed what cameras are judged by: each asks at its next look."""
        self._opening.changed(found.everything)
        for camera in list(self._cameras.values()):
            if camera.site.device.code in found.codes:
                camera.epoch = -1

    def _work(self) -> None:
        try:
            seers: Seers | None = None
            while (first := self._waiting.get()) is not None:
                taken = [first]
                while len(taken) < self._house.settings.live_batch and not self._waiting.empty():
                    more = self._waiting.get()
                    if more is None:
                        self._waiting.put(None)
                        break
                    taken.append(more)
                seers = seers or self._opened(taken)
                if seers is not None:
                    self._look(seers, taken)
        except BaseException as error:
            self._broken(error)
            raise

    def _opened(self, taken: Sequence[tuple[Due, Frame]]) -> Seers | None:
        """The detectors, opened when the first picture comes; none where there is no model that can be used.

        One after the other: the first may test which back end is the quickest here.
        """
        try:
            with self._one_by_one:
                return Seers(self._make())
        except DetectorError as error:
            for due, _ in taken:
                self._refuse(due, error)
            return None

    def _look(self, seers: Seers, taken: Sequence[tuple[Due, Frame]]) -> None:
        new = [(due, frame) for due, frame in taken if self._is_new(due, frame)]
        ready = [found for due, frame in new if (found := self._open(seers, due, frame)) is not None]
        while ready:
            same = [one for one in ready if one.detector is ready[0].detector]
            ready = [one for one in ready if one.detector is not same[0].detector]
            for one, seen in zip(same, self._detect(same), strict=True):
                if isinstance(seen, DetectorError):
                    self._refuse(one.due, seen)
                else:
                    self._judge(one, seen)

    def _open(self, seers: Seers, due: Due, frame: Frame) -> _Ready | None:
        camera = self._cameras.get(due.device_id)
        try:
            if camera is None or not self._opening.goes_on(camera, due, day_of(frame.captured_at)):
                camera = self._opening.open(seers, due, frame.captured_at, camera)
            detector = seers.of(camera.site.asked)
        except DetectorError as error:
            self._refuse(due, error)
            return None
        except (CaseworkError, DatabaseDown) as error:
            self._lose(due, error)
            return None
        self._cameras[due.device_id] = camera
        return _Ready(due, frame, camera, detector)

    def _is_new(self, due: Due, frame: Frame) -> bool:
        """Whether the picture was not looked at before: whoever was killed after the commit may have got it already,
        and a camera may hand out one picture for ever."""
        if due.last_look_at is None or frame.captured_at != due.last_look_at:
            return True
        same = f"camera {due.code} still hands out the picture of {frame.captured_at.isoformat()}; look at the camera"
        self._tell(Outcome(due, Done(due.device_id, due.token, None, FaultCode.STALE.value, same)))
        return False

    def _detect(self, same: Sequence[_Ready]) -> list[Detections | DetectorError]:
        """Of pictures for one detector; a picture that it cannot take spoils no other."""
        detector = same[0].detector
        try:
            return [*detector.detect([one.frame.image for one in same])]
        except (BadPicture, BadOutput) as error:
            if len(same) == 1:
                return [error]
            return [found for one in same for found in self._detect([one])]

    def _judge(self, one: _Ready, seen: Detections) -> None:
        try:
            found = one.camera.look(one.frame, seen)
        except DetectorError as error:
            self._refuse(one.due, error)
        except (CaseworkError, DatabaseDown) as error:
            self._lose(one.due, error)
        else:
            done = Done(one.due.device_id, one.due.token, found.captured_at, quick=found.quick)
            self._tell(Outcome(one.due, done, found, one.camera))

    def _refuse(self, due: Due, error: DetectorError) -> None:
        """Told with the camera: a picture that cannot be used, rules that its model cannot serve, no model."""
        LOG.warning("camera %s: %s", due.code, error)
        self._cameras.pop(due.device_id, None)
        self._tell(Outcome(due, Done(due.device_id, due.token, None, "detector", str(error))))

    def _lose(self, due: Due, error: Exception) -> None:
        """Not the camera's fault (a full disk, no database): nothing is counted, it is looked at again."""
        LOG.error("camera %s: its look is lost: %s", due.code, error)
        self._cameras.pop(due.device_id, None)
        self._tell(Outcome(due, None))
