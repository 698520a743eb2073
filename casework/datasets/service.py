"""Writing a data set from reviews: sealed originals, byte for byte, with labels from what people decided."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from casework.audit.service import record
from casework.candidates.tables import Candidate
from casework.datasets import queries
from casework.datasets.judging import Box, Judged, Verdict, View, judge, sides
from casework.db import Database, Session
from casework.devices.tables import Device
from casework.errors import Invalid, NotFound
from casework.evidence.tables import EvidenceItem
from casework.review.tables import Decision
from casework.statistics.figures import SHANGHAI
from casework.storage import BlobStore, storage_guard
from casework.words import words
from detector.datasets.entries import new_folder, write_data_yaml
from detector.datasets.layout import DOMAIN_NAMES
from detector.training.labels import Labels, write_labels

SUFFIXES = {"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp", "image/bmp": ".bmp"}
CELL_DEGREES = 0.01
"""About 1 km: the place of a vehicle's candidate on no known street."""


@dataclass(frozen=True, slots=True)
class Order:
    """Who wants the pictures, what for, and of which span (first seen; half-open; none: open)."""

    actor: str
    purpose: str
    since: datetime | None = None
    until: datetime | None = None


@dataclass(slots=True)
class Exported:
    """What was written. left_out: pictures by why; unreviewed: boxes nobody decided on, in no label."""

    positives: int = 0
    negatives: int = 0
    unreviewed: int = 0
    corrected: int = 0
    boxes: Counter[str] = field(default_factory=Counter)
    splits: Counter[str] = field(default_factory=Counter)
    places: dict[str, str] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)

    @property
    def pictures(self) -> int:
        """All of them."""
        return self.positives + self.negatives


@dataclass(frozen=True, slots=True)
class _Picture:
    sha256: str
    suffix: str
    judged: Judged
    place: str
    row: dict[str, Any]


def export_reviews(database: Database, store: BlobStore, out: Path, order: Order) -> Exported:
    """Write the data set to a new folder and the act to the audit log; the folder appears after the entry.

    Raises Invalid (no purpose, nothing decided), NotFound (evidence missing or changed), DataSetError (out is
    taken), StorageFull. Nothing is left behind then.
    """
    if not order.purpose.strip():
        raise Invalid("no_purpose", zh="请写明导出用途", en="say what the pictures are for: --purpose")
    report = Exported()
    with storage_guard(), new_folder(out) as part:
        with database.read() as session:
            pictures = list(_chosen(session, order, report))
        if not pictures:
            raise Invalid(
                "nothing_decided",
                zh="所选月份没有可用于训练的已审疑似",
                en=f"no decided candidate gives a picture (left out: {dict(report.left_out) or 'none'}); "
                "review some, or choose other months",
            )
        report.places = sides(p.place for p in pictures)
        _write(part, store, pictures, report)
        content = hashlib.sha256((part / "sources.csv").read_bytes()).hexdigest()
        with database.write() as session:
            detail = {
                "purpose": order.purpose.strip(),
                "since": order.since.isoformat() if order.since else None,
                "until": order.until.isoformat() if order.until else None,
                "pictures": report.pictures,
                "sources_sha256": content,
            }
            record(session, order.actor, "dataset_exported", f"dataset:{out.name}", detail)
    return report


def _chosen(session: Session, order: Order, report: Exported) -> Iterator[_Picture]:
    decisions = queries.decisions_by_candidate(session)
    devices = queries.devices_by_code(session)
    hard = frozenset(w.code for w in words("reasons") if w.hard_negative)
    for shown in queries.decided_pictures(session, order.since, order.until):
        item = shown[0][0]
        device = devices[item.meta["device"]]
        # A picture of one place and a candidate of another (a vehicle at a corner) would be on both sides.
        place = _place_of(device, shown[0][1])
        if any(_place_of(c.device, c) != place for _, c in shown):
            report.left_out["two_places"] += 1
            continue
        views = [_view(i, c, decisions.get(c.id, []), hard) for i, c in shown]
        judged = judge(views)
        suffix = SUFFIXES.get(item.media_type)
        if isinstance(judged, str) or suffix is None:
            report.left_out[judged if isinstance(judged, str) else "picture_format"] += 1
            continue
        report.unreviewed += judged.unreviewed
        report.corrected += any(v.corrected is not None for v in views)
        yield _Picture(item.sha256, suffix, judged, place, _row(shown, device, judged, decisions, place))


def _view(item: EvidenceItem, candidate: Candidate, taken: list[Decision], hard: frozenset[str]) -> View:
    if candidate.state in queries.CONFIRMED:
        verdict = Verdict.CONFIRMED
    elif candidate.state == queries.REJECTED:
        verdict = Verdict.NOT_THE_THING if candidate.reason in hard else Verdict.OTHER
    else:
        verdict = Verdict.UNDECIDED
    seen = tuple(Box(b["label"], tuple(b["xyxy"]), b["confidence"], b["subject"]) for b in item.meta["boxes"])
    return View(verdict, seen, _corrected(item, taken))


def _corrected(item: EvidenceItem, taken: list[Decision]) -> tuple[Box, ...] | None:
    """The boxes that the last reviewer who corrected this picture drew on it; none: the detector's hold."""
    for decision in reversed(taken):
        for entry in decision.boxes or ():
            if entry["picture"] == item.id:
                return tuple(Box(b["label"], tuple(b["xyxy"]), 1.0, True) for b in entry["boxes"])
    return None


def _place_of(device: Device, candidate: Candidate) -> str:
    """A fixed camera's pictures all show one place; a vehicle's lie where the candidate lies."""
    street = device.street if device.kind == "fixed" else candidate.street
    if street is not None:
        return f"street:{street.code}"
    if device.kind == "fixed" or candidate.latitude is None or candidate.longitude is None:
        return f"device:{device.code}"
    north, east = (int(v // CELL_DEGREES) for v in (candidate.latitude, candidate.longitude))
    return f"cell:{north * CELL_DEGREES:.2f},{east * CELL_DEGREES:.2f}"


def _row(
    shown: list[tuple[EvidenceItem, Candidate]],
    device: Device,
    judged: Judged,
    decisions: dict[int, list[Decision]],
    place: str,
) -> dict[str, Any]:
    """A row of sources.csv. People are counted, never named."""
    candidates = [c for _, c in shown]
    first = min(c.first_at for c in candidates)
    return {
        "group": place,
        "month": first.astimezone(SHANGHAI).strftime("%Y-%m"),
        "device": device.code,
        "view": device.kind,
        "decided_by": len({d.account_id for c in candidates for d in decisions.get(c.id, [])}),
        "verdict": "confirmed" if judged.boxes else "hard_negative",
        "reason": ";".join(sorted({c.reason for c in candidates if c.reason})),
        "candidate": ";".join(str(c.id) for c in candidates),
        "algorithm": ";".join(sorted({c.model_id for c in candidates})),
        "unreviewed": judged.unreviewed,
    }


def _write(part: Path, store: BlobStore, pictures: list[_Picture], report: Exported) -> None:
    ids = {name: i for i, name in DOMAIN_NAMES.items()}
    with (part / "sources.csv").open("w", encoding="utf-8", newline="") as file:
        columns = ["file", "split", *pictures[0].row, "sha256"]
        table = csv.DictWriter(file, columns, lineterminator="\n")
        table.writeheader()
        for picture in pictures:
            split, name = report.places[picture.place], picture.sha256[:24]
            images, labels = part / "images" / split, part / "labels" / split
            for folder in (images, labels):
                folder.mkdir(parents=True, exist_ok=True)
            (images / f"{name}{picture.suffix}").write_bytes(_original(store, picture.sha256))
            write_labels(labels / f"{name}.txt", _labels(picture.judged.boxes, ids))
            table.writerow(
                {"file": f"{name}{picture.suffix}", "split": split, **picture.row, "sha256": picture.sha256}
            )
            report.splits[split] += 1
            report.boxes.update(b.label for b in picture.judged.boxes)
            report.positives += bool(picture.judged.boxes)
            report.negatives += not picture.judged.boxes
    write_data_yaml(part, DOMAIN_NAMES, report.splits)


def _original(store: BlobStore, sha256: str) -> bytes:
    """The sealed bytes, checked against their hash while they pass. Raises NotFound."""
    data = store.get(sha256)
    if hashlib.sha256(data).hexdigest() != sha256:
        raise NotFound(
            "evidence_broken",
            zh=f"证据文件 {sha256[:12]} 与封存时不符，请运行 jiexun verify",
            en=f"evidence file {sha256[:12]} is not what was sealed; run jiexun verify",
        )
    return data


def _labels(boxes: tuple[Box, ...], ids: dict[str, int]) -> Labels:
    xyxy = np.array([b.xyxy for b in boxes], np.float64).reshape(-1, 4)
    centre = np.concatenate([(xyxy[:, :2] + xyxy[:, 2:]) / 2, xyxy[:, 2:] - xyxy[:, :2]], axis=1)
    return Labels(np.array([ids[b.label] for b in boxes], np.int64), centre)
