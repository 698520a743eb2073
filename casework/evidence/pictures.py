"""Opening pictures, and writing viewing copies: smaller, with place, time and device written on them.

What people are shown comes from ``casework.privacy.views``, which covers faces and plates in between.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import cv2
import numpy as np
from cv2.typing import MatLike

from casework.errors import NotFound
from ingest.frame import Image

SHANGHAI = ZoneInfo("Asia/Shanghai")
QUALITY = 85


def caption(device: str, captured_at: datetime, latitude: float | None, longitude: float | None) -> str:
    """The line on a picture: device, time in Shanghai, place in WGS-84. ASCII: OpenCV draws no other letters."""
    at = captured_at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
    place = f"  {latitude:.5f}N {longitude:.5f}E" if latitude is not None and longitude is not None else ""
    return f"{device}  {at}{place}"


def opened(original: bytes) -> Image:
    """A kept picture (PNG, JPEG ...) as (H, W, 3) uint8 BGR. Raises NotFound when it cannot be opened."""
    image = cv2.imdecode(np.frombuffer(original, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise NotFound(
            "evidence_broken",
            zh="证据图片无法打开，请运行 jiexun verify",
            en="this picture cannot be opened; run jiexun verify",
        )
    return np.asarray(image, np.uint8)


def written(image: MatLike, text: str, width: int | None = None) -> bytes:
    """A JPEG of a picture, at most ``width`` pixels wide, with ``text``, if any, at the lower left."""
    if width is not None and width < image.shape[1]:
        height = max(1, round(image.shape[0] * width / image.shape[1]))
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    if text and image.shape[1] >= 480:
        _write(image, text)
    done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    if not done:  # pragma: no cover - a BGR array always encodes
        raise RuntimeError("OpenCV cannot encode JPEG; reinstall opencv-python-headless")
    return data.tobytes()


def _write(image: MatLike, text: str) -> None:
    """White letters on a dark band along the lower edge, about 2.5 % of the picture's height."""
    size = max(0.4, image.shape[0] / 1000)
    (_width, height), below = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, size, 1)
    band = image[-(height + below + 8) :]
    band[:] = (band * 0.35).astype(np.uint8)
    at = (8, image.shape[0] - below - 4)
    cv2.putText(image, text, at, cv2.FONT_HERSHEY_SIMPLEX, size, (255, 255, 255), 1, cv2.LINE_AA)
