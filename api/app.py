"""The application: routes under /api, the built web page for everything else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import FileResponse, PlainTextResponse

from api import problems, tus
from api.access import Public
from api.context import Context
from api.metrics import Metrics
from api.routes import (
    algorithms,
    cameras,
    care,
    cases,
    evidence,
    groups,
    health,
    life,
    operations,
    people,
    places,
    plans,
    quality,
    queue,
    review,
    rules,
    samples,
    statistics,
    uploads,
    vehicles,
    zones,
)
from api.schemas.base import Problem

CSP = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; "
    "object-src 'none'; base-uri 'self'; frame-ancestors 'none'"
)


def make_app(context: Context) -> FastAPI:
    """The app over an open context. Its OpenAPI document is what the page's client is generated from."""
    app = FastAPI(
        title="jiexun",
        version="0.1.0",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        responses={"default": {"model": Problem, "description": "Problem document (RFC 9457)"}},
    )
    app.state.context = context
    problems.install(app)
    for module in (
        people,
        queue,
        groups,
        review,
        quality,
        evidence,
        cases,
        statistics,
        places,
        uploads,
        vehicles,
        algorithms,
        samples,
        zones,
        rules,
        life,
        care,
        cameras,
        plans,
        operations,
        health,
    ):
        app.include_router(module.router, prefix="/api")
    app.state.metrics = Metrics(context.database)
    app.middleware("http")(_headers)
    app.middleware("http")(app.state.metrics.timed)
    _serve_page(app, context)
    return app


async def _headers(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await call_next(request)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers.setdefault("Content-Security-Policy", CSP)
    if request.url.path.startswith("/api/uploads"):
        response.headers.setdefault("Tus-Resumable", tus.VERSION)
        if response.status_code == 412:
            response.headers.setdefault("Tus-Version", tus.VERSION)
    if request.url.path.startswith("/api/"):
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def _file_under(root: Path, path: str) -> Path | None:
    """The file that a path names under ``root``; none where there is none, or the path is outside or unusable."""
    try:
        wanted = (root / path).resolve()
        return wanted if path and wanted.is_relative_to(root) and wanted.is_file() else None
    except (OSError, ValueError):  # a name that is too long, or holds a zero byte
        return None


def _serve_page(app: FastAPI, context: Context) -> None:
    root = context.page_dir.resolve()

    @app.get("/api/{path:path}", include_in_schema=False, dependencies=[Depends(Public())])
    def no_such_endpoint(path: str) -> Response:
        return problems.problem(404, "no_endpoint", f"no such endpoint: /api/{path}")

    @app.get("/{path:path}", include_in_schema=False, dependencies=[Depends(Public())])
    def page(path: str) -> Response:
        wanted = _file_under(root, path)
        if wanted is not None:
            cache = "public, max-age=31536000, immutable" if path.startswith("assets/") else "no-cache"
            return FileResponse(wanted, headers={"Cache-Control": cache})
        if (root / "index.html").is_file():
            return FileResponse(root / "index.html", headers={"Cache-Control": "no-cache"})
        return PlainTextResponse("The web page is not built. Run: make page\n", status_code=503)
