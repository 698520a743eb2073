"""Reading accounts and sessions."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from casework.people.tables import Account, SignIn


def account_by_name(session: Session, username: str) -> Account | None:
    """The account, with its squad."""
    return session.scalar(
        select(Account)
        .where(Account.username == username)
        .options(joinedload(Account.squad))
        .with_for_update(of=Account)
    )


def all_accounts(session: Session) -> list[Account]:
    """By name."""
    return list(
        session.scalars(select(Account).options(joinedload(Account.squad)).order_by(Account.username))
    )


def live_sign_in(session: Session, token_hash: str, now: datetime) -> SignIn | None:
    """A session that still holds, of an active account."""
    return session.scalar(
        select(SignIn)
        .join(SignIn.account)
        .where(SignIn.token_hash == token_hash, SignIn.expires_at > now, Account.active)
        .options(joinedload(SignIn.account).joinedload(Account.squad))
    )
