"""``jiexun run`` and ``jiexun detect``: looking at footage and pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from detector.datasets.layout import SUFFIXES
from detector.detections import Detector
from detector.errors import BadPicture
from detector.pictures import read_picture
from detector.weights import find_model
from jiexun.cli.common import AsJson, Home, detector_of, errors, moment, say
from jiexun.demo.camera import ensure_demo_camera
from jiexun.house import open_house
from jiexun.pipeline.run import accept_file, run_footage
from jiexun.settings import load
from jiexun.warehouse import Detectors, adopt_default, opener


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(run)
    app.command()(detect)


def run(
    video: Annotated[Path, typer.Argument(help="A recorded video, or a folder of pictures.")],
    device: Annotated[str, typer.Option("--device", help="Code of the device that recorded it.")],
    track: Annotated[
        Path | None, typer.Option("--track", help="GPX, NMEA or CSV; else the file beside the video.")
    ] = None,
    start: Annotated[str | None, typer.Option("--start", help="Capture time of the first frame.")] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Look at a recording and raise candidates with sealed evidence. The same file again is counted once."""
    with open_house(home) as house:
        if device == "demo-cam":
            ensure_demo_camera(house)
        footage = accept_file(house, video, device, moment(start), track)
        known = adopt_default(house)
        detectors = Detectors(detector_of(house.settings), opener(house.settings), known)
        with _progress() as bar:
            task = bar.add_task("looks", total=None)

            def step(looks: int, at: datetime) -> None:
                bar.update(task, completed=looks, description=f"looks, at {at:%Y-%m-%d %H:%M:%S} UTC")

            report = run_footage(house, footage, detectors, step)
    say(asdict(report), as_json)


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal)


def detect(
    images: Annotated[list[Path], typer.Argument(help="Pictures to look at, or folders of them.")],
    threshold: Annotated[
        float | None,
        typer.Option(
            "--threshold",
            min=0.0,
            max=1.0,
            help="Least confidence shown (default: each class's own, by the model).",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what the detector sees in pictures; boxes in pixels: left, top, right, bottom.

    A picture that cannot be read is told and the others are looked at; the exit code is then 1.
    """
    files = [file for path in images for file in _pictures(path)]
    settings = load()
    least = find_model(settings.weights_dir).thresholds
    if threshold is not None:
        least = dict.fromkeys(least, threshold)
    detector = detector_of(settings, floor=min(least.values()))
    found: list[dict[str, Any]] = []
    with _progress() as bar:
        for path in bar.track(files, description="pictures"):
            found.append(_seen(detector, path, least))
    if as_json:
        say(found, as_json)
    else:
        say([{"file": f["file"], **d} for f in found for d in f["detections"]], as_json)
        for one in found:
            if "error" in one:
                errors.print(one["error"], markup=False)
    if any("error" in one for one in found):
        raise typer.Exit(1)


def _pictures(path: Path) -> list[Path]:
    """A file as it was given, whatever its name; of a folder all pictures in it and below it."""
    if not path.is_dir():
        return [path]
    found = sorted(p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES and not p.name.startswith("."))
    if not found:
        raise BadPicture(f"{path}: no pictures in this folder ({', '.join(sorted(SUFFIXES))})")
    return found


def _seen(detector: Detector, path: Path, least: Mapping[str, float]) -> dict[str, Any]:
    try:
        seen = detector.detect([read_picture(path)])[0]
    except BadPicture as error:
        return {"file": str(path), "detections": [], "error": str(error)}
    except OSError as error:
        return {"file": str(path), "detections": [], "error": f"{path}: {error.strerror or error}"}
    return {
        "file": str(path),
        "detections": [
            {
                "label": seen.label(i),
                "confidence": round(float(seen.confidence[i]), 4),
                "xyxy": [round(float(v), 1) for v in seen.xyxy[i]],
            }
            for i in range(len(seen))
            if seen.confidence[i] >= least[seen.label(i)]
        ],
    }
