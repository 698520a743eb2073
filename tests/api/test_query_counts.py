"""A list costs the same number of queries for 3 rows as for 30."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event, select

from casework.db import Database, Session
from casework.devices.conditions import begin as begin_condition
from casework.devices.tables import Device
from casework.evidence.tables import EvidenceItem, EvidenceSeal
from casework.footage.tables import LookTally
from casework.places.tables import Squad
from detector.care.model import Condition, Finding
from tests import builders as b
from tests.api.office import Office

PAGES = [
    ("reviewer", "/api/candidates?size=200"),
    ("legal", "/api/cases?size=200"),
    ("reviewer", "/api/footage?size=200"),
    ("reviewer", "/api/devices?size=200"),
    ("reviewer", "/api/camera-conditions"),
    ("leader", "/api/devices/CAM-A/span?since=2026-10-12T00:00:00Z&until=2026-10-13T00:00:00Z"),
    ("reviewer", "/api/map/devices?west=121&south=31&east=122&north=32"),
    ("admin", "/api/accounts"),
    ("auditor", "/api/audit?size=200"),
    ("reviewer", "/api/queue"),
    ("statistician", "/api/statistics/2026-10"),
    ("statistician", "/api/statistics/2026-10/list?figure=candidates&size=200"),
    ("statistician", "/api/statistics/2026-10/list?figure=cases&size=200"),
    ("statistician", "/api/statistics/2026-10/list?figure=looks&size=200"),
]


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    """The statements that are sent meanwhile."""
    sent: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


def _more(session: Session, number: int) -> None:
    """More of everything that a list shows."""
    squad = session.scalars(select(Squad).where(Squad.code == "SQ-A")).one()
    camera = session.scalars(select(Device).where(Device.code == "CAM-A")).one()
    for i in range(number):
        more = b.a_device(session, f"MORE-{i}", squad=squad)
        begin_condition(
            session, more, Finding(Condition.DARK, "dark_level", 9.0, 24.0), b.START, "0" * 64, None
        )
        b.an_account(session, squad=squad)
        footage = b.a_footage(session, camera)
        session.add(
            LookTally(footage_id=footage.id, hour=b.START, device_id=camera.id, squad_id=squad.id, looks=1)
        )
        candidate = b.a_candidate_row(session, camera)
        seal = EvidenceSeal(
            seq=1000 + i,
            key=f"more-{i}",
            candidate_id=candidate.id,
            manifest_sha256="",
            sealed_at=b.START,
            prev_hash="",
            hash="",
        )
        session.add(seal)
        session.flush()
        session.add(
            EvidenceItem(
                seal_seq=seal.seq,
                candidate_id=candidate.id,
                kind="picture",
                role="first",
                sha256="",
                size=1,
                media_type="image/png",
                captured_at=b.START,
                meta={},
            )
        )
        b.a_case_row(session, b.a_candidate_row(session, camera, state="filed"))


@pytest.mark.parametrize(("role", "url"), PAGES)
def test_queries_do_not_grow_with_the_rows(office: Office, role: str, url: str) -> None:
    page = office.as_(role)
    page.get(url)  # what is cached for good is cached
    with counted(office.database) as few:
        small = page.get(url)
    with office.database.write() as session:
        _more(session, 27)
    with counted(office.database) as many:
        large = page.get(url)
    assert (small.status_code, large.status_code) == (200, 200)
    assert len(large.content) != len(small.content)
    assert 0 < len(many) == len(few) <= 25, many


def test_the_counter_counts(office: Office) -> None:
    with counted(office.database) as sent, office.database.read() as session:
        for _ in range(3):
            session.scalars(select(Squad)).all()
    assert len([s for s in sent if s.lstrip().startswith("SELECT")]) == 3
