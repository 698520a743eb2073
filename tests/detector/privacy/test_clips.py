"""A clip comes out with what was found covered in the right frames, and playable."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from detector.privacy.clips import covered_clip
from detector.privacy.regions import Regions, shipped_limits
from ingest.errors import BadVideo
from ingest.frame import Image
from ingest.viewing import pictures
from tests.ingest.footage_builders import a_video

LIMITS = shipped_limits()
BAR = Regions.of([{"kind": "plate", "xyxy": [-20, 2, 84, 10], "confidence": 1}])
"""Half of the white bar along the upper edge of each picture and some grey below it."""


def test_what_the_first_look_found_is_covered_for_two_looks(tmp_path: Path) -> None:
    """Ten frames a second, a look every 0.2 s: what was found at 0 covers the frames before 0.4 s."""
    data = a_video(tmp_path / "clip.mp4", [i * 0.1 for i in range(8)]).read_bytes()
    looked: list[Image] = []

    def find(image: Image) -> Regions:
        looked.append(image)
        return BAR if len(looked) == 1 else Regions.of([])

    seen = list(pictures(covered_clip(data, find, LIMITS)))
    assert len(looked) == 4
    assert [at for at, _ in seen] == [i * 100 for i in range(8)]
    # The bar's lower edge, at row 6, is gone under the cover (rows 0 to 12).
    sharp = [int(np.abs(image[3].astype(int) - image[9].astype(int)).mean()) > 40 for _, image in seen]
    assert sharp == [False] * 4 + [True] * 4


def test_a_closer_look_is_taken_where_the_limits_ask_for_it(tmp_path: Path) -> None:
    data = a_video(tmp_path / "clip.mp4", [i * 0.1 for i in range(8)]).read_bytes()
    often = replace(LIMITS, clip=replace(LIMITS.clip, every_s=0.1))
    looked: list[Image] = []

    def find(image: Image) -> Regions:
        looked.append(image)
        return Regions.of([])

    covered_clip(data, find, often)
    assert len(looked) == 8


def test_what_is_no_clip_is_refused() -> None:
    with pytest.raises(BadVideo):
        covered_clip(b"no clip", lambda image: BAR, LIMITS)
