"""A district of 13,000 cameras: a page of the list, names while typing, the map's window."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from casework.db import Database
from casework.devices.conditions import begin
from casework.devices.queries import device_by_code
from detector.care.model import Condition, Finding
from tests import builders as b
from tests.api.office import Caller, Office, open_office
from tests.api.test_query_counts import counted
from tests.cameras import standing_cameras

MANY = 13_000
KIB = 1024


@pytest.fixture
def office(database: Database, folder: Path) -> Iterator[Office]:
    """On SQLite and on PostgreSQL."""
    opened = open_office(database, folder)
    yield opened
    opened.close()


@pytest.fixture
def reader(office: Office) -> Caller:
    with office.database.write() as session:
        standing_cameras(session, MANY)
    return office.as_("reviewer")


def test_a_page_is_small_and_takes_few_statements(reader: Caller, office: Office) -> None:
    sizes = []
    for url in ("/api/devices?size=1", "/api/devices?size=48&page=200", "/api/devices?size=200&query=路"):
        with counted(office.database) as sent:
            answer = reader.get(url)
        assert len(answer.content) < 100 * KIB
        sizes.append(len(sent))
    assert sizes[0] == sizes[1] == sizes[2] <= 14, sizes
    found = answer.json()
    assert (found["total"], len(found["items"]), found["page"]) == (MANY + 1, 200, 1)  # CAM-A is in a 路
    assert found["items"][0]["missing"] == []
    last = reader.get(
        "/api/devices?size=200&page=66"
    ).json()  # 13,000 and the office's three are 65 pages and 3
    assert (last["total"], len(last["items"])) == (MANY + 3, 3)
    assert reader.get("/api/devices?size=201").status_code == 422


def test_searched_by_what_people_call_it(reader: Caller, office: Office) -> None:
    def codes(**query: object) -> list[str]:
        return [d["code"] for d in reader.get("/api/devices", params={"size": 200, **query}).json()["items"]]  # type: ignore[arg-type]

    assert reader.get("/api/devices?query=武定路").json()["total"] == MANY // 10
    assert codes(query=" 武定路 130 号 ") == ["D-00130"]
    assert codes(query="d-00007") == ["D-00007"]
    assert codes(query="ST-A 路") == ["CAM-A"]  # its street
    assert codes(query="ST-A road") == ["CAM-A"]
    assert codes(query="%") == codes(query="_") == []  # no pattern
    assert codes(squad="SQ-A") == ["CAM-A", "CAR-1"]
    assert codes(kind="vehicle") == ["CAR-1"]
    assert codes(kind="vehicle", squad="SQ-B") == []
    assert reader.get("/api/devices?kind=tree").status_code == 422
    dark = Finding(Condition.DARK, "dark_level", 9.0, 24.0)
    with office.database.write() as session:
        begin(session, device_by_code(session, "D-12000"), dark, b.START, "0" * 64, None)
    assert codes(troubled=True) == ["D-12000"]
    assert codes()[:2] == ["D-12000", "CAM-A"]  # what needs a person comes first


def test_names_while_typing(reader: Caller, office: Office) -> None:
    with counted(office.database) as sent:
        answer = reader.get("/api/devices/names?query=武定")
    assert len(sent) <= 6
    assert [d["code"] for d in answer.json()] == [f"D-{n:05}" for n in range(10, 210, 10)]
    assert set(answer.json()[0]) == {"code", "name", "name_en", "kind"}
    with office.database.write() as session:
        b.a_device(session, "00130")
    named = reader.get("/api/devices/names?query=00130").json()
    assert [d["code"] for d in named] == ["00130", "D-00130"]  # the very code first
    assert [d["code"] for d in reader.get("/api/devices/names?kind=vehicle").json()] == ["CAR-1"]
    assert reader.get("/api/devices/names?query=没有").json() == []


def _window(west: float, south: float, east: float, north: float) -> str:
    return f"/api/map/devices?{west=}&{south=}&{east=}&{north=}"


def test_the_map_asks_for_its_window(reader: Caller, office: Office) -> None:
    # Columns at 121.5, 121.5002, 121.5004 and rows at 31.3, 31.3002: the first three of the first two rows.
    few = reader.get(_window(121.4999, 31.2999, 121.5005, 31.3003)).json()
    assert [p["code"] for p in few["points"]] == [
        "D-00001", "D-00002", "D-00003", "D-00131", "D-00132", "D-00133",
    ]  # fmt: skip
    assert (few["total"], few["clusters"]) == (6, [])
    assert set(few["points"][0]) == {"code", "name", "name_en", "kind", "latitude", "longitude"}
    assert few["points"][0]["name"] == "愚园路 1 号机"
    with counted(office.database) as sent:
        answer = reader.get(_window(121.0, 31.0, 122.0, 32.0))
    assert len(answer.content) < 20 * KIB
    assert len(sent) <= 8
    all_ = answer.json()
    assert (all_["total"], all_["points"]) == (MANY + 1, [])  # CAM-A too; CAM-B and the car have no place
    assert 1 < len(all_["clusters"]) <= 13 * 13
    assert sum(c["count"] for c in all_["clusters"]) == all_["total"]
    assert {c["count"]: (c["latitude"], c["longitude"]) for c in all_["clusters"]}[1] == (
        b.LATITUDE,
        b.LONGITUDE,
    )
    assert reader.get(_window(0, 0, 1, 1)).json() == {"points": [], "clusters": [], "total": 0}


@pytest.mark.parametrize(
    "window",
    [(122, 31, 121, 32), (121, 32, 122, 31), (121, 31, 121, 32), (-181, 31, 121, 32), ("nan", 31, 121, 32)],
)
def test_what_is_no_window(office: Office, window: tuple[float, float, float, float]) -> None:
    west, south, east, north = window
    url = f"/api/map/devices?west={west}&south={south}&east={east}&north={north}"
    assert office.as_("reviewer").get(url).status_code == 422
