"""What was found and made is kept once, whoever comes first; what waits is taken in turn. On both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from casework.audit.tables import AuditEvent
from casework.db import Database, utcnow
from casework.errors import Invalid, Refused
from casework.evidence.tables import EvidenceItem
from casework.privacy import queries, service
from casework.privacy.tables import PictureRegions
from casework.storage import FileStore
from detector.privacy.regions import Regions
from tests import builders as b

FACE = Regions.of([{"kind": "face", "xyxy": [1, 2, 3, 4], "confidence": 0.5}])
NONE = Regions.of([])


def test_regions_are_kept_once_for_each_finder(database: Database) -> None:
    queries.keep_regions(database, "a" * 64, "one", FACE)
    queries.keep_regions(database, "a" * 64, "one", NONE)  # somebody was first
    queries.keep_regions(database, "a" * 64, "two", NONE)
    with database.read() as session:
        found = queries.regions_of(session, "a" * 64, "one")
        assert found is not None
        assert found.rows() == FACE.rows()
        nothing = queries.regions_of(session, "a" * 64, "two")
        assert nothing is not None  # looked at, and none found
        assert len(nothing) == 0
        assert queries.regions_of(session, "a" * 64, "three") is None
        assert session.scalar(select(func.count()).select_from(PictureRegions)) == 2


def test_clips_are_taken_in_turn_and_given_up_after_three_tries(database: Database) -> None:
    queries.ask_for_copy(database, "a" * 64, "one")
    queries.ask_for_copy(database, "b" * 64, "one")
    queries.ask_for_copy(database, "a" * 64, "one")  # again: the same row
    queries.ask_for_copy(database, "c" * 64, "two")
    now, taken = utcnow(), []
    with database.write() as session:
        for _ in range(3):
            row = queries.next_clip(session, "one", now)
            taken.append(row.sha256[0] if row else None)
    assert taken == ["a", "b", None]
    for tries in (2, 3):
        now += queries.MAKING + timedelta(seconds=1)  # its process has ended
        with database.write() as session:
            row = queries.next_clip(session, "one", now)
            assert row is not None
            assert (row.sha256[0], row.tries) == ("a", tries)
            assert queries.next_clip(session, "one", now) is not None  # b as well
    now += queries.MAKING + timedelta(seconds=1)
    with database.write() as session:
        assert queries.next_clip(session, "one", now) is None
        given_up = queries.clip_copy(session, "a" * 64, "one")
        assert given_up is not None
        assert (given_up.state, given_up.because) == ("failed", "begun 3 times without an end")


def test_pictures_that_wait_for_review_are_looked_at_first_come_first(
    database: Database, store: FileStore
) -> None:
    with database.write() as session:
        camera = b.a_device(session)
        one = b.a_candidate(session, store, camera, b.a_violation(key="V1"))
        two = b.a_candidate(session, store, camera, b.a_violation(key="V2", box=(700, 200, 800, 300)))
        done = b.a_candidate_row(session, camera, state="rejected")
        assert done.queue is None
        order = select(EvidenceItem.sha256).where(EvidenceItem.kind == "picture").order_by(EvidenceItem.id)
        all_of = [list(session.scalars(order.where(EvidenceItem.candidate_id == c.id))) for c in (one, two)]
        wanted = list(dict.fromkeys([*all_of[0], *all_of[1]]))
        assert queries.unseen_pictures(session, "one", 9) == wanted
        assert queries.unseen_pictures(session, "one", 1) == wanted[:1]
    queries.keep_regions(database, wanted[0], "one", NONE)
    with database.read() as session:
        assert queries.unseen_pictures(session, "one", 9) == wanted[1:]
        assert queries.unseen_pictures(session, "two", 9) == wanted


def test_leave_is_for_one_person_one_item_and_a_while(database: Database, store: FileStore) -> None:
    with database.write() as session:
        camera = b.a_device(session)
        b.a_candidate(session, store, camera)
        item, other = session.scalars(select(EvidenceItem).order_by(EvidenceItem.id)).all()[:2]
        asker, another = b.a_person(session, "reviewer"), b.a_person(session, "legal")
        until = service.unblur(session, asker, item, " 核对身份 ").until
        service.check_leave(session, asker, item)
        for person, thing in ((asker, other), (another, item)):
            with pytest.raises(Refused, match="ask for it with a reason"):
                service.check_leave(session, person, thing)
        assert queries.grant_of(session, asker.id, item.id, until - timedelta(seconds=1)) is not None
        assert queries.grant_of(session, asker.id, item.id, until) is None
        said = session.scalars(select(AuditEvent).where(AuditEvent.action == "unblur")).one()
        assert said.detail["reason"] == "核对身份"


def test_no_leave_without_a_reason_or_a_role(sqlite: Database, store: FileStore) -> None:
    with sqlite.write() as session:
        b.a_candidate(session, store, b.a_device(session))
        item = session.scalars(select(EvidenceItem)).first()
        assert item is not None
        for reason in ("", "   ok   ", "x" * 501):
            with pytest.raises(Invalid, match="4 to 500"):
                service.unblur(session, b.a_person(session, "reviewer"), item, reason)
        with pytest.raises(Refused, match="statistician"):
            service.unblur(session, b.a_person(session, "statistician"), item, "一个理由")
        assert session.scalars(select(AuditEvent).where(AuditEvent.action == "unblur")).all() == []
