"""The demonstration camera ``demo-cam``: unapproved, one zone over the whole picture. For trying footage out."""

from __future__ import annotations

from casework.devices.queries import is_registered
from casework.devices.service import add_device
from casework.places.service import set_zones
from jiexun.house import House

CODE = "demo-cam"
_WHOLE = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]


def ensure_demo_camera(house: House) -> None:
    """Register it where it is missing. Without any approval its candidates are clues, never evidence."""
    with house.database.write() as session:
        if is_registered(session, CODE):
            return
        data = {"code": CODE, "kind": "fixed", "name": "演示摄像机", "name_en": "Demonstration camera"}
        device = add_device(session, "system", data)
        set_zones(session, "system", device, [{"code": f"{CODE}-all", "kind": "pavement", "polygon": _WHOLE}])
