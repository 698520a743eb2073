"""Pictures and clips as people get them: covered, with leave clear, and the sealed file for two roles only."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path

import cv2
import httpx
import numpy as np
import pytest
from sqlalchemy import select, update

from casework.audit.tables import AuditEvent
from casework.db import utcnow
from casework.evidence.tables import EvidenceItem
from casework.privacy.preparing import Preparer
from casework.privacy.queries import keep_regions
from casework.privacy.tables import ClearGrant, ClipCopy
from casework.privacy.views import Views, Wanted
from casework.tables import Base
from casework.verify import verify
from detector.privacy.finder import RegionFinder
from detector.privacy.regions import Regions
from ingest.viewing import pictures
from tests import builders as b
from tests.api.office import Caller, Office
from tests.ingest.footage_builders import a_video

FACE = {"kind": "face", "xyxy": [20.0, 12.0, 40.0, 32.0], "confidence": 0.9}
"""In a picture of 64 x 48: with its margin 15 to 45 across and 7 to 37 down."""


def _item(office: Office, kind: str) -> EvidenceItem:
    with office.database.read() as session:
        return session.scalars(
            select(EvidenceItem).where(
                EvidenceItem.kind == kind, EvidenceItem.candidate_id == office.ids["candidate"]
            )
        ).first()  # type: ignore[return-value]


def _added(office: Office, data: bytes, kind: str = "picture", media_type: str = "image/png") -> int:
    """Another file of the same candidate; its id. A manifest does not name it."""
    sha256 = office.store.put(data)
    with office.database.write() as session:
        old = _item(office, kind)
        item = EvidenceItem(
            seal_seq=1, candidate_id=old.candidate_id, kind=kind, role="middle", sha256=sha256,
            media_type=media_type, size=len(data), captured_at=b.START, meta=old.meta,
        )  # fmt: skip
        session.add(item)
        session.flush()
        return item.id


def _image(answer: httpx.Response) -> np.ndarray:
    image = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None, answer.text
    return image


def _stripes() -> bytes:
    """64 x 48 with stripes two pixels wide: black, white."""
    image = np.zeros((48, 64, 3), np.uint8)
    image[:, ::4] = image[:, 1::4] = 255
    done, data = cv2.imencode(".png", image)
    assert done
    return data.tobytes()


def _is_covered(image: np.ndarray) -> bool:
    """Whether the stripes are gone in the middle of FACE, and whole beside it."""
    inside, beside = image[15:29, 23:37].astype(int), image[2:40, 50:62].astype(int)
    assert np.abs(np.diff(beside, axis=1)).max() > 150
    return bool(np.abs(np.diff(inside, axis=1)).max() < 60)


def _ask(page: Caller, number: int, reason: str = "核对当事人身份") -> httpx.Response:
    answer: httpx.Response = page.post(f"/api/evidence/{number}/unblur", json={"reason": reason})
    return answer


# Covered by default -------------------------------------------------------------------------------------


def test_a_known_face_is_covered_in_every_copy_and_nowhere_in_the_store(office: Office) -> None:
    number = _added(office, _stripes())
    sha256 = hashlib.sha256(_stripes()).hexdigest()
    keep_regions(office.database, sha256, office.context.views.finder.id, Regions.of([FACE]))
    page = office.as_("reviewer")
    for query in ("", "?view=true", "?clear=false", "?width=4096"):
        answer = page.get(f"/api/evidence/{number}{query}")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
        assert _is_covered(_image(answer)), query
    assert office.store.get(sha256) == _stripes()
    assert not list((office.store.root.parent / "views").glob("**/*"))  # pictures are made anew


def test_what_is_found_is_kept_and_looked_for_once(office: Office) -> None:
    item, views = _item(office, "picture"), office.context.views
    first = views.regions(item.sha256)
    office.store.path(item.sha256).unlink()
    assert len(views.regions(item.sha256)) == len(first) == 0  # from the table: the file is gone


@pytest.mark.parametrize("role", ["reviewer", "legal"])
def test_by_default_it_is_a_viewing_copy(office: Office, role: str) -> None:
    item = _item(office, "picture")
    answer = office.as_(role).get(f"/api/evidence/{item.id}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    assert _image(answer).shape == (48, 64, 3)
    assert hashlib.sha256(office.store.get(item.sha256)).hexdigest() == item.sha256  # untouched


def test_a_narrower_copy(office: Office) -> None:
    """1280 x 720 asked for at 640: 640 x 360."""
    number, page = _added(office, b.a_png(90, 1280, 720)), office.as_("reviewer")
    for width, shape in ((640, (360, 640)), (4096, (720, 1280)), (None, (720, 1280))):
        image = _image(page.get(f"/api/evidence/{number}" + (f"?width={width}" if width else "")))
        assert image.shape[:2] == shape
        # Place, time and device stand at the lower left, white with a dark edge, on the flat grey of the picture.
        low = image[int(shape[0] * 0.94) :, : shape[1] // 2]
        assert low.max() > 200
        assert low.min() < 60
        assert abs(int(image[: shape[0] // 2].mean()) - 90) <= 2
    assert page.get(f"/api/evidence/{number}?width=10").status_code == 422


def test_the_pictures_of_cameras_and_samples_are_covered_too(office: Office) -> None:
    """Whatever address a picture has: the same stripes under the same regions."""
    sha256 = office.store.put(_stripes())
    keep_regions(office.database, sha256, office.context.views.finder.id, Regions.of([FACE]))
    with office.database.write() as session:
        for table, column in (
            ("look_sample", "picture"),
            ("shadow_finding", "picture"),
            ("camera_condition", "sha256"),
        ):
            session.execute(update(Base.metadata.tables[table]).values({column: sha256}))
    number = _added(office, _stripes())
    addresses = {
        "reviewer": [
            f"/api/samples/{office.ids['sample']}/picture",
            f"/api/devices/CAM-A/conditions/{office.ids['condition']}/picture",
            f"/api/devices/CAM-A/picture?evidence={number}",
        ],
        "statistician": [f"/api/shadow-findings/{office.ids['shadow-finding']}/picture"],
    }
    for who, urls in addresses.items():
        page = office.as_(who)
        for url in urls:
            answer = page.get(url)
            assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg"), (
                url,
                answer.text,
            )
            assert _is_covered(_image(answer)), url


def test_without_the_models_nothing_is_shown(office: Office, folder: Path) -> None:
    """Fail closed: a release without its privacy networks shows no picture at all, and says why."""
    views = Views(office.database, office.store, office.store, RegionFinder(folder))
    object.__setattr__(office.context, "views", views)
    answer = office.as_("reviewer").get(
        f"/api/evidence/{_item(office, 'picture').id}", headers={"Accept-Language": "en"}
    )
    assert (answer.status_code, answer.json()["code"]) == (503, "not_covered")
    assert "privacy.json" in answer.json()["detail"]


# Clear, with leave --------------------------------------------------------------------------------------


def test_leave_is_asked_for_with_a_reason_recorded_and_ends(office: Office) -> None:
    number, page = _added(office, _stripes()), office.as_("reviewer")
    sha256 = hashlib.sha256(_stripes()).hexdigest()
    keep_regions(office.database, sha256, office.context.views.finder.id, Regions.of([FACE]))
    url = f"/api/evidence/{number}?clear=true"
    refused = page.get(url)
    assert (refused.status_code, refused.json()["code"]) == (403, "unblur_first")
    assert _ask(page, number, "看看").status_code == 422
    assert (_ask(page, number, "  看 看 ").status_code, _ask(page, number, "x" * 501).status_code) == (
        422,
        422,
    )

    given = _ask(page, number)
    assert given.status_code == 200
    assert "Z" in given.json()["until"]
    seen = page.get(url)
    assert seen.headers["cache-control"] == "no-store"
    assert not _is_covered(_image(seen))
    assert _is_covered(_image(page.get(f"/api/evidence/{number}")))  # by default still
    assert office.as_("reviewer2").get(url).json()["code"] == "unblur_first"  # for this person
    assert page.get(f"/api/evidence/{_item(office, 'picture').id}?clear=true").status_code == 403  # and item

    with office.database.write() as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.action == "unblur")).one()
        assert (event.actor, event.subject) == ("account:reviewer", f"evidence:{number}")
        assert event.detail["reason"] == "核对当事人身份"
        assert (event.detail["candidate"], event.detail["sha256"]) == (office.ids["candidate"], sha256)
        session.execute(update(ClearGrant).values(until=utcnow() - timedelta(seconds=1)))
    assert page.get(url).json()["code"] == "unblur_first"


def test_leave_lasts_ten_minutes(office: Office) -> None:
    number = _item(office, "picture").id
    _ask(office.as_("leader"), number)
    with office.database.read() as session:
        row = session.scalars(select(ClearGrant)).one()
    assert row.until - row.granted_at == timedelta(minutes=10)


def test_who_may_ask_at_all(office: Office) -> None:
    number = _item(office, "picture").id
    for role in ("reviewer", "legal", "officer", "leader", "auditor"):
        assert _ask(office.as_(role), number).status_code == 200, role
    for role in ("statistician", "admin"):
        assert (_ask(office.as_(role), number).status_code, role) == (403, role)
    assert _ask(office.as_("leader-b"), number).status_code == 404  # of another squad
    assert _ask(office.as_("reviewer"), 999_999).status_code == 404


@pytest.mark.parametrize("role", ["reviewer", "officer", "leader", "statistician", "legal", "auditor"])
def test_originals_are_for_legal_review_and_audit_with_a_reason(office: Office, role: str) -> None:
    item, page = _item(office, "picture"), office.as_(role)
    url = f"/api/evidence/{item.id}?view=false"
    if role not in ("legal", "auditor"):
        _ask(page, item.id)
        assert page.get(url).json()["code"] == "originals"
        return
    assert page.get(url).json()["code"] == "unblur_first"
    _ask(page, item.id)
    answer = page.get(url)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert hashlib.sha256(answer.content).hexdigest() == item.sha256


# Clips ------------------------------------------------------------------------------------------------------


def test_a_clip_is_covered_once_and_then_played(office: Office, tmp_path: Path) -> None:
    data = a_video(tmp_path / "clip.mp4", [i * 0.1 for i in range(8)]).read_bytes()
    number, page = _added(office, data, "clip", "video/mp4"), office.as_("reviewer")
    url = f"/api/evidence/{number}"
    waiting = page.get(url)
    assert (waiting.status_code, waiting.headers["retry-after"]) == (202, "3")
    assert waiting.json() == {"state": "making", "retry_s": 3}
    preparer = Preparer(office.database, office.context.views)
    assert preparer.work()
    whole = page.get(url)
    assert (whole.status_code, whole.headers["content-type"]) == (200, "video/mp4")
    assert whole.content != data
    assert [at for at, _ in pictures(whole.content)] == [0, 100, 200, 300, 400, 500, 600, 700]
    part = page.get(url, headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, whole.content[:4])
    with office.database.read() as session:
        assert session.scalars(select(ClipCopy)).one().tries == 1
    assert office.store.get(hashlib.sha256(data).hexdigest()) == data


def test_a_clip_that_cannot_be_covered_is_not_shown(office: Office) -> None:
    number, page = _item(office, "clip").id, office.as_("reviewer")
    assert page.get(f"/api/evidence/{number}").status_code == 202
    Preparer(office.database, office.context.views).work()
    answer = page.get(f"/api/evidence/{number}")
    assert (answer.status_code, answer.json()["code"]) == (409, "clip_not_blurred")
    _ask(page, number)
    clear = page.get(f"/api/evidence/{number}?clear=true", headers={"Range": "bytes=0-3"})
    assert (clear.status_code, clear.content) == (206, b"clip")


def test_a_server_that_ends_puts_its_clip_back(office: Office, tmp_path: Path) -> None:
    data = a_video(tmp_path / "clip.mp4", [i * 0.1 for i in range(3)]).read_bytes()
    office.as_("reviewer").get(f"/api/evidence/{_added(office, data, 'clip', 'video/mp4')}")
    preparer = Preparer(office.database, office.context.views)
    preparer._stop.set()  # in the middle: before its first look
    preparer.work()
    with office.database.read() as session:
        row = session.scalars(select(ClipCopy)).one()
        assert (row.state, row.tries) == ("waiting", 0)
    assert Preparer(office.database, office.context.views).work()


def test_a_clip_that_ends_its_process_is_not_tried_for_ever(office: Office) -> None:
    number, page = _item(office, "clip").id, office.as_("reviewer")
    page.get(f"/api/evidence/{number}")
    long_ago = utcnow() - timedelta(minutes=11)
    with office.database.write() as session:
        session.execute(update(ClipCopy).values(state="making", tries=3, changed_at=long_ago))
    Preparer(office.database, office.context.views).work()
    assert page.get(f"/api/evidence/{number}").json()["code"] == "clip_not_blurred"


def test_pictures_of_the_queue_are_looked_at_before_people_come(office: Office) -> None:
    preparer, views = Preparer(office.database, office.context.views), office.context.views
    while preparer.work():
        pass
    item = _item(office, "picture")
    office.store.path(item.sha256).unlink()
    assert len(views.regions(item.sha256)) == 0  # known without the file


# What is wrong ----------------------------------------------------------------------------------------------


def test_the_sealed_files_hold_after_all_of_it(office: Office) -> None:
    page = office.as_("legal")
    for kind in ("picture", "clip"):
        number = _item(office, kind).id
        _ask(page, number)
        for query in ("", "?clear=true", "?view=false"):
            page.get(f"/api/evidence/{number}{query}")
    Preparer(office.database, office.context.views).work()
    with office.database.read() as session:
        said = [line for line in verify(session, office.store).bad if "evidence" in line or "audit" in line]
    assert said == []


@pytest.mark.parametrize("query", ["", "?clear=true", "?view=false"])
@pytest.mark.parametrize("kind", ["picture", "clip"])
def test_missing_evidence_is_said(office: Office, kind: str, query: str) -> None:
    item, page = _item(office, kind), office.as_("legal")
    _ask(page, item.id)
    office.store.path(item.sha256).unlink()
    answer = page.get(f"/api/evidence/{item.id}{query}")
    if kind == "clip" and not query:
        assert answer.status_code == 202
        Preparer(office.database, office.context.views).work()
        assert page.get(f"/api/evidence/{item.id}").json()["code"] == "clip_not_blurred"
    else:
        assert (answer.status_code, answer.json()["code"]) == (404, "evidence_missing")


def test_a_broken_picture_is_said(office: Office) -> None:
    path = office.store.path(_item(office, "picture").sha256)
    path.chmod(0o600)
    path.write_bytes(b"no picture")
    answer = office.as_("reviewer").get(f"/api/evidence/{_item(office, 'picture').id}")
    assert (answer.status_code, answer.json()["code"]) == (404, "evidence_broken")


def test_copies_in_memory_are_bounded(office: Office) -> None:
    """64 x 48 JPEGs of about 700 bytes in 2,000 bytes: the oldest go."""
    old = office.context.views
    views = Views(office.database, office.store, old.copies, old.finder, memory=2000)
    item = _item(office, "picture")
    sizes = [len(views.picture(Wanted(item.sha256, width=w))) for w in (64, 65, 66, 67, 68, 69)]
    assert sum(sizes) > 2000
    assert sum(map(len, views._ready.values())) <= 2000
