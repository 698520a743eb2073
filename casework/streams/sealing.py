"""Passwords of streams at rest: sealed with a key that lies in a file of its own, never in the database.

AES-256-GCM (NIST SP 800-38D) of ``cryptography``, with a fresh random nonce each time and the device's code as
associated data, so that a sealed password fits its device only. Whoever has the database alone (a backup, a dump)
reads no password; whoever has the key file too, does.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import os
import secrets
import tempfile
from functools import cached_property
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy.orm import Session

from casework.errors import Invalid

INFO = "sealer"
"""Under this name a session carries its sealer (``Database(info=...)``)."""

_PREFIX = "g1."
_NONCE, _KEY = 12, 32


class Sealer:
    """Seals and opens with the key of one file, which is made when first needed (mode 600)."""

    def __init__(self, key_file: Path) -> None:
        self._key_file = key_file

    def seal(self, password: str, device: str) -> str:
        """Text for the database. device: the code of the device whose password it is."""
        nonce = secrets.token_bytes(_NONCE)
        sealed = self._cipher.encrypt(nonce, password.encode(), device.encode())
        return _PREFIX + base64.urlsafe_b64encode(nonce + sealed).decode()

    def open(self, sealed: str, device: str) -> str:
        """The password. Raises Invalid where it was sealed with another key or for another device, or changed."""
        try:
            data = base64.urlsafe_b64decode(sealed.removeprefix(_PREFIX).encode())
            if not sealed.startswith(_PREFIX):
                raise InvalidTag
            return self._cipher.decrypt(data[:_NONCE], data[_NONCE:], device.encode()).decode()
        except (binascii.Error, ValueError, InvalidTag):
            raise Invalid(
                "sealed_elsewhere",
                zh=f"设备 {device} 的取流密码无法解封：密钥文件不是当初那一个，请放回原密钥文件，或重新导入密码",
                en=f"the stream password of {device} was sealed with another key: put the old key file back, "
                "or import the password again",
            ) from None

    @cached_property
    def _cipher(self) -> AESGCM:
        return AESGCM(self._key())

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
