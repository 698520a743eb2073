"""The words of tus 1.0 (https://tus.io/protocols/resumable-upload): headers read and checked, the pace of a body.

Nothing here touches the database or the disk.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import urlsplit

import anyio
from fastapi import Request

from api.problems import Refusal
from casework.errors import Invalid

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,expiration,checksum,termination,concatenation"
BYTES = "application/offset+octet-stream"
ALGORITHMS = ("sha256", "sha1", "md5")
MOST_METADATA = 4096
WINDOW_S = 60.0


def version(request: Request) -> None:
    """Dependency: the client speaks this version. Raises Refusal (412)."""
    if request.headers.get("tus-resumable") != VERSION:
        raise Refusal(
            412,
            "tus_version",
            zh=f"请在请求头中写明 Tus-Resumable: {VERSION}",
            en=f"send the header Tus-Resumable: {VERSION}; this server speaks no other version",
        )


def content_type(request: Request) -> None:
    """Raises Refusal (415) for bytes of another type."""
    given = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if given != BYTES:
        raise Refusal(415, "bad_type", zh=f"请用 Content-Type: {BYTES} 发送", en=f"send bytes as {BYTES}")


def metadata(header: str) -> dict[str, str]:
    """``key base64, key base64`` -> values. Raises Invalid."""
    if len(header) > MOST_METADATA:
        raise Invalid("bad_metadata", zh="Upload-Metadata 过长", en="Upload-Metadata is too long")
    found = {}
    for pair in filter(None, (p.strip() for p in header.split(","))):
        key, _, value = pair.partition(" ")
        try:
            found[key] = base64.b64decode(value.strip(), validate=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise Invalid(
                "bad_metadata",
                zh=f"Upload-Metadata 中 {key[:40]} 不是 Base64",
                en=f"Upload-Metadata: {key[:40]} is no base64 text",
            ) from error
    return found


def start(value: str | None) -> datetime | None:
    """The start that the device gives, UTC. Raises Invalid."""
    if not value:
        return None
    try:
        at = datetime.fromisoformat(value)
        if at.tzinfo is not None:
            return at.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise Invalid(
        "bad_start",
        zh="start 须写成带时区的时间，如 2026-10-31T14:05:00+08:00",
        en="start needs its offset, as in 2026-10-31T14:05:00+08:00",
    )


def sha256(value: str | None) -> str | None:
    """The announced hash of the whole file, hex. Raises Invalid."""
    if not value:
        return None
    if re.fullmatch(r"[0-9a-fA-F]{64}", value) is None:
        raise Invalid("bad_sha256", zh="sha256 须为 64 位十六进制", en="sha256 is 64 hexadecimal digits")
    return value.lower()


def parts(concat: str) -> list[str]:
    """The ids in ``final;/api/uploads/a /api/uploads/b``; whole addresses do as well. Raises Invalid."""
    ids = []
    for url in concat.removeprefix("final;").split():
        found = re.fullmatch(r".*/uploads/([0-9a-f]{32})/?", urlsplit(url).path)
        if found is None:
            raise Invalid(
                "bad_parts", zh=f"分片地址无法识别：{url[:80]}", en=f"no address of a part: {url[:80]}"
            )
        ids.append(found.group(1))
    return ids


def expires(at: datetime) -> str:
    """As in the header Upload-Expires (RFC 9110 date)."""
    return format_datetime(at.astimezone(UTC), usegmt=True)


@dataclass(frozen=True, slots=True)
class Checksum:
    """What ``Upload-Checksum`` says of one piece."""

    algorithm: str
    digest: bytes

    def new(self) -> hashlib._Hash:
        """A hash to feed the piece to."""
        return hashlib.new(self.algorithm, usedforsecurity=False)


def checksum(header: str | None) -> Checksum | None:
    """``sha256 base64`` -> checksum, none where there is none. Raises Refusal (400)."""
    if header is None:
        return None
    name, _, value = header.strip().partition(" ")
    try:
        digest = base64.b64decode(value.strip(), validate=True)
    except binascii.Error:
        digest = b""
    known = name.lower() in ALGORITHMS
    if not known or len(digest) != hashlib.new(name.lower(), usedforsecurity=False).digest_size:
        raise Refusal(
            400,
            "bad_checksum",
            zh=f"Upload-Checksum 须为“算法 Base64”，算法：{'、'.join(ALGORITHMS)}",
            en=f"Upload-Checksum is 'algorithm base64'; algorithms: {', '.join(ALGORITHMS)}",
        )
    return Checksum(name.lower(), digest)


def mismatch() -> Refusal:
    """The piece is not what the client meant to send."""
    return Refusal(
        460,
        "checksum_mismatch",
        zh="数据校验不符，本段未保存，请重发",
        en="the checksum does not match: nothing of this piece was kept, send it again",
    )


class TooSlow(Exception):
    """A body that stands still or trickles."""


def too_slow() -> Refusal:
    """What a body that stands still is answered; what had come is kept."""
    return Refusal(
        408,
        "too_slow",
        zh="数据长时间未到或过慢，连接已断开；已收到的部分已保存，请续传",
        en="the bytes stood still or trickled for too long: what had come is kept, ask for the offset and go on",
        headers={"Connection": "close"},
    )


class Pace:
    """Whether a body comes fast enough: at least ``least_rate`` bytes/s over each minute."""

    def __init__(self, least_rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._least, self._clock = least_rate, clock
        self._since, self._bytes = clock(), 0

    def came(self, size: int) -> None:
        """Count bytes. Raises TooSlow at the end of a minute that brought too few."""
        self._bytes += size
        passed = self._clock() - self._since
        if passed >= WINDOW_S:
            if self._bytes < self._least * passed:
                raise TooSlow
            self._since, self._bytes = self._clock(), 0


async def paced(body: AsyncIterator[bytes], idle_s: float, least_rate: float) -> AsyncIterator[bytes]:
    """The body's chunks. Raises TooSlow when none comes for ``idle_s`` seconds, or they trickle."""
    pace = Pace(least_rate)
    while True:
        try:
            with anyio.fail_after(idle_s):
                chunk = await anext(body, None)
        except TimeoutError as error:
            raise TooSlow from error
        if chunk is None:
            return
        yield chunk
        pace.came(len(chunk))
