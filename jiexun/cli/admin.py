"""``jiexun user``, ``jiexun device``, ``jiexun db``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from casework import schema
from casework.db import Database, utcnow
from casework.devices import queries as devices
from casework.devices.service import add_device, give_key, missing_approvals, set_group
from casework.errors import Invalid
from casework.people import service as people
from casework.people.queries import all_accounts
from casework.places.load import load_district
from casework.places.queries import zones_of
from casework.places.service import set_zones
from jiexun.cli.common import AsJson, Home, say
from jiexun.house import open_house
from jiexun.settings import load

ACTOR = "command-line"
user = typer.Typer(no_args_is_help=True, help="Accounts.")
device = typer.Typer(no_args_is_help=True, help="Cameras and vehicles.")
db = typer.Typer(no_args_is_help=True, help="The database's schema.")


def register(app: typer.Typer) -> None:
    """Add the groups of commands."""
    app.add_typer(user, name="user")
    app.add_typer(device, name="device")
    app.add_typer(db, name="db")
    app.command(name="load")(load_)


def load_(
    folder: Annotated[
        Path, typer.Argument(help="Folder with squads.geojson, streets.geojson, shops.geojson ...")
    ],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Load a district's squads, streets, shops, permitted places, devices and zones."""
    with open_house(home) as house, house.database.write() as session:
        counts = load_district(session, folder, ACTOR)
    say(counts, as_json)


def _password(given: str | None) -> str:
    """From the option, else from a pipe, else asked for without echo: passwords stay out of the process list."""
    if given is not None:
        return given
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))


@user.command("add")
def user_add(
    username: str,
    role: Annotated[str, typer.Option("--role")],
    name: Annotated[str | None, typer.Option("--name", help="Name as shown.")] = None,
    squad: Annotated[str | None, typer.Option("--squad", help="Squad code; none: the whole bureau.")] = None,
    password: Annotated[
        str | None, typer.Option("--password", help="Better: leave it out and be asked.")
    ] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Make an account."""
    with open_house(home) as house, house.database.write() as session:
        account = people.add_account(
            session,
            ACTOR,
            username=username,
            display_name=name or username,
            role=role,
            squad=squad,
            password=_password(password),
        )
    say({"id": account.id, "username": username, "role": role, "squad": squad}, as_json)


@user.command("list")
def user_list(home: Home = None, as_json: AsJson = False) -> None:
    """All accounts."""
    with open_house(home) as house, house.database.read() as session:
        rows = [
            {
                "username": a.username,
                "name": a.display_name,
                "role": a.role,
                "squad": a.squad.code if a.squad else None,
                "active": a.active,
            }
            for a in all_accounts(session)
        ]
    say(rows, as_json)


@user.command("password")
def user_password(
    username: str,
    password: Annotated[str | None, typer.Option("--password")] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Set a new password; the account's sessions end."""
    with open_house(home) as house, house.database.write() as session:
        people.set_password(session, ACTOR, username, _password(password))
    say({"username": username, "changed": True}, as_json)


@user.command("close")
def user_close(username: str, home: Home = None, as_json: AsJson = False) -> None:
    """Close an account; what it did stays on record."""
    with open_house(home) as house, house.database.write() as session:
        people.close_account(session, ACTOR, username)
    say({"username": username, "closed": True}, as_json)


@device.command("list")
def device_list(home: Home = None, as_json: AsJson = False) -> None:
    """All devices."""
    with open_house(home) as house, house.database.read() as session:
        rows = [
            {
                "code": d.code,
                "kind": d.kind,
                "name": d.name,
                "squad": d.squad.code if d.squad else None,
                "missing": ",".join(missing_approvals(d, utcnow())) or "—",
                "zones": len(zones_of(session, d.id)),
            }
            for d in devices.devices(session)
        ]
    say(rows, as_json)


@device.command("add")
def device_add(
    code: str,
    kind: Annotated[str, typer.Option("--kind", help="fixed or vehicle")],
    name: Annotated[str | None, typer.Option("--name")] = None,
    squad: Annotated[str | None, typer.Option("--squad")] = None,
    street: Annotated[str | None, typer.Option("--street")] = None,
    latitude: Annotated[float | None, typer.Option("--latitude")] = None,
    longitude: Annotated[float | None, typer.Option("--longitude")] = None,
    heading: Annotated[float | None, typer.Option("--heading", help="Degrees clockwise from north.")] = None,
    data: Annotated[Path | None, typer.Option("--data", help="JSON with mounting and approvals.")] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Register a device. Without approvals its candidates are clues, never evidence."""
    more = _json(data) if data else {}
    if not isinstance(more, dict):
        raise Invalid("bad_device", zh="设备文件须是对象", en=f"{data} is no JSON object")
    given = {
        "code": code,
        "kind": kind,
        "name": name,
        "squad": squad,
        "street": street,
        "latitude": latitude,
        "longitude": longitude,
        "heading_deg": heading,
    }
    with open_house(home) as house, house.database.write() as session:
        add_device(session, ACTOR, {**more, **{k: v for k, v in given.items() if v is not None}})
    say({"code": code, "kind": kind}, as_json)


@device.command("key")
def device_key(code: str, home: Home = None, as_json: AsJson = False) -> None:
    """Give a device a new key for its uploads. It is shown once; the one before stops working."""
    with open_house(home) as house, house.database.write() as session:
        key = give_key(session, ACTOR, devices.device_by_code(session, code))
    say({"code": code, "key": key}, as_json)


@device.command("group")
def device_group(
    code: str,
    group: Annotated[str | None, typer.Argument(help="Name of the group; none: in no group.")] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Put a camera into a group that an algorithm can be assigned to."""
    with open_house(home) as house, house.database.write() as session:
        set_group(session, ACTOR, devices.device_by_code(session, code), group)
    say({"code": code, "group": group}, as_json)


@device.command("zones")
def device_zones(
    code: str,
    file: Annotated[Path | None, typer.Argument(help="JSON list of zones to set; none: show them.")] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Show or set the zones on a fixed camera's picture."""
    with open_house(home) as house, house.database.write() as session:
        row = devices.device_by_code(session, code)
        if file is not None:
            zones = _json(file)
            if not isinstance(zones, list) or not all(isinstance(z, dict) for z in zones):
                raise Invalid("bad_zone", zh="区域文件须是列表", en=f"{file} is no list of zones")
            set_zones(session, ACTOR, row, zones)
        held = [
            {
                "code": z.code,
                "version": z.version,
                "kind": z.kind,
                "shop": z.shop_code,
                "corners": len(z.polygon),
            }
            for z in zones_of(session, row.id)
        ]
    say(held, as_json)


def _json(path: Path) -> dict[str, object] | list[dict[str, object]]:
    try:
        return json.loads(path.read_text("utf-8"))  # type: ignore[no-any-return]
    except (OSError, ValueError) as error:
        raise Invalid(
            "bad_file", zh=f"无法读取 {path}", en=f"{path} cannot be read as JSON: {error}"
        ) from error


@db.command("upgrade")
def db_upgrade(home: Home = None, as_json: AsJson = False) -> None:
    """Bring the database to the current schema."""
    with open_house(home) as house:
        revision = schema.current(house.database)
    say({"revision": revision}, as_json)


@db.command("current")
def db_current(home: Home = None, as_json: AsJson = False) -> None:
    """The database's schema, without changing it; exit code 1 when it is behind."""
    database = Database(load(home).url)
    try:
        revision = schema.current(database)
    finally:
        database.close()
    say({"revision": revision, "newest": schema.head()}, as_json)
    if revision != schema.head():
        raise typer.Exit(1)
