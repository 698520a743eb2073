"""``jiexun report`` and ``jiexun verify``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from casework.people.roles import Role
from casework.people.service import Person
from casework.places.queries import squads
from casework.statistics.figures import figures, month_of
from casework.statistics.queries import rows
from casework.statistics.sheet import sheet
from casework.verify import verify as check
from casework.words import word, words
from jiexun.cli.common import AsJson, Home, console, say
from jiexun.house import open_house

EVERYONE = Person(0, "command-line", "command line", Role.STATISTICIAN, None)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(report)
    app.command()(verify)


def report(
    month: Annotated[str, typer.Argument(help="YYYY-MM, Asia/Shanghai.")],
    out: Annotated[Path | None, typer.Option("--out", help="Write the sheet (.xlsx) here.")] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """The month's figures per squad and type."""
    span = month_of(month)
    with open_house(home) as house, house.database.read() as session:
        table = rows(session, EVERYONE, span, squads(session), [w.code for w in words("types")])
    if out is not None:
        out.write_bytes(sheet(span, table))
    data: list[dict[str, Any]] = [
        {
            "squad": r.squad.code if r.squad else None,
            "type": r.type,
            **r.figures,
            "rejected_by_reason": r.rejected_by_reason,
        }
        for r in table
    ]
    if as_json:
        say({"month": span.name, "rows": data, "out": str(out) if out else None}, True)
        return
    names = {f.code: f.zh for f in figures()}
    say(
        [
            {
                "中队": r.squad.name if r.squad else "全区",
                "类型": word("types", r.type).zh if r.type else "合计",
                **{names[c]: "—" if v is None else v for c, v in r.figures.items()},
            }
            for r in table
        ],
        False,
    )
    if out is not None:
        console.print(f"written to {out}")


def verify(home: Home = None, as_json: AsJson = False) -> None:
    """Check every sealed file, manifest, chain, decision and state; exit code 1 when anything is wrong."""
    with open_house(home) as house, house.database.read() as session:
        found = check(session, house.store)
    say({"checked": found.checked, "bad": found.bad}, as_json)
    if found.bad:
        raise typer.Exit(1)
