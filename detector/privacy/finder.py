"""Looking for faces and plates in a picture: two small networks, and the street detector for what is around them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.backends import quiet
from detector.backends.onnxruntime import PROVIDERS, OnnxDetector, session_options
from detector.detections import Boxes
from detector.errors import BadWeights
from detector.letterbox import check_picture, letterbox
from detector.privacy.around import faces_kept, plates_kept
from detector.privacy.decoding import decode_faces, decode_plates
from detector.privacy.regions import KINDS, Limits, Regions, shipped_limits
from detector.weights import Model, find_model, sha256_of, weights_folder
from ingest.frame import Image

MANIFEST = "privacy.json"
VEHICLES = ("bicycle", "motorcycle", "car", "bus", "truck")
ENLARGE = 2.5
PLATE_MEAN = (104, 117, 123)
"""Blue, green, red; taken off before the plate network, as in its training."""


@dataclass(frozen=True, slots=True)
class Net:
    """One entry of the manifest. kind: what it finds."""

    kind: str
    name: str
    version: str
    path: Path
    sha256: str

    @property
    def model_id(self) -> str:
        """Name, version and short hash."""
        return f"{self.name}-{self.version}-{self.sha256[:8]}"


def read_nets(weights_dir: Path | None = None) -> dict[str, Net]:
    """The networks by kind, from ``privacy.json``. Files are not opened. Raises BadWeights."""
    folder = weights_dir or weights_folder()
    path = folder / MANIFEST
    try:
        entries = json.loads(path.read_text("utf-8"))["models"]
        nets = {
            e["finds"]: Net(e["finds"], e["name"], e["version"], folder / Path(e["file"]).name, e["sha256"])
            for e in entries
        }
    except FileNotFoundError:
        raise BadWeights(f"{path}: no manifest there; take the folder weights/ from the release") from None
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise BadWeights(f"{path}: not a manifest of privacy models ({error!r})") from None
    if set(nets) != set(KINDS):
        raise BadWeights(f"{path}: it finds {sorted(nets)}; {', '.join(KINDS)} are needed")
    return nets


class RegionFinder:
    """Finds faces and plates. Safe to share between threads; the networks are opened at the first look."""

    def __init__(
        self, weights_dir: Path | None = None, *, threads: int = 2, limits: Limits | None = None
    ) -> None:
        """threads: within one look; they sleep while idle."""
        self._weights_dir, self._threads = weights_dir, threads
        self.limits = limits or shipped_limits()
        self._turn = Lock()

    @cached_property
    def id(self) -> str:
        """All models and the limits: what it found is kept under this name. Raises BadWeights."""
        models = [self._nets[kind].model_id for kind in KINDS]
        return "+".join([*models, self._street.model_id]) + f"/{self.limits.stamp}"

    def regions_of(self, image: Image) -> Regions:
        """All faces and plates to be covered, px of the picture. One picture at a time.

        Raises BadPicture for an array that is none, BadWeights, BadOutput.
        """
        check_picture(image)
        with self._turn:
            (faces, sure), (plates, surely) = self._faces(image), self._plates(image)
            seen = self._street_detector.detect([image])[0]
        kinds = np.array(seen.names)[seen.class_id]
        persons, vehicles = seen.xyxy[kinds == "person"], seen.xyxy[np.isin(kinds, VEHICLES)]
        a = faces_kept(faces, sure, persons, self.limits.face)
        b = plates_kept(plates, surely, vehicles, image.shape[1], self.limits.plate)
        return Regions(
            ("face",) * len(a) + ("plate",) * len(b),
            np.concatenate([faces[a], plates[b]]),
            np.concatenate([sure[a], surely[b]]),
        )

    def _faces(self, image: Image) -> tuple[Boxes, NDArray[np.float32]]:
        want = self.limits.face
        framed, place = letterbox(image, _side(image, want.side), cut=True)
        heat, scale, offset = self._face_net.run(_FACE_OUTPUTS, {"input.1": _blob(framed, swap=True)})
        boxes, confidence = decode_faces(
            heat[0, 0], scale[0], offset[0], threshold=want.doubtful, overlap=want.overlap
        )
        return place.back(boxes), confidence

    def _plates(self, image: Image) -> tuple[Boxes, NDArray[np.float32]]:
        want = self.limits.plate
        framed, place = letterbox(image, _side(image, want.side), cut=True)
        moves, confidence = self._plate_net.run(
            _PLATE_OUTPUTS, {"image": _blob(framed, PLATE_MEAN, swap=False)}
        )
        height, width = framed.shape[:2]
        boxes, sure = decode_plates(
            moves[0], confidence[0, :, 1], width, height, threshold=want.doubtful, overlap=want.overlap
        )
        return place.back(boxes), sure

    @cached_property
    def _nets(self) -> dict[str, Net]:
        return read_nets(self._weights_dir)

    @cached_property
    def _street(self) -> Model:
        return find_model(self._weights_dir, self.limits.around.model)

    @cached_property
    def _street_detector(self) -> OnnxDetector:
        return OnnxDetector(self._street, threads=self._threads, floor=self.limits.around.floor)

    @cached_property
    def _face_net(self) -> Any:
        return _open(self._nets["face"], self._threads)

    @cached_property
    def _plate_net(self) -> Any:
        return _open(self._nets["plate"], self._threads)


_FACE_OUTPUTS = ["537", "538", "539"]  # heat map, size, offset; the fourth are landmarks, which nobody needs
_PLATE_OUTPUTS = ["loc", "conf"]


def _open(net: Net, threads: int) -> Any:
    try:
        found = sha256_of(net.path)
    except OSError:
        raise BadWeights(
            f"{net.path}: the model file is missing; take weights/ from the release again"
        ) from None
    if found != net.sha256:
        raise BadWeights(f"{net.path.name}: sha256 is {found[:12]}…, {net.sha256[:12]}… is expected")
    return quiet.onnxruntime().InferenceSession(
        str(net.path), session_options(threads), providers=PROVIDERS["cpu"]
    )


def _side(image: Image, most: int) -> int:
    """Longer side looked at, px, a multiple of 32: small pictures are enlarged ``ENLARGE`` times at most."""
    enlarged = int(max(image.shape) * ENLARGE)
    return min(most, -(-enlarged // 32) * 32)


def _blob(framed: Image, mean: tuple[float, float, float] = (0, 0, 0), *, swap: bool) -> NDArray[np.float32]:
    """(1, 3, H, W) float32, 0-255 less ``mean``; red first where ``swap``."""
    return np.asarray(cv2.dnn.blobFromImage(framed, 1.0, mean=mean, swapRB=swap), np.float32)
