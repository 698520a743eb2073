"""The loop of the warehouse through the command line, without training: 200 decisions make figures and a hint, a second
version runs in shadow, is promoted, and rolled back."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from casework.algorithms.queries import algorithm_named
from casework.algorithms.scopes import chosen_for
from casework.algorithms.shadow import ShadowLook, record_shadow
from casework.candidates.queries import Filter
from casework.devices.queries import device_by_code
from casework.errors import CaseworkError, Conflict, Refused
from casework.people.queries import account_by_name
from casework.people.service import person_of
from casework.review.service import Choice, decide, take_next
from casework.verify import verify
from detector.weights import read_manifest, sha256_of
from jiexun.cli import app
from jiexun.house import House, open_house
from jiexun.settings import ROOT, load
from jiexun.warehouse import adopt_default, opener
from tests import builders as b
from tests import warehouse as w


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """The release's model as version 1, and the same network with another byte at its end as version 2."""
    folder = tmp_path / "weights"
    folder.mkdir()
    model = read_manifest(ROOT / "weights")[0]
    entries = []
    for version, tail in (("1", b""), ("2", b"\x7a\x00")):  # an empty field that no reader of ONNX knows
        path = folder / f"street-{version}.onnx"
        shutil.copyfile(model.path, path)
        with path.open("ab") as file:
            file.write(tail)
        names = {"name": f"street{version}", "version": version, "file": path.name, "sha256": sha256_of(path)}
        entries.append({**{k: v for k, v in model.record.items() if k not in ("int8", "training")}, **names})
    (folder / "manifest.json").write_text(json.dumps({"default": "street1", "models": entries}), "utf-8")
    return folder


@pytest.fixture
def home(tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with two cameras and people; version 1 is in use as it came."""
    monkeypatch.setenv("JIEXUN_WEIGHTS_DIR", str(weights))
    monkeypatch.setenv("JIEXUN_BACKEND", "onnxruntime")
    path = tmp_path / "home"
    with open_house(settings=load(path)) as house:
        adopt_default(house)
        with house.database.write() as session:
            for role in ("admin", "statistician", "reviewer"):
                b.an_account(session, role, role)
            b.a_device(session, "CAM-1")
            b.a_device(session, "CAM-2", camera_group="north")
    return path


def jiexun(home: Path, *args: object) -> Any:
    """The JSON that a command prints; its error is raised as it is."""
    done = CliRunner().invoke(app, ["algorithm", *map(str, args), "--home", str(home), "--json"])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def review(house: House) -> None:
    """200 decisions by one reviewer: 120 kept; 50 rejected over both cameras, and 30 at one place of CAM-1."""
    with house.database.write() as session:
        model = algorithm_named(session, "street1@1").model_id
        one, two = device_by_code(session, "CAM-1"), device_by_code(session, "CAM-2")
        for device, count, place in (
            (one, 60, [0.1, 0.1, 0.2, 0.2]), (two, 60, [0.1, 0.1, 0.2, 0.2]),
            (one, 25, [0.1, 0.1, 0.2, 0.2]), (two, 25, [0.1, 0.1, 0.2, 0.2]), (one, 30, [0.7, 0.7, 0.9, 0.9]),
        ):  # fmt: skip
            w.decided(session, device, count, "open", image_place=place, model_id=model)
    with house.database.write() as session:
        account = account_by_name(session, "reviewer")
        assert account is not None
        reviewer = person_of(account)
        for i in range(200):
            candidate, _until = take_next(session, reviewer, "first", Filter())
            assert candidate is not None
            kept = i < 120
            choice = Choice(
                "first", "keep" if kept else "reject", f"key-{i:04d}", None if kept else "not_the_thing"
            )
            decide(session, reviewer, candidate.id, choice)


def evaluation(home: Path, which: str, folder: Path, **ap50: float) -> Path:
    """A file as jiexun model evaluate --json writes it."""
    with open_house(settings=load(home)) as house, house.database.read() as session:
        figures = w.figures(algorithm_named(session, which), **ap50)
    path = folder / f"{which}.json"
    path.write_text(json.dumps(figures), "utf-8")
    return path


def test_the_loop(home: Path, tmp_path: Path) -> None:
    with open_house(settings=load(home)) as house:
        review(house)
    rows = jiexun(home, "precision", "street1@1", "--as", "statistician")
    [every] = [r for r in rows if r["by"] == "all"]
    assert (every["confirmed"], every["rejected"], every["undecided"]) == (120, 80, 0)
    # Wilson, 120 of 200: (0.6 + 0.0096 -+ 1.96 sqrt(0.24/200 + 0.0000240)) / 1.0192.
    assert (every["precision"]["low"], every["precision"]["high"]) == pytest.approx(
        (0.5308, 0.6654), abs=1e-4
    )
    [hint] = jiexun(home, "hints", "--as", "admin")
    assert (hint["device"], hint["rejected"], hint["confirmed"], hint["cure"]) == ("CAM-1", 30, 0, "fixture")
    assert jiexun(home, "hints", "--as", "admin", "--accept", hint["key"], "--reason", "报刊亭") == []

    with pytest.raises(Refused):
        jiexun(home, "add", "street2", "--as", "reviewer", "--reason", "新")
    added = jiexun(home, "add", "street2", "--as", "admin", "--reason", "用审核结果重训")
    assert (added["algorithm"], added["state"]) == ("street2@2", "trained")
    jiexun(home, "shadow", "street2@2", "--as", "admin", "--reason", "试运行", "--scope", "group:north")
    jiexun(home, "shadow", "street2@2", "--as", "admin", "--reason", "试运行")
    promote = ("promote", "street2@2", "--reason", "更好", "--as")
    with pytest.raises(Conflict, match="no evaluation on the same keep-set"):
        jiexun(home, *promote, "statistician")
    for which, stall in (("street1@1", 0.50), ("street2@2", 0.58)):
        file = evaluation(home, which, tmp_path, stall=stall, pile=0.6)
        jiexun(home, "record-evaluation", which, file, "--as", "admin", "--dataset", "val")
    with pytest.raises(Conflict, match="0 looks in shadow"):
        jiexun(home, *promote, "statistician")
    with open_house(settings=load(home)) as house, house.database.write() as session:
        # What the pipeline writes after a footage (tests/jiexun/test_shadow.py), here over 5,000 looks.
        footage = b.a_footage(session, device_by_code(session, "CAM-1"))
        two = algorithm_named(session, "street2@2")
        found = [(b.a_violation(box=(0, 0, 100, 100)), None)]
        record_shadow(session, footage, ShadowLook(two.id, "street1", 5000, 9000, found))
    compared = jiexun(home, "compare", "street2@2")
    assert (compared["looks"], compared["rows"][0]["would_raise"], compared["rows"][0]["only_shadow"]) == (
        5000,
        1,
        1,
    )
    with pytest.raises(Conflict, match="somebody else must"):
        jiexun(home, *promote, "admin")
    promoted = jiexun(home, *promote, "statistician")
    assert (promoted["algorithm"], promoted["role"], promoted["scope"]) == ("street2@2", "active", "district")

    def in_use() -> str:
        with open_house(settings=load(home)) as house, house.database.read() as session:
            chosen = chosen_for(session, device_by_code(session, "CAM-2")).active
            assert chosen is not None
            # The warehouse's own copy opens, and is the file that was registered.
            assert opener(house.settings)(chosen).model_sha256 == chosen.sha256
            return chosen.model_id

    assert in_use().startswith("street2-2-")
    back = jiexun(home, "rollback", "--as", "admin", "--reason", "夜间误报增多")
    assert (back["withdrawn"], back["now"]["algorithm"]) == ("street2@2", "street1@1")
    assert in_use().startswith("street1-1-")
    listed = {r["algorithm"]: (r["state"], [h["role"] for h in r["holds"]]) for r in jiexun(home, "list")}
    assert listed == {"street2@2": ("retired", []), "street1@1": ("active", ["active"])}
    with pytest.raises(Conflict, match="in use: district"):
        jiexun(home, "retire", "street1@1", "--as", "admin", "--reason", "旧")
    with open_house(settings=load(home)) as house, house.database.read() as session:
        assert verify(session, house.store).bad == []


@pytest.mark.parametrize(
    "args",
    [
        ("assign", "street1@1", "--as", "admin", "--reason", "r", "--role", "king"),
        ("shadow", "street1@1", "--as", "admin", "--reason", "r", "--scope", "galaxy"),
        ("shadow", "nothing@1", "--as", "admin", "--reason", "r"),
        ("retire", "street1@1", "--as", "nobody", "--reason", "r"),
        ("add", "street9", "--as", "admin", "--reason", "r"),
        ("rollback", "--as", "admin", "--reason", "r", "--scope", "device:CAM-1"),
        ("record-evaluation", "street1@1", "no-such-file.json", "--as", "admin"),
    ],
)
def test_what_cannot_be_done_is_said(home: Path, args: tuple[str, ...]) -> None:
    with pytest.raises(CaseworkError) as caught:
        jiexun(home, *args)
    assert "\n" not in str(caught.value)


def test_the_estimate_and_an_empty_warehouse(home: Path) -> None:
    assert jiexun(home, "sample", "--as", "statistician")["labelled"] == 0
    assert jiexun(home, "precision", "--as", "statistician") == []
    assert jiexun(home, "hints", "--as", "statistician") == []
