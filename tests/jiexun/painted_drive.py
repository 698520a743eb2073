"""A painted drive: coloured squares in a street, seen by a camera of known mounting that drives by, and its track."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from pyproj import Geod

from detector.scene.ground import view_of
from detector.scene.mounting import Mounting
from ingest.frame import Image

SIZE = (640, 360)
START = datetime(2026, 10, 31, 6, 0, tzinfo=UTC)
SPEED, FPS = 6.0, 4


STALL = (0, 0, 255)
"""BGR."""


def paint_drive(
    folder: Path,
    mounting: Mounting,
    looks: int = 13,
    sway_deg: float = 0.1,
    *,
    start: datetime = START,
    squares: int = 1500,
    stalls: Sequence[tuple[float, float]] = (),
    hdop: float | None = None,
) -> tuple[Path, Path]:
    """(video, GPX) of a drive due north at 6 m/s; the body pitches and yaws by ``sway_deg`` (one sigma).

    stalls: metres (east, north) of where the drive begins, red, 1.6 m wide and high. hdop: 1.0 is an error of 5 m.
    """
    random = np.random.default_rng(2)
    count = squares
    street = np.column_stack(
        [random.uniform(-14, 14, count), random.uniform(-5, 90, count), random.uniform(0, 7, count)]
    )
    street[np.abs(street[:, 0]) < 2.5, 2] = 0.0  # nothing floats over the carriageway
    colours = random.integers(0, 255, (count, 3))
    video, track = folder / "drive.mp4", folder / "drive.gpx"
    with av.open(str(video), "w") as out:
        out.metadata["creation_time"] = start.strftime("%Y-%m-%dT%H:%M:%S.000000Z")
        stream = out.add_stream("libx264", rate=FPS, options={"preset": "ultrafast", "crf": "10"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        stream.time_base = Fraction(1, FPS)
        for k in range(looks):
            north, yaw = k * SPEED / FPS, float(random.normal(0, sway_deg))
            swaying = Mounting(
                mounting.height_m, mounting.pitch_deg + float(random.normal(0, sway_deg)),
                mounting.yaw_deg, mounting.roll_deg, mounting.hfov_deg,
            )  # fmt: skip
            picture = _paint(street - [0, north, 0], colours, swaying, yaw % 360)
            for x, y in stalls:
                _paint_stall(picture, x, y - north, swaying, yaw % 360)
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, "bgr24")):
                out.mux(packet)
        for packet in stream.encode():
            out.mux(packet)
    points, said = [], "" if hdop is None else f"<hdop>{hdop}</hdop>"
    for s in range(-1, looks // FPS + 3):
        lon, lat, _ = Geod(ellps="WGS84").fwd(121.0, 31.0, 0.0, SPEED * s)
        time = (start + timedelta(seconds=s)).strftime("%Y-%m-%dT%H:%M:%SZ")
        points.append(
            f'<trkpt lat="{lat:.8f}" lon="{lon:.8f}"><time>{time}</time><course>0</course><speed>6</speed>'
            f"{said}</trkpt>"
        )
    track.write_text(
        '<gpx version="1.0" creator="test" xmlns="http://www.topografix.com/GPX/1/0"><trk><trkseg>'
        f"{''.join(points)}</trkseg></trk></gpx>",
        encoding="utf-8",
    )
    return video, track


def _paint(street: np.ndarray, colours: np.ndarray, mounting: Mounting, heading: float) -> Image:  # type: ignore[type-arg]
    view = view_of(mounting, heading, SIZE)
    rays = (street - [0, 0, mounting.height_m]) @ view.axes.T
    picture = np.full((SIZE[1], SIZE[0], 3), 120, np.uint8)
    for i in np.argsort(-rays[:, 2]):
        depth = float(rays[i, 2])
        if not 2.0 < depth < 60.0:
            continue
        x, y = (view.centre + view.focal_px * rays[i, :2] / depth).tolist()
        half = view.focal_px * 0.25 / depth
        # In sixteenths of a pixel, so that small motions show.
        corners = np.array([[x - half, y - half], [x + half, y + half]]) * 16
        if np.abs(corners).max() < 30000:
            (x1, y1), (x2, y2) = np.rint(corners).astype(int).tolist()
            shape = np.array([[x1, y1], [x2, y1], [x2, y2], [x1, y2]], np.int32)
            cv2.fillConvexPoly(picture, shape, colours[i].tolist(), cv2.LINE_AA, 4)
    return picture


def _paint_stall(picture: Image, east: float, north: float, mounting: Mounting, heading: float) -> None:
    """Its front, upright on the ground, unless it is nearer than 2 m."""
    view = view_of(mounting, heading, SIZE)
    corners = np.array([[east - 0.8, north, 1.6], [east + 0.8, north, 0.0]])
    rays = (corners - [0, 0, mounting.height_m]) @ view.axes.T
    if rays[:, 2].min() < 2.0:
        return
    (left, top), (right, bottom) = np.rint(view.centre + view.focal_px * rays[:, :2] / rays[:, 2:]).astype(
        int
    )
    picture[max(0, top) : max(0, bottom), max(0, left) : max(0, right)] = STALL
