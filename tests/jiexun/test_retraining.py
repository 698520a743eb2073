"""The loop that makes the detector better: people's decisions → data set → short training → warehouse → shadow."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from casework.candidates.queries import Filter
from casework.review import service as review
from jiexun.cli import app
from jiexun.house import open_house
from jiexun.settings import load
from tests import builders as b
from tests.jiexun.painted import Thing, film, furnish, look_at

pytestmark = [
    pytest.mark.train,
    pytest.mark.skipif(
        find_spec("torch") is None or find_spec("ultralytics") is None, reason="no [train] extra"
    ),
    pytest.mark.filterwarnings("ignore"),  # torch's and ultralytics' own
]

STALL = Thing("stall", (40, 140, 100, 200), 0, 10_000)
PILES = [Thing("pile", (200, 180, right, 220), 0, 10_000) for right in (260, 264)]
PASSERS = [Thing("person", (40 * i, 60, 40 * i + 20, 120), 100 * i, 100 * i + 50) for i in range(4)]


def jiexun(*args: object) -> Any:
    """The JSON that a command prints; its error is raised as it is."""
    done = CliRunner().invoke(app, [*map(str, args), "--json"])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout[done.stdout.index("{") :])


def test_decisions_make_the_next_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JIEXUN_BACKEND", "onnxruntime")
    home, out, work, made = (tmp_path / name for name in ("home", "set", "work", "made"))
    with open_house(settings=load(home)) as house:
        furnish(house)
        for number, device in enumerate(("C-1", "C-2")):
            look_at(house, film(tmp_path / f"{number}.mp4", [STALL, PILES[number], *PASSERS], 400), device)
        with house.database.write() as session:
            b.an_account(session, "admin", "admin")
            person = b.a_person(session)
            for number in range(4):
                candidate, _until = review.take_next(session, person, "first", Filter())
                assert candidate is not None
                kept = candidate.type == "stall"
                choice = review.Choice(
                    "first",
                    "keep" if kept else "reject",
                    f"key-{number}",
                    None if kept else "not_the_thing",
                    shown=b.seen(session, candidate.id),
                )
                review.decide(session, person, candidate.id, choice)

    exported = jiexun(
        "dataset", "export", "--from-reviews", "--purpose", "retraining", "--out", out, "--home", home
    )
    assert set(exported["places"]) == {"device:C-1", "device:C-2"}
    assert exported["boxes"] == {"stall": exported["positives"]}
    assert len(exported["splits"]) == 2  # one place to train on, the other to check

    trained = jiexun(
        "model", "train", out, "--recipe", "fine-tune", "--epochs", 1, "--work", work, "--out", made
    )
    assert trained["model"].startswith("bureau-street-n-0.1.0-")
    assert trained["figures"]["boxes"]["stall"] >= 1

    monkeypatch.setenv("JIEXUN_WEIGHTS_DIR", str(made))
    added = jiexun(
        "algorithm", "add", "bureau-street-n", "--as", "admin", "--reason", "own reviews", "--home", home
    )
    assert (added["algorithm"], added["state"]) == ("bureau-street-n@0.1.0", "trained")
    shadow = jiexun(
        "algorithm", "shadow", "bureau-street-n@0.1.0", "--as", "admin", "--reason", "trial", "--home", home
    )
    assert shadow["algorithm"] == "bureau-street-n@0.1.0"
