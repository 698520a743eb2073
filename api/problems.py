"""Errors of every room as RFC 9457 problem documents, mapped here and nowhere else."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from api.schemas.base import Problem
from casework.errors import (
    Busy,
    CaseworkError,
    Conflict,
    Gone,
    Invalid,
    NotCovered,
    NotFound,
    NotSignedIn,
    Refused,
    StorageDown,
    StorageFull,
    TooLarge,
    TooMany,
)

# The first that fits holds: the special before the common.
STATUS: dict[type[CaseworkError], int] = {
    Gone: 410,
    Busy: 423,
    TooLarge: 413,
    TooMany: 429,
    NotFound: 404,
    Refused: 403,
    Conflict: 409,
    Invalid: 422,
    NotSignedIn: 401,
    NotCovered: 503,
    StorageDown: 503,
    StorageFull: 507,
}


class Refusal(CaseworkError):
    """What HTTP or a protocol over it refuses, with its own status."""

    def __init__(
        self, status: int, code: str, *, zh: str, en: str, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(code, zh=zh, en=en)
        self.status, self.headers = status, headers or {}


def _title(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:  # 460 is of tus alone
        return "Refused"


def speaks_english(request: Request) -> bool:
    """Whether the caller asked for English first; Chinese is the default."""
    return request.headers.get("accept-language", "zh").strip().lower().startswith("en")


def problem(status: int, code: str, detail: str, fields: dict[str, str] | None = None) -> JSONResponse:
    """A problem document."""
    body = Problem(title=_title(status), status=status, code=code, detail=detail, fields=fields or {})
    return JSONResponse(body.model_dump(), status, media_type="application/problem+json")


def install(app: FastAPI) -> None:
    """Map every error that may leave a route."""

    @app.exception_handler(CaseworkError)
    def casework_error(request: Request, error: CaseworkError) -> JSONResponse:
        detail = error.en if speaks_english(request) else error.zh
        if isinstance(error, Refusal):
            response = problem(error.status, error.code, detail)
            response.headers.update(error.headers)
            return response
        status = next((s for kind, s in STATUS.items() if isinstance(error, kind)), 500)
        return problem(status, error.code, detail)

    @app.exception_handler(RequestValidationError)
    def bad_request(request: Request, error: RequestValidationError) -> JSONResponse:
        fields = {".".join(str(p) for p in e["loc"]): str(e["msg"]) for e in error.errors()}
        listed = "; ".join(f"{name}: {message}" for name, message in fields.items())
        detail = (
            f"these fields cannot be used: {listed}" if speaks_english(request) else f"以下字段有误：{listed}"
        )
        return problem(422, "bad_fields", detail, fields)

    @app.exception_handler(HTTPException)
    def http_error(request: Request, error: HTTPException) -> JSONResponse:
        response = problem(error.status_code, "http", str(error.detail))
        response.headers.update(error.headers or {})
        return response
