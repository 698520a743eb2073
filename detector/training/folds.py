"""Cross-validation by source: every picture is judged by a model that saw nothing of its place.

Folds are made of whole groups (a repository, a site, a scene), so that the figures speak of new places.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from detector.training.context import DOMAIN
from detector.training.dataset import pictures
from detector.training.labels import read_labels


def folds(images: Path, labels: Path, groups: Mapping[str, str], count: int) -> dict[str, int]:
    """Which fold each picture belongs to, by its file name.

    groups: group by file name; a picture without one is a group of its own. count: number of folds, 2 or more.
    The largest group goes first, each to the fold that so far holds the least of what it brings, counted in
    boxes of each class and in pictures, each as a share of all. The same pictures always give the same folds.
    Raises ValueError when there are fewer groups than folds.
    """
    weight: dict[str, list[int]] = {}
    files = pictures(images)
    for path in files:
        counts = weight.setdefault(groups.get(path.name, path.name), [0] * (DOMAIN + 1))
        counts[DOMAIN] += 1
        for class_id in read_labels(labels / f"{path.stem}.txt").class_id:
            if class_id < DOMAIN:
                counts[int(class_id)] += 1
    if count < 2 or len(weight) < count:
        raise ValueError(f"{len(weight)} groups cannot make {count} folds; use 2 to {len(weight)}")
    total = [max(1, sum(c[i] for c in weight.values())) for i in range(DOMAIN + 1)]
    held = [[0.0] * (DOMAIN + 1) for _ in range(count)]
    chosen: dict[str, int] = {}
    shares = {name: [c / t for c, t in zip(counts, total, strict=True)] for name, counts in weight.items()}
    for name in sorted(shares, key=lambda n: (-sum(shares[n]), n)):
        fold = min(
            range(count), key=lambda f: sum(a for a, b in zip(held[f], shares[name], strict=True) if b)
        )
        chosen[name] = fold
        held[fold] = [a + b for a, b in zip(held[fold], shares[name], strict=True)]
    return {path.name: chosen[groups.get(path.name, path.name)] for path in files}
