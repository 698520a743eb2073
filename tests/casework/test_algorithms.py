"""The warehouse: steps, guards by values worked out by hand, scopes, rollback, the kept files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import select

from casework.algorithms import queries, service
from casework.algorithms.files import folder_of, keep
from casework.algorithms.guards import compared, promotion_guards
from casework.algorithms.scopes import Scope, chosen_for, holding, in_use_at
from casework.algorithms.tables import Algorithm
from casework.algorithms.transitions import limits, steps
from casework.algorithms.wilson import share
from casework.audit.tables import AuditEvent
from casework.db import Database
from casework.errors import Conflict, Invalid, NotFound, Refused
from casework.storage import FileStore
from casework.verify import verify
from tests import builders as b
from tests import warehouse as w


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    [
        # Newcombe (1998), Statistics in Medicine 17:857, table I, method 3 (score without correction).
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilsons_interval_is_the_published_one(hits: int, trials: int, low: float, high: float) -> None:
    found = share(hits, trials)
    assert (found.low, found.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))
    assert found.value == hits / trials


def test_a_share_of_nothing_is_not_known() -> None:
    assert (share(0, 0).value, share(0, 0).low, share(0, 0).high) == (None, None, None)
    assert share(29, 29).high == 1.0


# Steps ----------------------------------------------------------------------------------------------


def test_the_table_of_steps() -> None:
    assert {(s.act, s.source, s.to) for s in steps()} == {
        ("shadow", "trained", "shadow"), ("shadow", "retired", "shadow"), ("shadow", "shadow", "shadow"),
        ("shadow", "active", "active"), ("promote", "shadow", "active"), ("promote", "active", "active"),
        ("retire", "trained", "retired"), ("retire", "shadow", "retired"), ("retire", "active", "retired"),
        ("withdraw", "active", "retired"), ("restore", "active", "active"), ("restore", "retired", "active"),
    }  # fmt: skip
    assert {s.guards for s in steps() if s.act == "promote"} == {
        ("evaluation", "shadow_span", "other_person")
    }


def test_from_trained_to_retired_with_who_when_why(database: Database) -> None:
    with database.write() as session:
        camera, old = b.a_device(session), w.in_use(session)
        w.an_evaluation(session, old)
        person = b.a_person(session, "statistician")
        new = w.ready(session, "2", camera)
        service.promote(session, person, new.id, Scope(), "各类均更好")
        assert (new.state, new.approved_by_name, old.state) == ("active", person.display_name, "active")
        assert in_use_at(session, Scope()) is new
        assert holding(session, Scope(), "shadow") is None  # it does not run beside itself
        service.retire(session, person, old.id, "已被替换")
    with database.read() as session:
        row = queries.algorithm_named(session, "street@2")
        assert [(e.act, e.from_state, e.to_state) for e in row.events] == [
            ("add", None, "trained"), ("evaluation", "trained", "trained"), ("shadow", "trained", "shadow"),
            ("promote", "shadow", "active"),
        ]  # fmt: skip
        assert row.events[-1].reason == "各类均更好"
        assert queries.algorithm(session, old.id).state == "retired"
        logged = list(session.scalars(select(AuditEvent.action).order_by(AuditEvent.seq)))
        assert [a for a in logged if a.startswith("algorithm_")][-2:] == [
            "algorithm_promote",
            "algorithm_retire",
        ]


@pytest.mark.parametrize("act", ["promote", "retire", "shadow"])
def test_an_act_needs_a_reason_and_a_role(sqlite: Database, act: str) -> None:
    with sqlite.write() as session:
        row = w.an_algorithm(session)
        given = (row.id,) if act == "retire" else (row.id, Scope())
        run = getattr(service, act)
        with pytest.raises(Invalid, match="reason"):
            run(session, b.a_person(session, "admin"), *given, "  ")
        stopped = Conflict if act == "promote" else Refused  # a trained version is promoted by nobody
        with pytest.raises(stopped):
            run(session, b.a_person(session, "reviewer"), *given, "因为")


def test_a_version_is_registered_once(sqlite: Database) -> None:
    with sqlite.write() as session:
        person = b.a_person(session, "admin")
        w.an_algorithm(session, "1")
        with pytest.raises(Conflict, match="another version"):
            service.add(session, person, w.an_offer("1"), 1000, "再来")
        with pytest.raises(Invalid, match="letters"):
            service.add(session, person, w.an_offer("../1"), 1000, "坏名")


# Guards ---------------------------------------------------------------------------------------------


def test_not_worse_in_any_class() -> None:
    old = {
        "ap50": {"mean": 0.5, "mean_ci": [0, 1], "stall": 0.4, "stall_ci": [0, 1], "pile": 0.6, "van": None}
    }
    better = {"ap50": {"mean": 0.5, "stall": 0.4, "pile": 0.9}}
    assert [(c.name, c.worse) for c in compared(better, old, 0.0)] == [("pile", False), ("stall", False)]
    # A better mean does not make up for a class that is worse by 0.01; a tolerance of 0.02 does.
    worse = {"ap50": {"mean": 0.9, "stall": 0.39, "pile": 0.9}}
    assert [c.name for c in compared(worse, old, 0.0) if c.worse] == ["stall"]
    assert not any(c.worse for c in compared(worse, old, 0.02))
    lacking = {"ap50": {"mean": 0.9, "pile": 0.9, "stall": None}}
    assert [c.name for c in compared(lacking, old, 0.0) if c.worse] == ["stall"]


def test_a_guard_that_fails_says_which_and_why(database: Database) -> None:
    with database.write() as session:
        camera, old = b.a_device(session), w.in_use(session)
        adder = b.a_person(session, "admin")
        new = w.an_algorithm(session, "2", by=adder)
        service.shadow(session, adder, new.id, Scope(), "试运行")
        w.looked(session, new, b.a_footage(session, camera), looks=limits().shadow_looks - 1)
        with pytest.raises(Conflict) as caught:
            service.promote(session, adder, new.id, Scope(), "急")
        assert caught.value.code == "guards_failed"
        for said in ("no evaluation on the same keep-set", "4999 looks", "somebody else must"):
            assert said in caught.value.en
        for said in ("同一保留集", "4999", "他人批准"):
            assert said in caught.value.zh
        # One look more, another person, and figures: but one class is worse than what is in use.
        w.looked(session, new, b.a_footage(session, camera), looks=1)
        w.an_evaluation(session, old, stall=0.60, pile=0.70)
        w.an_evaluation(session, new, stall=0.59, pile=0.99)
        other = b.a_person(session, "statistician")
        assert [g.code for g in promotion_guards(session, new, Scope(), other) if not g.ok] == ["evaluation"]
        with pytest.raises(Conflict, match=r"stall 0\.590 < 0\.600"):
            service.promote(session, other, new.id, Scope(), "好")
        assert (new.state, in_use_at(session, Scope())) == ("shadow", old)
        w.an_evaluation(session, new, stall=0.60, pile=0.99)  # measured again: the newest counts
        service.promote(session, other, new.id, Scope(), "好")


def test_figures_on_other_data_do_not_compare(sqlite: Database) -> None:
    with sqlite.write() as session:
        old, new = w.in_use(session), w.an_algorithm(session, "2")
        w.an_evaluation(session, old, dataset="a" * 64)
        w.an_evaluation(session, new, dataset="b" * 64)
        [guard] = [
            g
            for g in promotion_guards(session, new, Scope(), b.a_person(session, "statistician"))
            if g.code == "evaluation"
        ]
        assert not guard.ok
        assert "same keep-set" in guard.en


def test_figures_of_another_model_are_refused(sqlite: Database) -> None:
    with sqlite.write() as session:
        one, two = w.an_algorithm(session, "1"), w.an_algorithm(session, "2")
        person = b.a_person(session, "admin")
        with pytest.raises(Invalid, match="another model"):
            service.record_evaluation(session, person, one.id, service.Evaluated("k", w.figures(two)))
        for broken in (
            {},
            {"model": {"sha256": one.sha256}},
            w.figures(one, stall=1.5),
            w.figures(one, dataset="short"),
        ):
            with pytest.raises(Invalid):
                service.record_evaluation(session, person, one.id, service.Evaluated("k", broken))


def test_the_shadow_span_counts_its_own_scope_and_begins_anew(database: Database) -> None:
    with database.write() as session:
        near, far = b.a_device(session, "CAM-1", camera_group="north"), b.a_device(session, "CAM-2")
        row, person = w.an_algorithm(session, "2"), b.a_person(session, "admin")
        service.shadow(session, person, row.id, Scope(), "试")
        w.looked(session, row, b.a_footage(session, near), looks=100)
        w.looked(session, row, b.a_footage(session, far), looks=30)
        found = [
            queries.shadow_looks(session, row.id, s)
            for s in (Scope(), Scope("group", "north"), Scope("device", "CAM-2"))
        ]
        assert found == [130, 100, 30]
        service.retire(session, person, row.id, "先停")
        service.shadow(session, person, row.id, Scope(), "再试")
        assert queries.shadow_looks(session, row.id, Scope()) == 0


# Scopes and rollback ------------------------------------------------------------------------------------


def test_the_most_specific_assignment_wins(database: Database) -> None:
    with database.write() as session:
        one = b.a_device(session, "CAM-1", camera_group="north")
        two, three = b.a_device(session, "CAM-2", camera_group="north"), b.a_device(session, "CAM-3")
        assert chosen_for(session, one).active is None
        old = w.in_use(session)
        w.an_evaluation(session, old)
        person = b.a_person(session, "statistician")
        group = w.ready(session, "2", one)
        service.promote(session, person, group.id, Scope("group", "north"), "北片先用")
        device = w.ready(session, "3", one)
        w.an_evaluation(session, group)
        service.promote(session, person, device.id, Scope("device", "CAM-1"), "一台先用")
        used = [chosen_for(session, d).active for d in (one, two, three)]
        assert used == [device, group, old]
        # The district's shadow (the last that was set) runs beside each, but never beside itself.
        assert [[s.version for s in chosen_for(session, d).shadows] for d in (one, two, three)] == [
            [],
            ["3"],
            ["3"],
        ]


@pytest.mark.parametrize(
    "scope", [Scope("galaxy"), Scope("district", "x"), Scope("device"), Scope("group", "no")]
)
def test_a_scope_that_is_none_is_refused(sqlite: Database, scope: Scope) -> None:
    with sqlite.write() as session:
        row = w.an_algorithm(session)
        with pytest.raises((Invalid, NotFound)):
            service.shadow(session, b.a_person(session, "admin"), row.id, scope, "试")


def test_rollback_in_one_step(database: Database) -> None:
    with database.write() as session:
        camera, first = b.a_device(session), w.in_use(session)
        w.an_evaluation(session, first)
        person = b.a_person(session, "statistician")
        made: list[Algorithm] = [first]
        for version in ("2", "3"):
            made.append(w.ready(session, version, camera))
            service.promote(session, person, made[-1].id, Scope(), "更好")
        service.retire(session, person, first.id, "旧")
        current = holding(session, Scope())
        assert current is not None
        back = service.rollback(session, person, current.id, "误报增多")
        assert back is not None
        assert chosen_for(session, camera).active is made[1]
        assert [r.state for r in made] == ["retired", "active", "retired"]
        with pytest.raises(Conflict, match="not in use"):  # a second click changes nothing
            service.rollback(session, person, current.id, "误报增多")
        # Once more, on purpose: to the version before, which was retired meanwhile.
        again = service.rollback(session, person, back.id, "仍不好")
        assert again is not None
        assert chosen_for(session, camera).active is first
        assert [r.state for r in made] == ["active", "retired", "retired"]
        with pytest.raises(Conflict, match="no version before"):
            service.rollback(session, person, again.id, "再退")
    with database.read() as session:
        events = [(e.act, e.reason) for e in queries.algorithm(session, made[1].id).events]
    assert events[-2:] == [("restore", "误报增多"), ("withdraw", "仍不好")]


def test_a_cameras_rollback_goes_back_to_the_district(sqlite: Database) -> None:
    with sqlite.write() as session:
        camera, old = b.a_device(session), w.in_use(session)
        w.an_evaluation(session, old)
        person = b.a_person(session, "statistician")
        new = w.ready(session, "2", camera)
        own = service.promote(session, person, new.id, Scope("device", camera.code), "先用一台")
        assert service.rollback(session, person, own.id, "不好") is None
        assert chosen_for(session, camera).active is old


def test_what_is_in_use_is_not_retired(sqlite: Database) -> None:
    with sqlite.write() as session:
        row = w.in_use(session)
        with pytest.raises(Conflict, match="in use: district"):
            service.retire(session, b.a_person(session, "admin"), row.id, "旧")


def test_the_release_is_adopted_once_and_never_over_a_persons_choice(sqlite: Database) -> None:
    with sqlite.write() as session:
        camera, first = b.a_device(session), w.in_use(session, "1")
        assert w.in_use(session, "1") is first
        later = w.in_use(session, "2")  # an upgrade brings another default: registered, not used
        assert (later.state, chosen_for(session, camera).active) == ("trained", first)


# Files ----------------------------------------------------------------------------------------------


def test_the_kept_copy_is_a_weights_folder(tmp_path: Path) -> None:
    path = tmp_path / "street.onnx"
    path.write_bytes(b"weights")
    offer, root = w.an_offer("1", path=path), tmp_path / "kept"
    assert keep(root, offer) == keep(root, offer) == 7
    folder = folder_of(root, offer.model_id)
    assert (folder / "street.onnx").read_bytes() == b"weights"
    assert json.loads((folder / "manifest.json").read_text("utf-8"))["default"] == "street"
    assert [p.name for p in root.iterdir()] == [offer.model_id]  # nothing half-made is left
    path.write_bytes(b"changed")
    with pytest.raises(Invalid, match="not the file of the manifest"):
        keep(root, offer)


def test_a_changed_state_is_found(sqlite: Database, store: FileStore) -> None:
    with sqlite.write() as session:
        row = w.an_algorithm(session, "1")
        assert verify(session, store).bad == []
        row.state = "active"
        session.flush()
        assert verify(session, store).bad == ["algorithm street 1: is 'active', its events say otherwise"]
