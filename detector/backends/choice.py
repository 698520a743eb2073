"""Choosing the back end by a short self-test on this machine, and remembering what was found."""

from __future__ import annotations

import json
import logging
import os
import statistics
import tempfile
import time
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.backends.network import NetworkDetector
from detector.backends.painted import painted_street
from detector.backends.table import BACKENDS, REFERENCE, obstacle, processor
from detector.errors import DetectorError
from detector.weights import Model
from ingest.frame import Image

LOG = logging.getLogger(__name__)
ROUNDS = 7
LEAST_ROUNDS = 2
BUDGET_S = 1.2
"""For the rounds of all back ends together; opening them comes on top, about half a second each."""
STRONGEST = 50
"""Anchor points compared, the strongest ones: no threshold, so that the comparison is never empty."""
LIMITS = {"fp32": (100, 1.0, 0.02), "bf16": (50, 4.0, 0.1), "int8": (50, 4.0, 0.1)}
"""The per cent of those anchor points that must lie within these pixels and this confidence of the reference. For
bf16 and int8 this only finds a runtime that computes nonsense: that they see as well is measured on photographs
(AP50), not on a painting, of which no network is sure.
"""


@dataclass(frozen=True, slots=True)
class Tried:
    """One back end in the self-test. ms: median of a look; none when it was not timed. why: what spoke against it,
    empty when nothing did.
    """

    backend: str
    ms: float | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """The quickest back end that sees what the reference sees."""

    chosen: str
    tried: tuple[Tried, ...]


def choose(model: Model, threads: int) -> Choice:
    """Open each back end that can run here, compare it with the reference, and time them in turn.

    Raises what opening the reference raises (BadWeights ...).
    """
    reference = BACKENDS[REFERENCE].open(model, threads, 0.1)
    if model.output != "raw" or not isinstance(reference, NetworkDetector):
        return Choice(REFERENCE, (Tried(REFERENCE, None, "only raw output can be compared"),))
    picture = painted_street()
    fit, failed = {REFERENCE: reference}, []
    for name in [n for n, b in BACKENDS.items() if b.measured and n != REFERENCE]:
        why = obstacle(name, model)
        if why is None:
            try:
                detector = BACKENDS[name].open(model, threads, 0.1)
                assert isinstance(detector, NetworkDetector)
                frames = detector.prepare([picture])[0]  # a square, where its file fixes the sides
                expected = reference.network.run(frames)
                why = differs(expected, detector.network.run(frames), BACKENDS[name].precision)
                if why is None:
                    fit[name] = detector
                    continue
                LOG.warning("back end %s is not used: %s", name, why)
            except DetectorError as error:
                why = str(error)
        failed.append(Tried(name, None, why))
    times = _times(fit, picture)
    tried = [Tried(name, round(ms, 2)) for name, ms in times.items()]
    return Choice(min(times, key=lambda n: times[n]), (*tried, *failed))


def differs(expected: NDArray[np.float32], got: NDArray[np.float32], precision: str) -> str | None:
    """What is wrong with an output (1, 4 + C, A) compared with the reference's; None when nothing is."""
    if got.shape != expected.shape or not np.isfinite(got).all():
        return f"its output {got.shape} has another shape than {expected.shape}, or NaN"
    strongest = np.argsort(-expected[0, 4:].max(axis=0))[:STRONGEST]
    gap = np.abs(expected[0][:, strongest] - got[0][:, strongest])
    share, most_pixels, most_confidence = LIMITS[precision]
    pixels = float(np.percentile((gap[:2] + gap[2:4] / 2).max(axis=0), share))
    confidence = float(np.percentile(gap[4:].max(axis=0), share))
    if pixels > most_pixels or confidence > most_confidence:
        return f"its boxes differ by {pixels:.1f} px and {confidence:.2f} confidence from {REFERENCE}'s"
    return None


def remembered(model: Model, threads: int, memory: Path | None) -> str:
    """The back end found earlier for this model, processor, threads and library versions; else found now.

    memory: a JSON file; None: nothing is remembered. A file that cannot be read or written costs a self-test.
    """
    key = _key(model, threads)
    known = _read(memory)
    for entry in known:
        if entry.get("for") == key and entry.get("chosen") in BACKENDS:
            return str(entry["chosen"])
    choice = choose(model, threads)
    kept = [entry for entry in known if entry.get("for") != key]
    _write(memory, [*kept, {"for": key, **asdict(choice)}])
    LOG.info("back end for %s: %s of %s", model.model_id, choice.chosen, choice.tried)
    return choice.chosen


def _times(detectors: dict[str, NetworkDetector], picture: Image) -> dict[str, float]:
    """Median milliseconds of a look, in rounds over all, so that a busy machine spoils all alike."""
    taken: dict[str, list[float]] = {name: [] for name in detectors}
    end = time.perf_counter() + BUDGET_S
    for done in range(ROUNDS):
        if done >= LEAST_ROUNDS and time.perf_counter() > end:
            break
        for name, detector in detectors.items():
            start = time.perf_counter()
            detector.detect([picture])
            taken[name].append((time.perf_counter() - start) * 1000)
    return {name: statistics.median(values) for name, values in taken.items()}


def _key(model: Model, threads: int) -> dict[str, Any]:
    return {
        "model": model.sha256,
        "int8": model.int8.sha256 if model.int8 else None,
        "size": model.size,
        "threads": threads,
        "processor": processor().name,
        "versions": {
            package: _version(package) for package in ("onnxruntime", "onnxruntime-gpu", "openvino")
        },
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _read(memory: Path | None) -> list[dict[str, Any]]:
    try:
        known = json.loads(memory.read_text("utf-8")) if memory else []
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        LOG.warning("%s cannot be read, the self-test runs again: %s", memory, error)
        return []
    return [e for e in known if isinstance(e, dict)] if isinstance(known, list) else []


def _write(memory: Path | None, entries: list[dict[str, Any]]) -> None:
    """In one step, so that another process never reads half of it. No folder is made for it."""
    if memory is None or not memory.parent.is_dir():
        return
    try:
        handle, name = tempfile.mkstemp(dir=memory.parent, prefix=memory.name)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(entries, file, indent=2)
        Path(name).replace(memory)
    except OSError as error:
        LOG.warning("%s cannot be written, the next start tests again: %s", memory, error)
