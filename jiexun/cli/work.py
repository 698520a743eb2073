"""``jiexun work``: a worker process, beside a server or on a machine of its own with the same database and storage."""

from __future__ import annotations

import signal
import threading
from typing import Annotated

import typer

from casework.errors import Invalid
from jiexun import logs
from jiexun.cli.common import Home, console
from jiexun.house import open_house
from jiexun.live.executor import LocalExecutor, executor_of
from jiexun.settings import load


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(work)


def work(
    home: Home = None,
    shard: Annotated[
        str | None,
        typer.Option("--shard", help="Only a part of the live cameras: 1/3, 2/3, 3/3 for three workers."),
    ] = None,
    footage: Annotated[bool, typer.Option(help="Work on footage that was handed in.")] = True,
    live: Annotated[bool, typer.Option(help="Look at live cameras.")] = True,
) -> None:
    """Work on footage and live cameras until stopped (Ctrl-C, SIGTERM). What is under way is written or given back."""
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda number, frame: over.set())
    signal.signal(signal.SIGINT, lambda number, frame: over.set())
    settings = load(home)
    logs.set_up(settings.log_format)
    with open_house(settings=settings) as house:
        executor = (
            executor_of(house)
            if house.settings.executor == "ray"
            else LocalExecutor(house, shard=part_of(shard), footage=footage, live=live)
        )
        executor.start()
        console.print(f"working  (home: {house.settings.home}; stop with Ctrl-C)")
        while not over.wait(0.5) and not executor.broken.is_set():
            pass
        executor.stop()
    if executor.broken.is_set():
        raise typer.Exit(1)


def part_of(text: str | None) -> tuple[int, int] | None:
    """``2/3`` as (1, 3): the remainder and the divisor. Raises Invalid."""
    if text is None:
        return None
    part, _, of = text.partition("/")
    if not (part.isdigit() and of.isdigit() and 1 <= int(part) <= int(of) <= 1000):
        raise Invalid(
            "bad_shard",
            zh=f"分片 {text} 应写作 1/3、2/3、3/3",
            en=f"--shard {text}: write 1/3, 2/3, 3/3 for three workers",
        )
    return int(part) - 1, int(of)
