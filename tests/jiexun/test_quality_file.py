"""A bureau's own numbers of second looks, named in the settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from casework.review import quality_rules
from jiexun.house import open_house
from jiexun.settings import Settings
from tests.conftest import QUIET


def test_the_file_of_the_settings_holds(folder: Path) -> None:
    own = folder / "own.toml"
    own.write_text(QUIET.read_text("utf-8").replace("share = 0\n", "share = 0.5\n", 1), "utf-8")
    before = quality_rules.rules()
    try:
        with open_house(settings=Settings(home=folder / "home", quality_file=own)):
            assert quality_rules.rules().second_share == 0.5
        own.write_text("[second]\n", "utf-8")
        with pytest.raises(ValueError, match=r"quality\.toml: 'share' is missing"):
            quality_rules.use_file(own)
    finally:
        quality_rules.use(before)
