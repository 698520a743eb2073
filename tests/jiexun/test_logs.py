"""Lines of the log: no secret in them, whatever was logged; JSON that machines read."""

from __future__ import annotations

import json
import logging

import pytest

from jiexun.logs import JsonLines, PlainLines, without_secrets


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("cannot open rtsp://admin:hunter2@10.1.2.3:554/live", "cannot open rtsp://***@10.1.2.3:554/live"),
        ("key jx_AbCdEf0123456789-_x is unknown", "key *** is unknown"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
        ("password=hunter2 refused", "password=*** refused"),
        ("camera C-0101 at 10:20:30 is silent", "camera C-0101 at 10:20:30 is silent"),
        ("see http://10.1.2.3/a@b", "see http://10.1.2.3/a@b"),
    ],
)
def test_secrets_are_struck_out(said: str, kept: str) -> None:
    assert without_secrets(said) == kept


def test_a_line_of_json_with_what_was_added() -> None:
    record = logging.makeLogRecord(
        {"name": "jiexun.live", "levelno": 30, "levelname": "WARNING", "msg": "camera %s is silent",
         "args": ("C-0101",), "created": 1793427300.25, "device": "C-0101"}
    )  # fmt: skip
    told = json.loads(JsonLines().format(record))
    assert told["message"] == "camera C-0101 is silent"
    assert (told["level"], told["logger"], told["device"]) == ("warning", "jiexun.live", "C-0101")
    assert told["time"] == "2026-10-31T06:15:00.250+00:00"
    assert "args" not in told


def test_an_error_is_told_without_its_secret() -> None:
    try:
        raise RuntimeError("rtsp://u:secret1@host/x")
    except RuntimeError:
        import sys

        record = logging.makeLogRecord({"msg": "failed", "exc_info": sys.exc_info()})
    assert "secret1" not in JsonLines().format(record)
    assert "secret1" not in PlainLines("%(message)s").format(record)
