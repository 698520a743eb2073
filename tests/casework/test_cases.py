"""Cases: every allowed step and every forbidden one, what a step must carry, numbers, keys, the chain."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from casework.audit.tables import AuditEvent
from casework.candidates.tables import Candidate
from casework.cases import queries, service
from casework.cases.queries import CaseFilter
from casework.cases.service import Taken
from casework.cases.tables import Case, CaseEvent
from casework.cases.transitions import next_steps
from casework.chain import breaks
from casework.db import Database
from casework.errors import CaseworkError, Conflict, Invalid, NotFound, Refused
from casework.people.roles import Role
from casework.people.service import Person
from casework.watches.queries import page_of_watches
from casework.words import codes
from tests import builders as b

# The table by hand, after DOMAIN section 3: (from, to) -> who may; values that it needs; modes; whether it closes.
OFFICERS, LEADER, OFFICER, STOP = {"officer", "leader"}, {"leader"}, {"officer"}, {"legal", "leader"}
BOTH, EVIDENCE, CLUE = {"evidence", "clue"}, {"evidence"}, {"clue"}
STEPS: dict[tuple[str, str], tuple[set[str], set[str], set[str], bool]] = {
    ("opened", "identified"): (OFFICERS, {"party"}, BOTH, False),
    ("identified", "noticed"): (OFFICER, set(), BOTH, False),
    ("noticed", "corrected"): (OFFICERS, set(), BOTH, True),
    ("noticed", "retaken"): (OFFICER, set(), CLUE, False),
    ("noticed", "filed"): (LEADER, set(), EVIDENCE, False),
    ("retaken", "filed"): (LEADER, set(), CLUE, False),
    ("retaken", "corrected"): (OFFICERS, set(), BOTH, True),
    ("filed", "notified"): (OFFICER, set(), BOTH, False),
    ("filed", "not_penalised"): (LEADER, set(), BOTH, True),
    ("notified", "not_penalised"): (LEADER, set(), BOTH, True),
    ("notified", "decided"): (LEADER, {"fine_yuan", "procedure"}, BOTH, False),
    ("decided", "served"): (OFFICER, set(), BOTH, False),
    ("served", "paid"): (OFFICER, set(), BOTH, True),
    **{(s, "withdrawn"): (STOP, set(), BOTH, True)
       for s in ("opened", "identified", "noticed", "retaken", "filed", "notified")},
}  # fmt: skip
VALUES: dict[str, Any] = {"party": "某水果店", "fine_yuan": 500, "procedure": "ordinary"}
STATES = sorted(codes("case_states"))
ROLES = [r for r in Role if r is not Role.DEVICE]


class Bureau:
    """People of every role, and cases in any state."""

    def __init__(self, database: Database) -> None:
        self.database = database
        with database.write() as session:
            self.squad = b.a_squad(session)
            self.camera = b.a_device(session, squad=self.squad)
            self.people = {role: b.a_person(session, role.value) for role in ROLES}

    def open(self, mode: str = "evidence") -> int:
        """A case as legal review opens it."""
        with self.database.write() as session:
            candidate = b.a_candidate_row(session, self.camera, state="filed", proof=mode)
            return service.open_case(session, self.people[Role.LEGAL], candidate).id

    def put(self, case: int, **values: Any) -> None:
        with self.database.write() as session:
            row = session.get_one(Case, case)
            for name, value in values.items():
                setattr(row, name, value)

    def step(self, case: int, to: str, who: Role | Person, key: str | None = None, **values: Any) -> Case:
        person = who if isinstance(who, Person) else self.people[who]
        taken = Taken(to, values.pop("reason", "依法办理"), key or f"{case}-{to}-{person.username}", **values)
        with self.database.write() as session:
            return service.take_step(session, person, case, taken)

    def get(self, case: int) -> Case:
        with self.database.read() as session:
            return queries.case(session, self.people[Role.LEGAL], case)

    def events(self) -> int:
        with self.database.read() as session:
            return session.scalar(select(func.count()).select_from(CaseEvent)) or 0


@pytest.fixture
def bureau(database: Database) -> Bureau:
    return Bureau(database)


@pytest.fixture
def small(sqlite: Database) -> Bureau:
    return Bureau(sqlite)


# The table -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["evidence", "clue"])
@pytest.mark.parametrize("here", STATES)
def test_every_step_and_every_role_from_a_state(small: Bureau, here: str, mode: str) -> None:
    """To all 12 states by all 7 roles: 84 tries, each allowed or refused as the table says."""
    with small.database.write() as session:
        for there in STATES:
            rule = STEPS.get((here, there))
            lawful = rule is not None and mode in rule[2]
            given = {n: VALUES[n] for n in (rule[1] if rule else ())}
            for role in ROLES:
                candidate = b.a_candidate_row(session, small.camera, state="filed", proof=mode)
                case = b.a_case_row(session, candidate, state=here)
                taken = Taken(there, "依法办理", f"{there}-{role}", **given)
                if rule is not None and lawful and role in rule[0]:
                    service.take_step(session, small.people[role], case.id, taken)
                    assert case.state == there
                    assert (case.closed_at is not None) == rule[3]
                    assert (case.filed_at is not None) == (there == "filed")
                    continue
                with pytest.raises(Refused if lawful else Conflict) as caught:
                    service.take_step(session, small.people[role], case.id, taken)
                assert caught.value.code == ("not_your_step" if lawful else "not_allowed")
                assert (case.state, case.closed_at) == (here, None)
        may = [
            len(who) for (source, _), (who, _, modes, _) in STEPS.items() if source == here and mode in modes
        ]
        assert session.scalar(select(func.count()).select_from(CaseEvent)) == sum(may)


@pytest.mark.parametrize("mode", ["evidence", "clue"])
def test_the_offered_next_steps_are_those_of_the_table(mode: str) -> None:
    for here in STATES:
        offered = {(s.to, frozenset(s.roles), frozenset(s.needs)) for s in next_steps(here, mode)}
        by_hand = {
            (to, frozenset(who), frozenset(needs))
            for (source, to), (who, needs, modes, _) in STEPS.items()
            if source == here and mode in modes
        }
        assert offered == by_hand


def test_the_way_to_payment(bureau: Bureau) -> None:
    case = bureau.open("evidence")
    bureau.step(case, "identified", Role.OFFICER, party="某水果店")
    bureau.step(case, "noticed", Role.OFFICER)
    bureau.step(case, "filed", Role.LEADER)
    bureau.step(case, "notified", Role.OFFICER)
    bureau.step(case, "decided", Role.LEADER, fine_yuan=500, procedure="ordinary")
    bureau.step(case, "served", Role.OFFICER)
    row = bureau.step(case, "paid", Role.OFFICER)
    whole = bureau.get(case)
    assert (row.party, row.fine_yuan, row.procedure) == ("某水果店", 500, "ordinary")
    assert [e.to_state for e in whole.events] == [
        "opened", "identified", "noticed", "filed", "notified", "decided", "served", "paid",
    ]  # fmt: skip
    assert [e.seq for e in whole.events] == list(range(1, 9))
    assert [e.from_state for e in whole.events] == [None, *[e.to_state for e in whole.events[:-1]]]
    by_state = {e.to_state: e.at for e in whole.events}
    assert whole.opened_at == by_state["opened"]
    assert (whole.filed_at, whole.decided_at) == (by_state["filed"], by_state["decided"])
    assert whole.closed_at == by_state["paid"]
    assert whole.events[5].data == {"fine_yuan": 500, "procedure": "ordinary"}
    with bureau.database.read() as session:
        assert list(breaks(session, f"case:{case}", queries.chain_entries(session, case))) == []
        log = session.scalars(select(AuditEvent.action).order_by(AuditEvent.seq)).all()
        # From the notice on its place is looked at again.
        [one], _ = page_of_watches(session, bureau.people[Role.OFFICER], 1, 10)
    assert log == ["case_opened", *["case_step"] * 2, "watch_asked", *["case_step"] * 5]
    assert (one.candidate_id, one.state) == (whole.candidate_id, "waiting")
    assert (one.since, one.until - one.since) == (by_state["noticed"], timedelta(days=30))


def test_a_clue_is_taken_again_on_site_before_it_is_filed(bureau: Bureau) -> None:
    case = bureau.open("clue")
    bureau.step(case, "identified", Role.LEADER, party="某摊主")
    bureau.step(case, "noticed", Role.OFFICER)
    with pytest.raises(Conflict, match="clue mode"):
        bureau.step(case, "filed", Role.LEADER)
    bureau.step(case, "retaken", Role.OFFICER)
    assert bureau.step(case, "filed", Role.LEADER).state == "filed"


# What a step carries -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "to", "role", "given", "code"),
    [
        ("opened", "identified", Role.OFFICER, {}, "values_needed"),
        ("opened", "identified", Role.OFFICER, {"party": ""}, "values_needed"),
        ("notified", "decided", Role.LEADER, {"fine_yuan": 500}, "values_needed"),
        ("notified", "decided", Role.LEADER, {"procedure": "ordinary"}, "values_needed"),
        ("filed", "notified", Role.OFFICER, {"fine_yuan": 500}, "values_unwanted"),
        ("opened", "identified", Role.OFFICER, {"party": "某店", "procedure": "simple"}, "values_unwanted"),
        ("identified", "noticed", Role.OFFICER, {"reason": ""}, "reason_needed"),
        ("identified", "noticed", Role.OFFICER, {"reason": " "}, "reason_needed"),
    ],
)
def test_what_a_step_must_and_must_not_carry(
    small: Bureau, state: str, to: str, role: Role, given: dict[str, Any], code: str
) -> None:
    case = small.open()
    small.put(case, state=state)
    with pytest.raises(Invalid) as caught:
        small.step(case, to, role, **given)
    assert caught.value.code == code
    row = small.get(case)
    assert (row.state, row.party, row.fine_yuan, row.procedure) == (state, None, None, None)


def test_a_decision_may_be_of_nothing(small: Bureau) -> None:
    """0 yuan (a warning) is a value; it is not 'not given'."""
    case = small.open()
    small.put(case, state="notified")
    assert small.step(case, "decided", Role.LEADER, fine_yuan=0, procedure="ordinary").fine_yuan == 0


# Sent twice, squads ------------------------------------------------------------------------------------


def test_the_same_key_counts_once(bureau: Bureau) -> None:
    case = bureau.open()
    bureau.step(case, "identified", Role.OFFICER, "the-key", party="某店")
    again = bureau.step(case, "identified", Role.OFFICER, "the-key", party="某店")
    assert again.state == "identified"
    assert bureau.events() == 2


def test_a_key_of_another_step_is_refused(bureau: Bureau) -> None:
    case, other = bureau.open(), bureau.open()
    bureau.step(case, "identified", Role.OFFICER, "the-key", party="某店")
    for number, role in ((other, Role.OFFICER), (case, Role.LEADER)):
        with pytest.raises(Conflict) as caught:
            bureau.step(number, "identified", role, "the-key", party="某店")
        assert caught.value.code == "key_reused"
    assert bureau.events() == 3


def test_two_leaders_at_once_file_one_case_once(bureau: Bureau) -> None:
    case = bureau.open()
    bureau.put(case, state="noticed")

    def file(i: int) -> str:
        try:
            return bureau.step(case, "filed", Role.LEADER, f"key-{i:05d}").state
        except CaseworkError as error:
            return error.code

    with ThreadPoolExecutor(6) as pool:
        found = sorted(pool.map(file, range(6)))
    assert found == ["filed", *["not_allowed"] * 5]
    assert bureau.events() == 2


def test_another_squads_case_is_not_found(small: Bureau) -> None:
    case = small.open()
    with small.database.write() as session:
        stranger = b.a_person(session, "leader", squad=b.a_squad(session, "SQ-B", 1))
        own = b.a_person(session, "leader", squad=small.squad)
    with pytest.raises(NotFound):
        small.step(case, "withdrawn", stranger)
    assert small.step(case, "withdrawn", own).state == "withdrawn"


# Numbers ---------------------------------------------------------------------------------------------


def _numbers(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.scalars(select(Case.number).order_by(Case.id)))


def test_numbers_count_per_year_in_shanghai(small: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    for moment in (
        datetime(2026, 12, 31, 15, 59, 59, tzinfo=UTC),  # 23:59:59 on New Year's Eve
        datetime(2026, 12, 31, 16, 0, 0, tzinfo=UTC),  # New Year
        datetime(2027, 1, 1, 16, 0, 0, tzinfo=UTC),
    ):
        monkeypatch.setattr(service, "utcnow", lambda moment=moment: moment)
        small.open()
    assert _numbers(small.database) == [
        "非现〔2026〕第00001号", "非现〔2027〕第00001号", "非现〔2027〕第00002号",
    ]  # fmt: skip


def test_numbers_have_no_gaps_under_threads_and_failures(bureau: Bureau) -> None:
    """24 cases opened by 8 threads; every fourth transaction fails at its end and gives its number back."""
    with bureau.database.write() as session:
        rows = [b.a_candidate_row(session, bureau.camera, state="filed").id for _ in range(24)]

    class GivenUp(Exception):
        pass

    def open_(number: int) -> None:
        try:
            with bureau.database.write() as session:
                service.open_case(session, bureau.people[Role.LEGAL], session.get_one(Candidate, number))
                if number % 4 == 0:
                    raise GivenUp
        except GivenUp:
            pass

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(open_, rows))
    given = sorted(int(n[9:14]) for n in _numbers(bureau.database))
    assert given == list(range(1, 19))  # 24 less 6


# Lists -----------------------------------------------------------------------------------------------


def test_lists_are_narrowed_and_kept_to_the_squad(database: Database) -> None:
    with database.write() as session:
        a, other = b.a_squad(session, "SQ-A"), b.a_squad(session, "SQ-B", 1)
        street = b.a_street(session, a)
        here, there = b.a_device(session, squad=a, street=street), b.a_device(session, "CAM-B", squad=other)
        for number, device, values in (
            ("1", here, {"opened_at": b.at(0)}),
            ("2", here, {"opened_at": b.at(10), "state": "noticed", "type": "cross_door"}),
            ("3", there, {"opened_at": b.at(20), "state": "retaken"}),
        ):
            candidate = b.a_candidate_row(session, device, state="filed")
            b.a_case_row(session, candidate, number=number, **values)
        everybody, own = b.a_person(session, "legal"), b.a_person(session, "leader", squad=a)

        def listed(want: CaseFilter, person: Person = everybody) -> list[str]:
            rows, total = queries.page_of_cases(session, person, want, 1, 50)
            assert total == len(rows)
            return [r.number for r in rows]

        assert listed(CaseFilter()) == ["3", "2", "1"]
        assert listed(CaseFilter(), own) == ["2", "1"]
        assert listed(CaseFilter(squad="SQ-B")) == ["3"]
        assert listed(CaseFilter(squad="SQ-B"), own) == []
        assert listed(CaseFilter(street="ST-A")) == ["2", "1"]
        assert listed(CaseFilter(type="cross_door")) == ["2"]
        assert listed(CaseFilter(state="opened")) == ["1"]
        assert listed(CaseFilter(stage="notice")) == ["3", "2"]  # noticed and retaken
        assert listed(CaseFilter(since=b.at(10), until=b.at(20))) == ["2"]
