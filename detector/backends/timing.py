"""How long a look takes with each back end: in turn, so that a busy machine spoils all alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2

from detector.backends.choice import choose
from detector.backends.network import NetworkDetector
from detector.backends.table import BACKENDS, REFERENCE, obstacle
from detector.detections import Detector
from detector.errors import BadWeights, DetectorError
from detector.weights import Model
from ingest.frame import Image

LEAST_ROUNDS = 5
PREDICT = "ultralytics predict"
"""Name of the rows for a .pt file run as ultralytics itself does it."""


@dataclass(frozen=True, slots=True)
class Row:
    """ms: median of a look, picture in memory to boxes. network_ms: the network's part, for our own back ends."""

    backend: str
    precision: str
    size: int
    threads: int
    ms: float
    network_ms: float | None


@dataclass(frozen=True, slots=True)
class Ratio:
    """The back end chosen at a size and number of threads, its time over that of others, and what letterbox,
    decoding and suppression add to the network's time.
    """

    size: int
    threads: int
    chosen: str
    to_onnxruntime: float
    to_ultralytics: float | None
    letterbox_decode_share: float | None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A back end that was not timed, and why."""

    backend: str
    size: int
    why: str


@dataclass(frozen=True, slots=True)
class Timing:
    """All that was measured."""

    rows: tuple[Row, ...]
    ratios: tuple[Ratio, ...]
    left_out: tuple[LeftOut, ...]


@dataclass(slots=True)
class _Clock:
    whole: list[float] = field(default_factory=list)
    network: list[float] = field(default_factory=list)


def time_backends(
    model: Model,
    pictures: Sequence[Image],
    *,
    sizes: Sequence[int],
    threads: Sequence[int],
    rounds: int = 9,
    pt: Path | None = None,
    step: Callable[[str], None] = lambda said: None,
) -> Timing:
    """Time every back end that runs here on the same pictures, at each size and number of threads.

    rounds: looks of each back end, at least ``LEAST_ROUNDS``, one picture after the other. pt: weights to be run by
    ultralytics with its own habits. step: told what is being measured. Raises BadWeights when the reference
    runs at none of the sizes.
    """
    rows: list[Row] = []
    ratios: list[Ratio] = []
    left_out: list[LeftOut] = []
    for count in threads:
        subjects: dict[tuple[str, int], tuple[Detector, str]] = {}
        for size in sizes:
            sized = replace(model, size=size, int8=replace(model.int8, size=size) if model.int8 else None)
            step(f"opening, {size} px, {count} threads")
            opened, refused = _open(sized, count, pt)
            subjects |= {(name, size): detector for name, detector in opened.items()}
            left_out += [r for r in refused if r not in left_out]
        step(f"{len(subjects)} back ends and sizes in turn, {count} threads")
        before = cv2.getNumThreads()
        cv2.setNumThreads(count)  # for the letterbox
        try:
            made = _rounds({key: d for key, (d, _) in subjects.items()}, pictures, max(rounds, LEAST_ROUNDS))
        finally:
            cv2.setNumThreads(before)
        for (name, size), clock in made.items():
            network = statistics.median(clock.network) if clock.network else None
            whole, precision = statistics.median(clock.whole), subjects[name, size][1]
            rows.append(Row(name, precision, size, count, round(whole, 2), network and round(network, 2)))
        for size in sizes:
            if (REFERENCE, size) in subjects:
                ratios.append(_ratio(replace(model, size=size), count, rows, made))
    if not ratios:
        raise BadWeights(f"{model.path.name}: {REFERENCE} runs it at none of these sizes: {left_out[0].why}")
    return Timing(tuple(rows), tuple(ratios), tuple(left_out))


def _open(
    model: Model, threads: int, pt: Path | None
) -> tuple[dict[str, tuple[Detector, str]], list[LeftOut]]:
    """Every back end that can run, by name, with its precision."""
    opened: dict[str, tuple[Detector, str]] = {}
    refused = []
    for name, backend in BACKENDS.items():
        why = obstacle(name, model)
        if why is None:
            try:
                opened[name] = backend.open(model, threads, 0.1), backend.precision
            except DetectorError as error:
                why = str(error)
        if why is not None:
            refused.append(LeftOut(name, model.size, why))
    if pt is not None and "ultralytics" in opened:
        from detector.backends.ultralytics import UltralyticsDetector

        opened[PREDICT] = UltralyticsDetector(pt, size=model.size, threads=threads, rect=True), "fp32"
    return opened, refused


def _rounds(
    subjects: dict[tuple[str, int], Detector], pictures: Sequence[Image], rounds: int
) -> dict[tuple[str, int], _Clock]:
    clocks = {key: _Clock() for key in subjects}
    for done in range(-2, rounds):  # two to warm up
        picture = pictures[done % len(pictures)]
        for key, detector in subjects.items():
            whole, network = _one(detector, picture)
            if done >= 0:
                clocks[key].whole.append(whole)
                if network is not None:
                    clocks[key].network.append(network)
    return clocks


def _one(detector: Detector, picture: Image) -> tuple[float, float | None]:
    """Milliseconds of one look, and of the network in it."""
    start = time.perf_counter()
    if not isinstance(detector, NetworkDetector):
        detector.detect([picture])
        return (time.perf_counter() - start) * 1000, None
    squares, places = detector.prepare([picture])
    before = time.perf_counter()
    output = detector.network.run(squares)
    after = time.perf_counter()
    detector.finish(output, places)
    return (time.perf_counter() - start) * 1000, (after - before) * 1000


def _ratio(model: Model, threads: int, rows: Sequence[Row], made: dict[tuple[str, int], _Clock]) -> Ratio:
    """For the back end that the self-test chooses here; ultralytics' time is that of its quickest form."""
    chosen = choose(model, threads).chosen
    ms = {r.backend: r.ms for r in rows if (r.size, r.threads) == (model.size, threads)}
    clock = made[chosen, model.size]
    shares = [(w - n) / n for w, n in zip(clock.whole, clock.network, strict=True)]
    theirs = [ms[name] for name in ("ultralytics", PREDICT) if name in ms]
    return Ratio(
        model.size,
        threads,
        chosen,
        round(ms[chosen] / ms[REFERENCE], 3),
        round(ms[chosen] / min(theirs), 3) if theirs else None,
        round(statistics.median(shares), 3),
    )
