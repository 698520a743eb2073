"""truth.json: what was staged, where it stood, and where each clip shows it; and the patrol vehicle's GPX track."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from shapely import MultiPoint
from shapely.geometry import Polygon

from scripts.street import demo, geo
from scripts.street.clips import FIXED, PATROL
from scripts.street.labels import Thing

Json = dict[str, Any]


def footprint(thing: Thing) -> Polygon:
    """The convex hull, in local metres, of what lies below half a metre above the thing's base."""
    points = thing.world()
    low = points[points[:, 2] < thing.at[2] + 0.5, :2]
    return MultiPoint(low).convex_hull.simplify(0.02)


def write(work: Path, out: Path) -> None:
    """Write `out`/truth.json from the notes in `work` and the clips in `out`."""
    world = demo.build()
    notes = json.loads((work / "fixed" / "notes.json").read_text())
    seen: dict[int, Json] = {}
    for path in sorted((work / "patrol").glob("notes_*.json")):
        seen |= {int(k): v for k, v in json.loads(path.read_text())["seen"].items()}
    fixed, patrol = clip(work / "fixed", out / FIXED, "C-0101", 0.0, demo.FIXED_STEP), clip(
        work / "patrol", out / PATROL, "V-01", demo.PATROL_START, demo.PATROL_STEP)  # fmt: skip
    patrol["poses"] = [pose(demo.PATROL_START + k * demo.PATROL_STEP) for k in range(patrol["frames"])]
    truth = {
        "about": "Exact ground truth of the rendered demonstration; see README.md beside this file.",
        "plane": geo.PLANE,
        "clips": [fixed, patrol],
        "things": [thing(world, i, notes, seen, fixed, patrol) for i in range(len(world.staged))],
    }
    (out / "truth.json").write_text(json.dumps(truth, ensure_ascii=False, indent=1) + "\n")


def clip(frames: Path, path: Path, device: str, start: float, step: float) -> Json:
    """What is to be known about a clip; `end` is the time of its last frame."""
    count = len(list(frames.glob("*.png")))
    width, height = Image.open(frames / "0000.png").size
    return {
        "file": path.name,
        "device": device,
        "start": geo.utc(start),
        "end": geo.utc(start + (count - 1) * step),
        "step_s": step,
        "frames": count,
        "width": width,
        "height": height,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }


def pose(t: float) -> Json:
    """The patrol camera's true position and the vehicle's heading at time t."""
    lon, lat = geo.lonlat(demo.patrol_x(t), 2.0)
    return {"t_utc": geo.utc(t), "longitude": lon, "latitude": lat, "heading_deg": 270.0}


def thing(
    world: demo.World, index: int, notes: Json, seen: dict[int, Json], fixed: Json, patrol: Json
) -> Json:
    """One staged thing."""
    staged = world.staged[index]
    area = footprint(staged.thing)
    size = np.array([fixed["width"], fixed["height"]] * 2)
    wide = np.array([patrol["width"], patrol["height"]] * 2)
    box = notes["boxes"].get(str(index))
    views: Json = {}
    if box:
        shares = [(k * demo.FIXED_STEP, notes["shares"][str(k)][str(index)]) for k in range(fixed["frames"])]
        hidden = [
            {"t_utc": geo.utc(t), "visible": s}
            for t, s in shares
            if s < 0.6 and staged.start <= t < staged.end
        ]
        views[FIXED] = {"xyxy": np.round(np.array(box) / size, 5).tolist(), "hidden": hidden}
    looks = [(k, v[str(index)]) for k, v in sorted(seen.items()) if str(index) in v]
    if looks:
        views[PATROL] = [
            {
                "t_utc": geo.utc(demo.PATROL_START + k * demo.PATROL_STEP),
                "xyxy": np.round(np.array(v["box"]) / wide, 5).tolist(),
                "visible": v["share"],
            }
            for k, v in looks
        ]
    return {
        "id": staged.code,
        "violation": staged.kind is not None,
        "type": staged.kind,
        "label": staged.thing.label,
        "why_not": staged.why,
        "from": geo.utc(staged.start),
        "to": geo.utc(staged.end),
        "ground": geo.lonlat(area.centroid.x, area.centroid.y),
        "footprint": [geo.lonlat(x, y) for x, y in area.exterior.coords],
        "shop": None if staged.shop is None else f"WT-{staged.shop + 1:03d}",
        "views": views,
    }


def gpx(out: Path) -> None:
    """Fixes at 1 Hz from 5 s before to 5 s after the clip, with errors of about 2 m that drift slowly."""
    rng = np.random.default_rng((demo.SEED, 77))
    first, last = demo.PATROL_START - 5, demo.PATROL_START + demo.PATROL_FRAMES * demo.PATROL_STEP + 5
    error, keep = rng.normal(0, 1.3, 2), float(np.exp(-1 / 18))
    rows = []
    for t in np.arange(first, last + 0.5):
        error = keep * error + rng.normal(0, 1.35 * np.sqrt(1 - keep * keep), 2)
        jitter = rng.normal(0, 0.12, 2)
        lon, lat = geo.lonlat(demo.patrol_x(t) + error[0] + jitter[0], 2.0 + error[1] + jitter[1])
        when = (geo.START + timedelta(seconds=float(t))).strftime("%Y-%m-%dT%H:%M:%SZ")
        speed = max(0.0, demo.patrol_speed(t) + float(rng.normal(0, 0.08)))
        course = 270 + float(rng.normal(0, 0.9))
        rows.append(
            f'   <trkpt lat="{lat:.7f}" lon="{lon:.7f}"><ele>4.0</ele><time>{when}</time>'
            f"<course>{course:.1f}</course><speed>{speed:.2f}</speed>"
            f"<sat>{int(rng.integers(11, 17))}</sat><hdop>{rng.uniform(0.8, 1.3):.1f}</hdop></trkpt>"
        )
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<gpx version="1.0" creator="jiexun scripts.street" xmlns="http://www.topografix.com/GPX/1/0">\n'
        " <trk><name>V-01</name>\n  <trkseg>\n" + "\n".join(rows) + "\n  </trkseg>\n </trk>\n</gpx>\n"
    )
    (out / PATROL.replace(".mp4", ".gpx")).write_text(text)
