"""One picture per HTTP request, as most cameras hand out."""

from __future__ import annotations

import hashlib
import re
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx

from ingest.errors import BadVideo
from ingest.exif import read_exif
from ingest.frame import Frame, Position, TimeSource
from ingest.picture_file import decode_picture, media_type
from ingest.pictures import HEAD_BYTES
from ingest.streams.clock import choose, within_second
from ingest.streams.http import Fetcher, body, translated
from ingest.streams.model import FaultCode, SourceState, StreamAddress, StreamFault
from ingest.streams.standing import Backoff, Standing

MAX_BYTES = 16 * 1024 * 1024
"""Of one picture."""

STALE_S = 600.0
"""A picture that its own server says is older than this, s, is not of now."""


CLOSE_S = 1.0
"""How long ``close`` waits for a grab that it woke."""


class Snapshot:
    """See LiveSource. No thread; a connection only while the camera keeps it between looks."""

    def __init__(
        self, device_id: str, address: StreamAddress, position: Position | None = None, keep_open: bool = True
    ) -> None:
        self._device_id, self._address, self._position = device_id, address, position
        self._keep_open = keep_open
        self._fetcher: Fetcher | None = None
        self._standing = Standing()
        self._backoff = Backoff()
        self._next_try = 0.0
        self._index = 0
        self._last: tuple[datetime, TimeSource] | None = None
        self._digest = b""  # of the picture that _last is of
        self._over = False
        self._grabbing = threading.Lock()

    @property
    def state(self) -> SourceState:
        """Now."""
        return self._standing.state

    def grab(self, timeout_s: float) -> Frame:
        """See LiveSource. A camera that failed is left in peace until its next try."""
        with self._grabbing:
            state = self._standing.state
            if not self._over and state.fault is not None and time.monotonic() < self._next_try:
                raise StreamFault(state.fault, state.message)
            try:
                frame = self._picture(time.monotonic() + timeout_s)
            except StreamFault as fault:
                self._let_go()
                if self._over:
                    raise self._fault(FaultCode.ENDED, "this source was closed") from None
                wait_s = self._backoff.failed(fault.code)
                self._next_try = time.monotonic() + wait_s
                self._standing.fails(fault, wait_s)
                raise
            if not self._keep_open:
                self._let_go()
        self._backoff.held()
        self._standing.works()
        self._standing.handed_out(frame, frame.media_type or "")
        return frame

    def close(self) -> None:
        """See LiveSource."""
        self._over = True
        fetcher = self._fetcher
        if fetcher is not None:
            fetcher.abort()
        if self._grabbing.acquire(timeout=CLOSE_S):
            self._let_go()
            self._grabbing.release()

    def _let_go(self) -> None:
        if self._fetcher is not None:
            self._fetcher.close()
            self._fetcher = None

    def _picture(self, deadline: float) -> Frame:
        if self._over:
            raise self._fault(FaultCode.ENDED, "this source was closed")
        if self._fetcher is None:
            self._fetcher = Fetcher(self._address)
        self._fetcher.deadline = deadline
        with self._fetcher.get(self._address.url) as response:
            arrived = datetime.now(UTC)
            if response.headers.get("content-type", "").lower().startswith("multipart/"):
                raise self._fault(
                    FaultCode.NOT_A_PICTURE,
                    "this is an endless MJPEG stream; give the camera's snapshot address",
                )
            with translated(self._address):
                data = body(response, MAX_BYTES, self._address)
        kind = media_type(data)
        if kind is None:
            raise self._fault(FaultCode.NOT_A_PICTURE, what_came(data))
        try:
            image = decode_picture(data, str(self._address))
        except BadVideo as error:
            raise StreamFault(FaultCode.NOT_A_PICTURE, str(error)) from None
        captured_at, source = self._time(response.headers, data, arrived)
        self._index += 1
        return Frame(self._device_id, self._index - 1, captured_at, source, image, self._position, data, kind)

    def _time(self, headers: httpx.Headers, data: bytes, arrived: datetime) -> tuple[datetime, TimeSource]:
        """EXIF, else Last-Modified, else Date, when it can be; else arrival."""
        modified, sent = _moment(headers.get("last-modified")), _moment(headers.get("date"))
        if modified is not None and sent is not None and (sent - modified).total_seconds() > STALE_S:
            age = round((sent - modified).total_seconds() / 60)
            raise self._fault(
                FaultCode.STALE, f"hands out a picture of {age} minutes ago; restart the camera"
            )
        exif = read_exif(data[:HEAD_BYTES])
        stamp = exif.captured_at or modified or sent
        if stamp is None:
            return choose(None, arrived)
        self._standing.clock((stamp - arrived).total_seconds())
        if exif.captured_at is None or exif.coarse:
            stamp = within_second(stamp, arrived)
        digest = hashlib.blake2b(data, digest_size=16).digest()
        last = self._last[0] if self._last else None
        if last is not None and stamp <= last < stamp + timedelta(seconds=1):
            if digest == self._digest and self._last is not None:
                return self._last  # the very same picture: no new look
            stamp = last + timedelta(milliseconds=1)  # two pictures of one second
        self._last, self._digest = choose(stamp, arrived, last), digest
        return self._last

    def _fault(self, code: FaultCode, what: str) -> StreamFault:
        return StreamFault(code, f"{self._address}: {what}")


def what_came(data: bytes) -> str:
    """In words, what is no picture, and how to mend it."""
    if not data:
        return (
            "an empty answer in place of a picture; restart the camera, or check the channel in the address"
        )
    head = data[:4096].lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if head.startswith((b"<!doctype html", b"<html")) or b"<html" in head:
        title = re.search(r"<title[^>]*>([^<]{1,80})", data[:65536].decode("utf-8", "replace"), re.IGNORECASE)
        named = f" ({' '.join(title[1].split())})" if title else ""
        return f"a web page{named} in place of a picture; give the snapshot address, not the camera's page"
    if head.startswith((b"<?xml", b"<", b"{", b"[")):
        return "a message (XML or JSON) in place of a picture; check channel and parameters in the address"
    if b"\0" not in head and all(b >= 9 for b in head):
        return "text in place of a picture; check the address"
    return "something that is no JPEG, PNG, WebP or BMP; check the address"


def _moment(text: str | None) -> datetime | None:
    """An HTTP date, UTC."""
    if text is None:
        return None
    try:
        t = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return t.replace(tzinfo=UTC) if t.tzinfo is None else t.astimezone(UTC)
