"""Groups of alike candidates: who belongs to one, taking it, deciding on it, the place that it came from."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from casework.candidates.queries import Filter
from casework.candidates.service import raise_candidate
from casework.candidates.tables import Candidate
from casework.db import Database, Session, utcnow
from casework.errors import CaseworkError
from casework.evidence.tables import EvidenceItem, EvidenceSeal
from casework.fixtures.queries import fixture_at
from casework.fixtures.tables import Fixture
from casework.people.service import Person
from casework.review import groups, undo
from casework.review.admission import Choice
from casework.review.groups import Done, Member
from casework.review.tables import Decision
from casework.storage import FileStore
from tests import builders as b
from tests.casework.review.room import Room

BOX = [0.1, 0.4, 0.2, 0.6]


# Who is alike ------------------------------------------------------------------------------------------------


def raised(session: Session, store: FileStore, device: Any, hour: int, **values: Any) -> Candidate:
    """A candidate so many hours after the start, gone since: the next at its place is another."""
    witness = {"colours": values.pop("colours", None)}
    violation = b.a_violation(device=device.code, start=b.at(hour * 3600.0), **values)
    looked = b.a_witness(b.a_footage(session, device))
    looked = type(looked)(**{**{n: getattr(looked, n) for n in looked.__slots__}, **witness})
    packed = b.a_pack(store, violation, shade=hour % 200)
    row = raise_candidate(session, violation, looked, packed)[0]
    row.standing = False
    session.flush()
    return row


def test_alike_by_one_fixed_camera(sqlite: Database, store: FileStore) -> None:
    """Boxes (100, 200, 200, 300) of 1000 x 500: shifted by 40 they share 60 of 140 (0.43), by 50 50 of 150 (0.33)."""
    red, blue = [0.0, 0.0, 0.0, 1.0, *[0.0] * 8], [0.0] * 11 + [1.0]
    with sqlite.write() as session:
        camera, other = b.a_device(session), b.a_device(session, "CAM-2")
        first = raised(session, store, camera, 0, colours=red)
        alike = raised(session, store, camera, 8, box=(140, 200, 240, 300))
        assert (first.group_id, alike.group_id) == (first.id, first.id)
        for number, values in enumerate(
            (
                {
                    "box": (150, 200, 250, 300),
                    "colours": blue,
                },  # 0.33 of the first; of the second, whose colours
                {"type": "cross_door"},  # nobody knows, 90 of 110
            )
        ):
            row = raised(session, store, camera, 16 + 8 * number, **values)
            assert (row.group_id == first.id) == (number == 0)
        apart = raised(session, store, camera, 40, box=(700, 200, 800, 300))
        elsewhere = raised(session, store, other, 41)
        assert (apart.group_id, elsewhere.group_id) == (apart.id, elsewhere.id)


def test_other_colours_and_old_ones_are_not_alike(sqlite: Database, store: FileStore) -> None:
    red, blue = [0.0, 0.0, 0.0, 1.0, *[0.0] * 8], [0.0] * 11 + [1.0]
    with sqlite.write() as session:
        camera = b.a_device(session)
        first = raised(session, store, camera, 0, colours=red)
        assert raised(session, store, camera, 8, colours=blue).group_id != first.id
        assert raised(session, store, camera, 16, colours=red).group_id == first.id
        late = raised(session, store, camera, 24 * 9)  # more than seven days later
        assert late.group_id == late.id


def test_alike_on_the_ground(sqlite: Database, store: FileStore) -> None:
    """By a vehicle: 5 m is near, 7 m is not (6 m); the chain goes on from the nearer one."""
    with sqlite.write() as session:
        car = b.a_device(session, "CAR-1", "vehicle")
        rows = [
            raised(session, store, car, 8 * n, ground=b.metres(north=m, error_m=0.1), proven=False)
            for n, m in enumerate((0.0, 5.0, 30.0, 37.0))
        ]
        ids = [row.id for row in rows]
        assert [row.group_id for row in rows] == [ids[0], ids[0], ids[2], ids[3]]


def test_a_repeat_is_known_when_it_is_raised(sqlite: Database, store: FileStore) -> None:
    with sqlite.write() as session:
        camera = b.a_device(session)
        first = raised(session, store, camera, 0)
        assert "repeats" not in first.facts
        first.state = "kept"
        session.flush()
        again = raised(session, store, camera, 8)
        assert (again.facts["repeats"], again.rank) == (1, -100 - 2)  # not standing any more, 0.75 sure
        assert raised(session, store, camera, 24 * 31).facts.get("repeats") is None


# Looking at one, and deciding --------------------------------------------------------------------------------


class Alike(Room):
    """``count`` candidates of one camera in group 1, each with two sealed pictures."""

    def __init__(self, database: Database, count: int) -> None:
        super().__init__(database, waiting=count, at_work=False)
        self.shown: dict[int, list[dict[str, Any]]] = {}
        with database.write() as session:
            for row in session.scalars(select(Candidate)).all():
                row.group_id = 1
                seal = EvidenceSeal(
                    seq=row.id, key=f"{row.id}:birth", candidate_id=row.id, manifest_sha256="",
                    sealed_at=b.START, prev_hash="", hash="",
                )  # fmt: skip
                session.add(seal)
                session.flush()
                pictures = [
                    EvidenceItem(
                        seal_seq=row.id, candidate_id=row.id, kind="picture", role=role, sha256="", size=1,
                        media_type="image/png", captured_at=b.at(number), meta={},
                    )
                    for number, role in enumerate(("first", "latest"))
                ]  # fmt: skip
                session.add_all(pictures)
                session.flush()
                self.shown[row.id] = [{"picture": item.id, "ms": 300} for item in pictures]

    def take_all(self, person: Person, limit: int = 200) -> tuple[list[int], int]:
        with self.database.write() as session:
            rows, _, left = groups.take_group(session, person, 1, "first", limit)
            return [row.id for row in rows], left

    def decide_all(
        self, person: Person, ids: list[int], *, unseen: tuple[int, ...] = (), **values: Any
    ) -> Done:
        fixture = values.pop("fixture", False)
        given = {
            "stage": "first", "verdict": "reject", "key": "the-group", "reason": "normal_use", **values,
        }  # fmt: skip
        members = [Member(i, [] if i in unseen else self.shown.get(i, []), 1.5) for i in ids]
        with self.database.write() as session:
            return groups.decide_group(session, person, 1, Choice(**given), members, fixture=fixture)


def test_two_hundred_are_cleared_with_a_fixture(sqlite: Database) -> None:
    room = Alike(sqlite, 200)
    room.put(7, image_place=[0.15, 0.35, 0.25, 0.6])
    with sqlite.read() as session:
        [group] = groups.waiting_groups(session, room.li, "first", Filter())
    assert (group.id, group.waiting, group.newest.id) == (1, 200, 200)
    ids, left = room.take_all(room.li)
    assert (len(ids), left) == (200, 0)
    assert room.take(room.chen) is None
    done = room.decide_all(room.li, ids, fixture=True, note="报刊亭")
    assert (done.decided, done.refused) == (ids, {})
    again = room.decide_all(room.li, ids, fixture=True, note="报刊亭")  # the answer was lost on the way
    assert (again.decided, again.fixture_id) == (ids, done.fixture_id)
    with sqlite.read() as session:
        made = session.scalars(select(Decision)).all()
        assert len(made) == 200
        assert {(d.batch, d.reason, d.seconds) for d in made} == {("the-group", "normal_use", 1.5)}
        [fixture] = session.scalars(select(Fixture)).all()
        assert (fixture.id, fixture.type, fixture.reason) == (done.fixture_id, "stall", "报刊亭")
        assert fixture.polygon == [[0.1, 0.35], [0.25, 0.35], [0.25, 0.6], [0.1, 0.6]]
        assert {c.state for c in session.scalars(select(Candidate))} == {"rejected"}
        assert groups.waiting_groups(session, room.li, "first", Filter()) == []
        # What stands there raises nothing any more: (100, 200, 200, 300) of 1000 x 500 is (0.1, 0.4, 0.2, 0.6).
        violation = b.a_violation(start=utcnow())
        assert fixture_at(session, violation, room.camera) is not None


def test_one_that_was_not_looked_at_stays(sqlite: Database) -> None:
    room = Alike(sqlite, 3)
    ids, _ = room.take_all(room.li)
    done = room.decide_all(room.li, ids, unseen=(2,))
    assert (done.decided, {i: e.code for i, e in done.refused.items()}) == ([1, 3], {2: "not_shown"})
    assert [room.get(i).state for i in ids] == ["rejected", "open", "rejected"]
    assert room.get(2).lease_by == room.li.id  # still theirs


def test_each_is_refused_for_its_own_reason(sqlite: Database) -> None:
    room = Alike(sqlite, 5)
    assert room.take(room.chen) == 1
    assert room.take_all(room.li, limit=3) == ([2, 3, 4], 2)
    room.put(3, group_id=3)
    done = room.decide_all(room.li, [1, 2, 3, 4, 5, 99])
    assert done.decided == [2, 4]
    codes = {i: e.code for i, e in done.refused.items()}
    assert codes == {1: "held_by_other", 3: "not_found", 5: "not_held", 99: "not_found"}


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"verdict": "keep", "reason": None, "fixture": True}, "fixture_unwanted"),
        ({"stage": "senior"}, "not_your_stage"),
        ({"ids": [1, 1]}, "member_twice"),
    ],
)
def test_what_refuses_all(sqlite: Database, values: dict[str, Any], code: str) -> None:
    room = Alike(sqlite, 2)
    ids = values.pop("ids", room.take_all(room.li)[0])
    with pytest.raises(CaseworkError) as caught:
        room.decide_all(room.li, ids, **values)
    assert (caught.value.code, room.get(1).state) == (code, "open")


def test_a_group_is_held_and_given_back(database: Database) -> None:
    room = Alike(database, 4)
    assert room.take_all(room.li, limit=2) == ([1, 2], 2)
    assert room.take_all(room.chen) == ([3, 4], 2)
    with database.write() as session:
        groups.release_group(session, room.li, 1)
    assert [room.get(i).lease_by for i in (1, 2, 3)] == [None, None, room.chen.id]
    with pytest.raises(CaseworkError, match="no group that waits 77"), database.write() as session:
        groups.take_group(session, room.li, 77, "first", 10)


def test_a_group_is_undone_as_a_whole_or_one_by_one(sqlite: Database) -> None:
    room = Alike(sqlite, 30)
    ids, _ = room.take_all(room.li)
    room.decide_all(room.li, ids)
    with sqlite.read() as session:
        [recent] = undo.recent(session, room.li, "first")
        assert (recent.count, recent.because, recent.decision.batch) == (30, None, "the-group")
        first = session.scalars(select(Decision).where(Decision.candidate_id == 1)).one()
    with sqlite.write() as session:  # the first of thirty: together they are one of the last twenty
        undo.undo(session, room.li, first.id, "undo-one")
    assert [room.get(i).state for i in (1, 2)] == ["open", "rejected"]
    with sqlite.write() as session:
        undo.undo(session, room.li, recent.decision.id, "undo-all", whole=True)
    assert {room.get(i).state for i in ids} == {"open"}
    assert {room.get(i).lease_by for i in ids} == {room.li.id}
