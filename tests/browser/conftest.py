"""The real server in its own process, the real Chromium, the demonstration's own candidates."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.driving import FLAGS, JIEXUN, ROOT, Faults, Server, chromium, serve

expect.set_options(timeout=20_000)  # as long as the page's own; a busy machine covers pictures slowly


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home on which the demonstration ran."""
    home = tmp_path_factory.mktemp("demo") / "home"
    done = subprocess.run(
        [JIEXUN, "demo", "--home", home, "--no-serve", "--json"],
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return home


@pytest.fixture
def server(demo_home: Path, tmp_path: Path) -> Iterator[Server]:
    """A server over its own copy of the demonstration."""
    home = tmp_path / "home"
    shutil.copytree(demo_home, home)
    running = serve(home)
    yield running
    running.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def faults() -> Faults:
    """Empty at the end of a good test: the test asserts it."""
    return Faults()


@pytest.fixture
def page(browser: Browser, faults: Faults, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Page]:
    """A page at 1440 x 900 that is watched; a screenshot is kept when the test fails."""
    context = browser.new_context(
        viewport={"width": 1440, "height": 900}, locale="zh-CN", timezone_id="Asia/Shanghai"
    )
    opened = context.new_page()
    opened.set_default_timeout(20_000)
    faults.watch(opened)
    yield opened
    outcome: Any = getattr(request.node, "outcome_of_call", None)
    if outcome is not None and outcome.failed:
        folder = ROOT / "test-results"
        folder.mkdir(exist_ok=True)
        opened.screenshot(path=folder / f"{request.node.name}.png")
    context.close()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Remember how the test went, for the screenshot."""
    outcome: Any = yield
    report = outcome.get_result()
    if report.when == "call":
        item.outcome_of_call = report  # type: ignore[attr-defined]
