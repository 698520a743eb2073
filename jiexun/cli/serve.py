"""``jiexun serve``: the web page, the API, and the worker for uploads."""

from __future__ import annotations

from typing import Annotated

import typer

from jiexun import logs
from jiexun.cli.common import Home, console
from jiexun.house import House, open_house
from jiexun.server import serve_house
from jiexun.settings import load


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(serve)


def serve(
    home: Home = None,
    host: Annotated[str | None, typer.Option("--host")] = None,
    port: Annotated[int | None, typer.Option("--port", help="0: any free one.")] = None,
) -> None:
    """Serve the review page and the API, and work on what is uploaded."""
    given = {k: v for k, v in {"host": host, "port": port or None}.items() if v is not None}
    settings = load(home, **given)
    logs.set_up(settings.log_format)
    with open_house(settings=settings) as house:
        serve_house(house, port=port, ready=lambda url: say_ready(house, url))


def say_ready(house: House, url: str) -> None:
    """Where the page is."""
    console.print(f"jiexun is served at {url}  (home: {house.settings.home}; stop with Ctrl-C)")
