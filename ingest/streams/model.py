"""What a live source is called, what it hands out, and what is said when it does not."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal, Protocol, Self
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from ingest.errors import BadStream, IngestError
from ingest.frame import Frame

Transport = Literal["tcp", "udp"]

MAX_URL = 2048
"""Characters of an address."""


class StreamKind(StrEnum):
    """How pictures come."""

    RTSP = "rtsp"
    RTMP = "rtmp"
    HLS = "hls"
    FLV = "flv"  # FLV over HTTP
    SNAPSHOT = "snapshot"  # one picture per HTTP request
    FOLDER = "folder"  # a platform drops pictures there


SCHEMES: dict[StreamKind, tuple[str, ...]] = {
    StreamKind.RTSP: ("rtsp", "rtsps"),
    StreamKind.RTMP: ("rtmp", "rtmps"),
    StreamKind.HLS: ("http", "https"),
    StreamKind.FLV: ("http", "https"),
    StreamKind.SNAPSHOT: ("http", "https"),
}


class FaultCode(StrEnum):
    """Why no picture comes. ``words.toml`` says each in Chinese and English, with how to mend it."""

    REFUSED = "refused"  # something answers and will not serve
    UNREACHABLE = "unreachable"  # nothing answers
    SIGN_IN = "sign_in"
    MISSING = "missing"  # no such stream, picture or folder there
    SILENT = "silent"  # connected, but nothing comes
    GARBAGE = "garbage"  # what comes is no stream
    NOT_A_PICTURE = "not_a_picture"
    NO_VIDEO = "no_video"
    CODEC = "codec"
    STALE = "stale"  # pictures come, but old ones
    CLOCK = "clock"  # the device's time stamps cannot be used
    TOO_LARGE = "too_large"
    MIXED = "mixed"  # a folder with pictures of several devices and no word which is meant
    ENDED = "ended"  # the other side, or we, ended it


class StreamFault(IngestError):
    """A live source gives no picture now. The message is one line, what and how to mend, never a password."""

    def __init__(self, code: FaultCode, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class StreamAddress:
    """Where a live source is. Raises BadStream, one line, for what cannot be one.

    url: without user and password (``parse`` moves them out); folder: a path, or ``file:///path?then=delete``
    (see ingest.streams.folder). transport: RTSP only.
    """

    kind: StreamKind
    url: str = field(repr=False)  # may carry a platform's token: ``str()`` shows it without
    transport: Transport = "tcp"
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not self.url or len(self.url) > MAX_URL:
            raise BadStream(f"a stream's address has 1 to {MAX_URL} characters, this one {len(self.url)}")
        if any(ord(c) < 32 or ord(c) == 127 for c in self.url + (self.user or "") + (self.password or "")):
            raise BadStream("a stream's address, user and password hold no control characters")
        if self.transport not in ("tcp", "udp"):
            raise BadStream(f"transport {self.transport} is unknown; give tcp or udp")
        if self.user is not None and ":" in self.user:
            raise BadStream("a user name holds no colon; give user and password apart")
        if self.password is not None and self.user is None:
            raise BadStream("a password without a user; give the user too")
        if self.kind is not StreamKind.FOLDER:
            self._check_url()

    def _check_url(self) -> None:
        parts = _split(self.url)
        if parts.scheme not in SCHEMES[self.kind]:
            raise BadStream(
                f"{self}: a {self.kind} address begins with {' or '.join(s + '://' for s in SCHEMES[self.kind])}"
            )
        if " " in self.url or not parts.hostname:
            raise BadStream(f"{self}: no host in this address; write it as {parts.scheme}://host:port/path")
        if parts.username is not None or parts.password is not None:
            raise BadStream(f"{self}: give user and password apart from the address")

    def __str__(self) -> str:
        """For people and logs: no query (tokens), nothing that looks like a password in the path."""
        if self.kind is StreamKind.FOLDER:
            return self.url
        parts = _split(self.url)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
        path = _SECRET.sub(r"\1***", parts.path)
        return f"{parts.scheme}://{host}{port}{path}"

    @classmethod
    def parse(
        cls,
        text: str,
        kind: StreamKind | None = None,
        transport: Transport = "tcp",
        user: str | None = None,
        password: str | None = None,
    ) -> Self:
        """From what a person or a platform wrote: user and password are taken out of the address, the kind is
        guessed where none is given (a web address that names no ``.m3u8`` or ``.flv`` is a snapshot).
        """
        text = text.strip()
        kind = kind or guess_kind(text)
        if kind is not StreamKind.FOLDER:
            parts = _split(text)
            if "@" in parts.netloc:
                signed, _, host = parts.netloc.rpartition("@")
                name, _, secret = signed.partition(":")
                user = user if user is not None else unquote(name) or None
                password = password if password is not None else unquote(secret) or None
                text = urlunsplit(parts._replace(netloc=host))
        return cls(kind, text, transport, user, password)


_SECRET = re.compile(r"((?:pass\w*|pwd|psw|token|auth\w*|key|secret|sign\w*)=)[^&/_;]+", re.IGNORECASE)


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises for a port that is none
    except ValueError:
        raise BadStream("the address cannot be read; write it as scheme://host:port/path") from None
    return parts


def guess_kind(text: str) -> StreamKind:
    """By how an address is written. Raises BadStream for a scheme that is none of ours."""
    parts = _split(text)
    path = parts.path.lower()
    if parts.scheme in SCHEMES[StreamKind.RTSP]:
        return StreamKind.RTSP
    if parts.scheme in SCHEMES[StreamKind.RTMP]:
        return StreamKind.RTMP
    if parts.scheme in ("http", "https"):
        if path.endswith(".m3u8"):
            return StreamKind.HLS
        return StreamKind.FLV if path.endswith(".flv") else StreamKind.SNAPSHOT
    if parts.scheme in ("", "file") or os.path.isabs(text):
        return StreamKind.FOLDER
    raise BadStream(f"addresses of {parts.scheme}:// are not known; give rtsp, rtmp, http, https or a folder")


@dataclass(frozen=True, slots=True)
class SourceState:
    """How a source is. Times are aware UTC.

    up: pictures come. fault, message: why not (empty when up). since: when ``up`` or ``fault`` last changed.
    pictures: handed out. restarts: tries to connect after the first. next_try_at: when it is tried again, while it is
    down. clock_offset_s: the device's stamps less arrival, seconds, where the device stamps (also when they
    are too far off to be used). width, height: px of the newest picture handed out. codec: by its usual name.
    """

    up: bool
    fault: FaultCode | None
    message: str
    since: datetime
    last_picture_at: datetime | None = None
    pictures: int = 0
    restarts: int = 0
    next_try_at: datetime | None = None
    clock_offset_s: float | None = None
    width: int | None = None
    height: int | None = None
    codec: str | None = None


class LiveSource(Protocol):
    """A source looked at now and then. ``grab`` is for one thread at a time; ``state`` and ``close`` for any."""

    def grab(self, timeout_s: float) -> Frame:
        """The newest picture, none twice; decoded only now where it can be.

        Raises StreamFault at the latest after ``timeout_s`` seconds (decoding one picture not counted).
        """
        ...

    @property
    def state(self) -> SourceState:
        """Now."""
        ...

    def close(self) -> None:
        """Returns within 2 s whatever the peer does; ``grab`` raises ENDED afterwards."""
        ...
