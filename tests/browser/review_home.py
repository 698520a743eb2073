"""A home with candidates that a reviewer can look at: pictures of a street, drawn, of the size that cameras send."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from casework.candidates.service import raise_candidate
from casework.devices.tables import Device
from casework.evidence.service import Exhibit, pack
from jiexun.house import House, open_house
from jiexun.settings import load
from tests import builders as b

WIDTH, HEIGHT = 1280, 720
SLOTS = [(x, y) for y in (250, 400, 550) for x in range(40, 1200, 145)]
"""Where a thing of 110 x 120 px stands, so that no two overlap."""
LOOKS = (("first", 0), ("middle", 120), ("middle", 210), ("latest", 300))


@cache
def street(shade: int) -> bytes:
    """A drawn street as JPEG: façades, windows, pavement, and some grain, so that decoding costs what it does."""
    image = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    image[:] = (150, 160, 165)
    for i, x in enumerate(range(0, WIDTH, 160)):
        cv2.rectangle(image, (x, 0), (x + 158, 300), (90 + 12 * (i % 5), 110 + shade, 120 + 9 * (i % 4)), -1)
        cv2.rectangle(image, (x + 30, 60), (x + 120, 180), (70, 60, 50), -1)
    cv2.rectangle(image, (0, 620), (WIDTH, HEIGHT), (88, 88, 92), -1)
    for n, (x, y) in enumerate(SLOTS):
        cv2.rectangle(
            image, (x + 10, y + 15), (x + 100, y + 110), (40 + shade, 60 + 7 * n % 180, 200 - 6 * n), -1
        )
        cv2.circle(image, (x + 55, y + 10), 10, (160, 180, 220), -1)
    grain = np.random.default_rng(shade).integers(-14, 15, image.shape, np.int16)
    image = np.clip(image.astype(np.int16) + grain, 0, 255).astype(np.uint8)
    done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 85])
    assert done
    return data.tobytes()


def a_real_candidate(house: House, session: Any, device: Device, footage: Any, slot: int, serial: int) -> int:
    """One with four pictures of full size, each with its box; returns its id."""
    x, y = SLOTS[slot]
    across, down = 1000 / WIDTH, 500 / HEIGHT  # from pixels here to the picture of a_violation
    start = b.START + timedelta(minutes=20 * serial)
    box = (x * across, y * down, (x + 110) * across, (y + 120) * down)
    violation = b.a_violation(device=device.code, start=start, box=box)
    xyxy = [x / WIDTH, y / HEIGHT, (x + 110) / WIDTH, (y + 120) / HEIGHT]
    meta: dict[str, Any] = {
        "device": device.code, "width": WIDTH, "height": HEIGHT, "time_source": "device",
        "boxes": [{"label": "stall", "confidence": 0.83, "xyxy": xyxy, "subject": True}],
        "zones": [],
    }  # fmt: skip
    shown = [
        Exhibit("picture", role, street(n), "image/jpeg", start + timedelta(seconds=s), meta)
        for n, (role, s) in enumerate(LOOKS)
    ]
    packed = pack(house.store, f"{violation.key}:birth", shown, {"device": device.code})
    return raise_candidate(session, violation, b.a_witness(footage), packed)[0].id


def review_home(home: Path, candidates: int, alike: int = 0) -> Path:
    """So many single candidates on as many cameras as needed, a group of ``alike`` ones, and people."""
    with open_house(settings=load(home, legal_mode="evidence")) as house, house.database.write() as session:
        squad = b.a_squad(session)
        road = b.a_street(session, squad)
        b.a_shop(session, road)
        for i in range(0, candidates, len(SLOTS)):
            device = b.a_device(session, f"CAM-{i}", squad=squad, street=road)
            footage = b.a_footage(session, device)
            for slot in range(min(len(SLOTS), candidates - i)):
                a_real_candidate(house, session, device, footage, slot, slot)
        if alike:
            device = b.a_device(session, "CAM-ALIKE", squad=squad, street=road)
            footage = b.a_footage(session, device)
            for serial in range(alike):
                a_real_candidate(house, session, device, footage, 4, 6 * serial)
        b.an_account(session, "reviewer", "reviewer")
        b.an_account(session, "reviewer", "second")
        b.an_account(session, "leader", "leader", squad)
        b.an_account(session, "legal", "legal")
    return home
