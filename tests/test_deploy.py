"""What deploy/ names is there: settings, commands, routes, versions. That the manifests run is not tested here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from api.app import make_app
from jiexun.cli import app
from jiexun.settings import ROOT, Settings

DEPLOY = ROOT / "deploy"
FILES = sorted(path for path in DEPLOY.rglob("*") if path.is_file())


def _documents(name: str) -> list[Any]:
    return list(yaml.safe_load_all((DEPLOY / name).read_text("utf-8")))


def _walk(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for part in value.values():
            yield from _walk(part)
    elif isinstance(value, list):
        for part in value:
            yield from _walk(part)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_setting_that_is_named_exists(path: Path) -> None:
    named = set(re.findall(r"\bJIEXUN_([A-Z0-9_]+)", path.read_text("utf-8")))
    assert {name.lower() for name in named} <= set(Settings.model_fields)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_secret_and_no_image_of_a_named_registry(path: Path) -> None:
    text = path.read_text("utf-8")
    assert not re.search(r"(?im)^\s*\w*(password|secret|token)\w*\s*[:=][ \t]*[^\s${].{7,}$", text)
    for image in re.findall(r"(?m)^\s*image:\s*(\S+)", text):
        assert "." not in image.partition("/")[0]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_command_exists_with_its_options(path: Path) -> None:
    group = get_command(app)
    text = path.read_text("utf-8")
    lines = [
        re.findall(r'"([^"]+)"', found) for found in re.findall(r'(?:command|CMD):? (\["jiexun".*\])', text)
    ]
    lines += [found.split() for found in re.findall(r"bin/(jiexun (?:serve|work)[^'\n]*)", text)]
    for line in lines:
        command = group.commands[line[1]]  # type: ignore[attr-defined]
        options = {name for parameter in command.params for name in parameter.opts}
        assert {word for word in line[2:] if word.startswith("--")} <= options


def test_probes_ask_routes_that_exist() -> None:
    probed = {
        part["httpGet"]["path"]
        for document in _documents("kubernetes/jiexun.yaml")
        for part in _walk(document)
        if "httpGet" in part
    }
    assert probed == {"/api/ready", "/api/health"}
    source = Path(make_app.__code__.co_filename).parent / "routes" / "health.py"
    for path in probed:
        assert f'"{path.removeprefix("/api")}"' in source.read_text("utf-8")


def test_ray_is_the_version_that_was_tested() -> None:
    (cluster,) = _documents("kubernetes/ray.yaml")
    assert (
        f"ray=={cluster['spec']['rayVersion']}" in (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    )


def test_what_is_mounted_is_declared() -> None:
    for name in ("kubernetes/jiexun.yaml", "kubernetes/ray.yaml"):
        for part in _walk(_documents(name)):
            if "containers" in part:
                declared = {volume["name"] for volume in part.get("volumes", [])}
                for container in part["containers"]:
                    assert {mount["name"] for mount in container.get("volumeMounts", [])} <= declared
    (compose,) = _documents("compose/compose.yaml")
    used = {
        v.partition(":")[0] for service in compose["services"].values() for v in service.get("volumes", [])
    }
    assert used == set(compose["volumes"])
