"""``jiexun places``: what is exported comes back equal; a bad file is refused with the feature's number."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from casework.errors import Invalid
from casework.places.queries import shapes_of
from casework.places.service import as_data, set_zones
from jiexun.cli import app
from jiexun.house import open_house
from tests import builders as b

DOOR = {"code": "D-SH-1", "kind": "door_line", "shop": "SH-1"}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a camera, a shop, a permitted place and a moved door line."""
    home = tmp_path / "home"
    with open_house(home) as house, house.database.write() as session:
        camera = b.a_device(session, "CAM-1")
        b.a_shop(session, b.a_street(session, b.a_squad(session)), "SH-1")
        line = [[b.LONGITUDE, b.LATITUDE], [b.LONGITUDE + 0.00003, b.LATITUDE]]
        place = b.a_ground_place(
            calendar={"hours": [["06:00", "09:00"]], "days": "not_holidays"},
            properties={"kind": "疏导点", "trades": ["早点"], "valid_from": "2026-01-01", "contact": "某某"},
        )
        set_zones(session, "test", None, [place, {**DOOR, "polygon": line}])
        square = [[0.1, 0.1], [0.333333, 0.1], [0.9, 0.987654]]
        set_zones(session, "test", camera, [{"code": "Z1", "kind": "pavement", "polygon": square}])
    return home


def run(*args: object) -> Any:
    """A command in this process. Raises what it raises."""
    return CliRunner().invoke(app, ["places", *map(str, args)], catch_exceptions=False)


@pytest.mark.parametrize("device", [[], ["--device", "CAM-1"]], ids=["ground", "camera"])
def test_what_goes_out_comes_back_equal(home: Path, tmp_path: Path, device: list[str]) -> None:
    file = tmp_path / "out.geojson"
    assert run("export", file, *device, "--home", home).exit_code == 0
    again = json.loads(run("import", file, *device, "--home", home, "--json").stdout)
    assert (again["version"], again["changed"]) == (1, False)
    with open_house(home) as house, house.database.write() as session:  # taken away, then brought back
        row = None if not device else shapes_of(session, 1)[0].device_id
        before = [as_data(s) for s in shapes_of(session, row)]
        for shape in shapes_of(session, row):
            shape.replaced_at = b.START
    back = json.loads(run("import", file, *device, "--home", home, "--json").stdout)
    assert back["changed"]
    with open_house(home) as house, house.database.read() as session:
        assert [as_data(s) for s in shapes_of(session, row)] == before


def test_a_bad_file_is_refused_whole_and_named(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "out.geojson"
    run("export", file, "--home", home)
    data = json.loads(file.read_text("utf-8"))
    [ring] = data["features"][1]["geometry"]["coordinates"]
    data["features"][1]["geometry"]["coordinates"] = [[[y, x] for x, y in ring]]
    file.write_text(json.dumps(data), "utf-8")
    with pytest.raises(Invalid, match=r"feature 2: .*swapped"):
        run("import", file, "--home", home)
    with pytest.raises(Invalid, match="the file holds places on the ground"):
        run("import", file, "--device", "CAM-1", "--home", home)
    file.write_text("{", "utf-8")
    with pytest.raises(Invalid, match="cannot be read as JSON"):
        run("import", file, "--home", home)
