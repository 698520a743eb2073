"""``jiexun model``: measuring models of the folder ``weights``, or of any folder with a manifest."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from detector.backends import AUTO, open_model
from detector.backends.choice import remembered
from detector.detections import Detector
from detector.evaluation.charts import write_charts
from detector.evaluation.looks import MEASURING_FLOOR, Looks, look
from detector.evaluation.page import write_page
from detector.evaluation.report import Report, measure
from detector.weights import Model, find_model
from jiexun.cli.common import AsJson, console, errors, say
from jiexun.cli.quantize import quantize
from jiexun.settings import load

model = typer.Typer(no_args_is_help=True, help="Models: how good they are.")

FIGURES = {
    "ap50": "AP50",
    "ap50_95": "AP50-95",
    "precision": "precision",
    "recall": "recall",
    "precision_at_recall": "P at R 0.5",
}
"""Keys of the report, and their names in the table."""


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    model.command()(quantize)
    app.add_typer(model, name="model")


@model.command()
def evaluate(
    dataset: Annotated[Path, typer.Argument(help="Folder with data.yaml, or with pictures and labels.")],
    split: Annotated[
        str | None, typer.Option("--split", help="train, val, test or all (default: val where there is one).")
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option("--weights", help="Name in the manifest, or a folder with a manifest of its own."),
    ] = None,
    backend: Annotated[
        str | None, typer.Option("--backend", help="What runs the model (default: settings).")
    ] = None,
    threads: Annotated[int | None, typer.Option("--threads", min=1, max=64)] = None,
    draws: Annotated[int, typer.Option("--draws", min=0, max=10_000, help="Bootstrap resamples.")] = 1000,
    errors_dir: Annotated[
        Path | None, typer.Option("--errors", help="Write a page of the worst errors (index.html) here.")
    ] = None,
    chart_dir: Annotated[
        Path | None, typer.Option("--chart", help="Write precision-recall and reliability (.svg) here.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure a model on labelled pictures; every figure with its 95 % interval."""
    settings = load()
    found = find_model(*_which(weights, settings.weights_dir))
    cores = threads or settings.threads
    engine = backend or settings.backend
    if engine == AUTO:
        engine = remembered(found, cores, settings.backend_memory)
    detector = open_model(found, engine, cores, MEASURING_FLOOR)
    looks = _look(detector, dataset, split)
    report = measure(looks, found.thresholds, resampled=draws)
    data = _about(found, engine, cores) | report.as_dict()
    if errors_dir is not None:
        write_page(report, found.model_id, errors_dir)
    if chart_dir is not None:
        write_charts(report, chart_dir)
    if as_json:
        say(data, True)
    else:
        _show(data, report)


def _which(weights: str | None, default: Path) -> tuple[Path, str | None]:
    """(folder with a manifest, name of a model in it, None for its default)."""
    if weights is None:
        return default, None
    if Path(weights).is_dir():
        return Path(weights), None
    return default, weights


def _look(detector: Detector, dataset: Path, split: str | None) -> Looks:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as bar:
        task = bar.add_task("pictures", total=None)
        looks = look(
            detector, dataset, split, step=lambda done, all_: bar.update(task, completed=done, total=all_)
        )
    if split not in (None, looks.split):
        errors.print(f"{dataset}: has no splits; all {len(looks.scenes)} pictures are measured", markup=False)
    return looks


def _about(found: Model, engine: str, threads: int) -> dict[str, Any]:
    return {
        "model": {"name": found.name, "version": found.version, "sha256": found.sha256},
        "backend": engine,
        "threads": threads,
    }


def _show(data: dict[str, Any], report: Report) -> None:
    """For people: the main figures by class, and the parts in a line each."""
    console.print(
        f"{data['model']['name']} {data['model']['version']}, {data['backend']}: {data['pictures']} pictures, "
        f"{data['negatives']} negatives, {data['groups']} groups; with 95 % intervals"
    )
    names = (*report.classes.mean, *report.classes.beside)
    table = Table("", "mean", *names, box=None)
    table.add_row("labels", str(data["boxes"]["all"]), *(str(data["boxes"][n]) for n in names))
    table.add_row("threshold", "", *(f"{data['thresholds'][n]:.2f}" for n in names))
    for figure, shown in FIGURES.items():
        table.add_row(shown, *(_told(data[figure], name) for name in ("mean", *names)))
    console.print(table)
    console.print(f"false boxes per 100 negatives: {_told(data, 'false_per_100_negatives')}", markup=False)
    for part in ("by_view", "by_light", "by_size", "by_source"):
        for name, figures in data[part].items():
            if labels := figures["boxes"]["all"]:
                told = _told(figures["ap50"], "mean")
                console.print(f"{part[3:]} {name}: AP50 {told}, {labels} labels", markup=False)
    for name, why in data["classes_not_measured"].items():
        console.print(f"not measured: {name} ({why})", markup=False)


def _told(figure: dict[str, Any], name: str) -> str:
    """``0.41 0.33–0.49``, a dash where nothing could be measured."""
    value, (low, high) = figure[name], figure[f"{name}_ci"]
    if value is None:
        return "–"
    return f"{value:.2f}" if low is None else f"{value:.2f} {low:.2f}–{high:.2f}"
