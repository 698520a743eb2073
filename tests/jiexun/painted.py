"""A painted street: coloured rectangles on grey, as a real video, and a detector that knows the colours.

One colour is one class, so the whole way from the file to the candidate runs without a model. Used in tests and,
as a script, by the tests that kill a run: ``python painted.py HOME VIDEO DEVICE``.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from casework.candidates.queries import all_candidates
from casework.devices.service import add_device
from casework.evidence.queries import items_of
from casework.places.service import set_zones
from casework.words import words
from detector.backends.scripted import ScriptedDetector, Seen
from ingest.frame import Image
from jiexun.house import House, open_house
from jiexun.pipeline.run import RunReport, accept_file, run_footage
from jiexun.settings import load

WIDTH, HEIGHT = 320, 240
START = datetime(2026, 10, 31, 6, 5, tzinfo=UTC)  # 14:05 in Shanghai
COLOURS = {
    "stall": (40, 40, 220),
    "shop_goods": (40, 220, 40),
    "pile": (220, 40, 40),
    "person": (230, 230, 230),
}
NAMES = tuple(COLOURS)


@dataclass(frozen=True)
class Thing:
    """A rectangle of a class that stands from one second to another. box: left, top, right, bottom in pixels."""

    label: str
    box: tuple[int, int, int, int]
    since: float
    until: float


def film(
    path: Path, things: list[Thing], seconds: float, step: float = 4.0, start: datetime | None = START
) -> Path:
    """A time-lapse with one frame each ``step`` seconds of capture time; ``start`` goes into the metadata."""
    with av.open(str(path), "w") as out:
        if start is not None:
            out.metadata["creation_time"] = start.strftime("%Y-%m-%dT%H:%M:%S.000000Z")
        stream = out.add_stream("libx264", rate=25, options={"preset": "ultrafast", "crf": "12"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        stream.codec_context.gop_size = 5
        for i in range(int(seconds / step)):
            frame = av.VideoFrame.from_ndarray(picture(things, i * step), format="bgr24")
            frame.pts, frame.time_base = int(i * step * 1000), Fraction(1, 1000)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def picture(things: list[Thing], at: float) -> Image:
    """The street at a second; later things are painted over earlier ones."""
    image = np.full((HEIGHT, WIDTH, 3), 110, np.uint8)
    for thing in things:
        if thing.since <= at < thing.until:
            left, top, right, bottom = thing.box
            image[top:bottom, left:right] = COLOURS[thing.label]
    return image


def see(image: Image) -> list[Seen]:
    seen: list[Seen] = []
    for label, colour in COLOURS.items():
        mask = (np.abs(image.astype(int) - colour).max(axis=2) < 40).astype(np.uint8)
        _count, _labels, stats, _centres = cv2.connectedComponentsWithStats(mask)
        for left, top, width, height, area in stats[1:]:
            if area > 150:
                seen.append((label, (float(left), float(top), float(left + width), float(top + height)), 0.9))
    return seen


def colour_detector() -> ScriptedDetector:
    """Sees every rectangle for what its colour says."""
    return ScriptedDetector(see, NAMES)


def look_at(house: House, video: Path, device: str) -> RunReport:
    """Accept and run."""
    return run_footage(house, accept_file(house, video, device), colour_detector())


PAVEMENT = [[0.0, 0.4], [1.0, 0.4], [1.0, 1.0], [0.0, 1.0]]
FRONTAGE = [[0.5, 0.4], [1.0, 0.4], [1.0, 0.7], [0.5, 0.7]]


def approvals() -> list[dict[str, str]]:
    """All that art. 41 asks, for 2026."""
    return [
        {
            "kind": w.code,
            "valid_from": "2026-01-01",
            "valid_to": "2026-12-31",
            "document": "D-1",
            "person": "赵",
        }
        for w in words("approvals")
    ]


def furnish(house: House) -> None:
    """Camera C-1 (approved, zones), C-2 (no approval, same zones), C-3 (approved, no zones)."""
    zones = [
        {"code": "{}-pavement", "kind": "pavement", "polygon": PAVEMENT},
        {"code": "{}-front", "kind": "frontage", "polygon": FRONTAGE},
    ]
    with house.database.write() as session:
        for code, papers in (("C-1", approvals()), ("C-2", []), ("C-3", approvals())):
            device = add_device(session, "test", {"code": code, "kind": "fixed", "approvals": papers})
            if code != "C-3":
                set_zones(session, "test", device, [{**z, "code": z["code"].format(code)} for z in zones])


def outcome(house: House) -> list[Any]:
    """What a run leaves, without the times of writing."""
    with house.database.read() as session:
        found = []
        for c in all_candidates(session):
            pictures = [(i.role, i.sha256) for i in items_of(session, c.id) if i.kind == "picture"]
            found.append((c.number, c.type, c.first_at, c.last_at, c.observed_s, c.standing, pictures))
        return found


def minutes(value: float) -> timedelta:
    """A span."""
    return timedelta(minutes=value)


if __name__ == "__main__":
    home, video, device = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    url = sys.argv[4] if len(sys.argv) > 4 else None
    with open_house(settings=load(home, legal_mode="evidence", database_url=url)) as opened:
        print("begun", flush=True)
        look_at(opened, video, device)
        print("done", flush=True)
