"""Faces and plates of one picture, and the limits by which they are found and covered."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.detections import Boxes

KINDS = ("face", "plate")


@dataclass(frozen=True, slots=True)
class Regions:
    """What is to be covered: parallel arrays, strongest first within a kind.

    kind: of each, one of ``KINDS``. xyxy: (N, 4) float32, px of the picture. confidence: (N,) float32, 0-1.
    """

    kind: tuple[str, ...]
    xyxy: Boxes
    confidence: NDArray[np.float32]

    def __post_init__(self) -> None:
        if self.xyxy.shape != (len(self.kind), 4) or self.confidence.shape != (len(self.kind),):
            raise ValueError(
                f"{len(self.kind)} kinds, boxes {self.xyxy.shape}, confidences {self.confidence.shape}"
            )
        if set(self.kind) - set(KINDS):
            raise ValueError(f"kinds {sorted(set(self.kind))}; there are {', '.join(KINDS)}")

    def __len__(self) -> int:
        return len(self.kind)

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, Any]]) -> Regions:
        """From what ``rows`` wrote."""
        return cls(
            tuple(str(r["kind"]) for r in rows),
            np.array([r["xyxy"] for r in rows], np.float32).reshape(-1, 4),
            np.array([r["confidence"] for r in rows], np.float32),
        )

    def rows(self) -> list[dict[str, Any]]:
        """As JSON keeps them: to a tenth of a pixel."""
        return [
            {
                "kind": kind,
                "xyxy": [round(float(v), 1) for v in box],
                "confidence": round(float(confidence), 3),
            }
            for kind, box, confidence in zip(self.kind, self.xyxy, self.confidence, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class FaceLimits:
    """How faces are looked for and covered. side: longer side looked at, px, a multiple of 32. See ``limits.toml``."""

    side: int
    threshold: float
    doubtful: float
    head: float
    least: float
    most: float
    overlap: float
    margin: float


@dataclass(frozen=True, slots=True)
class PlateLimits:
    """How plates are. See ``limits.toml``."""

    side: int
    threshold: float
    small: float
    doubtful: float
    share: float
    overlap: float
    margin: float


@dataclass(frozen=True, slots=True)
class AroundLimits:
    """What tells of persons and vehicles. model: name in ``weights/manifest.json``. floor: least confidence."""

    model: str
    floor: float


@dataclass(frozen=True, slots=True)
class ClipLimits:
    """How moving pictures are gone through. See ``limits.toml``."""

    every_s: float
    looks: int
    near: float


@dataclass(frozen=True, slots=True)
class Limits:
    """All of them. cells: along the longer side of a covered face."""

    face: FaceLimits
    plate: PlateLimits
    around: AroundLimits
    cells: int
    clip: ClipLimits

    def margin(self, kind: str) -> float:
        """Of a kind."""
        return self.face.margin if kind == "face" else self.plate.margin

    @property
    def stamp(self) -> str:
        """Other limits, another stamp: what was found by others is found anew."""
        return sha256(repr(sorted(asdict(self).items())).encode()).hexdigest()[:8]


@cache
def shipped_limits() -> Limits:
    """``limits.toml``."""
    data = tomllib.loads(files("detector.privacy").joinpath("limits.toml").read_text("utf-8"))
    return Limits(
        FaceLimits(**data["face"]),
        PlateLimits(**data["plate"]),
        AroundLimits(**data["around"]),
        int(data["cover"]["cells"]),
        ClipLimits(**data["clip"]),
    )
