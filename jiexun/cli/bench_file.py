"""``jiexun bench file``: how much faster than real time a recording is looked at."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from detector.backends import open_model
from detector.backends.network import NetworkDetector
from detector.errors import BadWeights
from detector.weights import find_model
from jiexun.cli.bench import bench
from jiexun.cli.common import AsJson, say
from jiexun.pipeline.speed import make_clip, measure
from jiexun.settings import load

METHOD = (
    "in each round, in turn: decoding of the packets that the looks need; the network alone, once for each look; the "
    "whole way (accept, survey, decode, look, judge, store) in a new home; 'ultralytics predict' of the same file with "
    "the same ONNX weights, as it is (every frame; timed on the first ones and reckoned for all) and with a vid_stride "
    "that gives as many looks as ours. realtime_factor = duration / whole; share_of_limit = (decoding + network) / "
    "whole; ratio_to_ultralytics, ratio_strided = its times / whole. Medians over the rounds."
)


def register(app: typer.Typer) -> None:
    """Add the command to the group ``bench``."""
    bench.command("file")(file)


def file(
    clip: Annotated[
        Path | None, typer.Option("--clip", help="A recording (default: a painted street, 1080p25 H.264).")
    ] = None,
    weights: Annotated[str | None, typer.Option("--weights", help="Name in the manifest.")] = None,
    rate: Annotated[
        list[float] | None, typer.Option("--looks-per-second", help="Default: 2 and 0.5.")
    ] = None,
    seconds: Annotated[float, typer.Option("--seconds", min=4, help="Length of the painted clip.")] = 60.0,
    rounds: Annotated[int, typer.Option("--rounds", min=1, max=100)] = 5,
    as_json: AsJson = False,
) -> None:
    """Times faster than real time, beside ultralytics and beside the machine's limit. First rate: the headline."""
    settings = load()
    model = find_model(settings.weights_dir, weights)
    detector = open_model(
        model, settings.backend, settings.threads_at_recordings, memory=settings.backend_memory
    )
    if not isinstance(detector, NetworkDetector):
        raise BadWeights(
            f"the back end {settings.backend!r} is not timed here; take 'auto' or one of our own"
        )
    with tempfile.TemporaryDirectory() as folder:
        if clip is None:
            clip = Path(folder) / "street.mp4"
            make_clip(clip, seconds)
        made = [measure(clip, model, detector, r, rounds) for r in rate or (2.0, 0.5)]
    head = {k: asdict(made[0])[k] for k in ("realtime_factor", "ratio_to_ultralytics", "share_of_limit")}
    rows = [asdict(one) for one in made]
    say(
        {
            **head,
            "model": model.model_id,
            "backend": detector.runtime.backend,
            "rows": rows,
            "method": METHOD,
        },
        as_json,
    )
