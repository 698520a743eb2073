"""What is wrong with a camera: one thing at a time, ended by the camera or by a person, and in the audit."""

from __future__ import annotations

from datetime import timedelta

from casework.audit.queries import page_of_events
from casework.db import Database
from casework.devices.conditions import begin, conditions_of, end, open_conditions
from casework.devices.pictures import add_picture
from casework.storage import FileStore
from detector.care.model import Condition, Finding
from tests import builders as b

MOVED = Finding(Condition.MOVED, "turn_deg", 5.04321, 1.0)
BLOCKED = Finding(Condition.BLOCKED, "flat_share", 0.9, 0.6)


def test_it_begins_once_changes_and_ends_by_itself(database: Database) -> None:
    with database.write() as session:
        device = b.a_device(session)
        first = begin(session, device, MOVED, b.START, "ab" * 32, None)
        assert begin(session, device, MOVED, b.START + timedelta(hours=1), "cd" * 32, None) is first
        assert (first.kind, first.measure, first.value, first.limit_value) == (
            "moved",
            "turn_deg",
            5.0432,
            1.0,
        )
        begin(session, device, BLOCKED, b.START + timedelta(hours=2), "cd" * 32, None)
        end(session, device, b.START)  # an older look: it is later than this
        assert open_conditions(session, [device])[device.id].kind == "blocked"
        end(session, device, b.START + timedelta(hours=3))
        end(session, device, b.START + timedelta(hours=4))  # nothing is open
        assert open_conditions(session, [device]) == {}
        rows = [(r.kind, r.since - b.START, r.until, r.ended_by) for r in conditions_of(session, device)]
    assert rows == [
        ("blocked", timedelta(hours=2), b.START + timedelta(hours=3), "system"),
        ("moved", timedelta(0), b.START + timedelta(hours=2), "system"),
    ]


def test_a_new_reference_picture_ends_it_and_all_is_in_the_audit(
    database: Database, store: FileStore
) -> None:
    with database.write() as session:
        device = b.a_device(session)
        begin(session, device, MOVED, b.START, "ab" * 32, None)
        add_picture(session, store, "ins-01", device, b.a_png(width=640, height=360))
        [row] = conditions_of(session, device)
        assert row.until is not None
        assert row.ended_by == "ins-01"
        acts = [
            (e.action, e.actor)
            for e in page_of_events(session, 1, 50)[0]
            if e.action.startswith("camera_condition")
        ]
    assert sorted(acts) == [("camera_condition", "system"), ("camera_condition_ended", "ins-01")]
