"""``jiexun simulate``: the simulated district, with ground truth."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from detector.backends import open_detector
from detector.errors import DataSetError
from detector.evaluation.looks import look
from detector.simulation.error_model import read, shipped, to_toml
from detector.simulation.fit import FLOOR, refit
from detector.simulation.rendered import judge_day, read_day
from detector.simulation.run import Asked, Step
from detector.simulation.run import simulate as run
from jiexun.cli.common import AsJson, errors, say
from jiexun.settings import load


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(simulate)


def simulate(
    cameras: Annotated[int, typer.Option("--cameras", min=0, help="Fixed cameras.")] = 8,
    days: Annotated[int, typer.Option("--days", min=0, help="Days of each, 06:00 to 22:00.")] = 1,
    passes: Annotated[int, typer.Option("--passes", min=0, help="Passes of a patrol vehicle.")] = 12,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same district.")] = 0,
    table: Annotated[
        bool, typer.Option("--table/--no-table", help="What each disturbance costs, on a few days.")
    ] = True,
    errors_of: Annotated[
        Path | None, typer.Option("--errors-of", help="Error model (TOML) instead of the shipped detector's.")
    ] = None,
    fit: Annotated[
        Path | None,
        typer.Option(
            "--fit", help="Do not simulate: fit the error model on this labelled folder and print it."
        ),
    ] = None,
    rendered: Annotated[
        Path | None,
        typer.Option("--rendered", help="Judge this rendered day with the real detector instead."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Judge a simulated district with the real rules and compare with its truth (docs/PLACE-AND-TIME.md)."""
    model = read(errors_of) if errors_of is not None else shipped()
    if rendered is not None:
        say(_rendered(rendered), as_json)
        return
    if fit is not None:
        settings = load()
        detector = open_detector(
            settings.backend, settings.weights_dir, threads=settings.threads, floor=FLOOR
        )
        try:
            typer.echo(
                to_toml(refit(look(detector, fit), f"{detector.model_id}, {fit.name}", model)), nl=False
            )
        except ValueError as error:
            raise DataSetError(f"{fit}: {error}") from error
        return
    try:
        with _progress("camera-days, passes") as step:
            report = run(Asked(cameras, days, passes, seed), model, table=table, step=step)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    say(report, as_json)


def _rendered(folder: Path) -> dict[str, Any]:
    day, settings = read_day(folder), load()
    detector = open_detector(settings.backend, settings.weights_dir, threads=settings.threads)
    with _progress("looks") as step:
        return judge_day(day, detector, step)


@contextmanager
def _progress(what: str) -> Iterator[Step]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
