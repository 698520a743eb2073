"""``jiexun stream test``: does an address give pictures, which, and how good; or what is wrong, in plain words."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from statistics import median
from typing import Annotated, Any

import typer

from casework.streams import usability
from ingest.frame import Frame
from ingest.streams.model import LiveSource, SourceState, StreamAddress, StreamFault, StreamKind
from ingest.streams.opening import open_live
from ingest.streams.usability import clear
from ingest.streams.words import fault_words
from jiexun.cli.common import AsJson, say

PICTURES = 5
MORE_S = 7.0
"""How long further pictures and the camera's clock are waited for (its first sender report comes within 5 s)."""
RIGHT_S = 2.0
"""A clock this close, s, is right."""

stream = typer.Typer(no_args_is_help=True, help="Live sources: cameras, snapshots, folders of a platform.")


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    app.add_typer(stream, name="stream")


@stream.callback()
def _group() -> None:
    """Live sources."""


@stream.command("test")
def try_(
    url: Annotated[
        str, typer.Argument(help="rtsp://, rtmp://, http(s):// (.m3u8, .flv, snapshot), or a folder.")
    ],
    kind: Annotated[
        StreamKind | None, typer.Option("--kind", help="Where the address does not show it.")
    ] = None,
    udp: Annotated[bool, typer.Option("--udp", help="RTSP over UDP in place of TCP.")] = False,
    user: Annotated[str | None, typer.Option("--user", help="The password is then asked for.")] = None,
    wait: Annotated[
        float, typer.Option("--wait", min=1, max=120, help="Seconds for the first picture.")
    ] = 15,
    as_json: AsJson = False,
) -> None:
    """Open an address, take some pictures and say what they are. Exit code 1 when none comes."""
    password = typer.prompt("Password", hide_input=True, err=True) if user is not None else None
    address = StreamAddress.parse(url, kind, "udp" if udp else "tcp", user, password)
    source = open_live("test", address)
    began = time.monotonic()
    try:
        frames = _pictures(source, address.kind, wait)
        told = _good(source.state, frames, time.monotonic() - began, address)
    except StreamFault as fault:
        told = _bad(fault)
    finally:
        source.close()
    say(told, as_json)
    if not told["ok"]:
        raise typer.Exit(1)


def _pictures(source: LiveSource, kind: StreamKind, wait_s: float) -> list[tuple[Frame, float]]:
    """Pictures with the seconds from when they were taken till now, and to the first. Raises StreamFault."""
    deadline = time.monotonic() + wait_s
    frames = [(_first(source, kind, deadline), time.time())]
    more = time.monotonic() + MORE_S
    while time.monotonic() < more and kind is not StreamKind.FOLDER:
        if len(frames) >= PICTURES and source.state.clock_offset_s is not None:
            break
        try:
            frame = source.grab(min(2.0, MORE_S))
        except StreamFault:
            if source.state.fault is not None:
                raise
            continue
        frames = [*frames[-PICTURES + 1 :], (frame, time.time())]
        if kind is StreamKind.SNAPSHOT:
            time.sleep(0.2)
    return frames


def _first(source: LiveSource, kind: StreamKind, deadline: float) -> Frame:
    """A kept-open stream tries again by itself; here its first fault is the answer."""
    while True:
        left = deadline - time.monotonic()
        try:
            return source.grab(left if kind in (StreamKind.SNAPSHOT, StreamKind.FOLDER) else min(left, 0.5))
        except StreamFault:
            if source.state.fault is not None or time.monotonic() >= deadline:
                state = source.state
                if state.fault is not None:
                    raise StreamFault(state.fault, state.message) from None
                raise


def _good(
    state: SourceState, frames: list[tuple[Frame, float]], seconds: float, address: StreamAddress
) -> dict[str, Any]:
    pictures = [frame.image for frame, _ in frames]
    told = [usability.of_picture(picture, None) for picture in pictures]
    parts = {name: _median([one[name] for one in told]) for name in told[0]} | {
        "clear": round(clear(pictures), 3)
    }
    last = frames[-1][0]
    return {
        "ok": True,
        "address": str(address),
        "kind": address.kind.value,
        "resolution": f"{last.size[0]}x{last.size[1]}",
        "codec": state.codec,
        "pictures": state.pictures,
        "tested_s": round(seconds, 1),
        "delay_s": round(median(at - frame.captured_at.timestamp() for frame, at in frames), 2),
        "captured_at": last.captured_at.isoformat(timespec="milliseconds"),
        "time_source": last.time_source.value,
        "clock": clock_words(state.clock_offset_s),
        "usability": usability.score(parts),
        **{f"usability_{name}": value for name, value in parts.items() if value is not None},
    }


def _bad(fault: StreamFault) -> dict[str, Any]:
    words = fault_words(fault.code)
    return {
        "ok": False,
        "fault": fault.code.value,
        "message": str(fault),
        "zh": f"{words.zh}：{words.mend_zh}",
        "en": f"{words.en}: {words.mend_en}",
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def clock_words(offset_s: float | None) -> str:
    """How the device's clock stands to ours, in words."""
    if offset_s is None:
        return "the device sends no time: arrival counts"
    if abs(offset_s) <= RIGHT_S:
        return f"right ({offset_s:+.1f} s)"
    size, way = abs(offset_s), "ahead" if offset_s > 0 else "behind"
    span = (
        f"{size / 3600:.1f} h" if size >= 5400 else f"{size / 60:.0f} min" if size >= 120 else f"{size:.0f} s"
    )
    zone = abs(size - 8 * 3600) < 120
    hint = "its time zone is wrong (+08:00)" if zone else "set it to NTP"
    return f"{span} {way}: {hint}"


def _median(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(median(known), 3) if known else None
