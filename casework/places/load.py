"""Loading a district from its data files (formats: jiexun/demo/district/README.md). Again changes only what changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.db import canonical
from casework.devices.service import add_device
from casework.devices.tables import Device
from casework.errors import Invalid
from casework.places.queries import shapes_of
from casework.places.service import as_data, set_zones
from casework.places.tables import DOOR_LINE, Shop, Squad, Street


def load_district(session: Session, folder: Path, actor: str) -> dict[str, int]:
    """Squads, streets, shops, permitted places, devices and zones from a folder. Returns how many of each.

    Raises Invalid naming file and cause. One transaction: all of it or nothing.
    """
    squads = _features(folder, "squads.geojson")
    streets = _features(folder, "streets.geojson")
    shops = _features(folder, "shops.geojson")
    permitted = _features(folder, "permitted.geojson")
    devices = _json(folder, "devices.json")
    zones = _json(folder, "zones.json")
    for feature in squads:
        p = feature["properties"]
        _put(
            session,
            Squad,
            p["code"],
            name=p["name"],
            name_en=p.get("name_en", p["name"]),
            boundary=feature["geometry"],
        )
    session.flush()
    squad_ids = {s.code: s.id for s in session.scalars(select(Squad))}
    for feature in streets:
        p = feature["properties"]
        _put(
            session,
            Street,
            p["code"],
            name=p["name"],
            name_en=p.get("name_en", p["name"]),
            squad_id=squad_ids[p["squad"]],
            grade=p.get("grade"),
            line=feature["geometry"],
        )
    session.flush()
    street_ids = {s.code: s.id for s in session.scalars(select(Street))}
    for feature in shops:
        p = feature["properties"]
        _put(
            session,
            Shop,
            p["code"],
            name=p["name"],
            name_en=p.get("name_en", p["name"]),
            licence_no=p["licence_no"],
            address=p["address"],
            phone=p["phone"],
            squad_id=squad_ids[p["squad"]],
            street_id=street_ids[p["street"]],
            grade=p.get("grade"),
            e_service=bool(p.get("e_service_consent")),
            point=feature["geometry"],
            door_line=p["door_line"],
        )
    session.flush()
    known = set(session.scalars(select(Device.code)))
    for data in devices:
        if data["code"] not in known:
            add_device(session, actor, data)
    drawn = [as_data(row) for row in shapes_of(session, None) if row.kind == DOOR_LINE]
    set_zones(session, actor, None, [*(_permitted(f) for f in permitted), *drawn])
    by_device: dict[str, list[dict[str, Any]]] = {}
    for zone in zones:
        by_device.setdefault(zone["device"], []).append({k: v for k, v in zone.items() if k != "device"})
    for device in session.scalars(select(Device).where(Device.code.in_(by_device))):
        set_zones(session, actor, device, by_device[device.code])
    return {
        "squads": len(squads),
        "streets": len(streets),
        "shops": len(shops),
        "permitted": len(permitted),
        "devices": len(devices),
        "zones": len(zones),
    }


def _permitted(feature: dict[str, Any]) -> dict[str, Any]:
    p = feature["properties"]
    calendar = {k: p[k] for k in ("months", "hours", "weekdays") if p.get(k)}
    ring = feature["geometry"]["coordinates"][0]
    return {
        "code": p["code"],
        "kind": "permitted" if p["kind"] != "管控点" else "pavement",
        "polygon": ring[:-1] if ring[0] == ring[-1] else ring,
        "shop": None,
        "calendar": calendar or None,
        "name": p["name"],
        "properties": {k: v for k, v in p.items() if k not in ("code", "name")},
    }


def _put(session: Session, table: Any, code: str, **values: Any) -> None:
    row = session.scalar(select(table).where(table.code == code))
    if row is None:
        session.add(table(code=code, **values))
        return
    for name, value in values.items():
        if canonical(getattr(row, name)) != canonical(value):
            setattr(row, name, value)


def _features(folder: Path, name: str) -> list[dict[str, Any]]:
    data = _json(folder, name)
    if not isinstance(data, dict) or data.get("type") != "FeatureCollection":
        raise Invalid(
            "bad_district",
            zh=f"{name} 不是 FeatureCollection",
            en=f"{folder / name} is no GeoJSON FeatureCollection",
        )
    features: list[dict[str, Any]] = data["features"]
    return features


def _json(folder: Path, name: str) -> Any:
    path = folder / name
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise Invalid(
            "bad_district", zh=f"无法读取 {name}：{error}", en=f"{path} cannot be read: {error}"
        ) from error
