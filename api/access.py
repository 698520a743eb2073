"""Who may call what. Every endpoint declares one act (or that it is public); a test walks all of them."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from api.context import Context, context_of
from casework.db import utcnow
from casework.devices.queries import device_by_key
from casework.devices.tables import Device
from casework.errors import NotSignedIn, Refused
from casework.people.queries import live_sign_in
from casework.people.roles import Role, acts, may
from casework.people.service import Person, hash_token, person_of
from casework.people.tables import SignIn

COOKIE = "jiexun_session"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True)
class Needs:
    """Dependency: a signed-in person whose role may do ``act`` (none: any signed-in person)."""

    act: str | None

    def __post_init__(self) -> None:
        if self.act is not None and self.act not in acts():
            raise KeyError(f"no act {self.act} in roles.toml")

    def __call__(self, request: Request) -> Person:
        person = person_of(signed_in(request).account)
        if self.act is not None and not may(person.role, self.act):
            raise Refused(
                "not_your_role",
                zh="您的角色无权进行此操作",
                en=f"a {person.role} may not do this ({self.act})",
            )
        return person


@dataclass(frozen=True)
class DeviceOnly:
    """Dependency: a device, by its key in ``Authorization: Bearer``."""

    act: str = "upload"

    def __call__(self, request: Request) -> Device:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and key:
            with context_of(request).database.read() as session:
                device = device_by_key(session, hash_token(key.strip()))
            if device is not None and may(Role.DEVICE, self.act):
                return device
        raise NotSignedIn(
            "bad_device_key",
            zh="设备密钥无效，请用 jiexun device key 重新签发",
            en="no device has this key; give it as 'Authorization: Bearer KEY' (jiexun device key makes one)",
        )


@dataclass(frozen=True)
class Public:
    """Dependency that says: anybody may call this."""

    def __call__(self) -> None:
        return None


def signed_in(request: Request) -> SignIn:
    """The session of the request's cookie. Raises NotSignedIn, and Refused for a wrong CSRF token."""
    token = request.cookies.get(COOKIE)
    row = None
    if token:
        with context_of(request).database.read() as session:
            row = live_sign_in(session, hash_token(token), utcnow())
    if row is None:
        raise NotSignedIn("not_signed_in", zh="请先登录", en="sign in first")
    if request.method not in SAFE_METHODS:
        given = request.headers.get("x-csrf-token", "")
        if not hmac.compare_digest(given.encode(), row.csrf_token.encode()):
            raise Refused(
                "bad_csrf",
                zh="页面已过期，请刷新后重试",
                en="the page's token is missing or old; reload the page",
            )
    return row


Ctx = Annotated[Context, Depends(context_of)]
"""The context, as a parameter."""
