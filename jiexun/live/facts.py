"""What the database says around cameras, read for many at once: a query of each kind, however many cameras.

What is the same for all (rules, zones on the ground) is read once and shared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from threading import Lock

from casework.algorithms.scopes import all_chosen
from casework.db import Session, utcnow
from casework.devices.service import SHANGHAI
from casework.devices.tables import Device
from casework.live.queries import current_days, devices_of
from casework.live.tables import LiveDay
from casework.places.queries import ground_mark, shapes_on, zones_of
from casework.places.tables import ZoneVersion
from casework.plans.model import Due
from casework.rules.queries import rule_sets
from casework.rules.tables import RuleSet
from casework.watches.queries import waiting_on
from casework.watches.tables import Watch
from detector.scene.model import DeviceKind
from jiexun.live.seers import Asked, asked_for
from jiexun.pipeline.caring import Standing, standing_of
from jiexun.pipeline.judging import Exempt


@dataclass(frozen=True, slots=True)
class Facts:
    """Around one camera, for a look under the lease ``token``: while it holds nobody else writes the camera's day.

    day: whose part is told, Asia/Shanghai. rules: all sets. drawn: on its picture.
    """

    token: str
    day: date
    read_at: datetime
    device: Device
    asked: Asked
    row: LiveDay | None
    rules: list[RuleSet]
    exempt: Exempt
    drawn: Sequence[ZoneVersion]
    standing: Standing
    watches: Sequence[Watch]


class FactReader:
    """Keeps what lies on the ground from one reading to the next, until it is changed."""

    def __init__(self) -> None:
        self._ground: tuple[tuple[int, int], Exempt] | None = None
        self._lock = Lock()

    def read(self, session: Session, dues: Sequence[Due], day: date) -> dict[int, Facts]:
        """Facts by device, of all ``dues``, for looks of a day."""
        ids = [due.device_id for due in dues]
        devices = devices_of(session, ids)
        chosen = all_chosen(session, list(devices.values()))
        rows, rules, exempt = current_days(session, ids, day), rule_sets(session), self._exempt(session)
        drawn, standing = shapes_on(session, ids), standing_of(session, devices.values())
        # No track of a camera that drives is known here, so nothing can be looked at again by it.
        fixed = [device.id for device in devices.values() if device.kind == DeviceKind.FIXED]
        watches = waiting_on(session, fixed, datetime.combine(day, time.min, SHANGHAI))
        read_at = utcnow()
        return {
            due.device_id: Facts(
                due.token,
                day,
                read_at,
                devices[due.device_id],
                asked_for(session, chosen[due.device_id], due),
                rows.get(due.device_id),
                rules,
                exempt,
                drawn[due.device_id],
                standing[due.device_id],
                watches.get(due.device_id, ()),
            )
            for due in dues
            if due.device_id in devices
        }

    def _exempt(self, session: Session) -> Exempt:
        mark = ground_mark(session)
        with self._lock:
            if self._ground is None or self._ground[0] != mark:
                self._ground = mark, Exempt(zones_of(session, None))
            return self._ground[1]
