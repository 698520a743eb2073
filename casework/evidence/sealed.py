"""Whether one seal still holds: its link in the chain, its manifest, and every file under it. Nothing is repaired."""

from __future__ import annotations

import json
from collections.abc import Sequence

from casework.chain import entry_hash
from casework.evidence.tables import EvidenceItem, EvidenceSeal
from casework.storage import BlobStore


def faults_of(store: BlobStore, seal: EvidenceSeal, items: Sequence[EvidenceItem]) -> list[tuple[str, str]]:
    """What is wrong, each as (Chinese, English); empty where all agrees. items: all that are under the seal."""
    found: list[tuple[str, str]] = []
    if entry_hash(seal.prev_hash, seal.content()) != seal.hash:
        found.append((f"封存 #{seal.seq} 的记录已被改动", f"seal #{seal.seq} was changed"))
    found += [
        _of_file(item.role, name, name_zh)
        for item in items
        if store.measure(item.sha256) != item.sha256
        for name, name_zh in [(item.kind, {"picture": "图片", "clip": "视频"}.get(item.kind, item.kind))]
    ]
    if store.measure(seal.manifest_sha256) != seal.manifest_sha256:
        return [
            *found,
            (f"封存 #{seal.seq} 的清单缺失或被改动", f"manifest of seal #{seal.seq} is missing or changed"),
        ]
    manifest = json.loads(store.get(seal.manifest_sha256))
    if manifest["key"] != seal.key or manifest["files"] != [listed(item) for item in items]:
        found.append(
            (f"封存 #{seal.seq} 的清单与记录不符", f"manifest of seal #{seal.seq} does not fit the records")
        )
    return found


def _of_file(role: str, name: str, name_zh: str) -> tuple[str, str]:
    return f"{name_zh} {role} 缺失或被改动", f"{name} {role} is missing or changed"


def listed(item: EvidenceItem) -> dict[str, object]:
    """A file as its manifest lists it."""
    return {
        "kind": item.kind,
        "role": item.role,
        "sha256": item.sha256,
        "size": item.size,
        "media_type": item.media_type,
        "captured_at": item.captured_at.isoformat(),
        "meta": item.meta,
    }
