"""After a notice a live camera looks again by itself, whoever looks and however often the worker changed. By hand."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest

from casework.candidates.queries import all_candidates
from casework.evidence.tables import EvidenceItem
from casework.verify import verify
from casework.watches.queries import page_of_watches
from casework.watches.service import watch
from jiexun.house import House, open_house
from jiexun.live import housekeeping
from tests import builders as b
from tests.jiexun.live_street import Street, engine_of, furnish_live, live_settings

LONG = timedelta(hours=1)


def ask(house: House, kind: str, street: Street, seconds: int) -> None:
    """Somebody wants to know whether what was raised is gone so many seconds after the first picture."""
    since = street.began + timedelta(seconds=seconds)
    with house.database.write() as session:
        [about] = [c for c in all_candidates(session) if c.type == kind]
        watch(session, b.a_person(session, "leader"), about.id, since, since + LONG)


def test_what_left_is_corrected_and_what_stays_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looks at 0, 20 ... 180 s; the stall (raised at 80) leaves at 110, the goods (raised at 100) stay.

    Goods asked about from 90 on: looks at 100, 120, 140 and 160 saw them, a minute between the first and the last.
    The stall from 110 on: looks at 120, 140, 160 and 180 saw none. Before: the pictures that each was raised with are
    of its first look, the next one and the last (40, 60, 100; 20, 40, 80).
    """
    monkeypatch.setattr(housekeeping, "CHANGES_EVERY_S", 0.0)
    monkeypatch.setattr(housekeeping, "CLOSE_EVERY_S", 0.1)
    with open_house(settings=live_settings(tmp_path / "home")) as house:
        street = Street(house, tmp_path / "drop", furnish_live(house, tmp_path / "drop"))
        with engine_of(house):
            street.play(7)
            ask(house, "cross_door", street, 90)  # what it looked at since then counts as well
            street.play(9, since=7)
        ask(house, "stall", street, 110)
        with engine_of(house):  # another worker: from what was stored
            street.play(since=9)
        with house.database.write() as session:
            found, _ = page_of_watches(session, b.a_person(session, "leader"), 1, 10)
            stall, goods = found
            assert (goods.state, goods.looks, goods.seen) == ("not_corrected", 4, 4)
            assert (stall.state, stall.looks, stall.seen) == ("corrected", 4, 0)
            for one, before_s, after_s in ((goods, 60, 160), (stall, 80, 180)):
                before, after = (session.get_one(EvidenceItem, i or 0) for i in (one.before_id, one.after_id))
                taken = [(e.captured_at - street.began).total_seconds() for e in (before, after)]
                assert taken == [before_s, after_s]
                assert after.role == "after"
                name = f"{street.began + timedelta(seconds=after_s):%Y%m%d_%H%M%S}.000Z.png"
                shown = (tmp_path / "drop" / "C-1" / name).read_bytes()
                assert after.sha256 == hashlib.sha256(shown).hexdigest()
                assert one.seen_at == after.captured_at
            assert verify(session, house.store).bad == []
