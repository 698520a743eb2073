"""What the tests of casework and api need, written in one line each. Everything is invented.

The district lies around 31.2 N, 121.4 E: squad SQ-A's square, 0.02 degrees wide, with its street along the
middle, and further squares to the east of it (``column``). Builders write through the services where these do
what the test needs, and straight into the tables where a test wants a state that would take many steps.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import cv2
import numpy as np
from argon2 import PasswordHasher

from casework.candidates.service import Witness, raise_candidate
from casework.candidates.tables import Candidate
from casework.cases.tables import Case
from casework.db import Session
from casework.devices.tables import Approval, Device
from casework.evidence.queries import items_of
from casework.evidence.service import Exhibit, Packed, pack
from casework.footage.service import Handed, accept
from casework.footage.tables import Footage
from casework.people.service import Person, person_of
from casework.people.tables import Account
from casework.places.tables import Shop, Squad, Street
from casework.storage import BlobStore
from casework.words import words
from detector.scene.model import GroundPlace, Sighting, Violation

START = datetime(2026, 10, 12, 2, 0, tzinfo=UTC)  # a Monday, 10:00 in Shanghai
LATITUDE, LONGITUDE = 31.2, 121.4
METRE_NORTH = 1 / 111_320.0
"""Degrees of latitude; good to some millimetres over the distances here."""

PASSWORD = "correct horse battery"
# A cheap hash of it: argon2 reads its costs from the hash, so that signing in stays quick in tests.
_PASSWORD_HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)

RULE = {
    "dwell_s": 300.0,
    "pictures": 3,
    "spacing_s": 60.0,
    "gap_s": 120.0,
    "passes": 2,
    "pass_spacing_s": 600.0,
}
MOUNTING = {"height_m": 2.2, "pitch_deg": 8.0, "yaw_deg": 30.0, "roll_deg": 0.0, "hfov_deg": 80.0}
_serial = itertools.count(1)


def at(seconds: float) -> datetime:
    """Capture time so many seconds after START."""
    return START + timedelta(seconds=seconds)


# Places ---------------------------------------------------------------------------------------------


def a_squad(session: Session, code: str = "SQ-A", column: int = 0) -> Squad:
    """A squad whose square is 0.02 degrees wide, ``column`` squares east of the first."""
    west, south = LONGITUDE - 0.01 + 0.02 * column, LATITUDE - 0.01
    ring = [[west, south], [west + 0.02, south], [west + 0.02, south + 0.02], [west, south + 0.02]]
    squad = Squad(
        code=code,
        name=f"{code} 中队",
        name_en=f"Squad {code}",
        boundary={"type": "Polygon", "coordinates": [[*ring, ring[0]]]},
    )
    session.add(squad)
    session.flush()
    return squad


def a_street(
    session: Session,
    squad: Squad,
    code: str = "ST-A",
    line: Sequence[tuple[float, float]] = ((LONGITUDE - 0.01, LATITUDE), (LONGITUDE + 0.01, LATITUDE)),
) -> Street:
    """A street, by default from west to east through the middle of the first squad. line: (lon, lat)."""
    street = Street(
        code=code,
        name=f"{code} 路",
        name_en=f"{code} Road",
        squad_id=squad.id,
        grade=None,
        line={"type": "LineString", "coordinates": [list(p) for p in line]},
    )
    session.add(street)
    session.flush()
    return street


def a_shop(session: Session, street: Street, code: str = "SH-1") -> Shop:
    """A shop on the street, with a door line 4 m long."""
    point = [LONGITUDE, LATITUDE + 5 * METRE_NORTH]
    shop = Shop(
        code=code,
        name=f"{code} 水果店",
        name_en=f"{code} Fruit",
        licence_no=f"L-{code}",
        address="示例路 1 号",
        phone="000",
        squad_id=street.squad_id,
        street_id=street.id,
        grade=None,
        e_service=True,
        point={"type": "Point", "coordinates": point},
        door_line=[point, [point[0] + 4 * METRE_NORTH, point[1]]],
    )
    session.add(shop)
    session.flush()
    return shop


def a_ground_place(code: str = "P-1", **changes: Any) -> dict[str, Any]:
    """A permitted place on the ground, about 10 m square, as ``set_zones`` takes it."""
    side = 10 * METRE_NORTH
    x, y = LONGITUDE, LATITUDE
    corners = [[x, y], [x + side, y], [x + side, y + side], [x, y + side]]
    return {"code": code, "kind": "permitted", "polygon": corners, **changes}


def approvals(
    valid_from: date = date(2026, 1, 1),
    valid_to: date = date(2026, 12, 31),
    without: Sequence[str] = (),
) -> list[Approval]:
    """Every approval that the law asks for, less some."""
    return [
        Approval(
            kind=w.code, valid_from=valid_from, valid_to=valid_to, document=f"文 {w.code}", person="某某"
        )
        for w in words("approvals")
        if w.code not in without
    ]


def a_device(
    session: Session,
    code: str = "CAM-1",
    kind: str = "fixed",
    squad: Squad | None = None,
    street: Street | None = None,
    approved: Sequence[Approval] | None = None,
    **values: Any,
) -> Device:
    """A camera with all approvals for 2026 (or those given); a vehicle has its mounting."""
    device = Device(
        code=code,
        kind=kind,
        name=f"{code} 号机",
        name_en=f"Camera {code}",
        squad_id=squad.id if squad else None,
        street_id=street.id if street else None,
        latitude=values.pop("latitude", LATITUDE if kind == "fixed" else None),
        longitude=values.pop("longitude", LONGITUDE if kind == "fixed" else None),
        heading=values.pop("heading", 0.0 if kind == "fixed" else None),
        mounting=values.pop("mounting", MOUNTING if kind == "vehicle" else None),
        made_at=START,
        approvals=list(approvals() if approved is None else approved),
        **values,
    )
    session.add(device)
    session.flush()
    return device


# People ---------------------------------------------------------------------------------------------


def an_account(
    session: Session, role: str = "reviewer", username: str | None = None, squad: Squad | None = None
) -> Account:
    """Somebody with PASSWORD."""
    account = Account(
        username=username or f"{role}{next(_serial)}",
        display_name=f"某{role}",
        role=role,
        squad_id=squad.id if squad else None,
        password_hash=_PASSWORD_HASH,
        created_at=START,
        squad=squad,
    )
    session.add(account)
    session.flush()
    return account


def a_person(
    session: Session, role: str = "reviewer", username: str | None = None, squad: Squad | None = None
) -> Person:
    """The same, as services see them."""
    return person_of(an_account(session, role, username, squad))


# Footage, violations, candidates -----------------------------------------------------------------------


def a_footage(session: Session, device: Device, name: str | None = None) -> Footage:
    """A recording that was handed in; its bytes are its name's."""
    name = name or f"clip-{next(_serial)}.mp4"
    sha256 = hashlib.sha256(name.encode()).hexdigest()
    row, _again = accept(session, "system", device, Handed(sha256, 1000, name, f"/footage/{name}"))
    return row


def metres(north: float = 0.0, east: float = 0.0, error_m: float = 1.0) -> GroundPlace:
    """A place so many metres from the middle of the district, with the error of its position."""
    stretch = np.cos(np.radians(LATITUDE))
    return GroundPlace(LATITUDE + north * METRE_NORTH, LONGITUDE + east * METRE_NORTH / stretch, error_m)


def a_violation(
    key: str | None = None,
    type: str = "stall",
    device: str = "CAM-1",
    start: datetime = START,
    seconds: float = 300.0,
    box: tuple[float, float, float, float] = (100, 200, 200, 300),
    ground: GroundPlace | None = None,
    shop: str | None = None,
    proven: bool = True,
    **facts: float | int | bool | str,
) -> Violation:
    """A thing that stood ``seconds`` and was looked at every 60 s, in a picture of 1000 x 500."""
    times = tuple(start + timedelta(seconds=s) for s in np.arange(0.0, seconds + 1e-6, 60.0))
    sighting = Sighting(
        device_id=device,
        label="stall",
        times=times,
        frames=tuple(range(len(times))),
        xyxy=np.array([box] * len(times), np.float32),
        confidence=np.full(len(times), 0.75, np.float32),
        size=(1000, 500),
        observed_s=seconds,
        inferred_s=0.0,
        ground=ground,
    )
    return Violation(
        key=key or f"violation-{next(_serial)}",
        type=type,
        rule=type,
        rule_version=1,
        zones=(("Z1", 1),),
        shop=shop,
        sighting=sighting,
        start=times[0],
        end=times[-1],
        key_times=(times[0], times[-1]),
        proven=proven,
        facts={"pictures": 3, "least_spacing_s": 60.0, **facts},
    )


def a_witness(footage: Footage, legal_mode: str = "evidence", time_source: str = "device") -> Witness:
    """The footage's own device, in a district whose records may be evidence."""
    return Witness(footage.id, footage.device_id, "model-1", time_source, legal_mode, dict(RULE))


def a_png(shade: int = 128, width: int = 64, height: int = 48) -> bytes:
    """A small grey picture."""
    done, data = cv2.imencode(".png", np.full((height, width, 3), shade, np.uint8))
    assert done
    return data.tobytes()


def exhibits(device: str = "CAM-1", start: datetime = START, shade: int = 128) -> list[Exhibit]:
    """Two pictures and a clip, whose bytes all differ."""
    meta: dict[str, Any] = {
        "device": device,
        "width": 64,
        "height": 48,
        "time_source": "device",
        "boxes": [],
        "zones": [],
    }
    later = start + timedelta(seconds=300)
    return [
        Exhibit("picture", "first", a_png(shade), "image/png", start, meta),
        Exhibit("picture", "latest", a_png(shade + 1), "image/png", later, meta),
        Exhibit("clip", "clip", f"clip {shade}".encode(), "video/mp4", start, {"end": later.isoformat()}),
    ]


def a_pack(store: BlobStore, violation: Violation, part: str = "birth", shade: int = 128) -> Packed:
    """Its files, written."""
    files = exhibits(violation.sighting.device_id, violation.start, shade)
    return pack(store, f"{violation.key}:{part}", files, {"device": violation.sighting.device_id})


def a_candidate(
    session: Session,
    store: BlobStore,
    device: Device,
    violation: Violation | None = None,
    footage: Footage | None = None,
    **witness: str,
) -> Candidate:
    """A violation (by default a new one) that was raised as the pipeline does it, with sealed files."""
    violation = violation or a_violation(device=device.code)
    footage = footage or a_footage(session, device)
    packed = a_pack(store, violation)
    return raise_candidate(session, violation, a_witness(footage, **witness), packed)[0]


def seen(session: Session, candidate_id: int, ms: int = 400) -> list[dict[str, Any]]:
    """What a page says when every picture of a candidate was on screen: ``shown`` of a decision."""
    return [
        {"picture": item.id, "ms": ms} for item in items_of(session, candidate_id) if item.kind == "picture"
    ]


def a_candidate_row(session: Session, device: Device, **values: Any) -> Candidate:
    """A bare row in any state, without sightings and evidence: for queues, lists and figures."""
    number = next(_serial)
    given: dict[str, Any] = {
        "number": f"YS-TEST-{number:06d}",
        "type": "stall",
        "state": "open",
        "proof": "evidence",
        "squad_id": device.squad_id,
        "street_id": device.street_id,
        "shop_id": None,
        "latitude": LATITUDE,
        "longitude": LONGITUDE,
        "place_error_m": 1.0,
        "image_place": [0.1, 0.4, 0.2, 0.6],
        "first_at": START,
        "observed_s": 300.0,
        "inferred_s": 0.0,
        "confidence": 0.75,
        "standing": True,
        "rule": "stall",
        "rule_version": 1,
        "model_id": "model-1",
        "facts": {"rule": dict(RULE), "clue_because": [], "time_source": "device"},
        "made_at": START,
        **values,
    }
    given.setdefault("last_at", given["first_at"] + timedelta(seconds=300))
    candidate = Candidate(device_id=device.id, **given)
    session.add(candidate)
    session.flush()
    return candidate


def a_case_row(session: Session, candidate: Candidate, **values: Any) -> Case:
    """A bare case in any state, without events: for lists and figures."""
    given: dict[str, Any] = {
        "number": f"非现〔测〕第{next(_serial):05d}号",
        "type": candidate.type,
        "squad_id": candidate.squad_id,
        "state": "opened",
        "mode": candidate.proof,
        "opened_at": START,
        **values,
    }
    case = Case(candidate_id=candidate.id, **given)
    session.add(case)
    session.flush()
    return case
