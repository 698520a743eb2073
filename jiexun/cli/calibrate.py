"""``jiexun calibrate``: how a vehicle's camera is mounted, from a drive."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jiexun.calibration import calibrate as calibrated
from jiexun.cli.common import AsJson, moment, say


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(calibrate)


def calibrate(
    video: Annotated[Path, typer.Argument(help="A drive of a minute or more, partly straight on, by day.")],
    track: Annotated[Path, typer.Option("--track", help="GPX, NMEA or CSV of the same drive.")],
    height: Annotated[float, typer.Option("--height", help="Of the lens above the street, metres.")],
    hfov: Annotated[
        float, typer.Option("--hfov", help="Horizontal angle of view by the camera's data sheet, degrees.")
    ],
    start: Annotated[str | None, typer.Option("--start", help="Capture time of the first frame.")] = None,
    as_json: AsJson = False,
) -> None:
    """Measure a vehicle camera's pitch, yaw and lens from a drive: the "mounting" of its device."""
    report = calibrated(video, track, height, hfov, moment(start))
    if not as_json:
        report = {
            **report.pop("mounting"),
            **{f"{k}_error": v for k, v in report.pop("errors").items()},
            **report,
        }
    say(report, as_json)
