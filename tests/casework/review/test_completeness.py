"""Whether evidence is whole: each item by a candidate that lacks just that."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from casework.candidates.service import raise_candidate
from casework.candidates.tables import Candidate
from casework.db import Database, utcnow
from casework.devices.tables import Device
from casework.evidence.queries import items_of
from casework.evidence.service import Exhibit, pack
from casework.people.service import Person
from casework.places.service import set_zones
from casework.review import service
from casework.review.admission import Choice
from casework.review.completeness import Item, completeness, takings
from casework.storage import FileStore
from tests import builders as b


class Lawyer:
    """A candidate with three pictures 150 s apart, kept by li, and wang who is to accept it."""

    def __init__(self, database: Database, store: FileStore, approved: Any = None, **changes: Any) -> None:
        self.database, self.store = database, store
        with database.write() as session:
            squad = b.a_squad(session)
            street = b.a_street(session, squad)
            shop = b.a_shop(session, street)
            camera = b.a_device(session, squad=squad, street=street, approved=approved)
            self.li, self.wang = b.a_person(session, "reviewer", "li"), b.a_person(session, "legal", "wang")
            violation = b.a_violation(ground=b.metres(), shop=shop.code)
            times = changes.pop("times", (0, 150, 300))
            source = changes.pop("source", "device")
            self.id = self._raise(session, camera, violation, times, source)
            row = session.get_one(Candidate, self.id)
            for name, value in changes.items():
                setattr(row, name, value)
            service.lease(row, self.li, "first", utcnow())

    def _raise(self, session: Any, camera: Device, violation: Any, times: Any, source: str) -> int:
        meta: dict[str, Any] = {
            "device": camera.code, "width": 64, "height": 48, "time_source": source, "boxes": [], "zones": [],
        }  # fmt: skip
        files = [
            Exhibit("picture", "middle", b.a_png(100 + n), "image/png", b.at(s), meta)
            for n, s in enumerate(times)
        ]
        packed = pack(self.store, f"{violation.key}:birth", files, {"device": camera.code})
        footage = b.a_footage(session, camera)
        return raise_candidate(session, violation, b.a_witness(footage), packed)[0].id

    def keep(self) -> None:
        """li keeps it, having seen its pictures."""
        with self.database.write() as session:
            shown = [{"picture": i.id, "ms": 900} for i in items_of(session, self.id)]
            service.decide(session, self.li, self.id, Choice("first", "keep", "key-keep", shown=shown))

    def items(self, person: Person | None = None) -> dict[str, Item]:
        with self.database.read() as session:
            found = completeness(session, self.store, person or self.wang, self.id)
        return {item.code: item for item in found}


def test_a_whole_one(sqlite: Database, store: FileStore) -> None:
    law = Lawyer(sqlite, store)
    law.keep()
    found = law.items()
    assert {code: item.ok for code, item in found.items()} == {
        "pictures": True, "spacing": True, "clock": True, "approvals": True, "place": True, "permitted": True,
        "calendar": True, "party": True, "seal": True, "reviewer": True, "basis": True,
    }  # fmt: skip
    assert found["pictures"].words == ("已封存 3 张，要求 3 张", "3 sealed, 3 asked for")
    assert found["seal"].words[1] == "3 files and 1 seals agree"
    assert "某reviewer" in found["reviewer"].words[0]
    assert all(item.article for item in found.values())


@pytest.mark.parametrize(
    ("changes", "code", "said"),
    [
        ({"times": (0, 300)}, "pictures", "只封存 2 张"),
        ({"times": (0, 30, 300)}, "spacing", "只有 2 次"),
        ({"source": "server"}, "clock", "来源 server"),
        ({"approved": b.approvals(without=["marked"])}, "approvals", "标志明显"),
        ({"approved": b.approvals(without=["clock_sync"])}, "clock", "时钟同步"),
        ({"approved": b.approvals(valid_to=date(2026, 10, 11))}, "approvals", "2026-10-12"),
        ({"squad": None, "squad_id": None}, "place", "管辖中队"),
        ({"shop": None, "shop_id": None, "type": "cross_door"}, "party", "未对应到店铺"),
        ({"warning": True}, "basis", "预警"),
    ],
)
def test_what_is_missing_is_said(
    sqlite: Database, store: FileStore, changes: dict[str, Any], code: str, said: str
) -> None:
    item = Lawyer(sqlite, store, **changes).items()[code]
    assert item.ok is False
    assert said in item.words[0]


def test_approvals_are_asked_for_the_day_of_taking(sqlite: Database, store: FileStore) -> None:
    """They have run out since: the record stays what it was."""
    law = Lawyer(sqlite, store, approved=b.approvals(valid_to=date(2026, 10, 12)))
    assert law.items()["approvals"].ok is True


def test_what_only_an_officer_can_find_is_no_cross(sqlite: Database, store: FileStore) -> None:
    found = Lawyer(sqlite, store, shop=None, shop_id=None, proof="clue").items()
    assert (found["party"].ok, found["basis"].ok) == (None, None)


def test_permitted_places_of_that_time(sqlite: Database, store: FileStore) -> None:
    """Entered after it was raised: a permit for that day counts, one that begins the day after does not."""
    law = Lawyer(sqlite, store)
    assert law.items()["permitted"].ok is True

    def permit(**properties: str) -> bool | None:
        with sqlite.write() as session:
            set_zones(session, "system", None, [b.a_ground_place(name="夜市", properties=properties)])
        return law.items()["permitted"].ok

    assert permit(valid_from="2026-10-13") is True
    assert permit(valid_from="2026-10-12", valid_to="2026-10-12") is False
    assert "夜市" in law.items()["permitted"].words[1]
    assert permit(valid_to="2026-10-11") is True


def test_a_changed_file_breaks_the_seal(sqlite: Database, store: FileStore, folder: Any) -> None:
    law = Lawyer(sqlite, store)
    (victim,) = [
        p for p in (folder / "evidence").rglob("*") if p.is_file() and p.read_bytes() == b.a_png(101)
    ]
    victim.chmod(0o644)
    victim.write_bytes(b.a_png(7))
    item = law.items()["seal"]
    assert item.ok is False
    assert item.words[0].endswith("图片 middle 缺失或被改动")


def test_who_reviewed_it_is_told_that_they_may_not(sqlite: Database, store: FileStore) -> None:
    law = Lawyer(sqlite, store)
    assert law.items()["reviewer"].ok is False  # nobody kept it yet
    law.keep()
    assert law.items(law.li)["reviewer"].ok is False
    assert law.items()["reviewer"].ok is True


def test_takings_by_hand() -> None:
    at = b.at
    assert takings([at(0), at(60), at(120)], 60) == 3
    assert takings([at(0), at(59), at(118)], 60) == 2
    assert takings([at(120), at(0)], 60) == 2
    assert takings([], 60) == 0
    assert takings([at(0), at(0) + timedelta(milliseconds=59_999)], 60) == 1
