"""Footage to candidates, on painted videos whose truth is known."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from casework.candidates.queries import all_candidates
from casework.db import Database
from casework.devices.queries import device_by_code
from casework.devices.service import add_device
from casework.evidence.queries import items_of, seals_of
from casework.footage.queries import footage
from casework.places.service import set_zones
from casework.rules.preview import Ask
from casework.verify import verify
from detector.scene.rules_data import default_rules, shipped
from ingest.errors import BadTime, BadVideo
from ingest.recorded import open_recording
from jiexun.house import House, open_house
from jiexun.pipeline.replay import replay
from jiexun.settings import load
from tests import builders as b
from tests.jiexun.painted import NAMES, PAVEMENT, START, Thing, film, furnish, look_at, minutes, outcome

STALL = Thing("stall", (40, 140, 100, 200), 60, 720)
GOODS = Thing("shop_goods", (200, 100, 260, 150), 120, 10_000)
PILE = Thing("pile", (120, 180, 160, 220), 0, 10_000)
SHORT = Thing("stall", (270, 180, 310, 230), 300, 420)  # two minutes: no violation
PASSER = Thing("person", (45, 130, 70, 215), 100, 108)  # before the stall for two looks
STREET = [STALL, GOODS, PILE, SHORT, PASSER]


def test_each_standing_thing_is_raised_once(house: House, tmp_path: Path) -> None:
    # 15 minutes, one frame each 4 s: 225 frames, each a look (fewer than two a second).
    report = look_at(house, film(tmp_path / "a.mp4", STREET, 900), "C-1")
    assert (report.frames, report.looks, report.already) == (225, 225, False)
    with house.database.read() as session:
        rows = {c.type: c for c in all_candidates(session)}
    assert sorted(rows) == ["cross_door", "stacked_goods", "stall"]
    assert report.candidates == 3
    stall = rows["stall"]
    # First seen in the look at 60 s, last in the look at 716 s; nothing else lies between than looks 4 s apart,
    # of which the two with the passer-by (at 100 and 104 s) still show most of the stall.
    assert stall.first_at == START + timedelta(seconds=60)
    assert stall.last_at == START + timedelta(seconds=716)
    assert stall.observed_s + stall.inferred_s == pytest.approx(656)
    assert not stall.standing  # it was seen to be gone
    assert rows["stacked_goods"].first_at == START  # it stood there from the first look
    assert rows["stacked_goods"].standing  # the footage ended, the pile did not
    assert {c.proof for c in rows.values()} == {"evidence"}


def test_evidence_is_the_original_frame(house: House, tmp_path: Path) -> None:
    video = film(tmp_path / "a.mp4", [STALL], 900)
    look_at(house, video, "C-1")
    with house.database.read() as session:
        [candidate] = all_candidates(session)
        items = items_of(session, candidate.id)
        assert verify(session, house.store).bad == []
        assert len(seals_of(session, candidate.id)) == 2  # at birth, and when it had gone
    pictures = [i for i in items if i.kind == "picture"]
    # Three at birth (the rule's number), one more when it had gone: the last look at which it still stood.
    assert [p.role for p in pictures] == ["first", "middle", "latest", "latest"]
    assert pictures[0].captured_at == START + timedelta(seconds=60)
    times = [p.captured_at for p in pictures]
    assert all(later - earlier >= minutes(1) for earlier, later in pairwise(times[:3]))
    # It last stood in the look at 716 s; the latest picture is renewed at most each 60 s (the rule's spacing).
    assert timedelta(seconds=656) <= times[-1] - START <= timedelta(seconds=716)
    for picture in pictures:
        kept = cv2.imdecode(np.frombuffer(house.store.get(picture.sha256), np.uint8), cv2.IMREAD_COLOR)
        frame = open_recording(video, "C-1").frame_at(picture.meta["frame"])
        assert np.array_equal(kept, frame.image)
        [subject] = [b for b in picture.meta["boxes"] if b["subject"]]
        assert subject["label"] == "stall"
        assert subject["xyxy"] == pytest.approx([40 / 320, 140 / 240, 100 / 320, 200 / 240], abs=0.01)
    assert {i.media_type for i in items if i.kind == "clip"} == {"video/mp4"}


def test_the_same_file_counts_once(house: House, tmp_path: Path) -> None:
    video = film(tmp_path / "a.mp4", STREET, 900)
    first, again = look_at(house, video, "C-1"), look_at(house, video, "C-1")
    copied = tmp_path / "other name.mp4"
    copied.write_bytes(video.read_bytes())
    third = look_at(house, copied, "C-1")
    assert (again.already, third.already) == (True, True)
    assert first.footage == again.footage == third.footage
    with house.database.read() as session:
        assert len(all_candidates(session)) == 3


def test_what_stands_on_in_the_next_file_is_the_same(house: House, tmp_path: Path) -> None:
    # The pile stands through both files; the stall left in the first and another comes in the second.
    look_at(house, film(tmp_path / "a.mp4", [PILE, STALL], 900), "C-1")
    later = START + minutes(15)
    look_at(house, film(tmp_path / "b.mp4", [PILE, STALL], 900, start=later), "C-1")
    with house.database.read() as session:
        rows = all_candidates(session)
    assert [c.type for c in rows].count("stacked_goods") == 1
    assert [c.type for c in rows].count("stall") == 2
    [pile] = [c for c in rows if c.type == "stacked_goods"]
    assert (pile.first_at, pile.last_at) == (START, later + timedelta(seconds=896))


def test_a_camera_without_approval_gives_clues(house: House, tmp_path: Path) -> None:
    look_at(house, film(tmp_path / "a.mp4", [STALL], 900), "C-2")
    with house.database.read() as session:
        [candidate] = all_candidates(session)
    assert candidate.proof == "clue"
    assert "approval:legal_review" in candidate.facts["clue_because"]


def test_a_file_without_a_clock_gives_clues(house: House, tmp_path: Path) -> None:
    look_at(house, film(tmp_path / "a.mp4", [STALL], 900, start=None), "C-1")
    with house.database.read() as session:
        [candidate] = all_candidates(session)
    assert (candidate.proof, candidate.facts["clue_because"]) == ("clue", ["clock:server"])


def test_a_camera_without_zones_says_so(house: House, tmp_path: Path) -> None:
    report = look_at(house, film(tmp_path / "a.mp4", STREET, 900), "C-3")
    assert report.candidates == 0
    assert any("C-3 has no zones" in note for note in report.notes)


@pytest.mark.parametrize(
    ("east", "valid_to", "raised"),
    [
        (5.4, None, 0),  # it stands in the place
        (5.4, "2026-10-30", 1),  # whose permission ended the day before
        (15.0, None, 1),  # it stands nine metres from it
    ],
)
def test_a_permitted_place_on_the_map_holds_before_a_surveyed_camera(
    house: House, tmp_path: Path, east: float, valid_to: str | None, raised: int
) -> None:
    # f = 160 px / tan 40° = 190.7; the foot is 80 px below the middle: 20° + 22.76° down, 5 m / tan 42.76° = 5.41 m.
    stall = Thing("stall", (130, 140, 190, 200), 0, 10_000)
    survey = {
        "mounting": {"height_m": 5, "pitch_deg": 20, "yaw_deg": 0, "roll_deg": 0, "hfov_deg": 80},
        **{"latitude": 31.2, "longitude": 121.4, "heading_deg": 90},
    }
    # A square of 2 m so far east of the camera; a degree is 95.3 km east and 110.9 km north.
    corners = [(east - 1, -1), (east + 1, -1), (east + 1, 1), (east - 1, 1)]
    square = [[121.4 + x / 95300, 31.2 + y / 110900] for x, y in corners]
    permitted = {"code": "G-1", "kind": "permitted", "polygon": square, "properties": {"valid_to": valid_to}}
    with house.database.write() as session:
        device = add_device(session, "test", {"code": "C-4", "kind": "fixed", **survey})
        set_zones(
            session, "test", device, [{"code": "C-4-pavement", "kind": "pavement", "polygon": PAVEMENT}]
        )
        set_zones(session, "test", None, [permitted])
    report = look_at(house, film(tmp_path / "a.mp4", [stall], 600, step=10.0), "C-4")
    assert (report.looks, report.candidates) == (60, raised)
    found = replay(house, Ask(shipped(), START, START + minutes(60)), NAMES)
    assert len(found.findings) == raised  # another look at the same boxes lets it off too


def test_a_pause_longer_than_any_gap_is_told(house: House, tmp_path: Path) -> None:
    # A look each 50 minutes; a quarter of an hour is the longest gap, whatever the plan.
    report = look_at(house, film(tmp_path / "a.mp4", [PILE], 9000, step=3000.0), "C-1")
    assert (report.looks, report.candidates) == (3, 0)
    assert any(note.startswith("2 times two looks were further apart") for note in report.notes)


def test_a_door_line_on_the_picture_is_shown_with_the_evidence(house: House, tmp_path: Path) -> None:
    line = {"code": "C-3-door", "kind": "door_line", "polygon": [[0.5, 0.41], [0.9, 0.43]], "shop": "SH-1"}
    with house.database.write() as session:
        b.a_shop(session, b.a_street(session, b.a_squad(session)))
        device = device_by_code(session, "C-3")
        set_zones(
            session, "test", device, [{"code": "C-3-pavement", "kind": "pavement", "polygon": PAVEMENT}, line]
        )
    look_at(house, film(tmp_path / "a.mp4", [PILE], 400, step=10.0), "C-3")
    with house.database.read() as session:
        [candidate] = all_candidates(session)
        shown = [i.meta["zones"] for i in items_of(session, candidate.id) if i.kind == "picture"]
        assert verify(session, house.store).bad == []
    assert shown
    for zones in shown:
        assert [z["kind"] for z in zones] == ["pavement", "door_line"]
        assert (zones[1]["polygon"], zones[1]["shop"]) == (line["polygon"], "SH-1")


def test_a_broken_tail_is_used_as_far_as_it_goes(house: House, tmp_path: Path) -> None:
    whole = film(tmp_path / "a.ts", [STALL], 900, start=None)
    broken = tmp_path / "20261031_140500.ts"
    broken.write_bytes(whole.read_bytes()[: whole.stat().st_size * 3 // 4])
    report = look_at(house, broken, "C-1")
    assert 100 < report.looks < 225
    with house.database.read() as session:
        assert [c.type for c in all_candidates(session)] == ["stall"]


@pytest.mark.parametrize("case", ["text", "empty", "future"])
def test_what_cannot_be_used_leaves_nothing(house: House, tmp_path: Path, case: str) -> None:
    path = tmp_path / f"{case}.mp4"
    if case == "future":
        film(path, [STALL], 60, start=START.replace(year=2030))
    else:
        path.write_text("no video" if case == "text" else "")
    with pytest.raises((BadVideo, BadTime)) as caught:
        look_at(house, path, "C-1")
    assert "\n" not in str(caught.value)
    assert path.name in str(caught.value)
    with house.database.read() as session, pytest.raises(Exception, match="no footage"):
        footage(session, 1)


def test_rules_are_the_districts_defaults() -> None:
    # The numbers that the tests above are worked out with.
    rules = default_rules(NAMES, START.date())
    assert [r.code for r in rules] == ["stall", "cross_door", "stacked_goods", "unnamed"]
    assert {(r.dwell_s, r.pictures, r.spacing_s, r.gap_s) for r in rules[:3]} == {(300, 3, 60, 120)}


@pytest.mark.postgres
def test_the_same_on_postgresql(house: House, postgresql: Database, tmp_path: Path) -> None:
    video = film(tmp_path / "a.mp4", STREET, 900)
    look_at(house, video, "C-1")
    settings = load(tmp_path / "large", legal_mode="evidence", database_url=postgresql.url)
    with open_house(settings=settings) as large:
        furnish(large)
        look_at(large, video, "C-1")
        with large.database.read() as session:
            assert verify(session, large.store).bad == []
        assert outcome(large) == outcome(house)
