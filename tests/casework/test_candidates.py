"""From violations to candidates: once per place and type, with what weakens a record said and what heals it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from casework.audit.tables import AuditEvent
from casework.candidates import queries
from casework.candidates.queries import Filter
from casework.candidates.service import doubts_of, raise_candidate, update_sighting
from casework.candidates.tables import Candidate, CandidateSighting
from casework.db import Database, Session
from casework.devices.tables import Device
from casework.errors import NotFound
from casework.evidence.tables import EvidenceSeal
from casework.people.roles import Role
from casework.people.service import Person
from casework.places.service import set_zones
from casework.review.checks import checks_of
from casework.storage import FileStore
from detector.scene.model import Violation
from tests import builders as b

FAR = (
    700,
    200,
    800,
    300,
)  # a place in the picture that shares nothing with the builders' (100, 200, 200, 300)
HOUR = 3600.0


class House:
    """A database with an evidence store, and the short way to raise something."""

    def __init__(self, database: Database, store: FileStore) -> None:
        self.database, self.store = database, store
        with database.write() as session:
            squad = b.a_squad(session)
            street = b.a_street(session, squad)
            b.a_shop(session, street, "SH-1")
            b.a_shop(session, street, "SH-2")
            for code, kind in (
                ("CAM-1", "fixed"),
                ("CAM-2", "fixed"),
                ("CAR-1", "vehicle"),
                ("CAR-2", "vehicle"),
            ):
                b.a_device(session, code, kind, squad, street)
            # CAM-0 has no approvals at all.
            b.a_device(session, "CAM-0", "fixed", squad, street, approved=[])

    def see(self, violation: Violation, footage: str | None = None, **witness: str) -> tuple[int, bool]:
        """Raise it from a piece of footage of its own device; returns (candidate, whether it is new)."""
        packed = b.a_pack(self.store, violation)
        with (
            self.database.write() as session
        ):  # its own transaction: as the pipeline does, and it locks the audit log
            device = session.scalars(select(Device).where(Device.code == violation.sighting.device_id)).one()
            row = b.a_footage(session, device, footage)
        with self.database.write() as session:
            candidate, new = raise_candidate(session, violation, b.a_witness(row, **witness), packed)
            return candidate.id, new

    def update(self, violation: Violation, *, gone: bool = False, ended: bool = False) -> None:
        with self.database.write() as session:
            update_sighting(session, violation, gone=gone, ended=ended)

    def get(self, candidate_id: int) -> Candidate:
        with self.database.read() as session:
            return session.get_one(Candidate, candidate_id)

    def count(self, table: Any) -> int:
        with self.database.read() as session:
            return session.scalar(select(func.count()).select_from(table)) or 0


@pytest.fixture
def house(database: Database, store: FileStore) -> House:
    return House(database, store)


@pytest.fixture
def small(sqlite: Database, store: FileStore) -> House:
    """On SQLite only, where the kind of database does not matter."""
    return House(sqlite, store)


# Once ------------------------------------------------------------------------------------------------


def test_a_violation_becomes_a_candidate(house: House) -> None:
    number, new = house.see(b.a_violation(key="V1", ground=b.metres(north=3)))
    row = house.get(number)
    assert new
    assert (row.type, row.state, row.proof, row.standing, row.reason) == (
        "stall",
        "open",
        "evidence",
        True,
        None,
    )
    assert (row.first_at, row.last_at) == (b.START, b.at(300))
    assert (row.observed_s, row.inferred_s, row.confidence) == (300, 0, 0.75)
    assert row.image_place == pytest.approx([0.1, 0.4, 0.2, 0.6])  # 100/1000, 200/500, 200/1000, 300/500
    assert (row.squad_id, row.street_id) != (None, None)
    assert row.facts["clue_because"] == []
    with house.database.read() as session:
        log = session.scalars(select(AuditEvent).where(AuditEvent.action == "candidate_raised")).one()
        assert (log.actor, log.subject) == ("device:CAM-1", f"candidate:{number}")


def test_the_same_violation_again_changes_nothing(house: House) -> None:
    violation = b.a_violation(key="V1")
    first = house.see(violation, "one.mp4")
    before = [house.count(t) for t in (Candidate, CandidateSighting, EvidenceSeal)]
    assert house.see(violation, "one.mp4") == (first[0], False)
    assert house.see(violation, "two.mp4") == (first[0], False)
    assert [house.count(t) for t in (Candidate, CandidateSighting, EvidenceSeal)] == before == [1, 1, 1]


def test_eight_cameras_raise_one_thing_at_once_and_it_is_one(house: House) -> None:
    """Eight vehicles' violations at one place, raised in parallel threads."""
    with house.database.write() as session:
        for i in range(8):
            b.a_device(session, f"V-{i}", "vehicle")

    def raise_(i: int) -> tuple[int, bool]:
        return house.see(b.a_violation(device=f"V-{i}", ground=b.metres(), proven=False))

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(raise_, range(8)))
    assert len({candidate for candidate, _ in found}) == 1
    assert sorted(new for _, new in found) == [False] * 7 + [True]
    assert (house.count(Candidate), house.count(CandidateSighting)) == (1, 8)


# Joined by place -----------------------------------------------------------------------------------------


def test_two_cameras_and_a_vehicle_that_see_one_thing_make_one(house: House) -> None:
    first, _ = house.see(b.a_violation(device="CAM-1", ground=b.metres(north=0)))
    second = house.see(b.a_violation(device="CAM-2", start=b.at(60), ground=b.metres(north=2), box=FAR))
    third = house.see(b.a_violation(device="CAR-1", start=b.at(400), seconds=60, ground=b.metres(east=2)))
    assert (second, third) == ((first, False), (first, False))
    row = house.get(first)
    assert (row.first_at, row.last_at) == (b.START, b.at(460))  # from the first's start to the third's end
    # Three devices saw 300, 300 and 60 s: the most that one of them saw, so that nothing counts twice.
    assert row.observed_s == 300


def test_two_stays_before_one_camera_add_up(small: House) -> None:
    first, _ = small.see(b.a_violation(start=b.at(0), seconds=300))
    again = small.see(b.a_violation(start=b.at(HOUR), seconds=420))
    assert again == (first, False)
    assert small.get(first).observed_s == 720


@pytest.mark.parametrize(
    ("north", "error_m", "joined"),
    [
        (2.9, 0.5, True),  # within 3 m always
        (3.2, 0.5, False),  # errors together 0.71 m, twice that 1.4 m: the 3 m hold
        (8.0, 3.0, True),  # errors together 4.24 m, twice that 8.5 m
        (9.0, 3.0, False),
        (11.5, 9.0, True),  # twice the errors is 25 m, but never more than 12 m
        (13.0, 9.0, False),
    ],
)
def test_how_near_is_one_place(small: House, north: float, error_m: float, joined: bool) -> None:
    first, _ = small.see(b.a_violation(device="CAM-1", ground=b.metres(0, error_m=error_m)))
    second, new = small.see(b.a_violation(device="CAR-1", ground=b.metres(north, error_m=error_m)))
    assert (second == first, not new) == (joined, joined)


def test_one_camera_tells_by_its_picture(small: House) -> None:
    """One place where the median boxes overlap by IoU 0.3 or more."""
    first, _ = small.see(b.a_violation(box=(100, 200, 200, 300)))
    # 40 px to the right: 60 common of 140 together, IoU 0.43, one place.
    assert small.see(b.a_violation(start=b.at(HOUR), box=(140, 200, 240, 300))) == (first, False)
    # 60 px to the right: 40 of 160, IoU 0.25, another.
    other, new = small.see(b.a_violation(start=b.at(HOUR), box=(160, 200, 260, 300)))
    assert (other != first, new) == (True, True)


def test_two_cameras_without_ground_places_are_never_joined(small: House) -> None:
    first, _ = small.see(b.a_violation(device="CAM-1"))
    second, new = small.see(b.a_violation(device="CAM-2"))
    assert (second != first, new) == (True, True)


def test_two_types_at_one_place_are_two(small: House) -> None:
    first, _ = small.see(b.a_violation(type="stall", ground=b.metres()))
    second, _ = small.see(b.a_violation(type="stacked_goods", device="CAM-2", ground=b.metres()))
    assert first != second


@pytest.mark.parametrize(("shop", "joined"), [("SH-1", True), ("SH-2", False)])
def test_shops_go_before_metres(small: House, shop: str, joined: bool) -> None:
    """10 m apart with good positions, yet one shop; 1 m apart, yet two shops."""
    first, _ = small.see(b.a_violation(type="cross_door", shop="SH-1", ground=b.metres()))
    second, _ = small.see(
        b.a_violation(
            type="cross_door", shop=shop, device="CAR-1", ground=b.metres(north=10 if joined else 1)
        )
    )
    assert (second == first) == joined
    assert small.get(first).shop_id is not None


def test_two_things_of_one_footage_are_never_joined(small: House) -> None:
    """The scene saw both at once and told them apart, be they as near as they like."""
    first, _ = small.see(b.a_violation(ground=b.metres()), "one.mp4")
    second, new = small.see(b.a_violation(ground=b.metres(north=1), box=(110, 200, 210, 300)), "one.mp4")
    assert (second != first, new) == (True, True)


@pytest.mark.parametrize(("hours", "joined"), [(5.9, True), (6.2, False)])
def test_six_hours_without_a_look_part_two(small: House, hours: float, joined: bool) -> None:
    first, _ = small.see(b.a_violation(seconds=0))
    second, _ = small.see(b.a_violation(start=b.at(hours * HOUR)))
    assert (second == first) == joined


def test_footage_that_comes_late_joins_what_stood_after_it(small: House) -> None:
    """Uploads do not arrive in order: an hour earlier is as near as an hour later."""
    first, _ = small.see(b.a_violation(start=b.at(HOUR)))
    assert small.see(b.a_violation(start=b.at(0))) == (first, False)
    assert small.get(first).first_at == b.START


def test_a_rejected_thing_that_still_stands_is_not_raised_again(small: House) -> None:
    first, _ = small.see(b.a_violation())
    with small.database.write() as session:
        session.get_one(Candidate, first).state = "rejected"
    assert small.see(b.a_violation(start=b.at(HOUR))) == (first, False)
    assert small.get(first).state == "rejected"


# Standing and absence ------------------------------------------------------------------------------------


def test_seen_to_be_gone_and_back_again_is_a_new_one(house: House) -> None:
    violation = b.a_violation(key="V1")
    first, _ = house.see(violation)
    longer = b.a_violation(key="V1", seconds=600)
    house.update(longer, gone=True, ended=True)
    row = house.get(first)
    assert (row.standing, row.last_at, row.observed_s) == (False, b.at(600), 600)
    second, new = house.see(b.a_violation(start=b.at(HOUR)))
    assert (second != first, new) == (True, True)


def test_the_end_of_a_recording_is_no_absence(small: House) -> None:
    first, _ = small.see(b.a_violation(key="V1"))
    small.update(b.a_violation(key="V1", seconds=600), gone=False, ended=True)
    assert small.get(first).standing
    assert small.see(b.a_violation(start=b.at(HOUR))) == (first, False)


def test_gone_before_one_camera_while_another_saw_it_later_still_stands(small: House) -> None:
    first, _ = small.see(b.a_violation(key="V1", device="CAM-1", ground=b.metres()))
    small.see(b.a_violation(device="CAM-2", start=b.at(600), ground=b.metres()))
    small.update(b.a_violation(key="V1", seconds=420, ground=b.metres()), gone=True, ended=True)
    assert small.get(first).standing


def test_an_update_again_or_of_the_past_changes_nothing(small: House) -> None:
    first, _ = small.see(b.a_violation(key="V1"))
    small.update(b.a_violation(key="V1", seconds=600))
    small.update(b.a_violation(key="V1", seconds=360))  # older than what is known
    assert small.get(first).last_at == b.at(600)
    small.update(b.a_violation(key="V1", seconds=660), ended=True)
    small.update(b.a_violation(key="V1", seconds=900))  # after its end
    assert small.get(first).last_at == b.at(660)
    small.update(b.a_violation(key="never raised"), gone=True, ended=True)
    assert small.count(Candidate) == 1


# Evidence or clue ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("proven", "time_source", "mode", "missing", "doubts"),
    [
        (True, "device", "evidence", [], []),
        (True, "interpolated", "evidence", [], []),
        (True, "device", "evidence", ["marked"], ["approval:marked"]),
        (False, "device", "evidence", [], ["one_pass"]),
        (True, "server", "evidence", [], ["clock:server"]),
        (True, "given", "evidence", [], ["clock:given"]),
        (True, "device", "clue", [], ["district"]),
        (False, "server", "clue", ["standard", "marked"],
         ["approval:standard", "approval:marked", "one_pass", "clock:server", "district"]),
    ],
)  # fmt: skip
def test_each_doubt_makes_a_clue(
    small: House, proven: bool, time_source: str, mode: str, missing: list[str], doubts: list[str]
) -> None:
    with small.database.write() as session:
        device = b.a_device(session, "CAM-9", approved=b.approvals(without=missing))
        violation = b.a_violation(device="CAM-9", proven=proven)
        row = b.a_candidate(session, small.store, device, violation, legal_mode=mode, time_source=time_source)
        assert row.facts["clue_because"] == doubts
        assert row.proof == ("clue" if doubts else "evidence")
        assert (
            doubts_of(violation, b.a_witness(b.a_footage(session, device), mode, time_source), missing)
            == doubts
        )


def test_approvals_count_on_the_day_of_the_act(small: House) -> None:
    """Approved until Oct 11: an act on Oct 12 00:00 in Shanghai (Oct 11 16:00 UTC) is a clue."""
    with small.database.write() as session:
        approved = b.approvals(valid_to=date(2026, 10, 11))
        device = b.a_device(session, "CAM-9", approved=approved)
        for moment, proof in (
            (datetime(2026, 10, 11, 15, 59, tzinfo=UTC), "evidence"),
            (datetime(2026, 10, 11, 16, 0, tzinfo=UTC), "clue"),
        ):
            violation = b.a_violation(
                device="CAM-9", start=moment, box=FAR if proof == "clue" else (1, 1, 9, 9)
            )
            assert b.a_candidate(session, small.store, device, violation).proof == proof


def _pass(seconds: float, device: str = "CAR-1") -> Violation:
    return b.a_violation(device=device, start=b.at(seconds), seconds=0, ground=b.metres(), proven=False)


@pytest.mark.parametrize(("after_s", "proof"), [(599, "clue"), (600, "evidence"), (3000, "evidence")])
def test_a_second_pass_ten_minutes_later_proves(small: House, after_s: float, proof: str) -> None:
    first, _ = small.see(_pass(0))
    assert small.get(first).proof == "clue"
    assert small.see(_pass(after_s)) == (first, False)
    row = small.get(first)
    assert row.proof == proof
    assert row.facts["clue_because"] == ([] if proof == "evidence" else ["one_pass"])


def test_the_facts_say_whether_one_pass_or_two_prove_it(small: House) -> None:
    first, _ = small.see(_pass(0))
    facts = small.get(first).facts
    assert (facts["proven_by"], facts["passes"], facts["passes_apart_s"]) == ("one_pass", 1, 0.0)
    small.see(_pass(300))
    assert small.get(first).facts["proven_by"] == "one_pass"
    small.see(_pass(700))
    facts = small.get(first).facts
    assert (facts["proven_by"], facts["passes"], facts["passes_apart_s"]) == ("two_passes", 3, 700.0)
    fixed, _ = small.see(b.a_violation(device="CAM-1", start=b.at(0), box=(700, 300, 800, 400)))
    assert small.get(fixed).facts["proven_by"] == "dwell"


def test_passes_under_two_versions_of_a_rule_do_not_prove_together(small: House) -> None:
    first, _ = small.see(_pass(0))
    small.see(replace(_pass(700), rule_version=2))
    row = small.get(first)
    assert (row.proof, row.facts["proven_by"]) == ("clue", "one_pass")
    small.see(replace(_pass(1400), rule_version=2))  # two under version 2, 700 s apart
    row = small.get(first)
    assert (row.proof, row.facts["proven_by"]) == ("evidence", "two_passes")


def test_of_two_candidates_within_the_error_the_nearer_is_joined(small: House) -> None:
    def seen(east: float, seconds: float) -> Violation:
        return b.a_violation(
            device="CAR-1",
            start=b.at(seconds),
            seconds=0,
            ground=b.metres(east=east, error_m=3.0),
            proven=False,
        )

    west, _ = small.see(seen(0, 0))
    east, _ = small.see(seen(9, 0))
    assert west != east
    assert small.see(seen(7, 900)) == (east, False)  # 7 m from the first as well: within 2 sqrt(9 + 9)


def test_the_rule_that_was_applied_says_how_far_apart(small: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(b.RULE, "pass_spacing_s", 120.0)
    first, _ = small.see(_pass(0))
    small.see(_pass(119))
    assert small.get(first).proof == "clue"
    small.see(_pass(120))
    assert small.get(first).proof == "evidence"


def test_a_pass_of_a_device_without_approvals_does_not_count_as_one_of_the_two(small: House) -> None:
    """Penalty Law art. 41: what an unapproved device recorded proves nothing, not even half of it."""
    with small.database.write() as session:
        b.a_device(session, "CAR-0", "vehicle", approved=[])
    first, _ = small.see(_pass(0, "CAR-0"))
    small.see(_pass(900, "CAR-1"))
    assert small.get(first).proof == "clue"
    small.see(_pass(1600, "CAR-2"))  # two approved passes, 700 s apart
    assert small.get(first).proof == "evidence"


def test_an_approved_camera_proves_what_an_unapproved_one_saw_first(small: House) -> None:
    first, _ = small.see(b.a_violation(device="CAM-0", ground=b.metres()))
    assert small.get(first).facts["clue_because"] == [f"approval:{k}" for k in (
        "legal_review", "technical_review", "standard", "marked", "published", "maintained", "clock_sync"
    )]  # fmt: skip
    small.see(b.a_violation(device="CAM-1", start=b.at(60), ground=b.metres()))
    assert small.get(first).proof == "evidence"


@pytest.mark.parametrize("state", ["kept", "rejected", "filed", "escalated", "returned"])
def test_what_somebody_decided_on_is_not_strengthened(small: House, state: str) -> None:
    first, _ = small.see(_pass(0))
    with small.database.write() as session:
        session.get_one(Candidate, first).state = state
    small.see(_pass(900))
    assert small.get(first).proof == "clue"


@pytest.mark.parametrize("weak", [{"time_source": "server"}, {"legal_mode": "clue"}])
def test_a_second_pass_with_a_doubt_of_its_own_does_not_prove(small: House, weak: dict[str, str]) -> None:
    first, _ = small.see(_pass(0))
    small.see(_pass(900), **weak)
    assert small.get(first).proof == "clue"


# Numbers, lists --------------------------------------------------------------------------------------


def test_numbers_count_per_day_in_shanghai(small: House) -> None:
    before_midnight = datetime(2026, 10, 12, 15, 59, 59, tzinfo=UTC)
    numbers = []
    for start, box in (
        (before_midnight, (1, 1, 9, 9)),
        (before_midnight, FAR),
        (before_midnight + timedelta(seconds=1), (300, 1, 309, 9)),
    ):
        candidate, _ = small.see(b.a_violation(start=start, box=box))
        numbers.append(small.get(candidate).number)
    assert numbers == ["YS-20261012-0001", "YS-20261012-0002", "YS-20261013-0001"]


def _numbered(session: Session, want: Filter, squad: int | None = None) -> list[str]:
    person = b.a_person(session, "leader")
    if squad is not None:
        person = type(person)(person.id, person.username, person.display_name, person.role, squad)
    rows, total = queries.page_of_candidates(session, person, want, 1, 50)
    assert total == len(rows)
    return [r.number for r in rows]


def test_lists_are_narrowed_and_kept_to_the_squad(database: Database) -> None:
    with database.write() as session:
        a, other = b.a_squad(session, "SQ-A"), b.a_squad(session, "SQ-B", 1)
        street = b.a_street(session, a)
        camera = b.a_device(session, "CAM-1", squad=a, street=street)
        car = b.a_device(session, "CAR-1", "vehicle", squad=other)
        for number, device, values in (
            ("1", camera, {"first_at": b.at(0)}),
            ("2", camera, {"first_at": b.at(10), "type": "cross_door"}),
            ("3", car, {"first_at": b.at(20), "state": "kept"}),
        ):
            b.a_candidate_row(session, device, number=number, **values)
        assert _numbered(session, Filter()) == ["3", "2", "1"]  # newest first
        assert _numbered(session, Filter(), a.id) == ["2", "1"]
        assert _numbered(session, Filter(squad="SQ-B")) == ["3"]
        assert _numbered(session, Filter(squad="SQ-B"), a.id) == []
        assert _numbered(session, Filter(street="ST-A")) == ["2", "1"]
        assert _numbered(session, Filter(type="cross_door")) == ["2"]
        assert _numbered(session, Filter(state="kept")) == ["3"]
        assert _numbered(session, Filter(device="CAM-1")) == ["2", "1"]
        assert _numbered(session, Filter(since=b.at(10), until=b.at(20))) == ["2"]  # half-open
        assert _numbered(session, Filter(squad="SQ-X")) == []


def test_a_candidate_of_another_squad_is_not_found(small: House) -> None:
    with small.database.write() as session:
        other = b.a_squad(session, "SQ-B", 1)
        candidate = b.a_candidate_row(session, b.a_device(session, "CAM-9", squad=other))
        own = b.a_person(session, "leader", squad=session.get_one(type(other), 1))
        with pytest.raises(NotFound):
            queries.candidate(session, own, candidate.id)
        assert queries.candidate(session, b.a_person(session, "legal"), candidate.id).id == candidate.id


@pytest.mark.parametrize(("minute", "place"), [(0, "夜市"), (600, None)])
def test_a_permitted_place_on_the_ground_is_checked(
    database: Database, store: FileStore, minute: int, place: str | None
) -> None:
    # The place holds from the hour before START's to the second hour after, in Shanghai; not ten hours later.
    here, wide = b.metres(), 0.0002
    corners = [
        [here.longitude + x * wide, here.latitude + y * wide] for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]
    hour = b.START.astimezone(ZoneInfo("Asia/Shanghai"))
    hours = [[f"{(hour.hour - 1) % 24:02d}:00", f"{(hour.hour + 2) % 24:02d}:00"]]
    with database.write() as session:
        device = b.a_device(session, squad=b.a_squad(session))
        zone = {
            "code": "P1",
            "kind": "permitted",
            "polygon": corners,
            "name": "夜市",
            "calendar": {"hours": hours},
        }
        set_zones(session, "test", None, [zone])
        seen = b.a_violation(device=device.code, ground=here, start=b.START + timedelta(minutes=minute))
        row = b.a_candidate(session, store, device, seen)
        assert row.facts["permitted_place"] == place
    with database.read() as session:
        whole = queries.candidate(session, Person(1, "x", "x", Role.LEGAL, None), row.id)
        [check] = [c for c in checks_of(whole) if c.code == "permitted"]
    assert check.ok is (place is None)
