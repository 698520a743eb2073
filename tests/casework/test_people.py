"""Accounts: passwords, the lock after failures, sessions, closing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from casework.audit.tables import AuditEvent
from casework.db import Database, utcnow
from casework.errors import Conflict, Invalid, NotFound
from casework.people import queries, service
from casework.people.roles import Role, acts, may
from casework.people.tables import Account, SignIn
from casework.words import codes
from tests import builders as b

NEW = "a new long password"


def _try(database: Database, password: str, username: str = "li") -> bool:
    """Sign in as the API does: what failed is counted, so it is committed."""
    with database.write() as session:
        return service.check_password(session, username, password) is not None


def _account(database: Database) -> Account:
    with database.read() as session:
        return session.scalars(select(Account).where(Account.username == "li")).one()


@pytest.fixture
def li(database: Database) -> Database:
    """A database with one account, li."""
    with database.write() as session:
        b.an_account(session, "reviewer", "li")
    return database


def test_only_the_right_password_signs_in(li: Database) -> None:
    assert _try(li, b.PASSWORD)
    assert not _try(li, b.PASSWORD + " ")
    assert not _try(li, "")
    assert not _try(li, b.PASSWORD, "nobody")


def test_passwords_are_kept_as_argon2id(database: Database) -> None:
    with database.write() as session:
        row = service.add_account(
            session, "system", username="wang", display_name="王", role="legal", squad=None, password=NEW
        )
        assert row.password_hash.startswith("$argon2id$v=19$")
        assert NEW not in row.password_hash
    assert _try(database, NEW, "wang")


def test_eight_failures_lock_for_ten_minutes(li: Database) -> None:
    for _ in range(7):
        _try(li, "wrong")
    assert _account(li).locked_until is None
    assert _account(li).failures == 7
    _try(li, "wrong")
    until = _account(li).locked_until
    assert until is not None
    assert timedelta(minutes=9) < until - utcnow() <= timedelta(minutes=10)
    assert not _try(li, b.PASSWORD)  # the right one does not open a locked account


def test_a_lock_ends(li: Database) -> None:
    with li.write() as session:
        session.scalars(select(Account)).one().locked_until = utcnow() - timedelta(seconds=1)
    assert _try(li, b.PASSWORD)
    assert _account(li).locked_until is None


def test_signing_in_forgets_failures_before(li: Database) -> None:
    for _ in range(7):
        _try(li, "wrong")
    assert _try(li, b.PASSWORD)
    for _ in range(7):
        _try(li, "wrong")
    assert _try(li, b.PASSWORD)


def test_failures_are_in_the_audit_log(li: Database) -> None:
    _try(li, "wrong")
    with li.read() as session:
        event = session.scalars(select(AuditEvent)).one()
    assert (event.actor, event.action) == ("account:li", "sign_in_failed")
    assert "wrong" not in str(event.detail)


def _sign_in(database: Database) -> str:
    with database.write() as session:
        account = queries.account_by_name(session, "li")
        assert account is not None
        return service.open_session(session, account)[0]


def _live(database: Database, token: str) -> bool:
    with database.read() as session:
        return queries.live_sign_in(session, service.hash_token(token), utcnow()) is not None


def test_a_session_lives_until_it_is_closed(li: Database) -> None:
    one, two = _sign_in(li), _sign_in(li)
    assert _live(li, one)
    assert not _live(li, "another token")
    with li.write() as session:
        service.close_session(session, service.person_of(_account(li)), one)
    assert (_live(li, one), _live(li, two)) == (False, True)


def test_the_token_itself_is_not_kept(li: Database) -> None:
    token = _sign_in(li)
    with li.read() as session:
        row = session.scalars(select(SignIn)).one()
    assert token not in (row.token_hash, row.csrf_token)
    assert row.expires_at - row.created_at == timedelta(hours=12)


def test_a_session_ends_by_itself(li: Database) -> None:
    token = _sign_in(li)
    with li.write() as session:
        session.scalars(select(SignIn)).one().expires_at = utcnow() - timedelta(seconds=1)
    assert not _live(li, token)
    _sign_in(li)  # opening another clears what is over
    with li.read() as session:
        assert len(session.scalars(select(SignIn)).all()) == 1


def test_a_closed_account_is_out_at_once_and_stays_in_the_records(li: Database) -> None:
    token = _sign_in(li)
    with li.write() as session:
        service.close_account(session, "system", "li")
    assert not _live(li, token)
    assert not _try(li, b.PASSWORD)
    assert _account(li).active is False


def test_a_new_password_ends_every_session_and_the_lock(li: Database) -> None:
    token = _sign_in(li)
    with li.write() as session:
        session.scalars(select(Account)).one().locked_until = utcnow() + timedelta(minutes=10)
    with li.write() as session:
        service.set_password(session, "system", "li", NEW)
    assert not _live(li, token)
    assert _try(li, NEW)
    assert not _try(li, b.PASSWORD)


@pytest.mark.parametrize(
    ("changes", "error", "code"),
    [
        ({"role": "device"}, Invalid, "bad_role"),
        ({"role": "king"}, Invalid, "bad_role"),
        ({"password": "123456789"}, Invalid, "weak_password"),
        ({"squad": "SQ-X"}, NotFound, "not_found"),
        ({"username": "li"}, Conflict, "name_taken"),
    ],
)
def test_what_makes_no_account(
    li: Database, changes: dict[str, str], error: type[Exception], code: str
) -> None:
    data = {"username": "new", "display_name": "新", "role": "reviewer", "squad": None, "password": NEW}
    with pytest.raises(error) as caught, li.write() as session:
        service.add_account(session, "system", **{**data, **changes})  # type: ignore[arg-type]
    assert caught.value.code == code  # type: ignore[attr-defined]
    with li.read() as session:
        assert [a.username for a in queries.all_accounts(session)] == ["li"]


def test_unknown_names_cannot_be_closed_or_given_a_password(database: Database) -> None:
    with database.write() as session:
        for act in (
            lambda: service.close_account(session, "system", "nobody"),
            lambda: service.set_password(session, "system", "nobody", NEW),
        ):
            with pytest.raises(NotFound):
                act()


def test_roles_are_those_of_the_words_and_the_device() -> None:
    assert {r.value for r in Role} == codes("roles") | {"device"}


def test_who_reviews_does_not_do_legal_review_and_devices_only_upload() -> None:
    assert not acts()["review"] & acts()["legal"]
    assert [act for act in acts() if may(Role.DEVICE, act)] == ["upload"]
    with pytest.raises(KeyError):
        may(Role.ADMIN, "no such act")
