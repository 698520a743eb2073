"""The live path: folders of pictures, the schedule, detection, judgement, candidates; by values worked out by hand."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select, update

from casework.db import utcnow
from casework.devices.queries import device_by_code
from casework.footage.tables import Footage
from casework.live.tables import LiveDay
from casework.looks.codec import unpacked
from casework.looks.tables import LookFile
from casework.plans.tables import LookDue
from casework.samples.tables import LookSample, SampleDraw
from casework.streams.tables import Stream
from casework.verify import verify
from ingest.picture_file import decode_picture
from jiexun.house import open_house
from jiexun.live.closing import close_one
from jiexun.live.spool import Spool
from tests.jiexun.live_street import (
    BY_HAND,
    LOOKS,
    Street,
    brief,
    engine_of,
    furnish_live,
    live_outcome,
    live_settings,
    look_sums,
)

CLOSED = [
    ("cross_door", "evidence", 40, 180, 140.0, True, 4),
    ("stacked_goods", "clue", 0, 180, 180.0, True, 4),
    ("stall", "evidence", 20, 100, 80.0, False, 4),
]
"""Each with the latest picture. The stall was away for 80 s, longer than the gap: it has gone."""


def test_a_live_street_and_the_end_of_its_day(tmp_path: Path) -> None:
    with open_house(settings=live_settings(tmp_path / "home", sample_one_in=1)) as house:
        began = furnish_live(house, tmp_path / "drop", dead=True)
        street = Street(house, tmp_path / "drop", began)
        with engine_of(house) as engine:
            street.play(3)
            with house.database.read() as session:
                quick = {
                    row.device_id: row.quick_until is not None for row in session.scalars(select(LookDue))
                }
            assert list(quick.values()) == [
                True,
                True,
                False,
            ]  # a stall and a pile are there, and C-3 says nothing
            street.play(5, since=3)
        # Another worker goes on in the middle: it has no scene in memory and rebuilds it from what was stored.
        kept, lost = sorted(house.settings.spool_dir.glob("*/*/scene"))
        lost.write_bytes(b"not what was written there")
        with engine_of(house) as other:
            street.play(since=5)
        assert kept.stat().st_size < 200_000
        assert brief(live_outcome(house, began)) == BY_HAND
        assert look_sums(house) == {"C-1": (LOOKS,) * 3, "C-2": (LOOKS,) * 3}
        assert engine.counts.looks + other.counts.looks == 2 * LOOKS
        spool = Spool(house.settings.spool_dir)
        with house.database.write() as session:
            dead = session.get_one(Stream, device_by_code(session, "C-3").id)
            assert (dead.fault, dead.last_picture_at) == ("refused", None)
            assert set(session.scalars(select(LookDue.worker))) == {None}
            session.execute(update(LiveDay).values(replaced_at=utcnow()))
        assert [close_one(house, spool) for _ in range(3)] == [True, True, False]
        assert brief(live_outcome(house, began)) == CLOSED
        assert look_sums(house) == {"C-1": (LOOKS, LOOKS, 0), "C-2": (LOOKS, LOOKS, 0)}
        assert list(house.settings.spool_dir.glob("*/*")) == []
        with house.database.read() as session:
            files = session.scalars(select(LookFile).order_by(LookFile.device_id)).all()
            assert [(f.looks, f.part, f.look_every_s) for f in files] == [(LOOKS, 1, 1.0)] * 2
            assert {row.state for row in session.scalars(select(Footage))} == {"done"}
            # All looks are drawn; on all but the very first one something stood that was raised (20 to 180 s).
            first, second = session.scalars(select(SampleDraw).order_by(SampleDraw.device_id))
            assert (first.looks, second.looks, first.model_id) == (1, 0, "scripted")
            [sample] = session.scalars(select(LookSample))
            assert (sample.captured_at, sample.width, sample.height) == (began, 320, 240)
            assert len(decode_picture(house.store.get(sample.picture), "sample")) == 240
            assert verify(session, house.store).bad == []
        stored = list(unpacked(house.looks.get(files[0].sha256)))
        assert [round((look.captured_at - began).total_seconds()) for look in stored] == list(
            range(0, 200, 20)
        )
