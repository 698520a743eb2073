"""Talking tus as a device does, for tests of the API."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import httpx

from api.app import make_app
from api.context import Context
from casework.db import Database
from casework.devices.service import give_key
from casework.storage import FileStore
from tests import builders as b
from tests.api.office import Caller, Office, views_of

VIDEO = bytes(range(256)) * 40  # 10,240 bytes
BYTES = "application/offset+octet-stream"
TUS = {"Tus-Resumable": "1.0.0"}


def a_car(office: Office) -> Caller:
    """The vehicle, speaking tus."""
    return office.anybody(headers={"Authorization": f"Bearer {office.key}", **TUS})


def metadata(**values: str) -> str:
    return ",".join(f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in values.items())


def create(car: Any, length: int = len(VIDEO), **said: str) -> httpx.Response:
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": str(length)}
    headers["Upload-Metadata"] = metadata(**{"filename": "drive.mp4", **said})
    answer: httpx.Response = car.post("/api/uploads", headers=headers)
    return answer


def begin(car: Any, **said: Any) -> str:
    answer = create(car, **said)
    assert answer.status_code == 201, answer.text
    assert answer.headers["tus-resumable"] == "1.0.0"
    return answer.headers["location"]


def patch(car: Any, url: str, offset: int, data: bytes) -> httpx.Response:
    headers = {"Tus-Resumable": "1.0.0", "Upload-Offset": str(offset), "Content-Type": BYTES}
    answer: httpx.Response = car.patch(url, content=data, headers=headers)
    return answer


def offset_of(car: Any, url: str) -> int:
    answer = car.head(url)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    return int(answer.headers["upload-offset"])


def another_car(office: Office) -> Caller:
    with office.database.write() as session:
        key = give_key(session, "system", b.a_device(session, "CAR-2", "vehicle"))
    return office.anybody(headers={"Authorization": f"Bearer {key}", **TUS})


def a_depot(database: Database, folder: Path, **settings: Any) -> Office:
    """The application with one vehicle, CAR-1, and nothing else: quicker than the office with its people."""
    for name in ("page", "uploads", "footage"):
        (folder / name).mkdir()
    store, woken = FileStore(folder / "evidence"), list[int]()
    context = Context(
        database,
        store,
        views_of(database, store, folder),
        folder / "page",
        folder / "uploads",
        folder / "footage",
        wake=lambda: woken.append(1),
        **settings,
    )
    with database.write() as session:
        key = give_key(session, "system", b.a_device(session, "CAR-1", "vehicle"))
    return Office(make_app(context), context, database, store, key, {}, woken)
