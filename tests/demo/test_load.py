"""Loading the demonstration's district into a database."""

from __future__ import annotations

from sqlalchemy import func, select

from casework.db import Database
from casework.places.load import load_district
from casework.tables import AuditEvent, Device, Shop, ZoneVersion
from jiexun.demo.job import DISTRICT


def test_loading_again_changes_nothing(database: Database) -> None:
    def counts() -> list[int | None]:
        with database.read() as session:
            return [
                session.scalar(select(func.count()).select_from(t))
                for t in (AuditEvent, Device, Shop, ZoneVersion)
            ]

    with database.write() as session:
        first = load_district(session, DISTRICT, "test")
    before = counts()
    with database.write() as session:
        again = load_district(session, DISTRICT, "test")
    assert (
        again == first == {"squads": 3, "streets": 8, "shops": 40, "permitted": 4, "devices": 9, "zones": 7}
    )
    # 9 devices and two sets of zones (one camera's, the ground's) make 11 audit events; then none more.
    assert before == counts() == [11, 9, 40, 11]
