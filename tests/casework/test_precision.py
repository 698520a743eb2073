"""Precision from decisions, comparison of shadow runs, estimate of misses: by values worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from casework.algorithms.precision import precision
from casework.algorithms.shadow import compare
from casework.candidates.service import raise_candidate
from casework.db import Database
from casework.errors import Conflict, Invalid, NotFound
from casework.samples import service
from casework.samples.queries import Stratum, estimate, misses, waiting_count
from casework.storage import FileStore
from tests import builders as b
from tests import warehouse as w


def test_precision_by_type_camera_and_hour(database: Database) -> None:
    with database.write() as session:
        one, two = b.a_device(session, "CAM-1"), b.a_device(session, "CAM-2")
        morning = datetime(2026, 10, 31, 1, 30, tzinfo=UTC)  # 09:30 in Shanghai
        night = datetime(2026, 10, 31, 17, 0, tzinfo=UTC)  # 01:00 in Shanghai, the next day
        w.decided(session, one, 3, "filed", first_at=morning)
        w.decided(session, one, 1, "rejected", first_at=morning)
        w.decided(session, two, 1, "kept", first_at=night, type="stacked_goods")
        w.decided(session, two, 3, "rejected", first_at=night, type="stacked_goods", reason="permitted")
        w.decided(session, one, 1, "merged", first_at=morning)  # part of another: no decision of its own
        for state in ("open", "escalated", "returned"):
            w.decided(session, two, 1, state, first_at=night)
        w.decided(session, two, 2, "rejected", first_at=night, model_id="model-2")
        rows = precision(session, b.a_person(session, "statistician"))
    found = {(r.model_id, r.by, r.key): (r.confirmed, r.rejected, r.undecided) for r in rows}
    assert found == {
        ("model-1", "all", None): (4, 4, 3),
        ("model-1", "type", "stacked_goods"): (1, 3, 0),
        ("model-1", "type", "stall"): (3, 1, 3),
        ("model-1", "device", "CAM-1"): (3, 1, 0),
        ("model-1", "device", "CAM-2"): (1, 3, 3),
        ("model-1", "hour", 1): (1, 3, 3),
        ("model-1", "hour", 9): (3, 1, 0),
        ("model-2", "all", None): (0, 2, 0),
        ("model-2", "type", "stall"): (0, 2, 0),
        ("model-2", "device", "CAM-2"): (0, 2, 0),
        ("model-2", "hour", 1): (0, 2, 0),
    }
    every = next(r for r in rows if (r.model_id, r.by) == ("model-1", "all"))
    assert every.reasons == {"permitted": 3, "not_the_thing": 1}
    # Wilson, 4 of 8: (0.5 + z2/16 -+ z sqrt(0.25/8 + z2/256)) / (1 + z2/8), z = 1.95996: 0.2152 and 0.7848.
    assert every.precision.value == 0.5
    assert every.precision.low == pytest.approx(0.2152, abs=1e-4)
    assert every.precision.high == pytest.approx(0.7848, abs=1e-4)


def test_a_squads_person_counts_their_own(sqlite: Database) -> None:
    with sqlite.write() as session:
        squad, other = b.a_squad(session), b.a_squad(session, "SQ-B", 1)
        w.decided(session, b.a_device(session, "CAM-1", squad=squad), 1, "kept")
        w.decided(session, b.a_device(session, "CAM-2", squad=other), 1, "rejected")
        [row] = [r for r in precision(session, b.a_person(session, "legal", squad=squad)) if r.by == "all"]
    assert (row.confirmed, row.rejected) == (1, 0)


def test_a_shadow_against_what_was_raised(database: Database, store: FileStore) -> None:
    """Raised in one footage: A (confirmed), B (rejected), C (open), at 3 places. The shadow saw A, B, and D."""
    boxes = {
        "A": (100, 200, 200, 300),
        "B": (400, 200, 500, 300),
        "C": (700, 200, 800, 300),
        "D": (10, 10, 60, 60),
    }
    with database.write() as session:
        camera = b.a_device(session)
        footage, unseen = b.a_footage(session, camera), b.a_footage(session, camera)
        raised = {
            n: b.a_candidate(session, store, camera, b.a_violation(box=boxes[n], key=n), footage)
            for n in "ABC"
        }
        raised["A"].state, raised["B"].state, raised["B"].reason = "kept", "rejected", "not_the_thing"
        later = b.a_violation(box=boxes["D"], start=b.at(90_000))
        b.a_candidate(session, store, camera, later, unseen)  # of a footage that the shadow did not see
        row = w.an_algorithm(session, "2")
        goods = b.a_violation(box=boxes["C"], type="stacked_goods", key="g")  # the place of C, another type
        found = [(b.a_violation(box=boxes[n], key=n), None) for n in "ABD"]
        w.looked(session, row, footage, looks=300, found=[*found, (goods, None)])
        broken = b.a_footage(session, camera)
        raise_candidate(
            session,
            b.a_violation(box=boxes["D"], key="x", start=b.at(200_000)),
            b.a_witness(broken),
            b.a_pack(store, b.a_violation(key="x")),
        )
        w.looked(session, row, broken, looks=7, fault="NaN")  # it stopped: not held against it
        result = compare(session, row.id)
    total = result.total
    assert (result.footage, result.looks, result.faults) == (2, 307, 1)
    assert (total.would_raise, total.agreed, total.only_shadow, total.only_active) == (4, 2, 2, 1)
    assert (total.confirmed, total.confirmed_found) == (1, 1)
    assert (total.rejected, total.rejected_repeated, total.undecided) == (1, 1, 1)
    assert [(r.type, r.would_raise, r.agreed, r.only_active) for r in result.by_type] == [
        ("stacked_goods", 1, 0, 0),
        ("stall", 3, 2, 1),
    ]
    assert {f.key for f in result.only_shadow} == {"D", "g"}


# Misses ---------------------------------------------------------------------------------------------


def test_the_estimate_weighs_cameras_by_their_looks() -> None:
    # 9,000 looks with 1 of 10 samples missed, 1,000 looks with 5 of 10: 0.9 * 0.1 + 0.1 * 0.5 = 0.14.
    found = misses("stall", [Stratum("A", 9000, 10, 1), Stratum("B", 1000, 10, 5)])
    assert found.per_1000.value == pytest.approx(0.14)
    # Kish: (10 * 900 + 10 * 100)^2 / (10 * 900^2 + 10 * 100^2) = 10^8 / 8.2 * 10^6 = 12.195 samples.
    assert found.per_1000.trials == pytest.approx(12.195, abs=0.001)
    assert (found.labelled, found.missed) == (20, 6)
    # Drawn evenly, nothing is lost: 2 of 40.
    even = misses(None, [Stratum("A", 3000, 30, 1), Stratum("B", 1000, 10, 1)])
    assert (even.per_1000.value, even.per_1000.trials) == (pytest.approx(0.05), pytest.approx(40))
    assert misses(None, []).per_1000.value is None


def test_samples_are_labelled_once_by_who_holds_them(database: Database) -> None:
    with database.write() as session:
        camera, other = b.a_device(session), b.a_device(session, "CAM-2")
        late, early = w.a_sample(session, camera, 600, turn=0.9), w.a_sample(session, camera, 400, turn=0.1)
        w.a_sample(session, other, 5000, turn=0.95)  # nobody labels a sample of this camera
        one, two = b.a_person(session), b.a_person(session)
    with database.write() as session:
        mine, until = service.take_next(session, one)
        theirs, _ = service.take_next(session, two)
        assert mine is not None
        assert theirs is not None
        assert until is not None
        assert (mine.id, theirs.id) == (early, late)  # the random order, not the order of drawing
        again, _ = service.take_next(session, one)
        assert again is mine
        with pytest.raises(Conflict, match="take this sample"):
            service.label(session, two, early, [])
        stall = {"type": "stall", "xyxy": [0.1, 0.1, 0.5, 0.5]}
        for wrong in ({**stall, "type": "cow"}, {**stall, "xyxy": [0.5, 0.1, 0.1, 0.5]}):
            with pytest.raises(Invalid):
                service.label(session, one, early, [wrong])
        service.label(session, one, early, [stall, stall])
        service.label(session, two, late, [])
        with pytest.raises(Conflict, match="labelled already"):
            service.label(session, two, early, [])
        assert waiting_count(session, one) == 1
        found = estimate(session)
        assert estimate(session, "model-9").labelled == 0
    # Two labelled of 1,000 looks of one camera; one shows stalls (twice on one look is one look).
    assert (found.looks, found.unseen_looks, found.labelled) == (1000, 5000, 2)
    assert {m.type: m.missed for m in found.types} == {
        None: 1,
        "stall": 1,
        "cross_door": 0,
        "stacked_goods": 0,
    }
    assert found.types[0].per_1000.value == pytest.approx(0.5)


def test_samples_of_another_squad_are_not_there(sqlite: Database) -> None:
    with sqlite.write() as session:
        squad, other = b.a_squad(session), b.a_squad(session, "SQ-B", 1)
        number = w.a_sample(session, b.a_device(session, squad=other))
        person = b.a_person(session, squad=squad)
        assert service.take_next(session, person) == (None, None)
        with pytest.raises(NotFound):
            service.label(session, person, number, [])
