"""A vehicle's day as people see it: way, looks, streets, missing days, faults, uploads; worked out by hand.

The drive: 600 m due north in 60 s at 10:00 (Shanghai), looked at from 10 s to 30 s: 100-300 m, with 20 m of reach to
both sides 80-320 m, so 240 m.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from casework.db import utcnow
from casework.devices.service import SHANGHAI
from casework.devices.tables import Device
from casework.footage import service
from casework.footage.service import Handed
from casework.footage.tables import Footage, TrackFile
from casework.places.tables import Squad
from tests import builders as b
from tests.api.office import Caller, Office
from tests.api.test_query_counts import counted
from tests.api.tus_talk import VIDEO, a_car, begin, patch
from tests.drives import START, gpx

DAY = "2026-10-12"


def _send(car: Any, name: str, data: bytes) -> str:
    url = begin(car, length=len(data), filename=name)
    assert patch(car, url, 0, data).status_code == 204
    return url


def _looked(office: Office, name: str, times: list[datetime], notes: list[str] | None = None) -> None:
    """As a worker ends it."""
    with office.database.write() as session:
        row = session.scalars(select(Footage).where(Footage.name == name)).one()
        service.lease(session, row, "w1")
        service.finish(session, row.id, "w1", service.Looked(40, 0, times, "device", notes or []))


def _drive(office: Office) -> Caller:
    car = a_car(office)
    _send(car, "drive.gpx", gpx())
    _send(car, "drive.mp4", VIDEO)
    _looked(office, "drive.mp4", [START + timedelta(seconds=s) for s in range(10, 31, 2)], ["a note"])
    return car


def _day(office: Office, day: str = DAY) -> dict[str, Any]:
    answer = office.as_("reviewer").get(f"/api/vehicles/CAR-1/days/{day}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_the_way_and_what_was_looked_at(office: Office) -> None:
    _drive(office)
    day = _day(office)
    assert day["driven_m"] == pytest.approx(600, abs=0.5)
    assert day["looked_m"] == pytest.approx(240, abs=0.5)
    assert [f["properties"]["looked"] for f in day["track"]["features"]] == [False, True, False]
    lon, lat = day["track"]["features"][0]["geometry"]["coordinates"][0]
    assert (lon, lat) == pytest.approx((b.LONGITUDE, b.LATITUDE - 0.005), abs=1e-6)
    assert [(s["start"], s["end"]) for s in day["looks"]] == [
        ("2026-10-12T02:00:10Z", "2026-10-12T02:00:30Z")
    ]
    assert [s["looked"] for s in day["driven"]] == [False, True, False]
    assert [(f["name"], f["looks"]) for f in day["files"]] == [("drive.mp4", 11)]
    assert set(day["late_files"]) == {"drive.mp4"}  # it came long after that October
    assert next(n for n in day["notes"] if n["code"] == "footage")["text"] == "a note"


def test_streets_that_the_drive_went_along(office: Office) -> None:
    """A street of 400 m along the drive from its start on, and the district's own, which it crosses."""
    with office.database.write() as session:
        squad = session.scalars(select(Squad).where(Squad.code == "SQ-A")).one()
        south = b.LATITUDE - 0.005
        line = [(b.LONGITUDE, south), (b.LONGITUDE, south + 400 * b.METRE_NORTH)]
        b.a_street(session, squad, "ST-N", line)
    _drive(office)
    day = _day(office)
    shares = {s["code"]: s for s in day["streets"]}
    assert shares["ST-N"]["metres"] == pytest.approx(400, rel=0.01)
    assert shares["ST-N"]["driven"] == pytest.approx(shares["ST-N"]["metres"])
    assert shares["ST-N"]["looked"] == pytest.approx(240, abs=52)  # pieces of 10 m, 25 m to both ends
    assert (shares["ST-A"]["driven"], shares["ST-A"]["looked"]) == (0, 0)
    assert day["street_driven_m"] == shares["ST-N"]["driven"]


def test_a_day_without_anything_and_days_that_are_none(office: Office) -> None:
    day = _day(office, "2026-10-13")
    assert (day["driven_m"], day["track"]["features"], day["files"], day["notes"]) == (0, [], [], [])
    page = office.as_("reviewer")
    assert page.get("/api/vehicles/CAR-1/days/soon").status_code == 422
    for wrong in ("0001-01-01", "9999-12-31"):
        assert page.get(f"/api/vehicles/CAR-1/days/{wrong}").json()["code"] == "bad_day"
    assert page.get(f"/api/vehicles/CAM-A/days/{DAY}").status_code == 404  # no vehicle


def test_missing_days_are_those_with_neither_look_nor_track(office: Office) -> None:
    """Registered on the 12th, driven on the 12th and the 14th: seen on the 15th, the 13th and the 15th are missing."""
    _drive(office)
    _send(a_car(office), "later.gpx", gpx(start=START + timedelta(days=2)))
    with office.database.write() as session:
        session.scalars(select(Device).where(Device.code == "CAR-1")).one().made_at = START
    day = _day(office, "2026-10-15")
    assert day["missing"] == ["2026-10-13", "2026-10-15"]
    assert day["seen"] == ["2026-10-12", "2026-10-14"]


def test_what_is_wrong_is_listed(office: Office) -> None:
    """A hole of 40 s in the track, a track that cannot be read, footage without a track, footage that failed."""
    car = a_car(office)
    _send(car, "a.gpx", gpx(20))
    _send(car, "b.gpx", gpx(60, start=START + timedelta(seconds=60)))
    _send(car, "c.gpx", b"<gpx>")
    with office.database.write() as session:
        device = session.scalars(select(Device).where(Device.code == "CAR-1")).one()
        for name in ("x.mp4", "y.mp4"):
            row, _ = service.accept(session, "system", device, Handed(name, 1, name, f"/{name}", START))
        service.lease(session, row, "w1")
        service.fail(session, row.id, "w1", "cannot be decoded")
        session.scalars(select(TrackFile).where(TrackFile.stem == "c")).one().received_at = START
    notes = {(n["code"], n["file"]): n for n in _day(office)["notes"]}
    assert (notes["gaps", None]["count"], notes["gaps", None]["seconds"]) == (1, 40)
    assert notes["track", "c"]["text"].startswith("c.gpx: this is no GPX")
    assert notes["failed", "y.mp4"]["text"] == "cannot be decoded"
    assert ("no_track", "x.mp4") in notes
    assert ("no_track", "y.mp4") not in notes


def test_late_uploads_are_marked(office: Office) -> None:
    """Three days to the second are in time; a second more is late."""
    with office.database.write() as session:
        device = session.scalars(select(Device).where(Device.code == "CAR-1")).one()
        for name, more in (("in-time.mp4", 0), ("late.mp4", 1)):
            row, _ = service.accept(session, "system", device, Handed(name, 1, name, f"/{name}", START))
            row.received_at = START + timedelta(days=3, seconds=more)
    day = _day(office)
    assert day["late_files"] == {"late.mp4": 3}
    assert day["late"] == 1


def test_uploads_with_their_progress_and_problems(office: Office) -> None:
    car = a_car(office)
    half = begin(car, filename="half.mp4")
    patch(car, half, 0, VIDEO[:4000])
    _send(car, "bad.gpx", b"<gpx>")
    wrong = begin(car, filename="wrong.mp4", sha256="0" * 64)
    patch(car, wrong, 0, VIDEO)
    page = office.as_("reviewer")
    shown = {u["filename"]: u for u in page.get("/api/vehicles/CAR-1/uploads").json()["items"]}
    assert (shown["half.mp4"]["state"], shown["half.mp4"]["offset"]) == ("open", 4000)
    assert shown["bad.gpx"]["problem"].startswith("bad.gpx: this is no GPX")
    assert shown["wrong.mp4"]["problem"] == "内容与声明的 SHA-256 不符，请重新上传"
    english = page.get("/api/vehicles/CAR-1/uploads", headers={"Accept-Language": "en"}).json()
    assert any("announced SHA-256" in str(u["problem"]) for u in english["items"])
    today = utcnow().astimezone(SHANGHAI).date()
    (car_row,) = page.get(f"/api/vehicles?day={today}").json()
    sent = car_row["sent"]
    assert (sent["unfinished"], sent["accepted"], sent["refused"]) == (1, 1, 1)
    assert (sent["here"], sent["announced"]) == (4000, len(VIDEO))


def test_a_squad_sees_its_own_vehicles(office: Office) -> None:
    assert [v["code"] for v in office.as_("reviewer").get("/api/vehicles").json()] == ["CAR-1"]
    other = office.as_("leader-b")
    assert other.get("/api/vehicles").json() == []
    assert other.get(f"/api/vehicles/CAR-1/days/{DAY}").status_code == 404
    assert other.get("/api/vehicles/CAR-1/uploads").status_code == 404


def test_queries_do_not_grow_with_the_vehicles(office: Office) -> None:
    page = office.as_("reviewer")
    page.get("/api/vehicles")
    with counted(office.database) as few:
        page.get(f"/api/vehicles?day={DAY}")
    _drive(office)
    with office.database.write() as session:
        for i in range(10):
            b.a_device(session, f"CAR-M{i}", "vehicle")
    with counted(office.database) as many:
        assert len(page.get(f"/api/vehicles?day={DAY}").json()) == 11
    assert 0 < len(few) == len(many) <= 12
