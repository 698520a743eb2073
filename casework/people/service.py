"""Signing in and out; making and closing accounts."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from casework.audit.service import record
from casework.db import utcnow
from casework.errors import Conflict, Invalid, NotFound, NotSignedIn, not_found
from casework.people import queries
from casework.people.roles import Role
from casework.people.tables import Account, SignIn
from casework.places.tables import Squad

SESSION_LENGTH = timedelta(hours=12)
TRIES = 8
LOCK = timedelta(minutes=10)
_hasher = PasswordHasher()  # argon2id with the library's defaults (RFC 9106 low-memory profile)
# Checked when the name is unknown, so that the answer takes as long either way.
_DUMMY = _hasher.hash("no such account")


@dataclass(frozen=True, slots=True)
class Person:
    """Who is asking: what services need to know of an account."""

    id: int
    username: str
    display_name: str
    role: Role
    squad_id: int | None

    @property
    def actor(self) -> str:
        """As the audit log names them."""
        return f"account:{self.username}"


def person_of(account: Account) -> Person:
    """The account as services see it."""
    return Person(account.id, account.username, account.display_name, Role(account.role), account.squad_id)


def hash_token(token: str) -> str:
    """What is kept of a secret that is long and random by itself (session tokens, device keys)."""
    return hashlib.sha256(token.encode()).hexdigest()


def check_password(session: Session, username: str, password: str) -> Account | None:
    """The account when the password is right, else none; failures are counted, and lock it for a while."""
    account = queries.account_by_name(session, username)
    stored = account.password_hash if account and account.active else _DUMMY
    try:
        _hasher.verify(stored, password)
        right = True
    except (VerifyMismatchError, InvalidHashError):
        right = False
    now = utcnow()
    if account is None or not account.active or (account.locked_until and account.locked_until > now):
        return None
    if not right:
        account.failures += 1
        if account.failures >= TRIES:
            account.failures, account.locked_until = 0, now + LOCK
        record(session, f"account:{username}", "sign_in_failed", f"account:{account.id}")
        return None
    account.failures, account.locked_until = 0, None
    return account


def open_session(session: Session, account: Account) -> tuple[str, SignIn]:
    """A new session: its secret token and its row."""
    token, now = secrets.token_urlsafe(32), utcnow()
    session.execute(delete(SignIn).where(SignIn.expires_at < now))
    row = SignIn(
        token_hash=hash_token(token),
        account_id=account.id,
        csrf_token=secrets.token_urlsafe(24),
        created_at=now,
        expires_at=now + SESSION_LENGTH,
    )
    session.add(row)
    record(session, f"account:{account.username}", "sign_in", f"account:{account.id}")
    return token, row


def close_session(session: Session, person: Person, token: str) -> None:
    """Sign out."""
    session.execute(delete(SignIn).where(SignIn.token_hash == hash_token(token)))
    record(session, person.actor, "sign_out", f"account:{person.id}")


def add_account(
    session: Session,
    actor: str,
    *,
    username: str,
    display_name: str,
    role: str,
    squad: str | None,
    password: str,
) -> Account:
    """Make an account. Raises Invalid (role, squad, password), Conflict (name taken)."""
    if role not in {r.value for r in Role} or role == Role.DEVICE:
        raise Invalid(
            "bad_role", zh=f"没有角色 {role}", en=f"no role {role}; one of {', '.join(r.value for r in Role)}"
        )
    if len(password) < 10:
        raise Invalid("weak_password", zh="密码至少 10 位", en="a password has at least 10 characters")
    if session.scalar(select(Account.id).where(Account.username == username)):
        raise Conflict("name_taken", zh=f"用户名 {username} 已存在", en=f"the name {username} is taken")
    place = session.scalar(select(Squad).where(Squad.code == squad)) if squad else None
    if squad and place is None:
        raise not_found("squad", "中队", squad)
    account = Account(
        username=username,
        display_name=display_name,
        role=role,
        squad_id=place.id if place else None,
        password_hash=_hasher.hash(password),
        created_at=utcnow(),
        squad=place,
    )
    session.add(account)
    session.flush()
    record(
        session,
        actor,
        "account_added",
        f"account:{account.id}",
        {"username": username, "role": role, "squad": squad},
    )
    return account


def close_account(session: Session, actor: str, username: str) -> None:
    """The person can no longer sign in; what they did stays theirs."""
    account = queries.account_by_name(session, username)
    if account is None:
        raise NotFound("not_found", zh=f"没有用户 {username}", en=f"no account {username}")
    account.active = False
    session.execute(delete(SignIn).where(SignIn.account_id == account.id))
    record(session, actor, "account_closed", f"account:{account.id}")


def set_password(session: Session, actor: str, username: str, password: str) -> None:
    """A new password; every session of the account ends."""
    account = queries.account_by_name(session, username)
    if account is None:
        raise NotFound("not_found", zh=f"没有用户 {username}", en=f"no account {username}")
    if len(password) < 10:
        raise Invalid("weak_password", zh="密码至少 10 位", en="a password has at least 10 characters")
    account.password_hash, account.locked_until, account.failures = _hasher.hash(password), None, 0
    session.execute(delete(SignIn).where(SignIn.account_id == account.id))
    record(session, actor, "password_set", f"account:{account.id}")


def wrong_password() -> NotSignedIn:
    """The one answer to every sign-in that fails: it does not tell which part was wrong."""
    return NotSignedIn(
        "wrong_password",
        zh="用户名或密码不对，或账号已锁定",
        en="wrong name or password, or the account is locked",
    )
