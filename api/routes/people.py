"""Signing in and out, accounts, the audit log."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from api.access import COOKIE, Ctx, Needs, Public, signed_in
from api.present import named
from api.schemas.base import Page
from api.schemas.people import AccountIn, AccountOut, AuditOut, Me
from api.schemas.people import SignIn as SignInBody
from casework.audit.queries import page_of_events
from casework.people import service
from casework.people.queries import all_accounts
from casework.people.roles import Role, acts
from casework.people.service import Person
from casework.people.tables import Account, SignIn

router = APIRouter(tags=["people"])


def _me(account: Account, row: SignIn) -> Me:
    role = Role(account.role)
    return Me(
        id=account.id,
        username=account.username,
        display_name=account.display_name,
        role=account.role,
        squad=named(account.squad),
        language=account.language,
        csrf_token=row.csrf_token,
        may=[act for act, roles in acts().items() if role in roles],
    )


@router.post("/session", operation_id="signIn", dependencies=[Depends(Public())])
def sign_in(body: SignInBody, ctx: Ctx, response: Response) -> Me:
    """Sign in: sets the session cookie. 401 for a wrong name or password."""
    with ctx.database.write() as session:
        account = service.check_password(session, body.username, body.password)
        opened = service.open_session(session, account) if account else None
    if account is None or opened is None:
        raise service.wrong_password()
    token, row = opened
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(service.SESSION_LENGTH.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=ctx.secure_cookies,
        path="/",
    )
    return _me(account, row)


@router.get("/session", operation_id="me")
def me(request: Request, person: Annotated[Person, Depends(Needs(None))]) -> Me:
    """Who is signed in."""
    row = signed_in(request)
    return _me(row.account, row)


@router.delete("/session", operation_id="signOut", status_code=204)
def sign_out(
    request: Request, response: Response, ctx: Ctx, person: Annotated[Person, Depends(Needs(None))]
) -> None:
    """Sign out."""
    with ctx.database.write() as session:
        service.close_session(session, person, request.cookies[COOKIE])
    response.delete_cookie(COOKIE, path="/")


def _account(row: Account) -> AccountOut:
    return AccountOut(
        id=row.id,
        username=row.username,
        display_name=row.display_name,
        role=row.role,
        squad=named(row.squad),
        active=row.active,
        created_at=row.created_at,
    )


@router.get("/accounts", operation_id="listAccounts")
def accounts(ctx: Ctx, person: Annotated[Person, Depends(Needs("accounts"))]) -> list[AccountOut]:
    """All accounts."""
    with ctx.database.read() as session:
        return [_account(row) for row in all_accounts(session)]


@router.post("/accounts", operation_id="addAccount", status_code=201)
def add_account(
    body: AccountIn, ctx: Ctx, person: Annotated[Person, Depends(Needs("accounts"))]
) -> AccountOut:
    """Make an account."""
    with ctx.database.write() as session:
        return _account(service.add_account(session, person.actor, **body.model_dump()))


@router.get("/audit", operation_id="listAudit")
def audit(
    ctx: Ctx,
    person: Annotated[Person, Depends(Needs("audit"))],
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    size: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Page[AuditOut]:
    """The audit log, newest first."""
    with ctx.database.read() as session:
        rows, total = page_of_events(session, page, size)
        items = [
            AuditOut(
                seq=r.seq,
                at=r.at,
                actor=r.actor,
                action=r.action,
                subject=r.subject,
                detail=r.detail,
                hash=r.hash,
            )
            for r in rows
        ]
    return Page(items=items, total=total, page=page, size=size)
