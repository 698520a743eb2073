"""``jiexun cameras``: the inventory of street cameras."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Any

import typer

from casework.db import utcnow
from casework.errors import Invalid
from casework.streams import board, importing, trying
from casework.streams.board import Filter, Glance
from casework.streams.importing import Report
from casework.streams.service import Tested
from casework.streams.sheet import MOST_BYTES
from jiexun.cli.common import AsJson, Home, errors, say
from jiexun.house import House, open_house

ACTOR = "command-line"
FAULTS_SHOWN = 50
AT_ONCE = 8
cameras = typer.Typer(no_args_is_help=True, help="Street cameras: inventory, state, test of their streams.")
Group = Annotated[str | None, typer.Option("--group", help="Only cameras of this group.")]
State = Annotated[str | None, typer.Option("--state", help=f"Only these: {', '.join(board.STATES)}.")]


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    app.add_typer(cameras, name="cameras")


@cameras.command("import")
def import_(
    file: Annotated[
        Path, typer.Argument(help="CSV or XLSX with Chinese or English headings (docs/PLANS.md).")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    skip_faulty: Annotated[
        bool, typer.Option("--skip-faulty", help="Take the good rows all the same.")
    ] = False,
    system: Annotated[
        str | None, typer.Option("--system", help="wgs84 or gcj02, for a file without a column for it.")
    ] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Bring cameras in: new ones are made, known ones updated. With a faulty row nothing is written."""
    if system not in (None, "wgs84", "gcj02"):
        raise Invalid(
            "bad_system", zh="坐标系只能是 wgs84 或 gcj02", en=f"--system {system}: give wgs84 or gcj02"
        )
    data = _bytes(file)
    with open_house(home) as house:
        with house.database.read() as session:
            report = importing.preview(session, data, system)
        if not dry_run and (skip_faulty or not report.faulty):
            with house.database.write() as session:
                report = importing.apply(session, ACTOR, data, system, skip_faulty)
    _tell(report, as_json)
    if report.faulty and not report.applied:
        raise typer.Exit(2)


def _bytes(file: Path) -> bytes:
    size = file.stat().st_size
    if size > MOST_BYTES:
        raise Invalid(
            "too_long",
            zh=f"{file.name} 超过 {MOST_BYTES >> 20} MB",
            en=f"{file}: over {MOST_BYTES >> 20} MB; split it",
        )
    return file.read_bytes()


def _tell(report: Report, as_json: bool) -> None:
    counts = {name: getattr(report, name) for name in ("rows", "new", "changed", "same", "faulty", "applied")}
    faults = [{"line": f.line, "column": f.column, "value": f.value, "mend": f.en} for f in report.faults]
    if as_json:
        say({**counts, "unknown": report.unknown, "faults": faults}, True)
        return
    say({**counts, "columns without meaning": ", ".join(report.unknown) or "none"}, False)
    if faults:
        say(faults[:FAULTS_SHOWN], False)
    if len(faults) > FAULTS_SHOWN:
        errors.print(f"... and {len(faults) - FAULTS_SHOWN} more; --json tells up to {importing.MOST_FAULTS}")


@cameras.command("list")
def list_(
    text: Annotated[str | None, typer.Argument(help="Part of code, name, GB code or owner.")] = None,
    group: Group = None,
    state: State = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """List cameras with their state."""
    with open_house(home) as house:
        found = _chosen(house, Filter(text=text, group=group, state=state))
    say([_row(row) for row in found], as_json)


def _chosen(house: House, want: Filter) -> list[Glance]:
    with house.database.read() as session:
        return board.narrowed(board.glances(session, utcnow()), want, lambda row, kind: True)


def _row(row: Glance) -> dict[str, Any]:
    return {
        "code": row.code,
        "name": row.name,
        "group": row.group or "",
        "state": row.state,
        "fault": row.fault or "",
        "last picture": row.last_picture_at.isoformat(timespec="seconds") if row.last_picture_at else "",
        "usability": "" if row.usability is None else row.usability,
        "plan": row.plan or "",
        "interval_s": row.interval_s or "",
    }


@cameras.command("test")
def try_(
    codes: Annotated[
        list[str] | None, typer.Argument(help="Cameras; none: all that the options name.")
    ] = None,
    group: Group = None,
    everything: Annotated[bool, typer.Option("--all", help="All cameras in use.")] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Connect to cameras, take a picture of each and judge how usable it is. Exit code 1 when one gave none."""
    if not codes and group is None and not everything:
        raise Invalid(
            "which", zh="请给出摄像机编码、--group 或 --all", en="give cameras' codes, --group or --all"
        )
    with open_house(home) as house:
        listed = codes or [row.code for row in _chosen(house, Filter(group=group)) if row.active]
        found = _test(house, listed)
    say([{"code": code, **_result(result)} for code, result in zip(listed, found, strict=True)], as_json)
    if any(result.fault for result in found):
        raise typer.Exit(1)


def _test(house: House, codes: Sequence[str]) -> list[Tested]:
    """Several at a time; a camera that does not answer holds up no other for long."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda code: trying.try_camera(house.database, house.store, code), codes))


def _result(tested: Tested) -> dict[str, Any]:
    size = f"{tested.width}x{tested.height}" if tested.width else ""
    parts = ", ".join(f"{name} {value}" for name, value in tested.parts.items() if value is not None)
    return {
        "fault": tested.fault or "",
        "picture": size,
        "codec": tested.codec or "",
        "seconds": tested.seconds,
        "usability": "" if tested.score is None else tested.score,
        "says": tested.text or parts,
    }
