"""``jiexun run`` and ``jiexun detect``: looking at footage and pictures."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from detector.pictures import read_picture
from jiexun.cli.common import AsJson, Home, detector_of, errors, moment, say
from jiexun.demo.camera import ensure_demo_camera
from jiexun.house import open_house
from jiexun.pipeline.run import accept_file, run_footage
from jiexun.settings import load


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
        detector = detector_of(house.settings)
        with _progress() as bar:
            task = bar.add_task("looks", total=None)

            def step(looks: int, at: datetime) -> None:
                bar.update(task, completed=looks, description=f"looks, at {at:%Y-%m-%d %H:%M:%S} UTC")

            report = run_footage(house, footage, detector, step)
    say(asdict(report), as_json)


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal)


def detect(
    images: Annotated[list[Path], typer.Argument(help="Pictures to look at.")],
    confidence: Annotated[
        float, typer.Option("--confidence", min=0.0, max=1.0, help="Least confidence shown.")
    ] = 0.25,
    as_json: AsJson = False,
) -> None:
    """Show what the detector sees in pictures; boxes in pixels: left, top, right, bottom."""
    detector = detector_of(load())
    found: list[dict[str, Any]] = []
    for path in images:
        seen = detector.detect([read_picture(path)])[0]
        found.append(
            {
                "file": str(path),
                "detections": [
                    {
                        "label": seen.label(i),
                        "confidence": round(float(seen.confidence[i]), 4),
                        "xyxy": [round(float(v), 1) for v in seen.xyxy[i]],
                    }
                    for i in range(len(seen))
                    if seen.confidence[i] >= confidence
                ],
            }
        )
    if as_json:
        say(found, as_json)
    else:
        say([{"file": f["file"], **d} for f in found for d in f["detections"]], as_json)
