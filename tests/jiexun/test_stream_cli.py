"""``jiexun stream test`` against a real web server and ports where nothing good is."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest
from typer.testing import CliRunner

from jiexun.cli import app
from jiexun.cli.stream import clock_words
from tests.ingest.streams.cameras import a_jpeg
from tests.ingest.streams.servers import answer, web
from tests.ingest.streams.test_over_http_and_rtmp import digest


def run(*args: str, typed: str | None = None, code: int = 0) -> Any:
    done = CliRunner().invoke(app, ["stream", "test", *args, "--json"], input=typed)
    assert done.exit_code == code, done.output
    return json.loads(done.stdout)


def test_a_snapshot_that_works() -> None:
    with web({"/snap.jpg": answer(a_jpeg(size=(1280, 720)))}) as url:
        told = run(url + "/snap.jpg?token=secret")
    assert told["ok"]
    assert (told["kind"], told["resolution"], told["codec"]) == ("snapshot", "1280x720", "image/jpeg")
    assert told["clock"].startswith("right")
    assert 0 <= told["usability"] <= 100
    assert told["usability_size"] == 1
    assert "secret" not in str(told)


def test_the_password_is_asked_for_and_not_shown() -> None:
    page = digest(answer(a_jpeg()), "admin", "p:w")
    with web({"/snap.jpg": page}) as url:
        assert run(url + "/snap.jpg", "--user", "admin", typed="p:w\n")["ok"]
        told = run(url + "/snap.jpg", "--user", "admin", typed="secret\n", code=1)
    assert told["fault"] == "sign_in"
    assert "用户名或密码不对" in told["zh"]
    assert "secret" not in str(told)


@pytest.mark.parametrize(
    "form", ["rtsp://127.0.0.1:{}/a", "http://127.0.0.1:{}/a.flv", "http://127.0.0.1:{}/a.jpg"]
)
def test_a_closed_port_in_plain_words(form: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    told = run(form.format(port), code=1)
    assert told["fault"] == "refused"
    assert "拒绝" in told["zh"]


def test_an_address_that_cannot_be() -> None:
    done = CliRunner().invoke(app, ["stream", "test", "ftp://a/b"])
    assert done.exit_code == 1
    assert "ftp" in str(done.exception)


@pytest.mark.parametrize(
    ("offset", "words"),
    [
        (None, "sends no time"),
        (0.4, "right (+0.4 s)"),
        (-45, "45 s behind"),
        (600, "10 min ahead: set it to NTP"),
        (28800, "8.0 h ahead: its time zone"),
    ],
)
def test_clocks_in_words(offset: float | None, words: str) -> None:
    assert words in clock_words(offset)
