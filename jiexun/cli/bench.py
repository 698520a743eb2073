"""``jiexun bench``: how fast this machine is."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from detector.backends.painted import painted_street
from detector.backends.timing import LEAST_ROUNDS, Timing, time_backends
from detector.datasets.layout import SUFFIXES
from detector.errors import BadPicture
from detector.pictures import read_picture
from detector.weights import find_model
from ingest.frame import Image
from jiexun.cli.common import AsJson, console, errors, say, table_of
from jiexun.settings import load

bench = typer.Typer(no_args_is_help=True, help="How fast this machine is.")
MOST_PICTURES = 16


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    app.add_typer(bench, name="bench")


@bench.callback()
def _group() -> None:
    """More than one measurement."""


@bench.command()
def inference(
    pictures: Annotated[
        Path | None, typer.Option("--pictures", help="Folder of pictures (default: a painted street, 1080p).")
    ] = None,
    weights: Annotated[str | None, typer.Option("--weights", help="Name in the manifest.")] = None,
    weights_dir: Annotated[
        Path | None, typer.Option("--weights-dir", help="Folder with the manifest (default: settings).")
    ] = None,
    size: Annotated[list[int] | None, typer.Option("--size", help="Pixels (default: 640 and 320).")] = None,
    threads: Annotated[list[int] | None, typer.Option("--threads", help="Default: 1 and 2.")] = None,
    rounds: Annotated[int, typer.Option("--rounds", min=LEAST_ROUNDS, max=1000)] = 15,
    pt: Annotated[
        Path | None,
        typer.Option("--pt", help="A .pt file, to be run by ultralytics with its own habits too."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Milliseconds per look with every back end, in turn, and the one that the self-test chooses."""
    settings = load()
    model = find_model(weights_dir or settings.weights_dir, weights)
    shown = _pictures(pictures)

    def step(said: str) -> None:
        if errors.is_terminal:
            errors.print(said, markup=False)

    made = time_backends(
        model,
        shown,
        sizes=size or (640, 320),
        threads=threads or (1, 2),
        rounds=rounds,
        pt=pt,
        step=step,
    )
    data = _report(made, rounds, len(shown)) | {"model": model.model_id}
    if as_json:
        say(data, True)
        return
    console.print(table_of(data["rows"]))
    say({k: v for k, v in data.items() if k not in ("rows", "ratios", "left_out")}, False)
    for part in ("ratios", "left_out"):
        console.print(table_of(data[part]), markup=False)


def _report(made: Timing, rounds: int, pictures: int) -> dict[str, Any]:
    """The headline is the first size with the most threads."""
    first = made.ratios[0].size
    head = max((r for r in made.ratios if r.size == first), key=lambda r: r.threads)
    return {
        "rows": [asdict(row) for row in made.rows],
        "chosen": head.chosen,
        "ratio_to_onnxruntime": head.to_onnxruntime,
        "ratio_to_ultralytics": head.to_ultralytics,
        "letterbox_decode_share": head.letterbox_decode_share,
        "ratios": [asdict(ratio) for ratio in made.ratios],
        "left_out": [asdict(one) for one in made.left_out],
        "method": f"median of {rounds} looks each after 2 to warm up, {pictures} pictures, all back ends in turn in "
        "one process; a look goes from the decoded picture to boxes. Ratios are the chosen back end's time over the "
        f"other's; those at the top are for {head.size} px and {head.threads} threads. 'ultralytics' runs the same "
        "ONNX file in the same square, with as many threads.",
    }


def _pictures(folder: Path | None) -> list[Image]:
    if folder is None:
        return [painted_street(1920, 1080)]
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not found:
        raise BadPicture(f"{folder}: no pictures there ({', '.join(sorted(SUFFIXES))})")
    return [read_picture(path) for path in found[:: -(-len(found) // MOST_PICTURES)]]
