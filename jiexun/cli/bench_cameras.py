"""``jiexun bench cameras``: how many live cameras this machine keeps up with, or how much several nodes do."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from typing import Annotated, Any

import typer

from detector.backends import AUTO
from detector.backends.choice import remembered
from detector.weights import find_model
from jiexun.cli.bench import bench
from jiexun.cli.common import AsJson, errors, say
from jiexun.live.measuring import OneModel, measure
from jiexun.settings import Settings, load


def register(app: typer.Typer) -> None:
    """Add the command to the group ``bench``."""
    bench.command("cameras")(cameras)


def cameras(
    count: Annotated[
        int | None, typer.Option("--count", min=1, max=100_000, help="Default: 13000; with --nodes 400.")
    ] = None,
    interval: Annotated[
        float | None,
        typer.Option("--interval", min=1.0, help="Seconds between two looks (default: 300; with --nodes 5)."),
    ] = None,
    seconds: Annotated[
        float | None,
        typer.Option("--seconds", min=1.0, help="Default: 600; with --nodes 30 for each measurement."),
    ] = None,
    weights: Annotated[str, typer.Option("--weights", help="Name in the manifest.")] = "jiexun-street-n",
    size: Annotated[int | None, typer.Option("--size", help="Pixels (default: the model's).")] = None,
    nodes: Annotated[
        int, typer.Option("--nodes", min=1, max=64, help="So many simulated Ray nodes against one, in turn.")
    ] = 1,
    rounds: Annotated[
        int, typer.Option("--rounds", min=1, max=100, help="With --nodes: measurements of each form.")
    ] = 3,
    database: Annotated[
        str | None,
        typer.Option("--database", help="With --nodes: an empty PostgreSQL (default: one is started)."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """How many live cameras this machine keeps up with: the engine as shipped, over a local server of real JPEGs."""
    if database is not None and nodes == 1:
        raise typer.BadParameter("only with --nodes 2 or more", param_hint="--database")
    settings = load()

    def step(said: str) -> None:
        if errors.is_terminal:
            errors.print(said, markup=False)

    # Several nodes are shown more than they can do, and each camera is opened before every measurement: a few do.
    count = count or (13_000 if nodes == 1 else 400)
    interval = interval or (300.0 if nodes == 1 else 5.0)
    seconds = seconds or (600.0 if nodes == 1 else 30.0)
    made = OneModel(_backend(settings, weights, step), settings.weights_dir, weights, size)
    about = {"count": count, "interval_s": interval, "seconds": seconds, "weights": weights, "size": size}
    figures: dict[str, Any]
    if nodes == 1:
        figures = asdict(measure(settings, made, count, interval, seconds, step))
        about |= {"backend": made.backend, "threads": settings.threads}
    else:
        from jiexun.live.scaling import Load, measure_scaling  # an extra that the small form does without

        asked = Load(nodes, count, interval, seconds, rounds)
        figures = asdict(measure_scaling(settings, made, asked, database, step))
        about |= {"backend": made.backend, "threads": 1, "nodes": nodes, "rounds": rounds}
    say({**figures, **about}, as_json)


def _backend(settings: Settings, weights: str, step: Callable[[str], None]) -> str:
    """The quickest here, where the settings name none. Tried in a process of its own: the memory of the others is not
    the engine's."""
    if settings.backend != AUTO:
        return settings.backend
    step("which back end is the quickest here")
    model = find_model(settings.weights_dir, weights)
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as aside:
        return aside.submit(remembered, model, 1, settings.backend_memory).result()
