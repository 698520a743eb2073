"""Passwords of streams at rest: sealed with a key that lies in a file of its own, never in the database.

No ready-made recipe is among the pinned libraries (``cryptography`` would bring Fernet), so this is the textbook one
over the standard library's HMAC-SHA256: the password is added to a key stream (HMAC over a fresh random nonce and a
counter), then nonce and result are authenticated with a second key (encrypt, then MAC), together with the code of the
device, so that a sealed password fits its device only. Both keys are derived from the file's 32 random bytes. Whoever
has the database alone (a backup, a dump) reads no password; whoever has the key file too, does.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import hmac
import os
import secrets
import tempfile
from functools import cached_property
from pathlib import Path

from sqlalchemy.orm import Session

from casework.errors import Invalid

INFO = "sealer"
"""Under this name a session carries its sealer (``Database(info=...)``)."""

_PREFIX = "h1."
_NONCE, _TAG, _KEY = 16, 32, 32


class Sealer:
    """Seals and opens with the key of one file, which is made when first needed (mode 600)."""

    def __init__(self, key_file: Path) -> None:
        self._key_file = key_file

    def seal(self, password: str, device: str) -> str:
        """Text for the database. device: the code of the device whose password it is."""
        cipher, tagger = self._keys
        nonce = secrets.token_bytes(_NONCE)
        body = _added(password.encode(), cipher, nonce)
        tag = _tag(tagger, device, nonce + body)
        return _PREFIX + base64.urlsafe_b64encode(nonce + body + tag).decode()

    def open(self, sealed: str, device: str) -> str:
        """The password. Raises Invalid where it was sealed with another key or for another device, or changed."""
        cipher, tagger = self._keys
        try:
            data = base64.urlsafe_b64decode(sealed.removeprefix(_PREFIX).encode())
        except (binascii.Error, ValueError):
            data = b""
        nonce, body, tag = data[:_NONCE], data[_NONCE:-_TAG], data[-_TAG:]
        whole = sealed.startswith(_PREFIX) and len(data) >= _NONCE + _TAG
        if not whole or not hmac.compare_digest(tag, _tag(tagger, device, nonce + body)):
            raise Invalid(
                "sealed_elsewhere",
                zh=f"设备 {device} 的取流密码无法解封：密钥文件不是当初那一个，请放回原密钥文件，或重新导入密码",
                en=f"the stream password of {device} was sealed with another key: put the old key file back, "
                "or import the password again",
            )
        return _added(body, cipher, nonce).decode()

    @cached_property
    def _keys(self) -> tuple[bytes, bytes]:
        key = self._key()
        return hmac.digest(key, b"cipher", "sha256"), hmac.digest(key, b"tag", "sha256")

    def _key(self) -> bytes:
        if not self._key_file.exists():
            _make(self._key_file)
        key = self._key_file.read_bytes()
        if len(key) != _KEY:
            raise Invalid(
                "bad_stream_key",
                zh=f"取流密钥文件 {self._key_file.name} 损坏，请从备份恢复",
                en=f"{self._key_file} is no key of {_KEY} bytes: restore it from a backup",
            )
        return key


def _make(path: Path) -> None:
    """Written whole before it has its name; of two makers the first wins."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".key-")  # mode 600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(_KEY))
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(name, path)
    finally:
        os.unlink(name)


def _added(data: bytes, key: bytes, nonce: bytes) -> bytes:
    """XOR with the key stream; twice gives the data back."""
    blocks = range(-(-len(data) // hashlib.sha256().digest_size))
    stream = b"".join(hmac.digest(key, nonce + n.to_bytes(4, "big"), "sha256") for n in blocks)
    return bytes(a ^ b for a, b in zip(data, stream, strict=False))


def _tag(key: bytes, device: str, data: bytes) -> bytes:
    named = device.encode()
    return hmac.digest(key, len(named).to_bytes(4, "big") + named + data, "sha256")


def sealer_of(session: Session) -> Sealer:
    """The sealer that this session's database was opened with. Raises Invalid where there is none."""
    found = session.info.get(INFO)
    if not isinstance(found, Sealer):
        raise Invalid(
            "no_stream_key",
            zh="未配置取流密钥文件，不能保存或使用带密码的地址",
            en="no key file for stream passwords: open the database through jiexun.house",
        )
    return found
