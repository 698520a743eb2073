"""``jiexun rule``: versions of the rule set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from casework.db import utcnow
from casework.rules import queries, service
from casework.rules.tables import RuleSet
from jiexun.cli import replay
from jiexun.cli.common import AsJson, Home, moment, say
from jiexun.house import open_house
from jiexun.warehouse import labels_of

ACTOR = "command-line"
rule = typer.Typer(no_args_is_help=True, help="Rules: versions, each from a moment on.")


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    app.add_typer(rule, name="rule")


def _row(row: RuleSet) -> dict[str, object]:
    return {
        "version": row.version,
        "valid_from": row.valid_from.isoformat(),
        "valid_to": row.valid_to.isoformat() if row.valid_to else None,
        "warning_only": row.warning_only,
        "made_by": row.made_by,
        "reason": queries.reason_of(row).en,
        "sha256": row.sha256,
    }


@rule.command("list")
def list_(home: Home = None, as_json: AsJson = False) -> None:
    """All versions, newest first; of those that hold at a moment the newest counts."""
    with open_house(home) as house, house.database.read() as session:
        rows = [_row(row) for row in queries.rule_sets(session)]
    if not as_json:
        rows = [{**row, "sha256": str(row["sha256"])[:12]} for row in rows]
    say(rows, as_json)


@rule.command()
def show(
    version: Annotated[int | None, typer.Argument(help="None: the one that holds now.")] = None,
    at: Annotated[str | None, typer.Option("--at", help="The one that holds for looks of this time.")] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Show the text of a version; ready to be edited and added again."""
    with open_house(home) as house, house.database.read() as session:
        if version is not None:
            row = queries.rule_set(session, version)
        else:
            row = queries.rules_at(session, moment(at) or utcnow())
    if as_json:
        say({**_row(row), "text": row.text}, True)
    else:
        typer.echo(row.text, nl=False)


@rule.command()
def add(
    file: Annotated[Path, typer.Argument(help="Rules as TOML.")],
    reason: Annotated[str, typer.Option("--reason", help="Why the rules change.")],
    since: Annotated[
        str | None, typer.Option("--from", help="From when on (default: now); never in the past.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", help="To when, after which the version before holds again.")
    ] = None,
    warning_only: Annotated[
        bool, typer.Option("--warning-only", help="What it raises is never to become a case.")
    ] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Enter the next version. It is checked first; ``jiexun rule preview`` shows what it would change."""
    with open_house(home) as house:
        labels = labels_of(house)
        new = service.NewRules(replay.text_of(file), reason, moment(since), moment(until), warning_only)
        with house.database.write() as session:
            row = _row(service.add(session, ACTOR, new, labels))
    say(row, as_json)


@rule.command()
def preview(
    file: Annotated[Path, typer.Argument(help="Rules as TOML.")],
    since: replay.Since,
    until: replay.Until,
    device: replay.OfDevice = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Show what a rule file would have changed (the same as ``jiexun replay --rule FILE``)."""
    replay.show(file, since, until, device, home, as_json)
