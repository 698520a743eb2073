"""Evidence: packed, sealed, verified. Whatever is done to it behind the house's back, ``verify`` names it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import select, text

from casework.candidates.queries import Filter
from casework.candidates.service import update_sighting
from casework.cases.service import Taken, take_step
from casework.cases.tables import Case
from casework.db import Database
from casework.evidence.service import sealed
from casework.evidence.tables import EvidenceItem, EvidenceSeal
from casework.review.service import Choice, decide, take_next
from casework.storage import FileStore
from casework.verify import Report, verify
from tests import builders as b


class Record:
    """Two candidates with sealed evidence; the first was reviewed, became a case and was fined 500 yuan."""

    def __init__(self, database: Database, store: FileStore) -> None:
        self.database, self.store = database, store
        with database.write() as session:
            camera = b.a_device(session)
            self.first = b.a_candidate(session, store, camera, b.a_violation(key="V1")).id
            far = b.a_violation(key="V2", box=(700, 200, 800, 300), start=b.at(60))
            self.second = b.a_candidate(session, store, camera, far).id
            reviewer, legal = b.a_person(session, "reviewer"), b.a_person(session, "legal")
            officer, leader = b.a_person(session, "officer"), b.a_person(session, "leader")
            take_next(session, reviewer, "first", Filter())
            seen = b.seen(session, self.first)
            choice = Choice("first", "keep", "decision-1", note="清楚", shown=seen)
            decide(session, reviewer, self.first, choice)
            take_next(session, legal, "legal", Filter())
            _, _, case = decide(
                session, legal, self.first, Choice("legal", "accept", "decision-2", shown=seen)
            )
            assert case is not None
            self.case = case.id
            for i, (person, to, values) in enumerate(
                (
                    (officer, "identified", {"party": "某店"}),
                    (officer, "noticed", {}),
                    (leader, "filed", {}),
                    (officer, "notified", {}),
                    (leader, "decided", {"fine_yuan": 500, "procedure": "ordinary"}),
                )
            ):
                take_step(session, person, self.case, Taken(to, "依法", f"step-{i}", **values))  # type: ignore[arg-type]

    def verify(self) -> Report:
        with self.database.read() as session:
            return verify(session, self.store)

    def behind_its_back(self, *statements: str) -> None:
        """What somebody with the database's password can do: drop the guards, then anything."""
        if self.database.engine.dialect.name == "sqlite":
            with self.database.engine.connect() as connection:  # no effect inside a transaction
                connection.exec_driver_sql("ROLLBACK")
                connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
                connection.exec_driver_sql("BEGIN")
        with self.database.write() as session:
            if self.database.engine.dialect.name == "postgresql":
                session.execute(text("SET session_replication_role = replica"))  # no trigger, no foreign key
            else:
                names = session.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all()
                for name in names:
                    session.execute(text(f"DROP TRIGGER {name}"))
            for statement in statements:
                done = session.execute(text(statement))
                assert done.rowcount > 0, statement  # type: ignore[attr-defined]
            if self.database.engine.dialect.name == "postgresql":
                session.execute(text("SET session_replication_role = DEFAULT"))


@pytest.fixture
def record(database: Database, store: FileStore) -> Record:
    return Record(database, store)


@pytest.fixture
def small(sqlite: Database, store: FileStore) -> Record:
    return Record(sqlite, store)


def test_an_untouched_record_is_whole(record: Record) -> None:
    report = record.verify()
    assert report.bad == []
    # 2 x 3 files; 2 manifests; 2 seals; 13 audit events: 1 footage accepted and 1 raised for each candidate (4),
    # 2 decisions, 1 case opened, 5 steps, 1 second look that the notice asked for; 6 case events (opened + 5);
    # 2 decisions; 2 candidates; 1 case.
    assert report.checked == 6 + 2 + 2 + 13 + 6 + 2 + 2 + 1


def test_sealing_writes_manifest_files_and_rows_alike(record: Record) -> None:
    with record.database.read() as session:
        seal = session.scalars(select(EvidenceSeal).where(EvidenceSeal.seq == 1)).one()
        items = session.scalars(select(EvidenceItem).where(EvidenceItem.seal_seq == 1)).all()
        assert sealed(session, "V1:birth")
        assert not sealed(session, "V1:end")
    manifest = json.loads(record.store.get(seal.manifest_sha256))
    assert (manifest["schema"], manifest["key"], manifest["device"]) == (
        "jiexun-evidence/1",
        "V1:birth",
        "CAM-1",
    )
    assert [f["role"] for f in manifest["files"]] == ["first", "latest", "clip"]
    assert [f["sha256"] for f in manifest["files"]] == [i.sha256 for i in items]
    for item in items:
        assert len(record.store.get(item.sha256)) == item.size


def test_a_later_part_is_sealed_once(record: Record) -> None:
    longer = b.a_violation(key="V1", seconds=600)
    packed = b.a_pack(record.store, longer, "end", shade=10)
    for _ in range(2):
        with record.database.write() as session:
            update_sighting(session, longer, gone=True, ended=True, packed=packed)
    with record.database.read() as session:
        assert [s.key for s in session.scalars(select(EvidenceSeal).order_by(EvidenceSeal.seq))] == [
            "V1:birth", "V2:birth", "V1:end",
        ]  # fmt: skip
    assert record.verify().bad == []


def test_files_without_a_row_are_no_fault(small: Record) -> None:
    """A crash between files and rows leaves files that nothing names."""
    b.a_pack(small.store, b.a_violation(key="V3"), shade=50)
    assert small.verify().bad == []


# Files -----------------------------------------------------------------------------------------------


def _change_one_byte(path: Path) -> None:
    path.chmod(0o600)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def test_one_byte_changed_in_any_file_is_found_and_named(small: Record) -> None:
    """One file after the other: pictures, clips, manifests."""
    names = list(dict(small.store.aged()))
    # 2 candidates share their shades: their pictures and clips are the same bytes, kept once. 3 files, 2 manifests.
    assert len(names) == 5
    for name in names:
        path = small.store.path(name)
        whole = path.read_bytes()
        _change_one_byte(path)
        findings = small.verify().bad
        assert findings
        assert all(name[:12] in line and line.endswith("the file was changed") for line in findings), findings
        path.write_bytes(whole)
    assert small.verify().bad == []


def test_a_missing_file_is_found_and_named(small: Record) -> None:
    for name in list(dict(small.store.aged())):
        path = small.store.path(name)
        path.rename(path.with_name(".away"))
        findings = small.verify().bad
        assert findings
        assert all(name[:12] in line and line.endswith("the file is missing") for line in findings), findings
        path.with_name(".away").rename(path)


def test_the_findings_say_which_candidate(small: Record) -> None:
    with small.database.read() as session:
        manifest = session.scalars(select(EvidenceSeal.manifest_sha256).where(EvidenceSeal.seq == 2)).one()
    _change_one_byte(small.store.path(manifest))
    assert small.verify().bad == [
        f"manifest of seal #2, candidate {small.second} ({manifest[:12]}): the file was changed"
    ]


# Rows ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "finding"),
    [
        # evidence
        ("UPDATE evidence_item SET role = 'middle' WHERE id = 2", "manifest of seal #1"),
        ("UPDATE evidence_item SET meta = '{}' WHERE id = 4", "manifest of seal #2"),
        ("UPDATE evidence_item SET captured_at = '2026-10-12 02:00:01' WHERE id = 1", "manifest of seal #1"),
        ("UPDATE evidence_item SET seal_seq = 2 WHERE id = 1", "manifest of seal #1"),
        ("DELETE FROM evidence_item WHERE id = 3", "manifest of seal #1"),
        ("UPDATE evidence_item SET candidate_id = 2 WHERE id = 1", "manifest of seal #1"),
        ("UPDATE evidence_seal SET candidate_id = 2 WHERE seq = 1", "evidence #1: its content was changed"),
        ("UPDATE evidence_seal SET manifest_sha256 = 'f00d' WHERE seq = 1", "evidence #1: its content was changed"),
        ("UPDATE evidence_seal SET hash = 'f00d' WHERE seq = 1", "evidence #1: its content was changed"),
        ("UPDATE evidence_seal SET prev_hash = 'f00d' WHERE seq = 2", "evidence #2: does not follow"),
        ("DELETE FROM evidence_seal WHERE seq = 1", "evidence #1: missing (next is #2)"),
        ("DELETE FROM evidence_seal WHERE seq = 2", "evidence: ends at #1, its head says #2"),
        # audit
        ("UPDATE audit_event SET actor = 'account:nobody' WHERE seq = 3", "audit #3: its content was changed"),
        ("UPDATE audit_event SET at = '2020-01-01 00:00:00' WHERE seq = 3", "audit #3: its content was changed"),
        ("UPDATE audit_event SET detail = '{}' WHERE seq = 5", "audit #5: its content was changed"),
        ("DELETE FROM audit_event WHERE seq = 3", "audit #3: missing (next is #4)"),
        ("DELETE FROM audit_event WHERE seq = 13", "audit: ends at #12, its head says #13"),
        # decisions
        ("UPDATE decision SET account_id = 3 WHERE id = 1", "decision 1 on candidate 1: was changed"),
        ("UPDATE decision SET note = '不清楚' WHERE id = 1", "decision 1 on candidate 1: was changed"),
        ("UPDATE decision SET seconds = 60 WHERE id = 2", "decision 2 on candidate 1: was changed"),
        ("UPDATE decision SET candidate_id = 2 WHERE id = 1", "decision 1 on candidate 2: was changed"),
        ("DELETE FROM decision WHERE id = 1", "decision 1 on candidate 1: is missing"),
        (
            "INSERT INTO decision (id, key, candidate_id, stage, verdict, note, account_id, decided_at, seconds, "
            "shown) VALUES (9, 'k', 2, 'first', 'keep', '', 1, '2026-10-12 03:00:00', 1, '[]')",
            "decision 9 on candidate 2: the audit log does not know it",
        ),
        # states
        ("UPDATE candidate SET state = 'rejected' WHERE id = 1", "candidate 1: is 'rejected', its decisions say"),
        ("UPDATE candidate SET state = 'kept' WHERE id = 2", "candidate 2: is 'kept', its decisions say 'open'"),
        ("UPDATE candidate SET reason = 'duplicate' WHERE id = 1", "candidate 1: reason"),
        # cases
        ("UPDATE case_file SET fine_yuan = 50 WHERE id = 1", "case 1: fine_yuan is 50, its events say 500"),
        ("UPDATE case_file SET party = '别人' WHERE id = 1", "case 1: party is '别人', its events say '某店'"),
        ("UPDATE case_file SET procedure = 'simple' WHERE id = 1", "case 1: procedure is 'simple'"),
        ("UPDATE case_file SET state = 'paid' WHERE id = 1", "case 1: is 'paid', its events say otherwise"),
        ("UPDATE case_event SET data = '{}' WHERE seq = 6", "case:1 #6: its content was changed"),
        ("UPDATE case_event SET by_name = '别人' WHERE seq = 2", "case:1 #2: its content was changed"),
        ("DELETE FROM case_event WHERE seq = 3", "case:1 #3: missing (next is #4)"),
        ("DELETE FROM case_event WHERE seq = 6", "case:1: ends at #5, its head says #6"),
    ],
)  # fmt: skip
def test_a_row_changed_behind_the_triggers_is_found_and_named(
    small: Record, statement: str, finding: str
) -> None:
    small.behind_its_back(statement)
    findings = small.verify().bad
    assert any(finding in line for line in findings), findings


def test_a_case_that_vanished_whole_is_found(small: Record) -> None:
    """Case, its events and the head of its chain are all gone; the candidate says that there was one."""
    small.behind_its_back(
        "DELETE FROM case_event WHERE case_id = 1",
        "DELETE FROM case_file WHERE id = 1",
        "DELETE FROM chain_head WHERE name = 'case:1'",
    )
    assert any(f"candidate {small.first}" in line and "case" in line for line in small.verify().bad)


@pytest.mark.postgres
def test_the_same_on_postgresql(postgresql: Database, store: FileStore) -> None:
    """One of each kind: reading back gives the same bytes to hash on PostgreSQL."""
    record = Record(postgresql, store)
    record.behind_its_back(
        "UPDATE evidence_item SET role = 'middle' WHERE id = 2",
        "UPDATE audit_event SET actor = 'account:nobody' WHERE seq = 3",
        "UPDATE decision SET note = '不清楚' WHERE id = 1",
        "UPDATE candidate SET state = 'kept' WHERE id = 2",
        "UPDATE case_file SET fine_yuan = 50 WHERE id = 1",
        "DELETE FROM case_event WHERE seq = 6",
    )
    findings = record.verify().bad
    for start in (
        "manifest of seal #1",
        "audit #3",
        "decision 1 on candidate 1",
        "candidate 2: is 'kept'",
        "case 1: fine_yuan is 50",
        "case:1: ends at #5",
    ):
        assert any(line.startswith(start) for line in findings), (start, findings)


def test_verify_repairs_nothing(small: Record) -> None:
    small.behind_its_back("UPDATE case_file SET fine_yuan = 50 WHERE id = 1")
    assert small.verify().bad == small.verify().bad != []
    with small.database.read() as session:
        assert session.get_one(Case, 1).fine_yuan == 50
