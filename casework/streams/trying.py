"""Testing one camera now: connect, take a picture, judge how usable it is, write that down."""

from __future__ import annotations

import time
from dataclasses import dataclass

import cv2
import numpy as np
from sqlalchemy.orm import Session

from casework.db import Database, utcnow
from casework.devices.pictures import pictures_of
from casework.places.queries import zones_of
from casework.storage import BlobStore
from casework.streams import board, usability
from casework.streams.address import addresses
from casework.streams.queries import source
from casework.streams.service import Tested, note_test
from detector.scene.model import ZoneKind
from ingest.frame import Image
from ingest.streams.model import StreamAddress, StreamFault
from ingest.streams.opening import open_live
from ingest.streams.usability import clear

WAIT_S = 15.0
PLACES = (ZoneKind.PAVEMENT, ZoneKind.FRONTAGE)


@dataclass(frozen=True, slots=True)
class _About:
    """What a test needs, read before it so that no transaction waits for a camera."""

    address: StreamAddress
    reference: Image | None
    parts: dict[str, float | None]


def try_camera(database: Database, store: BlobStore, code: str, wait_s: float = WAIT_S) -> Tested:
    """Raises NotFound; a camera that gives no picture is a result, not an error."""
    with database.read() as session:
        about = _about(session, store, code)
    tested = _look(code, about, wait_s)
    with database.write() as session:
        note_test(session, source(session, code).stream, tested)
    return tested


def _about(session: Session, store: BlobStore, code: str) -> _About:
    stream = source(session, code).stream
    device = stream.device
    shown = pictures_of(session, [device]).get(device.id)
    reference = (
        cv2.imdecode(np.frombuffer(store.get(shown.sha256), np.uint8), cv2.IMREAD_COLOR) if shown else None
    )
    drawn = [zone.polygon for zone in zones_of(session, device.id) if zone.kind in PLACES]
    asked, got = board.uptime(session, [device.id], utcnow()).get(device.id, (0, 0))
    return _About(
        addresses(session, [(stream, code)])[device.id],
        np.asarray(reference, np.uint8) if reference is not None else None,
        {"pavement": usability.of_pavement(drawn), "uptime": usability.of_uptime(asked, got)},
    )


def _look(code: str, about: _About, wait_s: float) -> Tested:
    began = time.monotonic()
    live = open_live(code, about.address, keep_open=False)
    try:
        frame = live.grab(wait_s)
        state = live.state
    except StreamFault as fault:
        return Tested(utcnow(), fault.code.value, str(fault), seconds=round(time.monotonic() - began, 1))
    finally:
        live.close()
    parts = usability.of_picture(frame.image, about.reference) | about.parts
    parts["clear"] = round(clear([frame.image]), 3)
    width, height = frame.size
    return Tested(
        utcnow(),
        width=width,
        height=height,
        codec=state.codec,
        seconds=round(time.monotonic() - began, 1),
        clock_offset_s=state.clock_offset_s,
        score=usability.score(parts),
        parts=parts,
    )
