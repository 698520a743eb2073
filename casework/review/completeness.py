"""Whether the evidence of a candidate is whole, item by item, for legal review: asked of the sealed files and of what
held when they were taken, not of what holds today. Words and articles: ``completeness.toml``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from casework.candidates import queries as candidates
from casework.candidates.service import DEVICE_TIMES
from casework.candidates.tables import Candidate
from casework.devices.service import missing_approvals
from casework.devices.tables import Device
from casework.evidence.queries import items_of, seals_of
from casework.evidence.sealed import faults_of
from casework.evidence.tables import EvidenceItem
from casework.people.service import Person
from casework.places.queries import permitted_at
from casework.review.queries import UNDO, counted
from casework.review.tables import Decision
from casework.statistics.figures import SHANGHAI
from casework.storage import BlobStore
from casework.words import word
from detector.scene.holidays import known_years

Words = tuple[str, str]
"""Chinese, English."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that must be there. ok: tick, cross, none where it says nothing against it. words: (zh, en)."""

    code: str
    ok: bool | None
    title: Words
    words: Words
    article: Words | None


@dataclass(frozen=True, slots=True)
class _Found:
    """values: for both languages; zh, en: where they differ."""

    ok: bool | None
    values: dict[str, object]
    zh: dict[str, object]
    en: dict[str, object]


def completeness(session: Session, store: BlobStore, person: Person, candidate_id: int) -> list[Item]:
    """All items in the order of the page. Reads every sealed file of the candidate. Raises NotFound."""
    about = candidates.candidate(session, person, candidate_id)
    items = [i for i in items_of(session, candidate_id) if i.role != "after"]
    pictures = [i for i in items if i.kind == "picture"]
    codes = {i.meta["device"] for i in pictures}
    query = select(Device).where(Device.code.in_(codes)).options(selectinload(Device.approvals))
    devices = {d.code: d for d in session.scalars(query)}
    needed, spacing_s = _asked(about)
    found = {
        "pictures": _found(len(pictures) >= needed, count=len(pictures), needed=needed),
        "spacing": _spacing([p.captured_at for p in pictures], needed, spacing_s),
        "clock": _clock(pictures, devices),
        "approvals": _approvals(pictures, devices),
        "place": _place(about),
        "permitted": _permitted(session, about),
        "calendar": _calendar(about.first_at),
        "party": _party(about),
        "seal": _seal(session, store, candidate_id),
        "reviewer": _reviewer(session, person, candidate_id),
        "basis": _basis(about),
    }
    return [_item(entry, found[entry["code"]]) for entry in _data()["item"]]


def _asked(about: Candidate) -> tuple[int, float]:
    """How many pictures the rule asks for, and how far apart, seconds: of a vehicle one for each pass."""
    rule = about.facts["rule"]
    if about.device.kind == "fixed":
        return int(rule["pictures"]), float(rule["spacing_s"])
    return int(rule["passes"]), float(rule["pass_spacing_s"])


def takings(times: Sequence[datetime], spacing_s: float) -> int:
    """The most pictures of which each is so far from the one before."""
    count, last = 0, None
    for at in sorted(times):
        if last is None or at - last >= timedelta(seconds=spacing_s):
            count, last = count + 1, at
    return count


def _spacing(times: Sequence[datetime], needed: int, spacing_s: float) -> _Found:
    apart = takings(times, spacing_s)
    return _found(apart >= needed, apart=apart, needed=needed, needed_s=f"{spacing_s:g}")


def _clock(pictures: Sequence[EvidenceItem], devices: dict[str, Device]) -> _Found:
    weak = sorted({p.meta["time_source"] for p in pictures} - DEVICE_TIMES)
    unsynced = {
        p.meta["device"]
        for p in pictures
        if "clock_sync" in missing_approvals(devices[p.meta["device"]], p.captured_at)
    }
    zh = [f"来源 {source}" for source in weak] + [
        f"{code} 时钟同步已过期或未登记" for code in sorted(unsynced)
    ]
    en = [f"source {s}" for s in weak] + [
        f"{code}: no clock check on record that day" for code in sorted(unsynced)
    ]
    return _told(bool(pictures) and not zh, zh or ["没有图片"], en or ["no pictures"])


def _approvals(pictures: Sequence[EvidenceItem], devices: dict[str, Device]) -> _Found:
    missing = sorted(
        {
            (p.meta["device"], p.captured_at.astimezone(SHANGHAI).date().isoformat(), kind)
            for p in pictures
            for kind in missing_approvals(devices[p.meta["device"]], p.captured_at)
        }
    )
    zh = [f"{code} {day} {word('approvals', kind).zh}" for code, day, kind in missing]
    en = [f"{code} {day} {word('approvals', kind).en}" for code, day, kind in missing]
    said = _told(bool(pictures) and not missing, zh or ["没有图片"], en or ["no pictures"])
    said.values["devices"] = ", ".join(sorted(devices))
    return said


def _place(about: Candidate) -> _Found:
    zh, en = [], []
    if about.latitude is None or about.longitude is None:
        zh, en = ["位置"], ["position"]
    if about.squad is None:
        zh, en = [*zh, "管辖中队"], [*en, "squad"]
    found = _told(not zh, zh, en)
    error = about.place_error_m
    found.values["error_m"] = f"{error:g}" if error is not None else "0"
    found.zh["squad"] = about.squad.name if about.squad else ""
    found.en["squad"] = about.squad.name_en if about.squad else ""
    return found


def _permitted(session: Session, about: Candidate) -> _Found:
    """By the places as they were drawn when it was raised, and as they are drawn now: a permit that was entered late
    held all the same. Their calendars are asked for the time of the pictures."""
    place = about.facts.get("permitted_place")
    known = (
        about.latitude is not None and about.longitude is not None and bool(about.facts.get("place_known"))
    )
    if place is None and known:
        assert about.latitude is not None
        assert about.longitude is not None
        for drawn in (about.made_at, None):
            for at in (about.first_at, about.last_at):
                place = place or permitted_at(session, about.latitude, about.longitude, at, drawn)
    return _found(False if place else True if known else None, place=place)


def _calendar(at: datetime) -> _Found:
    day = at.astimezone(SHANGHAI).date()
    return _found(day.year in known_years(), day=day.isoformat(), year=day.year)


def _party(about: Candidate) -> _Found:
    if about.shop is not None:
        return _Found(True, {}, {"shop": about.shop.name}, {"shop": about.shop.name_en})
    return _found(False if about.type in _data()["party_needed"] else None)


def _seal(session: Session, store: BlobStore, candidate_id: int) -> _Found:
    seals = seals_of(session, candidate_id)
    items = sorted(items_of(session, candidate_id), key=lambda item: item.id)  # as the manifests list them
    faults = [
        fault
        for seal in seals
        for fault in faults_of(store, seal, [i for i in items if i.seal_seq == seal.seq])
    ]
    zh, en = [f[0] for f in faults], [f[1] for f in faults]
    found = _told(bool(seals) and not faults, zh or ["没有封存记录"], en or ["nothing is sealed"])
    found.values.update(files=len(items), seals=len(seals))
    return found


def _reviewer(session: Session, person: Person, candidate_id: int) -> _Found:
    """Kept by somebody, and whoever looks now has had no say in it."""
    query = select(Decision).where(Decision.candidate_id == candidate_id, Decision.stage != "legal")
    said = session.scalars(query.options(selectinload(Decision.account)).order_by(Decision.id)).all()
    if any(d.account_id == person.id for d in said):
        return _Found(False, {}, {"by": "您参与过一审，不能做二审"}, {"by": "you reviewed it before"})
    kept = session.scalars(
        query.where(counted(), Decision.verdict != UNDO, Decision.verdict == "keep")
        .options(selectinload(Decision.account))
        .order_by(Decision.id)
    ).all()
    if not kept:
        return _Found(False, {}, {"by": "没有一审保留的记录"}, {"by": "nobody kept it in the first review"})
    names = list(dict.fromkeys(d.account.display_name for d in kept))
    return _Found(True, {}, {"by": "、".join(names)}, {"by": ", ".join(names)})


def _basis(about: Candidate) -> _Found:
    return _found(False if about.warning else True if about.proof == "evidence" else None)


def _found(ok: bool | None, **values: object) -> _Found:
    return _Found(ok, values, {}, {})


def _told(ok: bool, zh: Sequence[str], en: Sequence[str]) -> _Found:
    return _Found(ok, {}, {"missing": "；".join(zh)}, {"missing": "; ".join(en)})


def _item(entry: dict[str, Any], found: _Found) -> Item:
    zh, en = entry[{True: "ok", False: "cross", None: "none"}[found.ok]]
    return Item(
        entry["code"],
        found.ok,
        (entry["zh"], entry["en"]),
        (zh.format(**found.values, **found.zh), en.format(**found.values, **found.en)),
        (entry["article"][0], entry["article"][1]) if "article" in entry else None,
    )


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(files("casework.review").joinpath("completeness.toml").read_text("utf-8"))
