"""What requests work with: database, evidence store, folders, limits. Given once, at the making of the app."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from fastapi import Request

from casework.db import Database
from casework.storage import FileStore


def _nothing() -> None:
    return None


@dataclass(frozen=True, slots=True)
class Context:
    """page_dir: the built web application. wake: called when footage was handed in, so that a worker looks."""

    database: Database
    store: FileStore
    page_dir: Path
    uploads_dir: Path
    footage_dir: Path
    upload_max_bytes: int = 20 * 2**30
    secure_cookies: bool = False
    wake: Callable[[], None] = field(default=_nothing)


def context_of(request: Request) -> Context:
    """The app's context."""
    return cast(Context, request.app.state.context)
