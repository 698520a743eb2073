"""Looks as bytes: one compressed NumPy archive for an hour of one footage.

Boxes are kept as shares of the picture in 1/65535 (0.03 px of 1920), confidences in 1/65535, tints, where the looks
have them, as they are (files without them are read as well). ``rounded`` gives
detections as they will be read back: who judges these judges what is stored, and a replay is the same to the bit.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from casework.errors import NotFound
from detector.detections import Detections
from ingest.frame import Position, PositionSource

FORMAT = "jiexun-looks/1"
_STEPS = 65535
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FIELDS = ("latitude", "longitude", "heading", "speed", "accuracy", "heading_error")


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen at one look. captured_at: aware UTC. size: (width, height) px that ``seen`` is in."""

    captured_at: datetime
    index: int
    size: tuple[int, int]
    seen: Detections
    position: Position | None = None


def rounded(seen: Detections, size: tuple[int, int]) -> Detections:
    """The detections as they are read back; boxes are cut at the picture's edge."""
    boxes, confidence = as_shares(seen, size)
    return replace(seen, xyxy=_pixels(boxes, size), confidence=_confidence(confidence))


def packed(looks: Sequence[Look]) -> bytes:
    """One or more looks of one model."""
    first = looks[0].seen
    head = {"format": FORMAT, "names": list(first.names), "model": first.model_id}
    pairs = [as_shares(look.seen, look.size) for look in looks]
    boxes = np.concatenate([b for b, _ in pairs])
    times = [(look.captured_at - _EPOCH) // _MICROSECOND for look in looks]
    arrays: dict[str, NDArray[Any]] = {
        "head": np.frombuffer(json.dumps(head, ensure_ascii=False).encode(), np.uint8),
        "time_us": np.diff(np.array(times, np.int64), prepend=np.int64(0)),
        "frame": np.diff(np.array([look.index for look in looks], np.int64), prepend=np.int64(0)),
        "size": np.array([look.size for look in looks], np.uint16),
        "boxes_in_look": np.array([len(look.seen) for look in looks], np.uint16),
        # High and low bytes apart, side by side: the high ones of standing things repeat and pack well.
        "boxes": np.ascontiguousarray(boxes.T).view(np.uint8).reshape(4, -1, 2).transpose(2, 0, 1).copy(),
        "class_id": np.concatenate([look.seen.class_id for look in looks]).astype(np.uint8),
        "confidence": np.concatenate([c for _, c in pairs]),
    }
    if all(look.seen.tints is not None for look in looks):
        arrays["tints"] = np.concatenate([look.seen.tints for look in looks if look.seen.tints is not None])
    if any(look.position is not None for look in looks):
        arrays["position"] = np.array([_position_row(look.position) for look in looks], np.float64)
        arrays["source"] = np.array([look.position.source if look.position else "" for look in looks])
    out = io.BytesIO()
    np.savez_compressed(out, **arrays)  # type: ignore[arg-type]  # its stub takes every name for allow_pickle
    return out.getvalue()


def unpacked(data: bytes) -> Iterator[Look]:
    """The looks of ``packed``, in their order. Raises NotFound for bytes that are none."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            parts = {name: archive[name] for name in archive.files}
        head = json.loads(parts["head"].tobytes())
        if head["format"] != FORMAT:
            raise ValueError(head["format"])
    except (ValueError, KeyError, zipfile.BadZipFile, EOFError) as error:
        raise NotFound(
            "looks_broken",
            zh="保存的检测结果文件已损坏",
            en=f"a file of stored looks cannot be read ({error}); leave its day out",
        ) from error
    names, model = tuple(head["names"]), head["model"]
    boxes = np.ascontiguousarray(parts["boxes"].transpose(1, 2, 0)).view(np.uint16)[..., 0].T
    times, frames = np.cumsum(parts["time_us"]).tolist(), np.cumsum(parts["frame"]).tolist()
    ends = np.cumsum(parts["boxes_in_look"].astype(np.int64)).tolist()
    start = 0
    for i, end in enumerate(ends):
        size = (int(parts["size"][i, 0]), int(parts["size"][i, 1]))
        seen = Detections(
            _pixels(boxes[start:end], size),
            parts["class_id"][start:end].astype(np.int64),
            _confidence(parts["confidence"][start:end]),
            names,
            model,
            parts["tints"][start:end] if "tints" in parts else None,
        )
        yield Look(_EPOCH + times[i] * _MICROSECOND, frames[i], size, seen, _position(parts, i))
        start = end


def as_shares(seen: Detections, size: tuple[int, int]) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
    """Boxes (N, 4) and confidences (N,) in steps. size: (width, height) px that ``seen`` is in."""
    share = seen.xyxy.astype(np.float64) / np.array([*size, *size], np.float64)
    boxes = np.rint(np.clip(share, 0.0, 1.0) * _STEPS).astype(np.uint16)
    confidence = np.rint(np.clip(seen.confidence.astype(np.float64), 0.0, 1.0) * _STEPS).astype(np.uint16)
    return boxes, confidence


def as_pixels(
    boxes: NDArray[np.uint16], confidence: NDArray[np.uint16], size: tuple[int, int]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What ``as_shares`` gave, as boxes in pixels and confidences 0-1."""
    return _pixels(boxes, size), _confidence(confidence)


def _pixels(boxes: NDArray[np.uint16], size: tuple[int, int]) -> NDArray[np.float32]:
    found: NDArray[np.float32] = (boxes / _STEPS * np.array([*size, *size], np.float64)).astype(np.float32)
    return found


def _confidence(values: NDArray[np.uint16]) -> NDArray[np.float32]:
    found: NDArray[np.float32] = (values / _STEPS).astype(np.float32)
    return found


def _position_row(position: Position | None) -> list[float]:
    values = [getattr(position, name) if position is not None else None for name in _FIELDS]
    return [np.nan if v is None else float(v) for v in values]


def _position(parts: dict[str, NDArray[Any]], i: int) -> Position | None:
    if "position" not in parts or not str(parts["source"][i]):
        return None
    row: dict[str, Any] = {
        name: None if np.isnan(value) else value
        for name, value in zip(_FIELDS, parts["position"][i].tolist(), strict=True)
    }
    return Position(source=PositionSource(str(parts["source"][i])), **row)
