"""Builders for the algorithm warehouse, samples and hints. Everything is invented."""

from __future__ import annotations

import hashlib
import itertools
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from casework.algorithms import service
from casework.algorithms.files import Offer
from casework.algorithms.scopes import Scope
from casework.algorithms.shadow import KeptPicture, ShadowLook, record_shadow
from casework.algorithms.tables import Algorithm, AlgorithmEvaluation, ShadowFinding
from casework.db import Session, utcnow
from casework.devices.tables import Device
from casework.footage.tables import Footage
from casework.hints import service as hints
from casework.people.service import Person
from casework.samples import service as samples
from casework.samples.tables import LookSample
from casework.storage import BlobStore
from tests import builders as b

CLASSES = ("stall", "shop_goods", "pile", "person")
KEEP_SET = hashlib.sha256(b"keep-set").hexdigest()
_serial = itertools.count(1)


def an_offer(version: str = "1", name: str = "street", path: Path | None = None) -> Offer:
    """A model in the weights folder; its bytes are its version's unless a file is given."""
    sha256 = hashlib.sha256(path.read_bytes() if path else f"{name} {version}".encode()).hexdigest()
    return Offer(
        name,
        version,
        f"{name}-{version}-{sha256[:8]}",
        sha256,
        path or Path(f"{name}-{version}.onnx"),
        CLASSES,
        dict.fromkeys(CLASSES, 0.4),
        {"name": name, "version": version, "sha256": sha256, "classes": list(CLASSES)},
    )


def an_algorithm(session: Session, version: str | None = None, by: Person | None = None) -> Algorithm:
    """A registered version, added by somebody (an administrator of its own, if nobody is named)."""
    person = by or b.a_person(session, "admin")
    return service.add(session, person, an_offer(version or f"t{next(_serial)}"), 1000, "测试")


def in_use(session: Session, version: str = "1") -> Algorithm:
    """The district's version, as it came with the release."""
    return service.adopt(session, an_offer(version), 1000)


def figures(row: Algorithm, dataset: str = KEEP_SET, **ap50: float | None) -> dict[str, Any]:
    """As jiexun model evaluate --json prints them, with what the registry reads."""
    given: dict[str, Any] = ap50 or {"stall": 0.6, "shop_goods": 0.5, "pile": 0.7}
    known = [v for v in given.values() if v is not None]
    table: dict[str, Any] = {"mean": sum(known) / len(known), "mean_ci": [0.0, 1.0]}
    for name, value in given.items():
        table |= {name: value, f"{name}_ci": [0.0, 1.0]}
    return {
        "model": {"name": row.name, "version": row.version, "sha256": row.sha256},
        "data": {"split": "val", "sha256": dataset},
        "ap50": table,
    }


def an_evaluation(
    session: Session, row: Algorithm, dataset: str = KEEP_SET, **ap50: float | None
) -> AlgorithmEvaluation:
    """Recorded by somebody."""
    given = service.Evaluated("keep-set", figures(row, dataset, **ap50))
    return service.record_evaluation(session, b.a_person(session, "admin"), row.id, given)


def looked(
    session: Session, row: Algorithm, footage: Footage, looks: int = 5000, **values: Any
) -> ShadowLook:
    """A shadow run over a footage, with what it found."""
    done = ShadowLook(row.id, "active", looks, 0, values.pop("found", []), **values)
    record_shadow(session, footage, done)
    return done


def ready(session: Session, version: str, device: Device, scope: Scope | None = None) -> Algorithm:
    """A version for which every guard holds: evaluated as well as ``in_use``, long enough in shadow."""
    row = an_algorithm(session, version)
    an_evaluation(session, row)
    service.shadow(session, b.a_person(session, "statistician"), row.id, scope or Scope(), "试运行")
    looked(session, row, b.a_footage(session, device))
    return row


def a_finding(session: Session, store: BlobStore, row: Algorithm, device: Device) -> int:
    """What a shadow would have raised, with a picture; its id."""
    picture = KeptPicture(store.put(b.a_png()), "image/png", b.START)
    looked(session, row, b.a_footage(session, device), 0, found=[(b.a_violation(), picture)])
    return session.scalars(select(ShadowFinding.id).order_by(ShadowFinding.id.desc())).first() or 0


def a_sample(
    session: Session,
    device: Device,
    looks: int = 1000,
    turn: float = 0.5,
    store: BlobStore | None = None,
) -> int:
    """One sample drawn from a footage with so many looks without a candidate; its id. Its picture: with a store."""
    footage = b.a_footage(session, device)
    picture = store.put(b.a_png()) if store else "0" * 64
    drawn = samples.Drawn(b.START, picture, "image/png", 64, 48, turn)
    samples.record_draw(session, footage, "model-1", looks, [drawn])
    return session.scalars(select(LookSample.id).where(LookSample.footage_id == footage.id)).one()


def a_label(session: Session, device: Device, *types: str, looks: int = 1000) -> None:
    """A sample that a reviewer labelled with missed things of these types."""
    number = a_sample(session, device, looks)
    person = b.a_person(session, "reviewer")
    row = samples.queries.sample(session, person, number)
    row.lease_by = person.id
    box = [0.1, 0.1, 0.2, 0.2]
    samples.label(session, person, number, [{"type": t, "xyxy": box} for t in types])


def decided(session: Session, device: Device, count: int, state: str, **values: Any) -> list[int]:
    """So many candidates in a decided state, seen in the last hours; their ids."""
    if state == "rejected":
        values.setdefault("reason", "not_the_thing")
    values.setdefault("first_at", utcnow() - timedelta(hours=5))
    return [b.a_candidate_row(session, device, state=state, **values).id for _ in range(count)]


def a_hint_answered(session: Session, device: Device) -> None:
    """A place with five rejected candidates, and somebody's answer to the hint."""
    first = decided(session, device, 5, "rejected", image_place=[0.8, 0.8, 0.9, 0.9])[0]
    person = b.a_person(session, "admin")
    hints.decide(session, person, f"place:{first}", "dismiss", None, "一次性活动")
