"""The manifest of model files: which there are, what they see, and whether a file is the one that was
measured.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from detector.errors import BadWeights

OUTPUTS = ("raw", "end2end")
"""Kinds of output that ``detector.nms`` decodes."""

_MEND = "take the folder weights/ from the release again"


@dataclass(frozen=True, slots=True)
class Model:
    """One entry of the manifest.

    classes: names by id. size: side of the square looked at, pixels. output: one of ``OUTPUTS``.
    overlap: within a class, intersection over union above which the weaker of two boxes goes.
    thresholds: operating confidence by class; the rules may ask for more or less. record: the whole entry
    (training, figures, licence) for people. int8: the same model in eight bits, where the release found it as
    good (``detector.quantize``).
    """

    name: str
    version: str
    path: Path
    sha256: str
    classes: tuple[str, ...]
    size: int
    output: str
    overlap: float
    thresholds: Mapping[str, float]
    record: Mapping[str, Any] = field(repr=False)
    int8: Model | None = None

    @property
    def model_id(self) -> str:
        """Name, version and short hash, as detections carry it."""
        return f"{self.name}-{self.version}-{self.sha256[:8]}"


def weights_folder() -> Path:
    """The folder ``weights`` beside the packages, in a checkout as in an installation."""
    return Path(__file__).resolve().parents[1] / "weights"


def read_manifest(weights_dir: Path | None = None) -> tuple[Model, ...]:
    """All models of a folder, the default one first. Raises BadWeights; files are not opened yet, see
    ``verify``.
    """
    folder = weights_dir or weights_folder()
    path = folder / "manifest.json"
    try:
        manifest = json.loads(path.read_text("utf-8"))
        models = tuple(_model(folder, entry) for entry in manifest["models"])
        default = str(manifest["default"])
    except FileNotFoundError:
        raise BadWeights(f"{path}: no manifest there; {_MEND}") from None
    except (json.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise BadWeights(
            f"{path}: not a manifest of models ({type(error).__name__}: {error}); {_MEND}"
        ) from None
    if default not in {m.name for m in models}:
        raise BadWeights(f"{path}: the default model {default!r} is not in the list")
    return tuple(sorted(models, key=lambda m: m.name != default))


def find_model(weights_dir: Path | None = None, name: str | None = None) -> Model:
    """The model of this name, or the default one, its file checked. Raises BadWeights."""
    models = read_manifest(weights_dir)
    chosen = next((m for m in models if name in (None, m.name)), None)
    if chosen is None:
        raise BadWeights(f"no model {name!r}; there are: {', '.join(m.name for m in models)}")
    verify(chosen)
    return chosen


def verify(model: Model) -> None:
    """Check that the file is the one the manifest describes. Raises BadWeights."""
    try:
        digest = sha256_of(model.path)
    except OSError:
        raise BadWeights(f"{model.path}: the model file is missing; {_MEND}") from None
    if digest != model.sha256:
        raise BadWeights(
            f"{model.path.name}: sha256 is {digest[:12]}…, {model.sha256[:12]}… is expected; {_MEND}"
        )


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, hexadecimal. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _model(folder: Path, entry: dict[str, Any]) -> Model:
    """One entry, checked. Raises KeyError, TypeError, ValueError."""
    file, classes = str(entry["file"]), tuple(str(c) for c in entry["classes"])
    size, output, overlap = int(entry["size"]), str(entry["output"]), float(entry["overlap"])
    thresholds = {str(k): float(v) for k, v in entry["thresholds"].items()}
    small = entry.get("int8")
    for name in (file, str(small["file"]) if small else file):
        if Path(name).name != name:
            raise ValueError(f"file {name!r} must lie beside the manifest")
    if not classes or len(set(classes)) != len(classes):
        raise ValueError("classes must be a list of different names")
    if size <= 0 or size % 32:
        raise ValueError(f"size {size} is not a multiple of 32")
    if output not in OUTPUTS:
        raise ValueError(f"output {output!r} is none of {', '.join(OUTPUTS)}")
    if not 0 < overlap <= 1 or not all(0 < v < 1 for v in thresholds.values()):
        raise ValueError("overlap and thresholds must lie between 0 and 1")
    if set(thresholds) != set(classes):
        raise ValueError("thresholds must name every class and no other")
    model = Model(
        str(entry["name"]), str(entry["version"]), folder / file, str(entry["sha256"]).lower(), classes,
        size, output, overlap, thresholds, entry,
    )  # fmt: skip
    if not small:
        return model
    int8 = replace(model, path=folder / str(small["file"]), sha256=str(small["sha256"]).lower())
    return replace(model, int8=int8)
