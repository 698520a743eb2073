"""The warehouse's own copy of a model: a folder with the file and a manifest of this one entry.

Kept apart from the release's ``weights/``, so that a rollback finds the file even after an upgrade.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from casework.errors import Invalid
from casework.storage import file_sha256, storage_guard, sync_folder


@dataclass(frozen=True, slots=True)
class Offer:
    """A model that lies in the weights folder, in plain values. record: its whole entry in the manifest.

    also: further files of the entry (eight bits) with their SHA-256.
    """

    name: str
    version: str
    model_id: str
    sha256: str
    path: Path
    classes: tuple[str, ...]
    thresholds: dict[str, float]
    record: dict[str, Any] = field(repr=False)
    kind: str = "detector"
    also: tuple[tuple[Path, str], ...] = ()


def keep(root: Path, offer: Offer) -> int:
    """Copy the model under ``root`` (see ``folder_of``); returns its size in bytes. Twice changes nothing.

    The folder appears whole or not at all. Raises Invalid (file missing, or not the one of the manifest).
    """
    files = ((offer.path, offer.sha256), *offer.also)
    for path, sha256 in files:
        if not path.is_file() or file_sha256(path) != sha256:
            raise Invalid(
                "bad_weights",
                zh=f"模型文件 {path.name} 缺失或与清单不符，请重新放入",
                en=f"{path.name} is missing or not the file of the manifest: put it there again",
            )
    target = folder_of(root, offer.model_id)
    if not target.exists():
        with storage_guard():
            root.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=root, prefix=".part-") as name:
                part = Path(name) / "model"
                part.mkdir()
                for path, _sha256 in files:
                    shutil.copyfile(path, part / path.name)
                manifest = {"default": offer.name, "models": [{**offer.record, "file": offer.path.name}]}
                (part / "manifest.json").write_text(
                    json.dumps(manifest, ensure_ascii=False, indent=1), "utf-8"
                )
                for file in part.iterdir():
                    with file.open("rb") as handle:
                        os.fsync(handle.fileno())
                part.rename(target)
            sync_folder(root)
    return (target / offer.path.name).stat().st_size


def folder_of(root: Path, model_id: str) -> Path:
    """Where a model's copy lies: a weights folder of one entry."""
    return root / model_id
