"""A full queue for measurements: many candidates that wait, each with sealed pictures, and people to review them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, String, case, cast, event, func, insert, literal, select, text
from sqlalchemy.orm import Session

from casework.candidates.tables import Candidate, CandidateSighting
from casework.db import Base, Database, utcnow
from casework.devices.tables import Device
from casework.errors import Conflict
from casework.evidence.tables import EvidenceItem, EvidenceSeal
from casework.footage.tables import Footage
from casework.people.service import Person, person_of
from casework.people.tables import Account
from casework.places.tables import Squad, Street
from casework.review.queries import counted
from casework.review.tables import Decision

SQUADS, STREETS, DEVICES = 10, 100, 1000
RULE = {"dwell_s": 300, "pictures": 3, "spacing_s": 60, "gap_s": 120, "passes": 2, "pass_spacing_s": 600}
FACTS = {
    "rule": RULE,
    "pictures": 3,
    "least_spacing_s": 60,
    "clue_because": [],
    "time_source": "device",
    "label": "stall",
    "zone_share": 0.8,
    "place_known": False,
}
BOX = {"label": "stall", "confidence": 0.7, "xyxy": [0.1, 0.4, 0.2, 0.6], "subject": True}
PICTURE = {
    "device": "Q-0001",
    "width": 1920,
    "height": 1080,
    "time_source": "device",
    "zones": [],
    "boxes": [BOX],
}


def fill(database: Database, count: int, reviewers: int) -> list[Person]:
    """Write ``count`` waiting candidates of 1,000 cameras on 100 streets of 10 squads, and return the reviewers.

    An empty database of the newest schema is expected; Conflict where it holds candidates. The rows are as they would
    be, but no file lies under them and no audit row tells of them: ``verify`` is not for this.
    """
    with database.write() as session:
        if session.scalar(select(Candidate.id).limit(1)) is not None:
            raise Conflict(
                "not_empty",
                zh="数据库中已有疑似，请使用空库",
                en="the database holds candidates; give an empty one",
            )
        people = _district(session, reviewers)
        indexes = list(Base.metadata.tables["candidate"].indexes)
        for index in indexes:  # built at the end, at once: much quicker
            index.drop(session.connection())
        _rows(session, count)
        for index in indexes:
            index.create(session.connection())
        if database.engine.dialect.name == "postgresql":  # which otherwise does so by itself in a while
            session.execute(text("ANALYZE"))
    return people


def _district(session: Session, reviewers: int) -> list[Person]:
    now = utcnow()
    names = {"name": "演练", "name_en": "Rehearsal"}
    session.add_all(Squad(id=n, code=f"S-{n}", boundary={}, **names) for n in range(1, SQUADS + 1))
    session.flush()
    session.add_all(
        Street(id=n, code=f"T-{n}", squad_id=1 + n % SQUADS, line={}, **names) for n in range(1, STREETS + 1)
    )
    session.flush()
    session.add_all(
        Device(
            id=n,
            code=f"Q-{n:04d}",
            kind="fixed",
            squad_id=1 + n % SQUADS,
            street_id=1 + n % STREETS,
            latitude=31.0 + n * 0.0002,
            longitude=121.4,
            made_at=now,
            **names,
        )
        for n in range(1, DEVICES + 1)
    )
    session.flush()
    session.add(
        Footage(
            id=1, sha256="q", device_id=1, name="q", size=1, path="q", state="done", received_at=now, notes=[]
        )
    )
    accounts = [
        Account(username=f"q{n}", display_name=f"演练{n}", role="reviewer", password_hash="", created_at=now)
        for n in range(reviewers)
    ]
    session.add_all(accounts)
    session.flush()
    return [person_of(account) for account in accounts]


def _rows(session: Session, count: int) -> None:
    first = select(literal(1).label("i")).cte("n", recursive=True)
    i = first.union_all(select(first.c.i + 1).where(first.c.i < count)).c.i
    now = utcnow()
    born, later = now - timedelta(hours=1), now - timedelta(minutes=50)
    device, name = i % DEVICES + 1, cast(i, String)
    standing: ColumnElement[bool] = i % 4 > 0
    kind = case((i % 3 == 0, "stall"), (i % 3 == 1, "cross_door"), else_="stacked_goods")
    times = {"first_at": born, "last_at": later, "observed_s": 300.0, "inferred_s": 0.0}
    _put(
        session,
        Candidate,
        id=i,
        number=literal("YS-Q-") + name,
        type=kind,
        state="open",
        proof="evidence",
        squad_id=device % SQUADS + 1,
        street_id=device % STREETS + 1,
        device_id=device,
        latitude=31.0 + device * 0.0002,
        longitude=121.4,
        image_place=BOX["xyxy"],
        confidence=1.0 - (i % 10) / 9.0,
        standing=standing,
        rule="stall",
        rule_version=1,
        model_id=case((i % 5 == 0, "model-2"), else_="model-1"),
        facts=FACTS,
        made_at=born,
        warning=False,
        queue="first",
        rank=case((standing, -100), else_=0) - i % 10,
        hurry_at=now + timedelta(days=1),
        group_id=device + DEVICES * (i // (DEVICES * 20)),  # twenty of a camera
        **times,
    )
    whose = {"candidate_id": i, "device_id": device, "footage_id": 1}
    _put(session, CandidateSighting, id=i, key=literal("Q-") + name, looks=6, ended=False, **whose, **times)
    key = literal("Q-") + name + ":birth"
    blank = {"manifest_sha256": "", "prev_hash": "", "hash": ""}
    _put(session, EvidenceSeal, seq=i, key=key, candidate_id=i, sealed_at=born, **blank)
    for number, (role, when) in enumerate((("first", born), ("latest", later))):
        _put(
            session,
            EvidenceItem,
            id=i + number * count,
            seal_seq=i,
            candidate_id=i,
            kind="picture",
            role=role,
            sha256="",
            media_type="image/png",
            size=1,
            captured_at=when,
            meta=PICTURE,
        )


def _put(session: Session, table: type[Base], **columns: Any) -> None:
    """One statement for all rows."""
    known = Base.metadata.tables[table.__tablename__].columns
    values = [v if isinstance(v, ColumnElement) else literal(v, known[n].type) for n, v in columns.items()]
    session.execute(insert(table).from_select(list(columns), select(*values)))


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """The SQL that this thread sends meanwhile, without beginnings and ends of transactions."""
    sent: list[str] = []
    mine = threading.get_ident()

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        if threading.get_ident() == mine and not statement.startswith("BEGIN"):
            sent.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


def decided(database: Database) -> tuple[int, int]:
    """How many candidates have a decision that counts, and how many have more than one."""
    with database.read() as session:
        each = select(func.count().label("n")).where(counted()).group_by(Decision.candidate_id).subquery()
        row = session.execute(select(func.count(), func.count().filter(each.c.n > 1))).one()
        return row[0], row[1]
