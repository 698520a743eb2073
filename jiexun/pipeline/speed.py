"""How fast footage is looked at, beside what the machine could do at best and beside ``ultralytics predict``.

All in turn in each round, on the same file and weights, so that a busy machine spoils all alike.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from functools import partial
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np

from detector.backends.network import NetworkDetector
from detector.backends.painted import painted_street
from detector.weights import Model
from ingest.decoding import Decoding
from ingest.recorded import Recording, open_recording
from jiexun.demo.camera import CODE, ensure_demo_camera
from jiexun.house import open_house
from jiexun.pipeline.run import accept_file, run_footage
from jiexun.settings import load

START = datetime(2026, 10, 31, 6, 0, tzinfo=UTC)
FPS, GROUP, BITS_PER_S = 25, 50, 4_000_000  # as street cameras are set: a key picture each 2 s, 4 Mbit/s
RAW_FRAMES = 16
THEIR_FRAMES = 50


@dataclass(frozen=True, slots=True)
class Round:
    """Seconds. whole: accepting, looking, judging, storing. decoding: the packets that the looks need, no conversion.
    engine: the network alone, once for each look. theirs: ``ultralytics predict`` as it is, every frame, reckoned from
    the first ``THEIR_FRAMES``; theirs_strided: told to leave out as many frames as we do. None without it.
    """

    whole: float
    decoding: float
    engine: float
    theirs: float | None
    theirs_strided: float | None


@dataclass(frozen=True, slots=True)
class Speed:
    """Medians over the rounds, of figures taken within each. looks: in the file at this rate.

    share_of_limit: (decoding + engine) / whole. realtime_factor: the file's duration / whole. ratio_to_ultralytics,
    ratio_strided: theirs and theirs_strided / whole.
    """

    looks_per_second: float
    looks: int
    duration_s: float
    realtime_factor: float
    ratio_to_ultralytics: float | None
    ratio_strided: float | None
    share_of_limit: float
    rounds: list[Round]


def make_clip(path: Path, seconds: float) -> None:
    """A painted street at 1080p25 in H.264: sensor noise, and a vehicle and a passer-by who cross it."""
    street, noise = painted_street(1920, 1080), np.random.default_rng(1).integers(-6, 7, (8, 1080, 1920, 1))
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", FPS)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = 1920, 1080, "yuv420p", BITS_PER_S
        stream.options = {"preset": "veryfast", "g": str(GROUP), "bf": "0", "sc_threshold": "0"}
        stream.codec_context.time_base = Fraction(1, FPS)
        for i in range(round(seconds * FPS)):
            shown = np.clip(street + noise[i % len(noise)], 0, 255).astype(np.uint8)
            cv2.rectangle(shown, (i * 9 % 2200 - 300, 640), (i * 9 % 2200, 860), (40, 40, 190), -1)
            cv2.rectangle(shown, (1900 - i * 2 % 2000, 420), (1960 - i * 2 % 2000, 700), (90, 60, 40), -1)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(shown, format="bgr24")))
        out.mux(stream.encode(None))


def measure(
    clip: Path, model: Model, detector: NetworkDetector, looks_per_second: float, rounds: int
) -> Speed:
    """Look at a clip over and over. Raises IngestError for a file that cannot be looked at."""
    recording = open_recording(clip, CODE, START, looks_per_second)
    frames = [frame.image for frame in recording]
    looks, fps = len(frames), recording.info.fps or FPS
    ready = [detector.prepare([image])[0] for image in frames[:: -(-looks // RAW_FRAMES)]]
    predict = _ultralytics(clip, model)
    stride, frames_in_all = round(fps / looks_per_second), recording.info.frames
    made = []
    for _ in range(rounds):
        decoding = _timed(lambda: _decode(recording))
        engine = _timed(lambda: [detector.network.run(ready[i % len(ready)]) for i in range(looks)])
        whole = _whole(clip, detector, looks_per_second)
        every = strided = None
        if predict is not None:
            some = min(THEIR_FRAMES, frames_in_all)
            every = _timed(partial(predict, 1, some)) * frames_in_all / some
            strided = _timed(partial(predict, stride, frames_in_all))
        made.append(Round(whole, decoding, engine, every, strided))
    duration = recording.info.duration_s
    return Speed(
        looks_per_second,
        looks,
        round(duration, 2),
        round(statistics.median(duration / r.whole for r in made), 1),
        round(statistics.median(r.theirs / r.whole for r in made if r.theirs), 2) if predict else None,
        round(statistics.median(r.theirs_strided / r.whole for r in made if r.theirs_strided), 2)
        if predict
        else None,
        round(statistics.median((r.decoding + r.engine) / r.whole for r in made), 3),
        [_rounded(r) for r in made],
    )


def _rounded(r: Round) -> Round:
    theirs, strided = (None if s is None else round(s, 3) for s in (r.theirs, r.theirs_strided))
    return Round(round(r.whole, 3), round(r.decoding, 3), round(r.engine, 3), theirs, strided)


def _whole(clip: Path, detector: NetworkDetector, looks_per_second: float) -> float:
    """A new home each time, made before the clock runs."""
    with tempfile.TemporaryDirectory() as folder:
        settings = load(Path(folder), looks_per_second=looks_per_second)
        with open_house(settings=settings) as house:
            ensure_demo_camera(house)
            return _timed(lambda: run_footage(house, accept_file(house, clip, CODE, START), detector))


def _decode(recording: Recording) -> None:
    for _ in Decoding(recording.survey, recording.feed()).frames():
        pass


def _ultralytics(clip: Path, model: Model) -> Callable[[int, int], object] | None:
    """Its own way with a video file, warmed up, told a stride and after how many pictures to stop; None where it is not
    installed."""
    if find_spec("ultralytics") is None or find_spec("torch") is None:
        return None
    from detector.backends.torch_runtime import prepare

    prepare(None)
    from ultralytics import YOLO

    yolo = YOLO(str(model.path), task="detect")
    habits = {"imgsz": model.size, "conf": 0.1, "device": "cpu", "verbose": False, "save": False}
    yolo.predict(np.zeros((1080, 1920, 3), np.uint8), **habits)

    def predict(stride: int, most: int) -> object:
        found = yolo.predict(str(clip), stream=True, vid_stride=stride, **habits)
        return sum(1 for _ in islice(found, most))

    return predict


def _timed(what: Callable[[], object]) -> float:
    start = time.perf_counter()
    what()
    return time.perf_counter() - start
