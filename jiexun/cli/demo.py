"""``jiexun demo``: the main job on the demonstration footage, then the review page."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from jiexun.cli.common import AsJson, console, detector_of, errors, say
from jiexun.cli.serve import say_ready
from jiexun.demo.job import run_demo
from jiexun.demo.people import ACCOUNTS, PASSWORD
from jiexun.house import open_house
from jiexun.server import serve_house
from jiexun.settings import load
from jiexun.warehouse import Detectors, adopt_default, opener


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(demo)


def demo(
    home: Annotated[Path, typer.Option("--home", help="Folder for the demonstration.")] = Path("demo-home"),
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Serve the page afterwards.")] = True,
    port: Annotated[int | None, typer.Option("--port", help="0: any free one.")] = None,
    as_json: AsJson = False,
) -> None:
    """Run the main job on the demonstration footage, say what was found against the truth, serve the page."""
    # The demonstration district is taken to have a regulation like Pudong's: its records may be evidence.
    with open_house(settings=load(home, legal_mode="evidence")) as house:
        with errors.status("looking at the demonstration footage") as status:

            def said(clip: str, looks: int, at: datetime) -> None:
                status.update(f"{clip}: {looks} looks, at {at:%H:%M:%S} UTC")

            known = adopt_default(house)
            detectors = Detectors(detector_of(house.settings), opener(house.settings), known)
            result = run_demo(house, detectors, said)
        say(result if as_json else {k: v for k, v in result.items() if k != "runs"}, as_json)
        if not serve:
            return
        console.print(f"\nDemonstration accounts, all with the password [bold]{PASSWORD}[/bold]:")
        for username, name, _role, squad in ACCOUNTS:
            console.print(f"  {username:<12}{name}{f'  {squad}' if squad else ''}", markup=False)
        serve_house(house, port=port, ready=lambda url: say_ready(house, url))
