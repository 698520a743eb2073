"""``jiexun bench rules``: what sightings, zones and rules cost a fixed camera."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from detector.simulation.cost import measure
from jiexun.cli.bench import bench
from jiexun.cli.common import AsJson, say


def register(app: typer.Typer) -> None:
    """Add the command to the group ``bench``."""
    bench.command("rules")(rules)


def rules(
    boxes: Annotated[int, typer.Option("--boxes", min=1, max=1000, help="Standing things in view.")] = 50,
    zones: Annotated[int, typer.Option("--zones", min=2, max=1000, help="Zones drawn on the picture.")] = 20,
    looks: Annotated[int, typer.Option("--looks", min=50, help="Looks measured.")] = 1000,
    as_json: AsJson = False,
) -> None:
    """Milliseconds a look and memory of 1,000 cameras, with every box a standing thing."""
    say(asdict(measure(boxes, zones, looks)), as_json)
