"""Sign-in and accounts."""

from __future__ import annotations

from pydantic import Field

from api.schemas.base import Model, Named, UtcTime


class SignIn(Model):
    """Name and password."""

    username: str = Field(min_length=1, max_length=64)
    password: str = Field(min_length=1, max_length=256)


class Me(Model):
    """Who is signed in. ``csrf_token`` goes into the header ``X-CSRF-Token`` of every unsafe request."""

    id: int
    username: str
    display_name: str
    role: str
    squad: Named | None
    language: str
    csrf_token: str
    may: list[str]  # names of the pages and acts this role has: review, senior, legal, cases, ...


class AccountOut(Model):
    """An account as administrators see it."""

    id: int
    username: str
    display_name: str
    role: str
    squad: Named | None
    active: bool
    created_at: UtcTime


class AccountIn(Model):
    """A new account."""

    username: str = Field(pattern=r"^[a-z][a-z0-9_.-]{1,31}$")
    display_name: str = Field(min_length=1, max_length=64)
    role: str
    squad: str | None = None
    password: str = Field(min_length=10, max_length=256)


class AuditOut(Model):
    """One line of the audit log."""

    seq: int
    at: UtcTime
    actor: str
    action: str
    subject: str
    detail: dict[str, object]
    hash: str
