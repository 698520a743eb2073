"""The warehouse in the browser: a second version is added, runs in shadow, is promoted and rolled back."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from casework.algorithms.queries import algorithm_named
from casework.db import Session
from casework.devices.queries import device_by_code
from casework.verify import verify
from detector.weights import read_manifest, sha256_of
from jiexun.house import open_house
from jiexun.settings import ROOT, load
from jiexun.warehouse import adopt_default
from tests import builders as b
from tests import warehouse as w
from tests.browser.driving import Faults, Server, serve

pytestmark = pytest.mark.browser


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
        entries.append({**{k: v for k, v in model.record.items() if k != "int8"}, **names})
    (folder / "manifest.json").write_text(json.dumps({"default": "street1", "models": entries}), "utf-8")
    return folder


@pytest.fixture
def office(tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server whose district uses version 1, evaluated; an administrator and a statistician."""
    monkeypatch.setenv("JIEXUN_WEIGHTS_DIR", str(weights))
    home = tmp_path / "home"
    with open_house(settings=load(home)) as house:
        adopt_default(house)
        with house.database.write() as session:
            for role in ("admin", "statistician"):
                b.an_account(session, role, role)
            b.a_device(session, "CAM-1")
            w.an_evaluation(session, algorithm_named(session, "street1@1"))
    running = serve(home)
    yield running
    running.stop()


def sign_in(page: Page, server: Server, username: str, to: str) -> None:
    """As somebody, on a page."""
    page.context.clear_cookies()
    page.goto(f"{server.url}/sign-in")
    page.get_by_test_id("username").fill(username)
    page.get_by_test_id("password").fill(b.PASSWORD)
    page.get_by_test_id("sign-in").click()
    expect(page.get_by_test_id("sign-out")).to_be_visible()
    page.goto(f"{server.url}{to}")


def state(page: Page, code: str) -> None:
    """The version that is open is in this state."""
    expect(page.get_by_test_id("algorithm-state")).to_have_attribute("data-state", code)


def evaluation(session: Session, folder: Path) -> Path:
    """What jiexun model evaluate --json would print of version 2."""
    path = folder / "keep-set.json"
    path.write_text(json.dumps(w.figures(algorithm_named(session, "street2@2"))), "utf-8")
    return path


def test_a_version_is_added_shadowed_promoted_and_rolled_back(
    page: Page, office: Server, faults: Faults, tmp_path: Path
) -> None:
    sign_in(page, office, "admin", "/algorithms")
    expect(page.get_by_test_id("column-active").get_by_test_id("algorithm-card")).to_have_count(1)
    page.get_by_test_id("offer-add").click()
    page.get_by_test_id("offer-reason").fill("按 10 月审核结果重新训练")
    page.get_by_test_id("offer-go").click()
    page.wait_for_url(re.compile(r"/algorithms/\d+$"))
    address = page.url.removeprefix(office.url)
    state(page, "trained")
    page.get_by_test_id("act-shadow").click()
    page.get_by_test_id("act-reason").fill("试运行")
    page.get_by_test_id("act-go").click()
    state(page, "shadow")
    page.get_by_test_id("act-promote").click()
    for code in ("evaluation", "shadow_span", "other_person"):
        expect(page.get_by_test_id(f"guard-{code}")).to_have_attribute("data-ok", "false")
    expect(page.get_by_test_id("guards-failed")).to_be_visible()
    expect(page.get_by_test_id("act-go")).to_have_count(0)

    with open_house(settings=load(office.home)) as house, house.database.write() as session:
        file = evaluation(session, tmp_path)
        row = algorithm_named(session, "street2@2")
        w.looked(session, row, b.a_footage(session, device_by_code(session, "CAM-1")))
    page.get_by_test_id("act-evaluation").click()
    page.get_by_test_id("evaluation-file").set_input_files(file)
    expect(page.get_by_test_id("evaluation-dataset")).to_have_value("keep-set")
    page.get_by_test_id("evaluation-go").click()
    expect(page.get_by_test_id("figure-row")).to_have_count(3)
    expect(page.locator("[data-testid=event][data-act=evaluation]")).to_have_count(1)

    sign_in(page, office, "statistician", address)
    page.get_by_test_id("act-promote").click()
    expect(page.get_by_test_id("guards-ok")).to_be_visible()
    page.get_by_test_id("act-reason").fill("各类不差")
    page.get_by_test_id("act-go").click()
    state(page, "active")
    page.get_by_test_id("rollback").click()
    expect(page.get_by_test_id("hold")).to_contain_text("street1 1")
    page.get_by_test_id("hold-reason").fill("误报增多")
    page.get_by_test_id("hold-go").click()
    state(page, "retired")
    acts = page.get_by_test_id("event").evaluate_all("all => all.map(e => e.dataset.act)")
    assert acts == ["withdraw", "promote", "evaluation", "shadow", "add"]

    page.goto(f"{office.url}/algorithms")
    expect(page.get_by_test_id("assignment")).to_have_count(1)
    expect(page.get_by_test_id("assignment")).to_contain_text("street1 1")
    assert faults.seen == []
    with open_house(settings=load(office.home)) as house, house.database.read() as session:
        assert verify(session, house.store).bad == []
