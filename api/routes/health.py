"""For machines that watch: does it answer, can it work, and its figures."""

from __future__ import annotations

import hmac
import os
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Header, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from api.access import Ctx, Public
from api.metrics import Metrics
from casework.errors import NotSignedIn

router = APIRouter(tags=["operations"])


@router.get("/health", operation_id="health", dependencies=[Depends(Public())])
def health() -> dict[str, str]:
    """Whether the process answers. A watchdog restarts it when it does not."""
    return {"status": "ok"}


@router.get("/ready", operation_id="ready", dependencies=[Depends(Public())])
def ready(ctx: Ctx, response: Response) -> dict[str, str]:
    """Whether it can work: database and the folder for uploads. 503 while not; a load balancer then leaves it out."""
    parts = {"database": "ok", "uploads": "ok"}
    if not ctx.database.answers():
        parts["database"] = "down"
    if not (ctx.uploads_dir.is_dir() and os.access(ctx.uploads_dir, os.W_OK)):
        parts["uploads"] = "down"
    if "down" in parts.values():
        response.status_code = 503
    return parts


@router.get("/metrics", operation_id="metrics", response_class=Response, dependencies=[Depends(Public())])
def metrics(request: Request, ctx: Ctx, authorization: Annotated[str, Header()] = "") -> Response:
    """Figures for Prometheus, for whoever holds the token of the settings (``metrics_token``), sent as a bearer."""
    token = ctx.metrics_token
    if token is None or not hmac.compare_digest(authorization.encode(), f"Bearer {token}".encode()):
        raise NotSignedIn(
            "metrics_token",
            zh="监控指标需要令牌：在 jiexun.toml 中设置 metrics_token，并以 Bearer 方式携带",
            en="set metrics_token in jiexun.toml and send it as 'Authorization: Bearer ...'",
        )
    return Response(cast(Metrics, request.app.state.metrics).text(), media_type=CONTENT_TYPE_LATEST)
