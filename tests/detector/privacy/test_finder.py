"""The real networks: on flat pictures, against their manifest, and on real photographs where they are at hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from detector.errors import BadPicture, BadWeights
from detector.pictures import read_picture
from detector.privacy.finder import RegionFinder, read_nets
from detector.weights import sha256_of, weights_folder

FLAT = np.full((48, 64, 3), 128, np.uint8)

SEEN = {
    "train/a_jonathanlewell_023.jpg": ("face", [(830, 233), (665, 281), (513, 252)]),
    "val/b_triplefivedrew-bm_010.jpg": ("face", [(95, 111), (161, 137), (396, 103), (326, 107)]),
    "val/f_cplate_13.jpg": ("plate", [(350, 329)]),
    "val/f_cplate_15.jpg": ("plate", [(857, 324)]),
}
"""Where faces and plates are, px, read off the pictures by eye."""


@pytest.fixture(scope="module")
def finder() -> RegionFinder:
    return RegionFinder(threads=2)


def test_the_files_are_those_of_the_manifest_with_source_and_licence() -> None:
    entries = json.loads((weights_folder() / "privacy.json").read_text("utf-8"))["models"]
    assert [e["finds"] for e in entries] == ["face", "plate"]
    for entry in entries:
        path = weights_folder() / entry["file"]
        assert (sha256_of(path), path.stat().st_size) == (entry["sha256"], entry["bytes"])
        assert (weights_folder() / entry["licence_file"]).stat().st_size > 500
        assert {"package", "wheel_sha256", "file", "file_sha256", "changed"} == set(entry["source"])


def test_nothing_is_found_on_a_flat_picture(finder: RegionFinder) -> None:
    assert len(finder.regions_of(FLAT)) == 0
    with pytest.raises(BadPicture):
        finder.regions_of(FLAT[:, :, 0])


def test_the_name_tells_models_and_limits(finder: RegionFinder) -> None:
    nets = read_nets()
    assert finder.id.startswith(f"{nets['face'].model_id}+{nets['plate'].model_id}+jiexun-street-n-")
    assert finder.id.endswith("/" + finder.limits.stamp)


def test_a_changed_file_is_not_run(tmp_path: Path) -> None:
    for path in weights_folder().iterdir():
        if path.is_file() and path.name != "centerface.onnx":
            (tmp_path / path.name).symlink_to(path)
    (tmp_path / "centerface.onnx").write_bytes(b"something else")
    with pytest.raises(BadWeights, match="sha256"):
        RegionFinder(tmp_path).regions_of(FLAT)


def test_a_manifest_that_names_no_faces_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadWeights, match="no manifest"):
        read_nets(tmp_path)
    (tmp_path / "privacy.json").write_text('{"models": []}', "utf-8")
    with pytest.raises(BadWeights, match="face, plate are needed"):
        read_nets(tmp_path)


@pytest.mark.parametrize("name", SEEN)
def test_real_faces_and_plates_are_found(finder: RegionFinder, street: Path, name: str) -> None:
    kind, places = SEEN[name]
    found = finder.regions_of(read_picture(street / "images" / name))
    boxes = found.xyxy[[k == kind for k in found.kind]]
    for x, y in places:
        hit = (boxes[:, 0] <= x) & (x <= boxes[:, 2]) & (boxes[:, 1] <= y) & (y <= boxes[:, 3])
        assert hit.any(), (x, y)
        assert (boxes[hit, 2] - boxes[hit, 0]).min() < 130  # it is that thing, not half the street
    assert len(found) <= 30
