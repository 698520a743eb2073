"""The month's figures: worked out by hand, equal to their lists, equal to a slow count, right on the sheet."""

from __future__ import annotations

import io
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from sqlalchemy import select

from casework.candidates.tables import Candidate
from casework.cases.tables import Case
from casework.db import Database, Session
from casework.devices.tables import Device
from casework.errors import Invalid
from casework.footage.queries import footage_by_device
from casework.footage.tables import Footage, LookTally
from casework.live.service import Around, Begin, NewLook, begin_days, write_looks
from casework.people.service import Person
from casework.places.queries import squads
from casework.places.tables import Squad
from casework.statistics import queries
from casework.statistics.figures import Month, figure, figures, month_of
from casework.statistics.queries import Cell, Row
from casework.statistics.sheet import sheet
from casework.words import codes, words
from tests import builders as b

SHANGHAI = ZoneInfo("Asia/Shanghai")
OCTOBER = month_of("2026-10")
TYPES = [w.code for w in words("types")]
FIRST = datetime(2026, 9, 30, 16, 0, 0, tzinfo=UTC)  # Oct 1 00:00:00 in Shanghai
LAST = datetime(2026, 10, 31, 15, 59, 59, tzinfo=UTC)  # Oct 31 23:59:59
SECOND = timedelta(seconds=1)


# Months ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "start", "end"),
    [
        ("2026-10", (2026, 9, 30, 16), (2026, 10, 31, 16)),
        ("2026-12", (2026, 11, 30, 16), (2026, 12, 31, 16)),
        ("2027-01", (2026, 12, 31, 16), (2027, 1, 31, 16)),
        ("2028-02", (2028, 1, 31, 16), (2028, 2, 29, 16)),  # a leap year
    ],
)
def test_a_month_is_a_calendar_month_in_shanghai(name: str, start: Any, end: Any) -> None:
    assert month_of(name) == Month(name, datetime(*start, tzinfo=UTC), datetime(*end, tzinfo=UTC))


@pytest.mark.parametrize(
    "name",
    ["2026-13", "2026-0", "2026-1", "26-10", "2026", "", "2026-10-01", "0001-01", "9999-12", "二〇二六"],
)
def test_what_is_no_month(name: str) -> None:
    with pytest.raises(Invalid) as caught:
        month_of(name)
    assert caught.value.code == "bad_month"


def test_no_such_figure() -> None:
    with pytest.raises(Invalid, match="candidates"):
        figure("profit")


# A month by hand -------------------------------------------------------------------------------------


def _tally(session: Session, device: Device, hour: datetime, looks: int) -> None:
    row = b.a_footage(session, device)
    session.add(
        LookTally(footage_id=row.id, hour=hour, device_id=device.id, squad_id=device.squad_id, looks=looks)
    )


class District:
    """Two squads, each with a camera, and a camera of nobody's; somebody of the bureau and somebody of squad A."""

    def __init__(self, session: Session) -> None:
        self.a, self.b = b.a_squad(session, "SQ-A"), b.a_squad(session, "SQ-B", 1)
        self.cam_a = b.a_device(session, "CAM-A", squad=self.a)
        self.cam_b = b.a_device(session, "CAM-B", squad=self.b)
        self.cam_0 = b.a_device(session, "CAM-0")
        self.bureau = b.a_person(session, "statistician")
        self.leader = b.a_person(session, "leader", squad=self.a)


def _october(session: Session, d: District) -> None:
    def seen(device: Device, at: datetime, **values: Any) -> Candidate:
        return b.a_candidate_row(session, device, first_at=at, **values)

    # Looks: the last hour of September there, the first and the last of October, the first of November.
    for hour, looks in ((FIRST - timedelta(hours=1), 1000), (FIRST, 10), (LAST.replace(minute=0, second=0), 20),
                        (LAST + SECOND, 2000)):  # fmt: skip
        _tally(session, d.cam_a, hour, looks)
    _tally(session, d.cam_b, FIRST, 5)
    _tally(session, d.cam_0, FIRST, 3)
    # Squad A, stalls: one second before October, its first and last second, one second after.
    seen(d.cam_a, FIRST - SECOND)
    seen(d.cam_a, FIRST, state="open", proof="clue")
    kept = seen(d.cam_a, LAST, state="kept")
    seen(d.cam_a, LAST + SECOND)
    filed = seen(d.cam_a, b.START, state="filed")
    seen(d.cam_a, b.START, state="rejected", reason="duplicate")
    seen(d.cam_a, b.START, state="rejected", reason="duplicate", type="cross_door")
    seen(d.cam_a, b.START, state="rejected", reason="permitted", type="cross_door", proof="clue")
    # Squad B, and one without a squad.
    seen(d.cam_b, b.START, state="returned")
    seen(d.cam_b, b.START, state="escalated", proof="clue")
    other = seen(d.cam_b, b.START, state="filed", type="stacked_goods")
    seen(d.cam_0, b.START, state="open")
    # Cases, each dated by its own acts. The first was seen in October and opened in November.
    b.a_case_row(session, kept, opened_at=LAST + SECOND)
    b.a_case_row(
        session, filed, opened_at=FIRST - SECOND, filed_at=FIRST, decided_at=LAST, fine_yuan=300,
        closed_at=LAST + SECOND,
    )  # fmt: skip
    b.a_case_row(
        session,
        other,
        opened_at=FIRST,
        filed_at=FIRST - SECOND,
        decided_at=FIRST,
        fine_yuan=2000,
        closed_at=LAST,
    )
    old = b.a_candidate_row(session, d.cam_b, first_at=FIRST - timedelta(days=40), state="filed")
    b.a_case_row(
        session, old, opened_at=FIRST - timedelta(days=30), filed_at=b.START, decided_at=b.START, fine_yuan=0
    )


#                       looks candidates clues confirmed rejected waiting cases filed closed fines
BY_HAND: dict[tuple[str | None, str | None], list[int | None]] = {
    # A: looks 10 + 20. Seen: 1 open, 1 kept, 1 filed, 3 rejected. Cases: none opened in October, one filed and
    # decided (300), none closed.
    ("SQ-A", None): [30, 6, 2, 2, 3, 1, 0, 1, 0, 300],
    ("SQ-A", "stall"): [None, 4, 1, 2, 1, 1, 0, 1, 0, 300],
    ("SQ-A", "cross_door"): [None, 2, 1, 0, 2, 0, 0, 0, 0, 0],
    ("SQ-A", "stacked_goods"): [None, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    # B: the old stall was filed and decided (0 yuan) in October; the stacked goods opened, decided, closed.
    ("SQ-B", None): [5, 3, 1, 1, 0, 2, 1, 1, 1, 2000],
    ("SQ-B", "stall"): [None, 2, 1, 0, 0, 2, 0, 1, 0, 0],
    ("SQ-B", "cross_door"): [None, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    ("SQ-B", "stacked_goods"): [None, 1, 0, 1, 0, 0, 1, 0, 1, 2000],
    # All: also what belongs to no squad, 3 looks and one open stall.
    (None, None): [38, 10, 3, 3, 3, 4, 1, 2, 1, 2300],
    (None, "stall"): [None, 7, 2, 2, 1, 4, 0, 2, 0, 300],
    (None, "cross_door"): [None, 2, 1, 0, 2, 0, 0, 0, 0, 0],
    (None, "stacked_goods"): [None, 1, 0, 1, 0, 0, 1, 0, 1, 2000],
}
ORDER = [
    "looks",
    "candidates",
    "clues",
    "confirmed",
    "rejected",
    "waiting",
    "cases",
    "filed",
    "closed",
    "fines",
]


def _rows(session: Session, person: Person, month: Month = OCTOBER) -> list[Row]:
    own = [s for s in squads(session) if person.squad_id in (None, s.id)]
    return queries.rows(session, person, month, own, TYPES)


def _table(rows: list[Row]) -> dict[tuple[str | None, str | None], list[int | None]]:
    return {(r.squad.code if r.squad else None, r.type): [r.figures[c] for c in ORDER] for r in rows}


def test_a_month_worked_out_by_hand(database: Database) -> None:
    assert [f.code for f in figures()] == ORDER
    with database.write() as session:
        district = District(session)
        _october(session, district)
        rows = _rows(session, district.bureau)
        assert _table(rows) == BY_HAND
        assert list(_table(rows)) == list(BY_HAND)  # in this order
        reasons = {(r.squad.code if r.squad else None, r.type): r.rejected_by_reason for r in rows}
        assert reasons[("SQ-A", None)] == reasons[(None, None)] == {"duplicate": 2, "permitted": 1}
        assert reasons[("SQ-A", "cross_door")] == {"duplicate": 1, "permitted": 1}
        assert reasons[("SQ-B", None)] == {}


def test_a_leader_sees_the_figures_of_the_own_squad(database: Database) -> None:
    with database.write() as session:
        district = District(session)
        _october(session, district)
        table = _table(_rows(session, district.leader))
    own = {key: numbers for key, numbers in BY_HAND.items() if key[0] == "SQ-A"}
    # "All squads" is, for them, their own.
    assert table == {**own, **{(None, kind): numbers for (_, kind), numbers in own.items()}}


def test_an_empty_month_is_noughts(database: Database) -> None:
    with database.write() as session:
        district = District(session)
        for (_, kind), numbers in _table(_rows(session, district.bureau)).items():
            assert numbers == [None if kind else 0] + [0] * 9
        assert queries.months_with_records(session) == []


def test_months_that_have_records(database: Database) -> None:
    """The first record is of Aug 22 (40 days before October), the last of Nov 1 00:00:00 in Shanghai."""
    with database.write() as session:
        _october(session, District(session))
        assert queries.months_with_records(session) == ["2026-11", "2026-10", "2026-09", "2026-08"]


def test_months_go_over_the_year(sqlite: Database) -> None:
    with sqlite.write() as session:
        camera = b.a_device(session)
        for moment in (datetime(2026, 11, 30, 16, tzinfo=UTC), datetime(2027, 1, 31, 15, 59, 59, tzinfo=UTC)):
            b.a_candidate_row(session, camera, first_at=moment)
        assert queries.months_with_records(session) == ["2027-01", "2026-12"]


# Every number is the length of its list ------------------------------------------------------------------


def _listed(session: Session, cell: Cell, size: int) -> tuple[int, int]:
    """(what a number says of the list behind it, what the list itself adds up to), all pages read."""
    found: list[Any] = []
    page = 1
    while True:
        if cell.figure.source == "looks":
            rows, total, amount = queries.footage_in(session, cell, page, size)
        elif cell.figure.source == "cases":
            rows, total, amount = queries.cases_in(session, cell, page, size)  # type: ignore[assignment]
        else:
            rows, total = queries.candidates_in(session, cell, page, size)  # type: ignore[assignment]
            amount = total
        found += rows
        if len(rows) < size:
            break
        page += 1
    assert total == len(found)
    if cell.figure.source == "looks":
        return amount, sum(looks for _, looks in found)
    assert len({row.id for row in found}) == len(found)
    if cell.figure.sum:
        return amount, sum(row.fine_yuan or 0 for row in found)
    return total, len(found)


def _check_lists(session: Session, person: Person, month: Month, size: int = 3) -> int:
    checked = 0
    for row in _rows(session, person, month):
        squad_id = row.squad.id if row.squad else person.squad_id
        for item in figures():
            number = row.figures[item.code]
            if number is None:
                continue
            listed = _listed(session, Cell(item, month, squad_id, row.type), size)
            assert listed == (number, number), (row, item.code)
            checked += 1
        for reason, number in row.rejected_by_reason.items():
            cell = Cell(figure("rejected"), month, squad_id, row.type, reason)
            assert _listed(session, cell, size) == (number, number)
            checked += 1
    return checked


def test_each_number_opens_the_list_that_it_counts(database: Database) -> None:
    with database.write() as session:
        district = District(session)
        _october(session, district)
        # 12 rows x 9 figures and 3 rows with looks, and the reasons: 2 + 1 + 2 of A, and the same of all.
        assert _check_lists(session, district.bureau, OCTOBER) == 12 * 9 + 3 + 2 * (2 + 1 + 2)
        assert _check_lists(session, district.leader, OCTOBER) == 8 * 9 + 2 + 2 * (2 + 1 + 2)


# An independent slow count ---------------------------------------------------------------------------


def _shanghai_month(moment: datetime | None) -> str | None:
    return moment.astimezone(SHANGHAI).strftime("%Y-%m") if moment else None


@dataclass(frozen=True)
class Everything:
    """All rows, read once."""

    candidates: list[Candidate]
    cases: list[Case]
    tallies: list[LookTally]


WAITING = ("open", "second", "escalated", "disputed", "returned")


def _slow(all_: Everything, code: str, month: str, squad: Squad | None, kind: str | None) -> int:
    """The definition of a figure in plain words, row by row, without SQL's conditions."""
    mine = [
        c for c in all_.candidates
        if _shanghai_month(c.first_at) == month and c.state not in ("merged", "withdrawn")
        and (squad is None or c.squad_id == squad.id) and (kind is None or c.type == kind)
    ]  # fmt: skip
    cases = [
        c
        for c in all_.cases
        if (squad is None or c.squad_id == squad.id) and (kind is None or c.type == kind)
    ]
    if code == "looks":
        return sum(
            t.looks for t in all_.tallies
            if _shanghai_month(t.hour) == month and (squad is None or t.squad_id == squad.id)
        )  # fmt: skip
    return {
        "candidates": lambda: len(mine),
        "clues": lambda: len([c for c in mine if c.proof == "clue"]),
        "confirmed": lambda: len([c for c in mine if c.state in ("kept", "filed")]),
        "rejected": lambda: len([c for c in mine if c.state == "rejected"]),
        "waiting": lambda: len([c for c in mine if c.state in WAITING]),
        "cases": lambda: len([c for c in cases if _shanghai_month(c.opened_at) == month]),
        "filed": lambda: len([c for c in cases if _shanghai_month(c.filed_at) == month]),
        "closed": lambda: len([c for c in cases if _shanghai_month(c.closed_at) == month]),
        "fines": lambda: sum(c.fine_yuan or 0 for c in cases if _shanghai_month(c.decided_at) == month),
    }[code]()


def _chance(session: Session, d: District, dice: random.Random) -> None:
    """150 candidates, 60 cases and 30 tallies in the weeks about October's two ends, hours and seconds by chance."""

    def moment() -> datetime:
        edge = dice.choice([FIRST, LAST + SECOND])
        return edge + timedelta(seconds=dice.choice([-1, 0, 1, dice.randint(-(10**6), 10**6)]))

    cameras = [d.cam_a, d.cam_b, d.cam_0]
    rows = []
    for _ in range(150):
        state = dice.choice(sorted(codes("candidate_states")))
        reason = dice.choice(sorted(codes("reasons"))) if state == "rejected" else None
        rows.append(
            b.a_candidate_row(
                session, dice.choice(cameras), first_at=moment(), type=dice.choice(TYPES), state=state,
                reason=reason, proof=dice.choice(["evidence", "clue"]),
            )
        )  # fmt: skip
    for row in dice.sample(rows, 60):
        acts = {
            name: moment() if dice.random() < 0.7 else None
            for name in ("filed_at", "decided_at", "closed_at")
        }
        fine = dice.choice([0, 50, 3000]) if acts["decided_at"] else None
        b.a_case_row(session, row, opened_at=moment(), fine_yuan=fine, **acts)
    for _ in range(30):
        _tally(session, dice.choice(cameras), moment().replace(minute=0, second=0), dice.randint(0, 500))


@pytest.mark.parametrize("seed", [1, 2])
def test_a_slow_count_of_chance_data_agrees(database: Database, seed: int) -> None:
    with database.write() as session:
        district = District(session)
        _chance(session, district, random.Random(seed))
        all_ = Everything(*(list(session.scalars(select(t))) for t in (Candidate, Case, LookTally)))
        seen: set[int | None] = set()
        for name in ("2026-09", "2026-10", "2026-11"):
            for row in _rows(session, district.bureau, month_of(name)):
                for code, number in row.figures.items():
                    if number is not None:
                        assert number == _slow(all_, code, name, row.squad, row.type), (name, code, row)
                        seen.add(number)
        assert len(seen) > 20  # the data did say something
        _check_lists(session, district.leader, OCTOBER, size=50)


# The sheet -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("zh", [True, False])
def test_the_sheet_shows_the_numbers_and_sums_them(sqlite: Database, zh: bool) -> None:
    with sqlite.write() as session:
        district = District(session)
        _october(session, district)
        rows = _rows(session, district.bureau)
        data = sheet(OCTOBER, rows, zh)
    shown = openpyxl.load_workbook(io.BytesIO(data), data_only=True)
    live = openpyxl.load_workbook(io.BytesIO(data))
    page, formulas = shown.worksheets[0], live.worksheets[0]
    assert page.title == "2026-10"
    assert [c.value for c in page[3]][:2] == (["中队", "类型"] if zh else ["Squad", "Type"])
    assert [c.value for c in page[3]][2:] == [f.zh if zh else f.en for f in figures()]
    for i, row in enumerate(rows):
        line = 4 + i
        numbers = [row.figures[code] for code in ORDER]
        assert [c.value for c in page[line]][2:] == ["—" if n is None else n for n in numbers]
        if row.type is not None:
            continue
        for column in range(4, 13):  # candidates ... fines: a formula over this squad's three types
            cell = formulas.cell(line, column)
            letter = openpyxl.utils.get_column_letter(column)
            assert cell.value == f"=SUM({letter}{line + 1}:{letter}{line + 3})"
            assert sum(page.cell(line + k, column).value for k in (1, 2, 3)) == page.cell(line, column).value
    assert page.cell(4 + len(rows), 1).value is None
    reasons, definitions = shown.worksheets[1], shown.worksheets[2]
    by_reason = {reasons.cell(1, c).value: reasons.cell(2, c).value for c in range(3, reasons.max_column + 1)}
    named = {w.code: (w.zh if zh else w.en) for w in words("reasons")}
    assert {k: v for k, v in by_reason.items() if v} == {named["duplicate"]: 2, named["permitted"]: 1}
    assert [definitions.cell(2 + i, 4).value for i in range(10)] == [
        f.formula_zh if zh else f.formula_en for f in figures()
    ]


def test_footage_of_a_month_is_listed_with_its_looks_of_that_month(sqlite: Database) -> None:
    """One recording over midnight: 7 looks in September, 11 in October."""
    with sqlite.write() as session:
        district = District(session)
        row = b.a_footage(session, district.cam_a, "night.mp4")
        for hour, looks in ((FIRST - timedelta(hours=1), 7), (FIRST, 11)):
            session.add(
                LookTally(
                    footage_id=row.id, hour=hour, device_id=row.device_id, squad_id=district.a.id, looks=looks
                )
            )
        found, total, amount = queries.footage_in(session, Cell(figure("looks"), OCTOBER), 1, 50)
        assert [(f.name, n) for f, n in found] == [("night.mp4", 11)]
        assert (total, amount) == (1, 11)
        assert isinstance(found[0][0], Footage)


def test_a_live_day_counts_as_looks_and_is_no_footage_that_was_handed_in(database: Database) -> None:
    """A recording of 11 looks, and a live camera's day of 2 looks in September's last hour and 3 in October."""
    with database.write() as session:
        district = District(session)
        camera = district.cam_a
        row = b.a_footage(session, camera, "morning.mp4")
        session.add(
            LookTally(footage_id=row.id, hour=FIRST, device_id=camera.id, squad_id=district.a.id, looks=11)
        )
        around = Around("a", ("stall",), "model-1", "f" * 64, 300.0, b.START)
        begun = datetime(2026, 9, 30, 15, 50, tzinfo=UTC)  # 23:50 in Shanghai
        [day] = begin_days(
            session, [Begin(camera.id, camera.code, begun.astimezone(SHANGHAI).date(), around)]
        )
        for n in range(5):
            at = begun + timedelta(minutes=6 * n)  # 23:50, 23:56, 00:02, 00:08, 00:14
            write_looks(
                session, [NewLook(day.footage_id, camera.id, district.a.id, n, at, "device", 0, None)]
            )
        found, total, amount = queries.footage_in(session, Cell(figure("looks"), OCTOBER), 1, 50)
        assert sorted((f.kind, f.name, n) for f, n in found) == [
            ("file", "morning.mp4", 11),
            ("live", "CAM-A 2026-09-30", 3),
        ]
        assert (total, amount) == (2, 14)
        assert _rows(session, district.bureau)[-1 - len(TYPES)].figures["looks"] == 14
        assert footage_by_device(session, [camera.id]) == {camera.id: (1, begun + timedelta(minutes=24))}
