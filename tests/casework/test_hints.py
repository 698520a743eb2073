"""Hints: when a place or camera is listed, which cure is proposed, and that an answer changes nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from casework.db import Database, Session, utcnow
from casework.errors import Invalid, NotFound
from casework.hints import queries, service
from casework.hints.queries import Hint
from casework.places.tables import ZoneVersion
from tests import builders as b
from tests import warehouse as w

HERE, THERE = [0.1, 0.4, 0.2, 0.6], [0.6, 0.4, 0.8, 0.6]


def listed(session: Session, **scope: Any) -> list[Hint]:
    return queries.hints(session, b.a_person(session, "admin", **scope), utcnow())


def test_five_rejections_at_one_place_make_a_hint(database: Database) -> None:
    with database.write() as session:
        camera = b.a_device(session)
        ids = w.decided(session, camera, 4, "rejected", image_place=HERE)
        assert listed(session) == []
        ids += w.decided(session, camera, 1, "rejected", image_place=HERE)
        [hint] = listed(session)
    assert (hint.key, hint.at, hint.cure) == (f"place:{ids[0]}", "place", "fixture")
    assert (hint.rejected, hint.confirmed, hint.reasons) == (5, 0, {"not_the_thing": 5})
    # The box, a tenth of its width (0.1) and height (0.2) wider on each side.
    assert hint.polygon == [(0.09, 0.38), (0.21, 0.38), (0.21, 0.62), (0.09, 0.62)]


def test_a_precise_place_is_none(sqlite: Database) -> None:
    with sqlite.write() as session:
        camera = b.a_device(session)
        w.decided(session, camera, 5, "rejected", image_place=HERE)
        w.decided(session, camera, 4, "kept", image_place=HERE, confidence=0.8)
        [hint] = listed(session)  # 4 of 9: below a half
        assert (hint.threshold, hint.below) == (0.8, 5)  # the rejected ones were seen with 0.75
        w.decided(session, camera, 1, "filed", image_place=HERE)
        assert listed(session) == []  # 5 of 10: not below


def test_old_and_other_ones_do_not_count(sqlite: Database) -> None:
    with sqlite.write() as session:
        camera = b.a_device(session)
        w.decided(session, camera, 5, "rejected", first_at=utcnow() - timedelta(days=31))
        w.decided(session, camera, 4, "rejected", image_place=HERE)
        w.decided(session, camera, 4, "rejected", image_place=HERE, type="stacked_goods")
        w.decided(session, b.a_device(session, "CAM-2", latitude=31.25), 4, "rejected")
        assert listed(session) == []


def test_what_places_do_not_explain_is_the_cameras(sqlite: Database) -> None:
    with sqlite.write() as session:
        camera = b.a_device(session, "CAM-1")
        w.decided(session, camera, 6, "rejected", image_place=HERE, reason="permitted")
        for i in range(5):
            w.decided(session, camera, 1, "rejected", image_place=[0.1 + 0.15 * i, 0.7, 0.2 + 0.15 * i, 0.9])
        place, whole = listed(session)
    assert (place.at, place.cure, place.rejected) == ("place", "ignore_zone", 6)
    assert (whole.key, whole.cure, whole.rejected) == ("device:CAM-1:stall", "threshold", 5)
    assert whole.polygon is None


def test_an_answer_is_recorded_and_changes_nothing(database: Database) -> None:
    with database.write() as session:
        camera = b.a_device(session)
        first = w.decided(session, camera, 5, "rejected", image_place=HERE)[0]
        person, key = b.a_person(session, "admin"), f"place:{first}"
        for verdict, cure, reason in (("maybe", None, "r"), ("accept", None, " "), ("accept", "pray", "r")):
            with pytest.raises(Invalid):
                service.decide(session, person, key, verdict, cure, reason)
        row = service.decide(session, person, key, "accept", "ignore_zone", "固定雕塑")
        assert (row.cure, row.candidate_id, row.counts["rejected"]) == ("ignore_zone", first, 5)
        assert session.scalar(select(func.count()).select_from(ZoneVersion)) == 0
        assert listed(session) == []
        with pytest.raises(NotFound):
            service.decide(session, person, key, "dismiss", None, "再答")
        assert [a.reason for a in queries.answers(session, person)] == ["固定雕塑"]
        # It comes up again when as many are rejected there afterwards; another place was never answered.
        later = utcnow() + timedelta(minutes=1)
        w.decided(session, camera, 5, "rejected", image_place=HERE, first_at=later)
        w.decided(session, camera, 5, "rejected", image_place=THERE)
        assert sorted(h.rejected for h in listed(session)) == [5, 5]


def test_a_squads_person_sees_their_own(sqlite: Database) -> None:
    with sqlite.write() as session:
        squad, other = b.a_squad(session), b.a_squad(session, "SQ-B", 1)
        w.decided(session, b.a_device(session, "CAM-1", squad=squad), 5, "rejected")
        w.decided(session, b.a_device(session, "CAM-2", squad=other), 6, "rejected")
        assert [h.device.code for h in listed(session, squad=squad)] == ["CAM-1"]
