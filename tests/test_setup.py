"""What ``make`` installs from: pins for everything declared, and nothing that holds on one machine only."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PIN = re.compile(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*")
NAME = re.compile(r"[A-Za-z0-9._-]+")


def normal(name: str) -> str:
    """A package name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.fixture(scope="module")
def pins() -> list[str]:
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    return [line for line in lines if not line.startswith("#")]


def test_constraints_are_exact_versions_and_nothing_else(pins: list[str]) -> None:
    assert [line for line in pins if not PIN.fullmatch(line)] == []


def test_every_declared_package_is_pinned_once(pins: list[str]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    declared = [*project["dependencies"], *project["optional-dependencies"]["train"]]
    declared += project["optional-dependencies"]["test"]
    names = [normal(pin.partition("==")[0]) for pin in pins]
    assert len(names) == len(set(names))
    wanted = {normal(found.group()) for line in declared if (found := NAME.match(line))}
    assert wanted - set(names) == set()


def test_one_opencv_and_it_is_the_headless_one(pins: list[str]) -> None:
    assert [pin.partition("==")[0] for pin in pins if pin.startswith("opencv")] == ["opencv-python-headless"]


def test_the_lock_of_the_page_names_no_registry_and_covers_every_platform() -> None:
    lock = json.loads((ROOT / "review_ui" / "package-lock.json").read_text("utf-8"))["packages"]
    assert [name for name, entry in lock.items() if "resolved" in entry] == []
    # npm ci refuses a lock in which an optional package (one per platform) is missing.
    optional = {name for entry in lock.values() for name in entry.get("optionalDependencies", {})}
    held = {path.rpartition("node_modules/")[2] for path in lock}
    assert optional - held == set()


@pytest.mark.parametrize(
    "name", ["Makefile", "scripts/setup.sh", ".ci/run", "constraints.txt", "pyproject.toml"]
)
def test_the_installation_relies_on_no_machine(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    assert re.findall(r"https?://\S+|(?<![\w.])/(?:work|opt|root|home|tmp)/\S*", text) == []
