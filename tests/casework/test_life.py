"""The life of a candidate besides decisions: merged, split, withdrawn, remembered, looked at again."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from casework.audit.tables import AuditEvent
from casework.candidates import life, spans
from casework.candidates.queries import Filter, events_on, family, history_at, sightings_of
from casework.candidates.service import Witness, raise_candidate, update_sighting
from casework.candidates.spans import Found, Span, SpanAct
from casework.candidates.tables import Candidate, CandidateSighting
from casework.db import Database, Session, utcnow
from casework.devices.tables import Device
from casework.errors import CaseworkError, Conflict, Invalid, NotFound
from casework.evidence.queries import best_pictures, items_of, seals_of
from casework.fixtures.queries import held_counts, page_of_fixtures
from casework.fixtures.service import NewFixture, expire, hold_back, remember
from casework.fixtures.tables import HeldBack
from casework.people.service import Person
from casework.places.tables import Squad
from casework.review.checks import checks_of
from casework.review.service import Choice, decide, take_next
from casework.storage import FileStore
from casework.verify import verify
from casework.watches.queries import page_of_watches, state_of, waiting_for
from casework.watches.service import Seen, report, watch
from detector.scene.model import Violation
from detector.scene.places import likeness
from tests import builders as b

HOUR = 3600.0
BOX, FAR = (100, 200, 200, 300), (700, 200, 800, 300)
RED, BLUE = [0, 0, 1000, 0], [0, 1000, 0, 0]


class Street:
    """Two cameras and two vehicles of one squad; a reviewer, and one of another squad."""

    def __init__(self, database: Database, store: FileStore) -> None:
        self.database, self.store = database, store
        with database.write() as session:
            squad, other = b.a_squad(session), b.a_squad(session, "SQ-B", 1)
            b.a_street(session, squad)
            for code in ("CAM-1", "CAM-2"):
                b.a_device(session, code, "fixed", squad)
            for code in ("CAR-1", "CAR-2"):
                b.a_device(session, code, "vehicle", squad)
            self.reviewer = b.a_person(session, "reviewer")
            self.leader = b.a_person(session, "leader")
            self.stranger = b.a_person(session, "reviewer", squad=other)

    def see(
        self,
        violation: Violation,
        footage: str | None = None,
        colours: list[int] | None = None,
        warning: bool = False,
    ) -> int:
        """Raise it; returns the candidate."""
        packed = b.a_pack(self.store, violation)
        with self.database.write() as session:
            device = _device(session, violation.sighting.device_id)
            row = b.a_footage(session, device, footage)
        with self.database.write() as session:
            witness = b.a_witness(row)
            more = Witness(
                witness.footage_id,
                witness.device_id,
                witness.model_id,
                witness.time_source,
                witness.legal_mode,
                witness.rule,
                3,
                warning,
                colours,
            )
            return raise_candidate(session, violation, more, packed)[0].id

    def drive(self, start: float = 0, north: float = 0, error_m: float = 1.0, car: str = "CAR-1") -> int:
        """One pass that sees a stall so many metres north: a clue."""
        seen = b.a_violation(
            device=car,
            start=b.at(start),
            seconds=60,
            ground=b.metres(north, error_m=error_m),
            proven=False,
        )
        return self.see(seen)

    def do(self, act: object, *given: object) -> int:
        """An act of ``life``, by the reviewer; returns the id of what it gives back."""
        with self.database.write() as session:
            return act(session, self.reviewer, *given).id  # type: ignore[operator, no-any-return]

    def look(self, name: SpanAct, until: float = HOUR) -> Found:
        """What an act on CAM-1's first hour would change."""
        with self.database.read() as session:
            span = Span(b.START, b.at(until))
            return spans.look(session, self.leader, _device(session, "CAM-1"), span, name)

    def change(self, name: SpanAct, count: int, reason: str = "区域画错") -> list[int]:
        """The act on CAM-1's first hour, by the leader."""
        with self.database.write() as session:
            span, camera = Span(b.START, b.at(HOUR)), _device(session, "CAM-1")
            return spans.change(session, self.leader, camera, span, name, reason, count)

    def get(self, candidate_id: int) -> Candidate:
        with self.database.read() as session:
            return session.get_one(Candidate, candidate_id)

    def put(self, candidate_id: int, **values: object) -> None:
        with self.database.write() as session:
            for name, value in values.items():
                setattr(session.get_one(Candidate, candidate_id), name, value)

    def reject(self, candidate_id: int, reason: str) -> None:
        with self.database.write() as session:
            take_next(session, self.reviewer, "first", Filter())
            seen = b.seen(session, candidate_id)
            choice = Choice("first", "reject", f"reject-{candidate_id}", reason, shown=seen)
            decide(session, self.reviewer, candidate_id, choice)

    def bad(self) -> Sequence[str]:
        with self.database.read() as session:
            return verify(session, self.store).bad


def _device(session: Session, code: str) -> Device:
    return session.scalars(select(Device).where(Device.code == code)).one()


@pytest.fixture
def street(database: Database, store: FileStore) -> Street:
    return Street(database, store)


@pytest.fixture
def small(sqlite: Database, store: FileStore) -> Street:
    return Street(sqlite, store)


# Merging ------------------------------------------------------------------------------------------------


def test_a_merge_keeps_everything_and_can_be_taken_back(street: Street) -> None:
    first = street.see(b.a_violation(key="A"))
    second = street.see(b.a_violation(key="B", box=FAR, start=b.at(200), seconds=600))
    assert street.do(life.merge, second, first, "同一摊位") == first
    kept, gone = street.get(first), street.get(second)
    assert (kept.state, gone.state, gone.merged_into) == ("open", "merged", first)
    # 0-300 s and 200-800 s of one camera: its seconds add up as two stays do.
    assert (kept.first_at, kept.last_at, kept.observed_s) == (b.START, b.at(800), 900)
    assert (gone.first_at, gone.last_at) == (b.at(200), b.at(800))
    with street.database.read() as session:
        assert [c.id for c in family(session, kept)] == [first, second]
        assert [s.key for s in sightings_of(session, kept)] == ["A", "B"]
        assert len(items_of(session, second)) == 3  # the other's evidence is where it was
        [event] = events_on(session, first)
        assert (event.act, event.candidate_id, event.other_id) == ("merge", second, first)
        assert (event.reason, event.by_name) == ("同一摊位", street.reviewer.display_name)
    assert street.bad() == []
    # What goes on at the other's place goes on in the first.
    with street.database.write() as session:
        longer = b.a_violation(key="B", box=FAR, start=b.at(200), seconds=1200)
        update_sighting(session, longer, gone=False, ended=False)
    assert (street.get(first).last_at, street.get(second).last_at) == (b.at(1400), b.at(1400))
    assert street.see(b.a_violation(key="C", box=FAR, start=b.at(HOUR))) == first
    street.do(life.unmerge, second, "其实是两个")
    kept, gone = street.get(first), street.get(second)
    assert (gone.state, gone.merged_into, gone.last_at) == ("open", None, b.at(1400))
    assert (kept.first_at, kept.last_at) == (b.START, b.at(HOUR + 300))
    assert street.bad() == []


@pytest.mark.parametrize("state", ["rejected", "merged", "withdrawn"])
def test_nothing_is_merged_into_what_is_over(small: Street, state: str) -> None:
    first, second = small.see(b.a_violation()), small.see(b.a_violation(box=FAR))
    small.put(first, state=state)
    with pytest.raises(Conflict) as caught:
        small.do(life.merge, second, first, "r")
    assert caught.value.code == "bad_state"


@pytest.mark.parametrize("state", ["kept", "filed", "rejected", "withdrawn"])
def test_what_is_decided_is_not_merged_away(small: Street, state: str) -> None:
    first, second = small.see(b.a_violation()), small.see(b.a_violation(box=FAR))
    small.put(second, state=state)
    with pytest.raises(Conflict):
        small.do(life.merge, second, first, "r")


def test_what_else_a_merge_refuses(small: Street) -> None:
    first, second = small.see(b.a_violation()), small.see(b.a_violation(box=FAR))
    pile = small.see(b.a_violation(type="stacked_goods", box=FAR))
    warned = small.see(b.a_violation(box=FAR), warning=True)
    for other, reason, code in (
        (first, "r", "same_candidate"),
        (pile, "r", "other_type"),
        (warned, "r", "other_type"),
        (second, "  ", "reason_needed"),
    ):
        with pytest.raises(Invalid) as caught:
            small.do(life.merge, first, other, reason)
        assert caught.value.code == code
    with small.database.write() as session, pytest.raises(NotFound):
        life.merge(session, small.stranger, second, first, "r")
    with small.database.write() as session:
        other = b.a_person(session, "reviewer")
    small.put(second, lease_by=other.id, lease_stage="first", lease_until=utcnow() + timedelta(minutes=1))
    with pytest.raises(Conflict) as held:
        small.do(life.merge, second, first, "r")
    assert held.value.code == "held_by_other"
    with pytest.raises(Conflict):
        small.do(life.unmerge, first, "r")
    assert small.bad() == []


def test_two_passes_that_are_merged_prove_each_other(small: Street) -> None:
    """Clues for nothing but one pass, 30 m apart by a wrong position, 20 minutes apart (10 are asked for)."""
    first, second = small.drive(), small.drive(1200, north=30)
    assert (first != second, small.get(first).proof) == (True, "clue")
    small.do(life.merge, second, first, "定位偏移")
    assert (small.get(first).proof, small.get(first).facts["clue_because"]) == ("evidence", [])
    small.do(life.unmerge, second, "不是")
    assert (small.get(first).proof, small.get(first).facts["clue_because"]) == ("clue", ["one_pass"])


def test_a_better_placed_pass_joins_two_that_are_one(street: Street) -> None:
    """At 0 and 6 m, each known to 2 m: apart, since twice both errors is 5.7 m. A third at 3 m, known to 0.5 m: twice
    both errors is 4.1 m to either."""
    first, second = street.drive(), street.drive(1200, north=6, error_m=2.0)
    street.put(first, place_error_m=2.0)
    assert first != second
    assert street.drive(2400, north=3, error_m=0.5, car="CAR-2") == first
    assert (street.get(second).state, street.get(second).merged_into) == ("merged", first)
    with street.database.read() as session:
        [event] = [e for e in events_on(session, first) if e.act == "merge"]
        assert (event.by_name, event.account_id) == ("system", None)
        assert "known to 0.5 m" in event.reason
    assert len({row.id for row in _all(street)}) == 2
    assert street.bad() == []


def _all(street: Street) -> list[Candidate]:
    with street.database.read() as session:
        return list(session.scalars(select(Candidate)))


def test_a_worse_placed_pass_joins_nothing(small: Street) -> None:
    first, second = small.drive(error_m=2.0), small.drive(1200, north=6, error_m=2.0)
    small.drive(2400, north=3, error_m=3.0, car="CAR-2")
    assert [small.get(i).state for i in (first, second)] == ["open", "open"]


def test_two_that_one_footage_saw_apart_stay_apart(small: Street) -> None:
    seen = [
        b.a_violation(device="CAR-1", seconds=60, ground=b.metres(n, error_m=2.0), proven=False)
        for n in (0, 6)
    ]
    first, second = (small.see(v, "one.mp4") for v in seen)
    small.drive(2400, north=3, error_m=0.5, car="CAR-2")
    assert [small.get(i).state for i in (first, second)] == ["open", "open"]


def test_merging_and_raising_at_once_lose_nothing(street: Street) -> None:
    """Eight sightings of the second's place while it is merged: all are in the first's family in the end."""
    first = street.see(b.a_violation(key="A"))
    second = street.see(b.a_violation(key="B", box=FAR))

    def act(i: int) -> int:
        if i == 3:
            return street.do(life.merge, second, first, "同一")
        return street.see(b.a_violation(key=f"S{i}", box=FAR, start=b.at(600 * (i + 1))))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(act, range(8)))
    with street.database.read() as session:
        assert {s.key for s in sightings_of(session, session.get_one(Candidate, first))} == {
            "A", "B", *(f"S{i}" for i in range(8) if i != 3)
        }  # fmt: skip
        assert session.scalar(select(func.count()).select_from(Candidate)) == 2
    assert street.bad() == []


# Splitting ----------------------------------------------------------------------------------------------


def test_a_split_takes_sightings_and_their_evidence_along(street: Street) -> None:
    first = street.see(b.a_violation(key="A"))
    street.see(b.a_violation(key="B", start=b.at(HOUR), seconds=420))
    with street.database.read() as session:
        before = {i.id for i in items_of(session, first)}
        [_, moving] = sightings_of(session, session.get_one(Candidate, first))
    new = street.do(life.split, first, [moving.id], "后来的是另一摊")
    old, other = street.get(first), street.get(new)
    assert (old.first_at, old.last_at, old.observed_s) == (b.START, b.at(300), 300)
    assert (other.first_at, other.last_at, other.observed_s) == (b.at(HOUR), b.at(HOUR + 420), 420)
    assert (other.state, other.type, other.proof, other.rule_set) == ("open", "stall", "evidence", 3)
    assert other.number != old.number
    with street.database.read() as session:
        mine, theirs = ({i.id for i in items_of(session, n)} for n in (first, new))
        assert (len(mine), len(theirs), mine | theirs) == (3, 3, before)
        assert {s.key for s in seals_of(session, new)} == {"B:birth"}
        best = best_pictures(session, [first, new])
        assert (best[first] in mine, best[new] in theirs) == (True, True)
    assert street.bad() == []
    # What goes on of the moved sighting is sealed into the new one.
    with street.database.write() as session:
        longer = b.a_violation(key="B", start=b.at(HOUR), seconds=600)
        packed = b.a_pack(street.store, longer, "end", shade=9)
        update_sighting(session, longer, gone=True, ended=True, packed=packed)
    assert street.get(new).last_at == b.at(HOUR + 600)
    with street.database.read() as session:
        assert {s.key for s in seals_of(session, new)} == {"B:birth", "B:end"}
        assert {s.key for s in seals_of(session, first)} == {"A:birth"}
    assert street.bad() == []


def test_a_split_leaves_single_passes_as_clues(small: Street) -> None:
    first = small.drive()
    assert small.drive(1200, car="CAR-2") == first
    assert small.get(first).proof == "evidence"  # two approved passes, 20 minutes apart
    with small.database.read() as session:
        moving = sightings_of(session, session.get_one(Candidate, first))[1].id
    new = small.do(life.split, first, [moving], "两家")
    for number in (first, new):
        row = small.get(number)
        assert (row.proof, row.facts["clue_because"]) == ("clue", ["one_pass"])


def test_what_a_split_refuses(small: Street) -> None:
    first, second = small.see(b.a_violation()), small.see(b.a_violation(box=FAR))
    small.see(b.a_violation(start=b.at(HOUR)))
    with small.database.read() as session:
        own = [s.id for s in sightings_of(session, session.get_one(Candidate, first))]
        other = [s.id for s in sightings_of(session, session.get_one(Candidate, second))]
    for wrong in ([], own, [own[0], other[0]], [999]):
        with pytest.raises(Invalid) as caught:
            small.do(life.split, first, wrong, "r")
        assert caught.value.code == "bad_sightings"
    small.put(first, state="kept")
    with pytest.raises(Conflict):
        small.do(life.split, first, own[:1], "r")


# Withdrawing ----------------------------------------------------------------------------------------------


def test_a_leader_withdraws_what_one_camera_raised_in_a_span(street: Street) -> None:
    inside = street.see(b.a_violation(key="A", ground=b.metres()))
    later = street.see(b.a_violation(key="B", start=b.at(2 * HOUR), box=FAR, ground=b.metres(50)))
    decided = street.see(b.a_violation(key="C", box=(400, 200, 500, 300), ground=b.metres(100)))
    street.put(decided, state="kept")
    seen_by_two = street.see(b.a_violation(key="D", box=(850, 50, 900, 100), ground=b.metres(150)))
    assert street.see(b.a_violation(key="E", device="CAM-2", ground=b.metres(150))) == seen_by_two
    # What it has from a candidate that was merged into it was seen by both cameras as well.
    merged = street.see(b.a_violation(key="F", box=(550, 50, 600, 100), ground=b.metres(200)))
    other = street.see(b.a_violation(key="G", device="CAM-2", box=(10, 50, 60, 100), ground=b.metres(250)))
    street.do(life.merge, other, merged, "同一摊位")
    held = street.see(b.a_violation(key="H", box=(250, 50, 300, 100), ground=b.metres(300)))
    street.put(held, lease_by=street.reviewer.id, lease_until=utcnow() + timedelta(minutes=5))
    found = street.look("withdraw")
    assert [c.id for c in found.open] == [inside]
    assert (found.held, found.shared, found.decided) == (1, 2, 1)
    assert street.change("withdraw", 1) == [inside]
    everything = (inside, later, decided, seen_by_two, merged, held)
    states = [street.get(i).state for i in everything]
    assert states == ["withdrawn", "open", "kept", "open", "open", "open"]
    with street.database.write() as session:
        taken, _ = take_next(session, street.reviewer, "first", Filter())
        assert taken is not None
        assert taken.id != inside
        assert history_at(session, session.get_one(Candidate, decided)).get("withdrawn") is None
        [event] = events_on(session, inside)
        assert (event.act, event.by_name, event.reason) == ("withdraw", "某leader", "区域画错")
        said = session.scalars(select(AuditEvent).where(AuditEvent.action == "span_withdraw")).one()
        assert (said.subject, said.detail["count"], said.detail["reason"]) == ("device:CAM-1", 1, "区域画错")
    # It does not speak for its place any more: what is raised there is new.
    assert street.see(b.a_violation(key="I", start=b.at(400), ground=b.metres())) not in everything
    # The same span is restored as a whole.
    assert [c.id for c in street.look("restore").open] == [inside]
    assert street.change("restore", 1) == [inside]
    assert street.get(inside).state == "open"
    street.put(decided, state="open")  # set by hand above; its decisions do not know
    assert street.bad() == []


def test_a_span_is_changed_as_it_was_shown_or_not_at_all(small: Street) -> None:
    first = small.see(b.a_violation())
    with pytest.raises(Conflict) as said:
        small.change("withdraw", 2)  # two were shown, one is left
    assert said.value.code == "changed_meanwhile"
    for count in (0, 1):
        with pytest.raises(Conflict):
            small.change("restore", count)  # nothing was withdrawn
    with pytest.raises(Invalid) as said_too:
        small.change("withdraw", 1, reason=" ")
    assert said_too.value.code == "reason_needed"
    for until in (0.0, -1.0, 367 * 24 * HOUR):
        with pytest.raises(Invalid) as bad:
            small.look("withdraw", until)
        assert bad.value.code == "bad_span"
    assert small.get(first).state == "open"
    # Half-open: from its first second on, not at the end.
    assert [c.id for c in small.look("withdraw", 1.0).open] == [first]
    with small.database.read() as session:
        camera = _device(session, "CAM-1")
        before = Span(b.at(-HOUR), b.at(0))
        assert spans.look(session, small.leader, camera, before, "withdraw").open == []
        # Nothing of another squad's is shown.
        assert spans.look(session, small.stranger, camera, Span(b.at(0), b.at(1)), "withdraw").open == []


def test_more_than_one_go_can_take_is_refused(small: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spans, "MOST", 1)
    small.see(b.a_violation())
    assert len(small.look("withdraw").open) == 1
    small.see(b.a_violation(box=FAR))
    with pytest.raises(Invalid) as said:
        small.look("withdraw")
    assert said.value.code == "span_too_long"


def test_who_may_withdraw_and_not_twice(small: Street) -> None:
    first = small.see(b.a_violation())
    with small.database.write() as session:
        with pytest.raises(KeyError):
            life.withdraw(session, small.reviewer, first, "zones suspended")
        life.withdraw(session, None, first, "zones suspended")
        with pytest.raises(Conflict):
            life.withdraw(session, small.leader, first, "zones suspended")
    small.do(life.restore, first, "r")
    with pytest.raises(Conflict):
        small.do(life.restore, first, "r")


def test_a_merge_by_number_says_why_not(small: Street) -> None:
    first = small.see(b.a_violation())
    other = small.see(b.a_violation(box=FAR))
    with small.database.read() as session:
        number = session.get_one(Candidate, other).number
        found = life.merge_target(session, small.reviewer, first, f" {number.lower()} ")
        assert found.id == other

    def refused(number: str, code: str) -> str:
        with small.database.read() as session, pytest.raises(CaseworkError) as said:
            life.merge_target(session, small.reviewer, first, number)
        assert said.value.code == code
        return said.value.zh

    assert "YS-1" in refused("YS-1", "not_found")
    refused(small.get(first).number, "same_candidate")
    small.put(other, type="stacked_goods")
    assert "设摊、占道堆物" in refused(number, "other_type")
    small.put(other, type="stall", state="rejected")
    assert f"{number} 现为“已剔除”" in refused(number, "bad_state")
    small.put(other, state="open")
    small.put(first, state="kept")
    assert "该疑似现为" in refused(number, "bad_state")
    with small.database.read() as session, pytest.raises(NotFound):
        life.merge_target(session, small.stranger, first, number)


# After a rejection ------------------------------------------------------------------------------------------


def test_likeness_of_colours() -> None:
    assert likeness(RED, RED) == 1
    assert likeness(RED, BLUE) == 0
    assert likeness([600, 400], [300, 700]) == pytest.approx(0.7)  # 300 + 400 of 1000


DAY = 24 * HOUR


@pytest.mark.parametrize(
    ("reason", "gone", "after", "box", "colours", "same"),
    [
        ("not_the_thing", False, HOUR, BOX, RED, True),
        ("not_the_thing", False, 3 * DAY, BOX, RED, True),  # nobody looked for three days
        ("not_the_thing", True, HOUR, BOX, RED, True),  # what was never there cannot come back
        ("not_the_thing", False, 31 * DAY, BOX, RED, False),  # 30 days are remembered
        ("not_the_thing", False, HOUR, BOX, BLUE, False),  # other colours
        ("not_the_thing", False, HOUR, BOX, None, True),  # not known: not asked
        ("not_the_thing", False, HOUR, (90, 180, 210, 300), RED, True),  # 1.44 times the area
        ("not_the_thing", False, HOUR, (85, 170, 215, 300), RED, False),  # 1.69 times
        ("moving_vendor", False, HOUR, BOX, RED, True),
        ("moving_vendor", True, HOUR, BOX, RED, False),  # it went and came back
        ("moving_vendor", False, DAY, BOX, RED, False),  # six hours without a look, no lasting reason
        ("permitted", False, DAY, BOX, RED, True),
        ("permitted", True, DAY, BOX, RED, False),
    ],
)
def test_a_rejected_place_stays_quiet_without_a_change(
    small: Street,
    reason: str,
    gone: bool,
    after: float,
    box: tuple[float, float, float, float],
    colours: list[int] | None,
    same: bool,
) -> None:
    first = small.see(b.a_violation(key="A"), colours=RED)
    small.reject(first, reason)
    if gone:
        with small.database.write() as session:
            update_sighting(session, b.a_violation(key="A"), gone=True, ended=True)
    again = small.see(b.a_violation(key="B", start=b.at(after), box=box), colours=colours)
    assert (again == first) == same
    assert small.get(first).state == "rejected"
    assert small.bad() == []


def test_another_label_at_a_rejected_place_is_another_thing(small: Street) -> None:
    first = small.see(b.a_violation(key="A"))
    small.reject(first, "not_the_thing")
    small.put(first, facts={**small.get(first).facts, "label": "pile"})
    assert small.see(b.a_violation(key="B", start=b.at(HOUR))) != first


def test_a_later_pass_at_a_rejected_place_is_quiet_too(small: Street) -> None:
    first = small.drive()
    small.reject(first, "not_the_thing")
    assert small.drive(3 * DAY, north=1) == first
    assert small.drive(3 * DAY, north=9) != first


def test_a_warning_and_what_is_meant_are_two(small: Street) -> None:
    warned = small.see(b.a_violation(key="A"), warning=True)
    meant = small.see(b.a_violation(key="B", start=b.at(60)))
    assert (warned != meant, small.get(warned).warning, small.get(meant).warning) == (True, True, False)
    small.put(warned, state="kept")
    with small.database.write() as session:
        legal = b.a_person(session, "legal")
        assert take_next(session, legal, "legal", Filter()) == (None, None)
        row = session.get_one(Candidate, warned)
        row.lease_by, row.lease_stage = legal.id, "legal"
        row.lease_until = utcnow() + timedelta(minutes=1)
        session.flush()
        with pytest.raises(Conflict) as caught:
            decide(session, legal, warned, Choice("legal", "accept", "key-accept"))
    assert caught.value.code == "warning_only"


# Remembered places --------------------------------------------------------------------------------------------


def _remember(street: Street, person: Person | None = None, **given: object) -> int:
    new = NewFixture(**{"reason": "雕塑", "until": utcnow() + timedelta(days=30), **given})  # type: ignore[arg-type]
    with street.database.write() as session:
        return remember(session, person or street.reviewer, new).id


def _held(street: Street, violation: Violation) -> int | None:
    with street.database.write() as session:
        device = _device(session, violation.sighting.device_id)
        footage = b.a_footage(session, device)
    with street.database.write() as session:
        found = hold_back(session, violation, footage.id, device)
        return found.id if found else None


def test_a_remembered_part_of_a_picture_holds_back(street: Street) -> None:
    # The box is 0.1-0.2, 0.4-0.6 of the picture: 51 % of it lie left of 0.151.
    left = [(0.0, 0.0), (0.151, 0.0), (0.151, 1.0), (0.0, 1.0)]
    number = _remember(street, device="CAM-1", polygon=left, type="stall")
    assert _held(street, b.a_violation(key="A")) == number
    assert _held(street, b.a_violation(key="A", seconds=600)) == number  # noted once
    assert _held(street, b.a_violation(key="B", box=(102, 200, 202, 300))) is None  # 49 % of it
    assert _held(street, b.a_violation(key="C", type="stacked_goods")) is None
    assert _held(street, b.a_violation(key="D", device="CAM-2")) is None
    with street.database.read() as session:
        assert held_counts(session, [number]) == {number: 1}
        row = session.scalars(select(HeldBack)).one()
        assert (row.key, row.last_at) == ("A", b.at(600))
    with street.database.write() as session:
        expire(session, street.reviewer, number, "已搬走")
        with pytest.raises(Conflict):
            expire(session, street.reviewer, number, "again")
    assert _held(street, b.a_violation(key="E", start=utcnow() + timedelta(seconds=1))) is None
    # It still speaks for what was captured before it was ended, and ends at its time.
    assert _held(street, b.a_violation(key="F", start=utcnow() - timedelta(hours=1))) == number


def test_a_remembered_place_on_the_ground_counts_doubt(small: Street) -> None:
    here = b.metres()
    place = {"latitude": here.latitude, "longitude": here.longitude, "radius_m": 5.0}
    number = _remember(small, **place)
    for north, error_m, held in ((4.9, 0.0, True), (6.5, 1.0, False), (6.5, 1.6, True)):
        seen = b.a_violation(device="CAR-1", ground=b.metres(north, error_m=error_m))
        assert (_held(small, seen) == number) is held, north
    assert _held(small, b.a_violation(type="cross_door", device="CAR-1", ground=here)) == number  # any type
    late = b.a_violation(device="CAR-1", ground=here, start=utcnow() + timedelta(days=31))
    assert _held(small, late) is None


def test_a_place_is_remembered_from_a_candidate(small: Street) -> None:
    fixed, driven = small.see(b.a_violation()), small.drive(north=40)
    a, c = _remember(small, candidate=fixed), _remember(small, candidate=driven)
    with small.database.read() as session:
        rows, total = page_of_fixtures(session, small.reviewer, 1, 10)
        assert ([r.id for r in rows], total) == ([c, a], 2)
        assert (rows[0].radius_m, rows[0].type, rows[0].polygon) == (5.0, "stall", None)
        assert rows[1].polygon == [pytest.approx(p) for p in ([0.1, 0.4], [0.2, 0.4], [0.2, 0.6], [0.1, 0.6])]
        assert page_of_fixtures(session, small.stranger, 1, 10) == ([], 0)
    assert _held(small, b.a_violation(start=b.at(7 * HOUR))) == a
    with small.database.write() as session, pytest.raises(NotFound):
        expire(session, small.stranger, a, "r")


SQUARE = [(0.1, 0.1), (0.4, 0.1), (0.4, 0.4), (0.1, 0.4)]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({}, "bad_place"),
        ({"device": "CAM-1"}, "bad_place"),
        ({"device": "CAM-1", "polygon": SQUARE, "radius_m": 3.0}, "bad_place"),
        ({"device": "CAR-1", "polygon": SQUARE}, "bad_place"),
        ({"device": "CAM-1", "polygon": [SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3]]}, "bad_place"),
        ({"device": "CAM-1", "polygon": [(0.1, 0.1), (1.4, 0.1), (0.4, 0.4)]}, "bad_place"),
        ({"device": "CAM-1", "polygon": []}, "bad_place"),
        ({"latitude": 31.2, "longitude": 121.4, "radius_m": 51.0}, "bad_place"),
        ({"latitude": 91.0, "longitude": 121.4, "radius_m": 5.0}, "bad_place"),
        ({"latitude": float("nan"), "longitude": 121.4, "radius_m": 5.0}, "bad_place"),
        ({"device": "CAM-1", "polygon": SQUARE, "until": b.START}, "bad_until"),
        ({"device": "CAM-1", "polygon": SQUARE, "until": utcnow() + timedelta(days=400)}, "bad_until"),
        ({"device": "CAM-1", "polygon": SQUARE, "type": "ufo"}, "bad_type"),
        ({"device": "CAM-1", "polygon": SQUARE, "reason": " "}, "reason_needed"),
    ],
)
def test_what_cannot_be_remembered(small: Street, given: dict[str, object], code: str) -> None:
    with pytest.raises(Invalid) as caught:
        _remember(small, **given)
    assert caught.value.code == code


def test_another_squads_places_are_not_remembered(small: Street) -> None:
    for given in ({"device": "CAM-1", "polygon": SQUARE}, {"candidate": small.see(b.a_violation())}):
        with pytest.raises(NotFound):
            _remember(small, small.stranger, **given)


# Watches ------------------------------------------------------------------------------------------------------


def test_a_watch_waits_answers_once_and_shows_both_pictures(street: Street) -> None:
    first = street.see(b.a_violation())
    street.put(first, state="kept")
    since, until = b.at(HOUR), b.at(DAY)
    asked = street.do(watch, first, since, until)
    assert street.do(watch, first, since, until) == asked  # asked twice is asked once
    with street.database.read() as session:
        camera, car = _device(session, "CAM-1"), _device(session, "CAR-1")
        assert [w.id for w in waiting_for(session, camera, b.at(0))] == [asked]
        assert waiting_for(session, camera, until) == []
        assert waiting_for(session, _device(session, "CAM-2"), b.at(0)) == []
        assert waiting_for(session, car, b.at(0)) == []  # nobody knows where on the ground it is
        footage = session.scalars(select(CandidateSighting.footage_id)).one()
        row = waiting_for(session, camera, b.at(0))[0]
        pictures = [i for i in items_of(session, first) if i.kind == "picture"]
        assert (row.before_id, pictures[-1].role) == (pictures[-1].id, "latest")
        assert [state_of(row, t) for t in (since, until)] == ["waiting", "not_seen"]
    for shade, corrected in ((7, True), (8, False)):  # told twice, the first stays
        pack = b.a_pack(street.store, b.a_violation(key=f"watch{shade}"), "after", shade)
        with street.database.write() as session:
            report(session, Seen(asked, footage, corrected, b.at(2 * HOUR), 40, 0), pack)
    with street.database.read() as session:
        [row], total = page_of_watches(session, street.reviewer, 1, 10)
        assert (row.state, row.looks, row.seen, row.seen_at, total) == ("corrected", 40, 0, b.at(2 * HOUR), 1)
        assert row.after_id in {i.id for i in items_of(session, first)}
        assert page_of_watches(session, street.stranger, 1, 10) == ([], 0)
    street.put(first, state="open")
    assert street.bad() == []


def test_what_cannot_be_watched(small: Street) -> None:
    first = small.see(b.a_violation())
    for since, until in ((b.at(60), b.at(60)), (b.at(0), b.at(367 * DAY))):
        with pytest.raises(Invalid):
            small.do(watch, first, since, until)
    small.put(first, state="rejected")
    with pytest.raises(Conflict):
        small.do(watch, first, b.at(0), b.at(60))
    with pytest.raises(NotFound):
        small.do(watch, 99, b.at(0), b.at(60))


# What verify and the checks say ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "finding"),
    [
        ("UPDATE candidate SET merged_into = NULL WHERE id = 2", "candidate 2: is merged into None"),
        ("UPDATE candidate SET state = 'open' WHERE id = 2", "its decisions say 'merged'"),
        ("UPDATE candidate SET last_at = '2026-10-12 03:00:00' WHERE id = 1", "span is not that of its"),
    ],
)
def test_verify_finds_a_life_that_was_changed(small: Street, statement: str, finding: str) -> None:
    first, second = small.see(b.a_violation()), small.see(b.a_violation(box=FAR))
    small.do(life.merge, second, first, "同一")
    assert small.bad() == []
    with small.database.write() as session:
        session.execute(text(statement))
    assert any(finding in line for line in small.bad()), small.bad()


def test_a_clue_that_an_approved_camera_proves_lacks_nothing(small: Street) -> None:
    with small.database.write() as session:
        b.a_device(session, "CAM-0", "fixed", session.get_one(Squad, 1), approved=[])
    first = small.see(b.a_violation(device="CAM-0", ground=b.metres()))
    assert "approval:legal_review" in small.get(first).facts["clue_because"]
    assert small.see(b.a_violation(device="CAM-1", start=b.at(60), ground=b.metres(1))) == first
    with small.database.read() as session:
        row = session.get_one(Candidate, first)
        row.device = session.get_one(Device, row.device_id)
        approval = next(c for c in checks_of(row, 2) if c.code == "approval")
    assert (row.proof, approval.ok, approval.values) == ("evidence", True, {"missing": ""})
