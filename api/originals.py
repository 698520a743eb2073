"""Handing out kept files as they are: from disk, or from an object store, whole or a span (players seek in clips)."""

from __future__ import annotations

import re

from fastapi import Response
from fastapi.responses import FileResponse

from casework.storage import BlobStore, FileStore


def original(
    store: BlobStore, sha256: str, media_type: str, headers: dict[str, str], wanted: str | None
) -> Response:
    """wanted: the request's Range header (RFC 9110, one span of bytes; anything else is answered whole).

    Raises NotFound, StorageDown.
    """
    if isinstance(store, FileStore):
        return FileResponse(store.existing(sha256), media_type=media_type, headers=headers)
    data = store.get(sha256)
    headers = {**headers, "Accept-Ranges": "bytes"}
    span = re.fullmatch(r"bytes=(\d*)-(\d*)", wanted or "")
    if span is None or span[0] == "bytes=-":
        return Response(data, media_type=media_type, headers=headers)
    first, last = span[1], span[2]
    start = int(first) if first else max(0, len(data) - int(last))
    end = min(int(last), len(data) - 1) if first and last else len(data) - 1
    if start > end:
        return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{len(data)}"})
    headers["Content-Range"] = f"bytes {start}-{end}/{len(data)}"
    return Response(data[start : end + 1], status_code=206, media_type=media_type, headers=headers)
