"""Both demonstration clips: render to numbered pictures and notes, then encode, and write track and truth."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image

from scripts.street import demo, geo

FIXED, PATROL = "wutong_c0101.mp4", "patrol_v01.mp4"


def render_fixed(work: Path, width: int, samples: int, frames: int) -> None:
    """Render C-0101's frames into `work`/fixed with the visible share and box of each staged thing."""
    from scripts.street import fixed_clip

    folder, begun = work / "fixed", time.process_time()
    folder.mkdir(parents=True, exist_ok=True)
    masks = fixed_clip.boxes(width)
    shares: dict[str, dict[int, float]] = {}
    for look in fixed_clip.shoot(width, samples, 3 * samples, frames):
        k = round(look.t / demo.FIXED_STEP)
        Image.fromarray(look.picture).save(folder / f"{k:04d}.png", compress_level=1)
        shares[str(k)] = {i: round(1 - float(look.movers[m].mean()), 3) for i, m in masks.items()}
    boxes = {i: box_of(m) for i, m in masks.items()}
    note = {"boxes": boxes, "shares": shares, "cpu_seconds": round(time.process_time() - begun)}
    (folder / "notes.json").write_text(json.dumps(note))


def render_patrol(work: Path, width: int, samples: int, first: int, last: int) -> None:
    """Render V-01's frames `first` to `last` - 1 into `work`/patrol with the boxes seen in each."""
    from scripts.street import patrol_clip

    folder, begun = work / "patrol", time.process_time()
    folder.mkdir(parents=True, exist_ok=True)
    seen = {}
    for k, look in enumerate(patrol_clip.shoot(width, samples, first, last), first):
        Image.fromarray(look.picture).save(folder / f"{k:04d}.png", compress_level=1)
        seen[k] = {i: {"box": s.box, "share": round(s.share, 3)} for i, s in look.seen.items()}
    note = {"seen": seen, "cpu_seconds": round(time.process_time() - begun)}
    (folder / f"notes_{first:04d}.json").write_text(json.dumps(note))


def box_of(mask: np.ndarray) -> list[int]:
    """The box x0, y0, x1, y1 in pixels of a mask (H, W)."""
    rows, cols = np.nonzero(mask)
    return [int(cols.min()), int(rows.min()), int(cols.max()) + 1, int(rows.max()) + 1]


def encode(pictures: list[Path], target: Path, step: Fraction, start: float, crf: int) -> None:
    """H.264 in MP4, one picture each `step` seconds, creation time = second `start` of the staging."""
    width, height = Image.open(pictures[0]).size
    with av.open(str(target), "w", options={"movflags": "faststart"}) as container:
        begun = geo.START + timedelta(seconds=start)
        container.metadata["creation_time"] = begun.strftime("%Y-%m-%dT%H:%M:%S.000000Z")
        stream = container.add_stream("libx264", rate=1 / step)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        stream.options = {"crf": str(crf), "preset": "medium", "threads": "1", "g": "60", "bf": "0"}
        for k, path in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(np.asarray(Image.open(path)), format="rgb24")
            frame.pts, frame.time_base = int(k * step * 1000), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def encode_all(work: Path, out: Path) -> None:
    """Encode what was rendered in `work` to the two clips in `out`."""
    out.mkdir(parents=True, exist_ok=True)
    encode(sorted((work / "fixed").glob("*.png")), out / FIXED, Fraction(demo.FIXED_STEP), 0.0, 28)
    encode(
        sorted((work / "patrol").glob("*.png")),
        out / PATROL,
        Fraction(demo.PATROL_STEP),
        demo.PATROL_START,
        22,
    )
