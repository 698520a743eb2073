"""``jiexun upload``: send a folder of footage and tracks to a server, from a vehicle or anywhere."""

from __future__ import annotations

import os
import stat
from collections import Counter
from pathlib import Path
from typing import Annotated, NoReturn
from urllib.parse import urlsplit

import typer
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from jiexun.cli.common import AsJson, errors, say
from jiexun.settings import load
from jiexun.upload_client.errors import Stop, UploadError
from jiexun.upload_client.memory import NAME, Memory, Sent, alone
from jiexun.upload_client.remote import Remote
from jiexun.upload_client.sending import Sender

LOOPBACK = ("localhost", "127.0.0.1", "::1")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(upload)


class Shown:
    """Progress on a terminal; plain lines where there is none."""

    def __init__(self, bars: Progress | None) -> None:
        self._bars = bars
        self._task = bars.add_task("", total=None, visible=False) if bars else None

    def begins(self, name: str, size: int) -> None:
        """A file's turn."""
        if self._bars and self._task is not None:
            self._bars.reset(self._task, description=name, total=size, visible=True)

    def moved(self, name: str, offset: int) -> None:
        """Bytes that are safe on the server."""
        if self._bars and self._task is not None:
            self._bars.update(self._task, completed=offset)

    def ends(self, name: str, sent: Sent) -> None:
        """What became of it."""
        errors.print(f"{name}: {sent.state}{f' ({sent.problem})' if sent.problem else ''}", markup=False)

    def waits(self, why: str, seconds: float) -> None:
        """A pause before the next try."""
        errors.print(f"{why}; next try in {seconds:.0f} s", markup=False)


def upload(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder with videos and tracks.")],
    server: Annotated[str, typer.Option("--server", help="The server's address, https://...")],
    key: Annotated[
        str | None,
        typer.Option(
            "--key", help="The device's key; others see arguments: better JIEXUN_UPLOAD_KEY or --key-file."
        ),
    ] = None,
    key_file: Annotated[
        Path | None, typer.Option("--key-file", help="A file that holds the key alone.")
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Go on: send what comes into the folder.")] = False,
    settle_s: Annotated[
        float, typer.Option("--settle-s", min=0, help="A file is sent when it stood still so long.")
    ] = 10.0,
    give_up_s: Annotated[
        float | None,
        typer.Option("--give-up-s", min=0, help="End after so long without progress; none: never."),
    ] = None,
    state: Annotated[Path | None, typer.Option("--state", help=f"What was sent; none: DIR/{NAME}.")] = None,
    ca: Annotated[
        Path | None, typer.Option("--ca", help="The certificate that the server's is signed by.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Send a folder's footage and tracks; breaks on either side lose nothing. Exit codes: 0 all is there, 1 given up,
    2 bad input or a file was refused."""
    if not folder.is_dir():
        _end(f"{folder}: no such folder", 2)
    try:
        secret = _key(key, key_file)
        path = state or folder / NAME
        with alone(folder, path), Remote(server, secret, ca) as remote, _bars() as bars:
            if remote.url.startswith("http:") and urlsplit(remote.url).hostname not in LOOPBACK:
                errors.print("warning: http:// sends the key readable to everybody on the way; use https://")
            shown = Shown(bars if bars.console.is_terminal else None)
            sender = Sender(folder, remote, Memory.load(path, remote.url), shown, give_up_s)
            sent = sender.send_all(settle_s, watch)
    except KeyboardInterrupt:
        _end("stopped; the next start goes on where this one was", 1)
    except Stop as error:
        _end(str(error), 2)
    except UploadError as error:
        _end(f"given up: {error}", 1)
    count = Counter(one.state for _, one in sent)
    refused = {name: one.problem for name, one in sent if one.state == "refused"}
    report = {"files": len(sent), **{name: count[name] for name in ("accepted", "duplicate", "refused")}}
    say({**report, **({"why": refused} if refused else {})}, as_json)
    if refused:
        raise typer.Exit(2)


def _bars() -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TransferSpeedColumn(),
        TimeRemainingColumn(), console=errors, transient=True,
    )  # fmt: skip


def _key(given: str | None, file: Path | None) -> str:
    """From the option, a file, or the settings (JIEXUN_UPLOAD_KEY, jiexun.toml). Raises Stop."""
    if given:
        return given
    if file is not None:
        try:
            if os.name == "posix" and file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                errors.print(f"warning: others may read {file}; chmod 600 it")
            text = file.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise Stop(f"--key-file {file} cannot be read: {error}") from error
        if text:
            return text
        raise Stop(f"--key-file {file} is empty")
    secret = load().upload_key
    if secret is None:
        raise Stop(
            "no key: set JIEXUN_UPLOAD_KEY, or give --key-file FILE (jiexun device key CODE issues one)"
        )
    return secret.get_secret_value()


def _end(message: str, code: int) -> NoReturn:
    errors.print(f"jiexun: {message}", markup=False, soft_wrap=True)
    raise typer.Exit(code)
