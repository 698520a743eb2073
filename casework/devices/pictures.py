"""Reference pictures: on which a fixed camera's zones are drawn. Every change is a new row; the newest holds."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import cv2
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from casework.audit.service import record
from casework.candidates.tables import Candidate
from casework.db import utcnow
from casework.devices.conditions import end as end_condition
from casework.devices.tables import Device, ReferencePicture
from casework.errors import Invalid, not_found
from casework.evidence.tables import EvidenceItem
from casework.storage import BlobStore
from detector.errors import BadPicture
from detector.pictures import read_picture

MOST_BYTES = 20 * 2**20
LEAST_WIDTH, LEAST_HEIGHT = 320, 180
QUALITY = 92


@dataclass(frozen=True, slots=True)
class Shown:
    """The picture that stands for a device. key: changes when the picture does. captured_at: where known."""

    sha256: str
    width: int
    height: int
    captured_at: datetime | None
    reference: bool

    @property
    def key(self) -> str:
        """For addresses that may be kept by browsers."""
        return self.sha256[:12]


def add_picture(
    session: Session, store: BlobStore, actor: str, device: Device, data: bytes
) -> ReferencePicture:
    """Take an uploaded picture as reference: upright JPEG without its metadata. Raises Invalid."""
    if len(data) > MOST_BYTES:
        raise _bad(
            f"图片超过 {MOST_BYTES >> 20} MB，请缩小后再传",
            f"larger than {MOST_BYTES >> 20} MB; make it smaller",
        )
    with tempfile.NamedTemporaryFile(suffix=".picture") as file:
        file.write(data)
        file.flush()
        try:
            image = read_picture(Path(file.name))
        except BadPicture as error:
            why = str(error).partition(": ")[2]
            raise _bad(f"无法打开这张图片，请上传 JPEG 或 PNG（{why}）", f"cannot be used: {why}") from error
    height, width = image.shape[:2]
    if width < LEAST_WIDTH or height < LEAST_HEIGHT:
        raise _bad(
            f"图片只有 {width}×{height} 像素，至少 {LEAST_WIDTH}×{LEAST_HEIGHT}",
            f"only {width}x{height} pixels; at least {LEAST_WIDTH}x{LEAST_HEIGHT}",
        )
    done, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    if not done:  # pragma: no cover - a BGR array always encodes
        raise RuntimeError("OpenCV cannot encode JPEG; reinstall opencv-python-headless")
    sha256 = store.put(encoded.tobytes())
    return _add(session, actor, device, Shown(sha256, width, height, None, True), "upload")


def choose_picture(session: Session, actor: str, device: Device, evidence_id: int) -> ReferencePicture:
    """Take a sealed picture of this device as reference. Raises NotFound."""
    return _add(session, actor, device, sealed_picture(session, device, evidence_id), "evidence")


def sealed_picture(session: Session, device: Device, evidence_id: int) -> Shown:
    """One sealed picture that this device took. Raises NotFound."""
    item = session.scalar(
        select(EvidenceItem)
        .join(Candidate, Candidate.id == EvidenceItem.candidate_id)
        .where(
            EvidenceItem.id == evidence_id, EvidenceItem.kind == "picture", Candidate.device_id == device.id
        )
    )
    if item is None or item.meta.get("device") != device.code:
        raise not_found("picture of this device", "本设备的图片", evidence_id)
    return _of(item)


def picture_of(session: Session, device: Device) -> Shown | None:
    """The device's picture: its reference, else the newest sealed one; none when it has neither."""
    return pictures_of(session, [device]).get(device.id)


def reference_of(session: Session, device_id: int) -> ReferencePicture | None:
    """The picture on which a device's zones are drawn, if one was set."""
    return references_of(session, [device_id]).get(device_id)


def references_of(session: Session, device_ids: Collection[int]) -> dict[int, ReferencePicture]:
    """Device -> the picture on which its zones are drawn. One query, however many devices."""
    last = select(func.max(ReferencePicture.id)).where(ReferencePicture.device_id.in_(device_ids))
    rows = session.scalars(
        select(ReferencePicture).where(ReferencePicture.id.in_(last.group_by(ReferencePicture.device_id)))
    )
    return {row.device_id: row for row in rows}


def pictures_of(session: Session, devices: Sequence[Device]) -> dict[int, Shown]:
    """Device id -> its picture. Two queries, however many devices."""
    ids = [d.id for d in devices]
    # A candidate of several devices may have been seen last by another one.
    newest = (
        select(Candidate.device_id, func.max(EvidenceItem.id).label("item"))
        .join(Candidate, Candidate.id == EvidenceItem.candidate_id)
        .join(Device, Device.id == Candidate.device_id)
        .where(
            Candidate.device_id.in_(ids),
            EvidenceItem.kind == "picture",
            EvidenceItem.meta["device"].as_string() == Device.code,
        )
        .group_by(Candidate.device_id)
        .subquery()
    )
    sealed = session.execute(
        select(newest.c.device_id, EvidenceItem).join(EvidenceItem, EvidenceItem.id == newest.c.item)
    )
    found = {device: _of(item) for device, item in sealed}
    references = references_of(session, ids).values()
    return found | {r.device_id: Shown(r.sha256, r.width, r.height, r.captured_at, True) for r in references}


def sealed_pictures(session: Session, device: Device, most: int = 24) -> list[EvidenceItem]:
    """The newest sealed pictures of a device, from which a reference may be chosen; at most two of a candidate."""
    rows = session.scalars(
        select(EvidenceItem)
        .join(Candidate, Candidate.id == EvidenceItem.candidate_id)
        .where(
            Candidate.device_id == device.id, EvidenceItem.kind == "picture", EvidenceItem.role != "viewing"
        )
        .order_by(EvidenceItem.captured_at.desc(), EvidenceItem.id.desc())
        .limit(most * 4)
    )
    by_time = {row.captured_at: row for row in rows if row.meta.get("device") == device.code}
    return list(by_time.values())[:most]


def _of(item: EvidenceItem) -> Shown:
    return Shown(item.sha256, item.meta["width"], item.meta["height"], item.captured_at, False)


def _add(session: Session, actor: str, device: Device, shown: Shown, source: str) -> ReferencePicture:
    row = ReferencePicture(
        device_id=device.id,
        sha256=shown.sha256,
        width=shown.width,
        height=shown.height,
        source=source,
        captured_at=shown.captured_at,
        set_by=actor,
        set_at=utcnow(),
    )
    session.add(row)
    session.flush()
    end_condition(session, device, utcnow(), actor)  # the zones hold on the new picture
    record(session, actor, "picture_set", f"device:{device.code}", {"sha256": shown.sha256, "source": source})
    return row


def _bad(zh: str, en: str) -> Invalid:
    return Invalid("bad_picture", zh=zh, en=en)
