"""One look's boxes as bytes, in the steps of stored looks (casework/looks/codec.py): what is read back is what was
judged, to the bit. Eleven bytes a box (four sides, confidence, class), fifteen with its tints.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from casework.looks.codec import as_pixels, as_shares
from detector.detections import Detections

_PLAIN = np.dtype([("box", "<u2", (4,)), ("confidence", "<u2"), ("class_id", "u1")])
_TINTED = np.dtype([*_PLAIN.descr, ("tints", "i1", (4,))])
_FORMATS = (_PLAIN, _TINTED)
"""By the first byte."""


def to_bytes(seen: Detections, size: tuple[int, int]) -> bytes:
    """size: (width, height) px that ``seen`` is in."""
    tinted = seen.tints is not None
    rows = np.zeros(len(seen), _FORMATS[tinted])
    rows["box"], rows["confidence"] = as_shares(seen, size)
    rows["class_id"] = seen.class_id
    if tinted:
        rows["tints"] = seen.tints
    return bytes([tinted]) + rows.tobytes()


def from_bytes(data: bytes, size: tuple[int, int], names: Sequence[str], model_id: str) -> Detections:
    """What ``to_bytes`` kept."""
    rows = np.frombuffer(data, _FORMATS[data[0]], offset=1)
    boxes, confidence = as_pixels(rows["box"], rows["confidence"], size)
    tints = np.ascontiguousarray(rows["tints"]) if data[0] else None
    return Detections(boxes, rows["class_id"].astype(np.int64), confidence, tuple(names), model_id, tints)
