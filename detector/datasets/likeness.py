"""Pictures that look the same: a 64-bit perceptual hash, and pairs whose hashes are close.

The hash says for each of the 64 lowest frequencies of a 32 x 32 grey copy whether it is above their median
(pHash). A new size, compression or brightness changes a few bits; another street about half of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ingest.frame import Image

SIDE, LOW = 32, 8
NEAR = 8
"""Bits of 64 by which two copies of one picture may differ."""


@dataclass(frozen=True, slots=True)
class LookAlike:
    """Two pictures, their splits, the bits in which their hashes differ; exact: the files are the same."""

    files: tuple[Path, Path]
    splits: tuple[str, str]
    distance: int
    exact: bool


def likeness(image: Image) -> int:
    """The hash of an (H, W, 3) BGR picture, 64 bits."""
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    small = cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    low = cv2.dct(small)[:LOW, :LOW].ravel()
    bits = low > np.median(low[1:])  # the first is the mean brightness: far above all others
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def look_alikes(pictures: Mapping[Path, tuple[str, str, int]], near: int = NEAR) -> Iterator[LookAlike]:
    """Pairs among pictures, given as (split, sha256, hash), in their order."""
    files = list(pictures)
    hashes = np.array([pictures[file][2] for file in files], np.uint64)
    for i, file in enumerate(files):
        split, sha256, _ = pictures[file]
        distances = np.bitwise_count(hashes[i + 1 :] ^ hashes[i])
        for step in np.flatnonzero(distances <= near).tolist():
            other = files[i + 1 + step]
            other_split, other_sha256, _ = pictures[other]
            yield LookAlike(
                (file, other), (split, other_split), int(distances[step]), sha256 == other_sha256
            )  # fmt: skip
