"""What the sealed manifests of the demonstration's vehicle pass say, with the shipped model."""

from __future__ import annotations

import json
from pathlib import Path

from casework.evidence.queries import seals_of
from casework.places.load import load_district
from detector.backends import open_detector
from detector.weights import find_model
from jiexun.demo.job import DISTRICT, FOOTAGE
from jiexun.house import open_house
from jiexun.pipeline.run import accept_file, run_footage
from jiexun.settings import load


def test_a_manifest_names_model_rule_device_and_positions(tmp_path: Path) -> None:
    with open_house(settings=load(tmp_path / "home", legal_mode="evidence")) as house:
        with house.database.write() as session:
            load_district(session, DISTRICT, "test")
        run_footage(house, accept_file(house, FOOTAGE / "patrol_v01.mp4", "V-01"), open_detector())
        with house.database.read() as session:
            [seal] = seals_of(session, 1)
        manifest = json.loads(house.store.get(seal.manifest_sha256))
    assert manifest["model"]["sha256"] == find_model().sha256
    assert len(manifest["model"]["sha256"]) == 64
    assert manifest["rule"]["version"] == 2
    assert manifest["device"]["code"] == "V-01"
    assert {a["kind"] for a in manifest["device"]["approvals"]} >= {"legal_review", "technical_review"}
    pictures = [f for f in manifest["files"] if f["kind"] == "picture"]
    assert [p["role"] for p in pictures] == ["first", "middle", "latest"]
    for picture in pictures:
        assert picture["meta"]["time_source"] == "device"
        assert picture["meta"]["position"]["source"] == "gpx"
        assert any(box["subject"] for box in picture["meta"]["boxes"])
