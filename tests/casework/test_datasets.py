"""Data sets from reviews: what a picture teaches, which side it is on, what is written and recorded."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cv2
import pytest
from sqlalchemy import select

from casework.audit.tables import AuditEvent
from casework.candidates.queries import Filter
from casework.candidates.service import raise_candidate
from casework.candidates.tables import Candidate
from casework.datasets.judging import Box, Judged, Verdict, View, judge, sides
from casework.datasets.service import Exported, Order, export_reviews
from casework.db import Database, Session
from casework.devices.tables import Device
from casework.errors import Invalid, NotFound
from casework.evidence.queries import items_of
from casework.evidence.service import Exhibit, pack
from casework.people.service import Person
from casework.review import service as review
from casework.storage import FileStore
from casework.words import words
from detector.datasets.check import check
from detector.datasets.layout import items, open_dataset
from detector.errors import DataSetError
from detector.training.labels import read_labels
from tests import builders as b
from tests.detector.datasets.folders import a_street


def a_photo(seed: int) -> bytes:
    """A painted street as PNG: no other seed's looks like it."""
    done, data = cv2.imencode(".png", a_street(seed))
    assert done
    return data.tobytes()


LEFT, RIGHT = (0.1, 0.4, 0.2, 0.6), (0.6, 0.4, 0.8, 0.6)


def a_box(
    label: str = "stall",
    at: tuple[float, float, float, float] = LEFT,
    subject: bool = True,
    sure: float = 0.8,
) -> Box:
    return Box(label, at, sure, subject)


# What one picture teaches -------------------------------------------------------------------------------


def test_a_confirmed_box_is_learned_and_nothing_else() -> None:
    person, other = a_box("person", RIGHT, False), a_box("pile", RIGHT, False)
    weak = replace(other, xyxy=(0.3, 0.1, 0.4, 0.2), confidence=0.2)
    assert judge([View(Verdict.CONFIRMED, (a_box(), person, other, weak))]) == Judged((a_box(),), 1)


def test_the_reviewers_boxes_go_before_the_detectors() -> None:
    drawn = a_box("shop_goods", (0.1, 0.4, 0.3, 0.6))
    judged = judge([View(Verdict.CONFIRMED, (a_box(),), (drawn,))])
    assert judged == Judged((drawn,), 0)
    assert judge([View(Verdict.CONFIRMED, (a_box(),), ())]) == "no_box"


def test_a_confirmed_thing_that_this_picture_does_not_show() -> None:
    assert judge([View(Verdict.CONFIRMED, (a_box(subject=False),))]) == "no_box"


def test_what_was_rejected_as_not_the_thing_is_a_hard_negative() -> None:
    assert judge([View(Verdict.NOT_THE_THING, (a_box(), a_box("car", RIGHT, False)))]) == Judged((), 0)


def test_a_rejected_box_beside_a_confirmed_one_is_left_out() -> None:
    one = View(Verdict.CONFIRMED, (a_box(), a_box("pile", RIGHT, False)))
    other = View(Verdict.NOT_THE_THING, (a_box(subject=False), a_box("pile", RIGHT)))
    assert judge([one, other]) == judge([other, one]) == Judged((a_box(),), 0)


def test_a_permitted_stall_is_still_a_stall() -> None:
    """Only the reason that says 'it is not the thing' makes an empty label."""
    assert judge([View(Verdict.OTHER, (a_box(),))]) == "other_reason"
    assert [w.code for w in words("reasons") if w.hard_negative] == ["not_the_thing"]


@pytest.mark.parametrize(
    ("second", "why"),
    [
        (View(Verdict.UNDECIDED, (a_box("pile", RIGHT),)), "undecided"),
        (View(Verdict.OTHER, (a_box("pile", RIGHT),)), "other_reason"),
        (View(Verdict.NOT_THE_THING, (a_box("pile", RIGHT, False),)), "not_certain"),
    ],
)
def test_an_empty_label_needs_that_nothing_else_may_be_there(second: View, why: str) -> None:
    assert judge([View(Verdict.NOT_THE_THING, (a_box(),)), second]) == why


def test_two_candidates_that_show_one_thing_give_one_box() -> None:
    again = a_box(at=(0.1, 0.4, 0.2, 0.59))
    assert judge([View(Verdict.CONFIRMED, (a_box(),)), View(Verdict.CONFIRMED, (again,))]) == Judged(
        (a_box(),), 0
    )


# Sides --------------------------------------------------------------------------------------------------


def test_sides_are_about_80_to_20_and_stay() -> None:
    places = [f"street:{i}" for i in range(1000)]
    found = sides(places)
    assert 160 <= list(found.values()).count("val") <= 240
    assert {p: found[p] for p in places[:300]} == sides(places[:300])


@pytest.mark.parametrize("number", [2, 3, 4, 5])
def test_few_places_still_give_two_sides(number: int) -> None:
    for first in range(20):
        assert set(sides(f"p{first + i}" for i in range(number)).values()) == {"train", "val"}


# The whole way ------------------------------------------------------------------------------------------


class Bureau:
    """Streets ST-A, ST-B with a camera each, a vehicle, a reviewer; candidates with painted pictures."""

    def __init__(self, database: Database, store: FileStore) -> None:
        self.database, self.store, self.shade = database, store, 0
        with database.write() as session:
            squad = b.a_squad(session)
            streets = [b.a_street(session, squad, code) for code in ("ST-A", "ST-B")]
            self.cameras = [
                b.a_device(session, f"CAM-{s.code}", squad=squad, street=s, latitude=None, longitude=None)
                for s in streets
            ]
            self.reviewer: Person = b.a_person(session)

    def raised(
        self,
        session: Session,
        device: Device,
        start: datetime = b.START,
        boxes: tuple[Box, ...] = (a_box(),),
        pictures: tuple[bytes, ...] | None = None,
    ) -> Candidate:
        """A candidate with sealed pictures that show these boxes. pictures: else two new ones."""
        self.shade += 2
        violation = b.a_violation(
            device=device.code, start=start, box=(50 * self.shade, 0, 50 * self.shade + 40, 40)
        )
        meta = {
            "device": device.code,
            "width": 64,
            "height": 48,
            "time_source": "device",
            "zones": [],
            "boxes": [
                {"label": x.label, "xyxy": list(x.xyxy), "confidence": x.confidence, "subject": x.subject}
                for x in boxes
            ],
        }
        given = pictures or (a_photo(self.shade), a_photo(self.shade + 1))
        exhibits = [
            Exhibit("picture", role, data, "image/png", start, meta)
            for role, data in zip(("first", "latest"), given, strict=False)
        ]
        exhibits.append(Exhibit("clip", "clip", b"clip", "video/mp4", start, {"end": start.isoformat()}))
        packed = pack(self.store, violation.key, exhibits, {})
        return raise_candidate(session, violation, b.a_witness(b.a_footage(session, device)), packed)[0]

    def decided(self, device: int = 0, reason: str | None = None, drawn: Any = None, **raised: Any) -> int:
        """A candidate that the reviewer kept, or rejected for a reason. Returns its id."""
        with self.database.write() as session:
            candidate = self.raised(session, self.cameras[device], **raised)
            review.take_next(session, self.reviewer, "first", Filter())
            given = drawn and [
                {"picture": item.id, "boxes": drawn}
                for item in items_of(session, candidate.id)
                if item.kind == "picture"
            ]
            choice = review.Choice(
                "first",
                "reject" if reason else "keep",
                f"key-{candidate.id}",
                reason,
                boxes=given,
                shown=b.seen(session, candidate.id),
            )
            review.decide(session, self.reviewer, candidate.id, choice)
            return candidate.id

    def export(self, out: Path, **order: Any) -> Exported:
        return export_reviews(self.database, self.store, out, Order("command-line", "training", **order))

    def events(self) -> list[AuditEvent]:
        with self.database.read() as session:
            return list(session.scalars(select(AuditEvent).where(AuditEvent.action == "dataset_exported")))


@pytest.fixture
def bureau(sqlite: Database, store: FileStore) -> Bureau:
    return Bureau(sqlite, store)


def rows_of(out: Path) -> list[dict[str, str]]:
    with (out / "sources.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_whole_way(database: Database, store: FileStore, tmp_path: Path) -> None:
    """Two streets; kept, corrected, rejected twice, one not yet decided."""
    bureau, out = Bureau(database, store), tmp_path / "set"
    kept = bureau.decided()
    bureau.decided(1, drawn=[{"label": "pile", "xyxy": [0.2, 0.2, 0.4, 0.6]}])
    bureau.decided(0, "not_the_thing")
    bureau.decided(1, "permitted")
    with database.write() as session:
        bureau.raised(session, bureau.cameras[0])
    done = bureau.export(out)
    assert (done.positives, done.negatives, done.corrected, done.left_out) == (4, 2, 2, {"other_reason": 2})
    assert done.boxes == {"stall": 2, "pile": 2}
    assert set(done.places) == {"street:ST-A", "street:ST-B"}
    assert set(done.places.values()) == {"train", "val"}

    data = open_dataset(out)
    assert [f for f in check(data) if f.code.endswith("_leak") or f.severity == "error"] == []
    rows = rows_of(out)
    assert len(rows) == 6
    for row in rows:
        picture = out / "images" / row["split"] / row["file"]
        assert hashlib.sha256(picture.read_bytes()).hexdigest() == row["sha256"]
        assert row["split"] == done.places[row["group"]]
        assert (row["month"], row["view"], row["decided_by"]) == ("2026-10", "fixed", "1")
        assert bureau.reviewer.username not in str(row)
    first = next(r for r in rows if r["candidate"] == str(kept))
    labels = read_labels(out / "labels" / first["split"] / f"{Path(first['file']).stem}.txt")
    assert labels.class_id.tolist() == [0]
    assert labels.centre[0] == pytest.approx([0.15, 0.5, 0.1, 0.2])  # 0.1 .. 0.2 and 0.4 .. 0.6
    drawn = next(r for r in rows if r["group"] == "street:ST-B")
    labels = read_labels(out / "labels" / drawn["split"] / f"{Path(drawn['file']).stem}.txt")
    assert (labels.class_id.tolist(), labels.centre[0].tolist()) == ([2], pytest.approx([0.3, 0.4, 0.2, 0.4]))
    negative = next(r for r in rows if r["verdict"] == "hard_negative")
    assert negative["reason"] == "not_the_thing"
    (event,) = bureau.events()
    assert event.detail["pictures"] == 6
    assert event.detail["purpose"] == "training"
    assert event.detail["sources_sha256"] == hashlib.sha256((out / "sources.csv").read_bytes()).hexdigest()


def test_one_picture_of_two_candidates(bureau: Bureau, tmp_path: Path) -> None:
    """Sealed twice, written once: with the confirmed box, without the rejected one."""
    picture = (a_photo(200),)
    one = bureau.decided(boxes=(a_box(), a_box("pile", RIGHT, False)), pictures=picture)
    two = bureau.decided(
        reason="not_the_thing", boxes=(a_box(subject=False), a_box("pile", RIGHT)), pictures=picture
    )
    done = bureau.export(tmp_path / "set")
    assert (done.positives, done.negatives, done.unreviewed) == (1, 0, 0)
    (row,) = rows_of(tmp_path / "set")
    assert (row["candidate"], row["reason"]) == (f"{one};{two}", "not_the_thing")
    assert done.boxes == {"stall": 1}


def test_months(bureau: Bureau, tmp_path: Path) -> None:
    """First seen: 31 October and 1 November in Shanghai."""
    bureau.decided(start=datetime(2026, 10, 31, 15, 59, tzinfo=UTC))
    bureau.decided(start=datetime(2026, 10, 31, 16, 0, tzinfo=UTC))
    border = datetime(2026, 10, 31, 16, 0, tzinfo=UTC)
    assert [bureau.export(tmp_path / "a", until=border).pictures, rows_of(tmp_path / "a")[0]["month"]] == [
        2,
        "2026-10",
    ]
    assert [bureau.export(tmp_path / "b", since=border).pictures, rows_of(tmp_path / "b")[0]["month"]] == [
        2,
        "2026-11",
    ]
    with pytest.raises(Invalid, match="no decided candidate"):
        bureau.export(tmp_path / "c", since=border + timedelta(days=1))


def test_a_candidate_of_two_places_is_left_out(bureau: Bureau, tmp_path: Path) -> None:
    """A vehicle on no known street: its place is a cell of the map; the camera's is its street."""
    bureau.decided(pictures=(a_photo(210),))
    with bureau.database.write() as session:
        car = b.a_device(session, "CAR-1", "vehicle")
        candidate = bureau.raised(session, car, pictures=(a_photo(210), a_photo(211)))
        candidate.latitude, candidate.longitude = 31.256, 121.449
        candidate.state = "kept"
    done = bureau.export(tmp_path / "set")
    assert done.left_out == {"two_places": 1}
    assert [r["group"] for r in rows_of(tmp_path / "set")] == ["cell:31.25,121.44"]


def test_nothing_is_handed_out_without_purpose_or_from_changed_evidence(
    bureau: Bureau, tmp_path: Path
) -> None:
    bureau.decided()
    with pytest.raises(Invalid, match="--purpose"):
        export_reviews(bureau.database, bureau.store, tmp_path / "set", Order("command-line", "  "))
    path = next(p for p in bureau.store.root.glob("??/??/*") if p.read_bytes().startswith(b"\x89PNG"))
    path.chmod(0o640)
    path.write_bytes(a_photo(5))
    with pytest.raises(NotFound, match="is not what was sealed; run jiexun verify"):
        bureau.export(tmp_path / "set")
    path.unlink()
    with pytest.raises(NotFound, match="is missing; run jiexun verify"):
        bureau.export(tmp_path / "set")
    assert list(tmp_path.iterdir()) == []
    assert bureau.events() == []


def test_nothing_is_written_over(bureau: Bureau, tmp_path: Path) -> None:
    bureau.decided()
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(DataSetError, match="not empty"):
        bureau.export(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]
    bureau.export(tmp_path / "one")
    bureau.export(tmp_path / "two")
    assert (tmp_path / "one" / "sources.csv").read_bytes() == (tmp_path / "two" / "sources.csv").read_bytes()
    assert [i.file.name for i in items(open_dataset(tmp_path / "one"), "all")]
