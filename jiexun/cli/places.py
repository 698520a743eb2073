"""``jiexun places``: zones and door lines to and from GeoJSON files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from casework.db import Session
from casework.devices.pictures import picture_of
from casework.devices.queries import device_by_code
from casework.devices.tables import Device
from casework.errors import Invalid
from casework.places import geojson, queries
from casework.places.service import Saving, as_data, save
from jiexun.cli.common import AsJson, Home, say
from jiexun.house import open_house

MOST_BYTES = 20 * 2**20
places = typer.Typer(no_args_is_help=True, help="Places on the ground, zones on pictures.")
Camera = Annotated[
    str | None, typer.Option("--device", help="A fixed camera's zones; none: the places on the ground.")
]


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    app.add_typer(places, name="places")


def _canvas(session: Session, code: str | None) -> tuple[Device | None, geojson.Canvas]:
    if code is None:
        return None, geojson.Canvas()
    device = device_by_code(session, code)
    if device.kind != "fixed":
        raise Invalid(
            "bad_zone",
            zh="车载设备没有画面区域",
            en=f"{code} is a vehicle: its picture has no zones; leave --device out for the ground",
        )
    shown = picture_of(session, device)
    return device, geojson.Canvas(code, *((shown.width, shown.height) if shown else (1, 1)))


@places.command("export")
def export(
    out: Annotated[Path | None, typer.Argument(help="File to write; none: standard output.")] = None,
    device: Camera = None,
    revision: Annotated[int | None, typer.Option("--revision", min=1, help="An earlier version.")] = None,
    home: Home = None,
) -> None:
    """Write zones and moved door lines as GeoJSON. A camera's are in pixels of its picture, and marked so."""
    with open_house(home) as house, house.database.read() as session:
        row, canvas = _canvas(session, device)
        scope = queries.scope_of(row)
        at = queries.revision(session, scope, revision).made_at if revision else None
        shapes = [as_data(s) for s in queries.shapes_of(session, row.id if row else None, at)]
    text = json.dumps(geojson.written(shapes, canvas), ensure_ascii=False, indent=1) + "\n"
    if out is None:
        typer.echo(text, nl=False)
    else:
        out.write_text(text, "utf-8")


@places.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="GeoJSON as export writes it.")],
    device: Camera = None,
    reason: Annotated[str, typer.Option("--reason", help="Kept with the version.")] = "",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Make a file's zones the zones of the ground or of a camera: a new version, all of it or nothing.

    What is there and not in the file ends; older versions stay.
    """
    data = _read(file)
    with open_house(home) as house, house.database.write() as session:
        row, canvas = _canvas(session, device)
        zones = geojson.checked(session, data, canvas)
        before = queries.latest_revision(session, queries.scope_of(row))
        by = Saving("command-line", "command-line", reason or f"import {file.name}")
        number = save(session, by, row, zones)
    changed = number != (before.number if before else 0)
    say({"zones": len(zones), "version": number, "changed": changed}, as_json)


def _read(file: Path) -> Any:
    try:
        if file.stat().st_size > MOST_BYTES:
            raise Invalid(
                "bad_geojson",
                zh=f"{file.name} 超过 {MOST_BYTES >> 20} MB",
                en=f"{file} is larger than {MOST_BYTES >> 20} MB; split it",
            )
        return json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise Invalid(
            "bad_geojson", zh=f"无法读取 {file.name}：{error}", en=f"{file} cannot be read as JSON: {error}"
        ) from error
