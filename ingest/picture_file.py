"""One picture file: its kind, whether it is whole, its pixels."""

from __future__ import annotations

import cv2
import numpy as np
import simplejpeg

from ingest.errors import BadVideo
from ingest.frame import Image
from ingest.pixels import check_size

_END_OF_SCAN = b"\xff\xd9"

EXIF_WITHIN = 128 * 1024
"""Bytes from the beginning in which a JPEG's EXIF block begins."""


def media_type(head: bytes) -> str | None:
    """By content: JPEG, PNG, WebP, BMP; None for anything else."""
    if head[:3] == b"\xff\xd8\xff":
        return "image/jpeg"
    if head[:8] == b"\x89PNG\r\n\x1a\n":
        return "image/png"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return "image/bmp" if head[:2] == b"BM" else None


def decode_picture(data: bytes, name: str) -> Image:
    """(H, W, 3) uint8 BGR, upright by its EXIF orientation.

    Raises BadVideo, one line, for a picture that is cut off (decoders fill the rest with grey), broken, or of
    an absurd size.
    """
    kind = media_type(data)
    if kind is None:
        raise BadVideo(f"{name}: this is no picture that can be read; give JPEG, PNG, WebP or BMP")
    if not _whole(data, kind):
        raise BadVideo(f"{name}: the picture is cut off; copy it again from the device")
    size = _size(data, kind)
    if size is not None:
        check_size(*size, name)
    image = _quick(data) if kind == "image/jpeg" else None
    if image is None:
        image = _any(data)
    if image is None:
        raise BadVideo(f"{name}: the picture is damaged; copy it again from the device")
    check_size(image.shape[1], image.shape[0], name)
    return np.asarray(image, np.uint8)


def _quick(data: bytes) -> Image | None:
    """A plain JPEG, in half of OpenCV's time and with the same pixels. None for what is left to OpenCV: pictures
    that may have to be turned (EXIF), and those with anything amiss.
    """
    if b"Exif\0\0" in data[:EXIF_WITHIN]:
        return None
    try:
        return np.asarray(simplejpeg.decode_jpeg(data, "BGR"), np.uint8)
    except ValueError:
        return None


def _any(data: bytes) -> Image | None:
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        return None
    return None if image is None else np.asarray(image, np.uint8)


def _whole(data: bytes, kind: str) -> bool:
    if kind == "image/jpeg":
        scan = _jpeg_marker(data, (0xDA,))
        return scan is not None and data.find(_END_OF_SCAN, scan) >= 0
    if kind == "image/png":
        return b"IEND" in data[-64:] or data.rfind(b"IEND") > 0
    length = int.from_bytes(data[4:8] if kind == "image/webp" else data[2:6], "little")
    return len(data) >= (length + 8 if kind == "image/webp" else length)


def _size(data: bytes, kind: str) -> tuple[int, int] | None:
    """(width, height) px from the header, before anything is decoded."""
    if kind == "image/jpeg":
        frame = _jpeg_marker(data, (0xC0, 0xC1, 0xC2))
        if frame is None:
            return None
        return int.from_bytes(data[frame + 7 : frame + 9]), int.from_bytes(data[frame + 5 : frame + 7])
    if kind == "image/png":
        return int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
    if kind == "image/bmp":
        return (
            abs(int.from_bytes(data[18:22], "little", signed=True)),
            abs(int.from_bytes(data[22:26], "little", signed=True)),
        )
    return None


def _jpeg_marker(data: bytes, wanted: tuple[int, ...]) -> int | None:
    """Offset of the first wanted marker, walking segment by segment (thumbnails inside segments are passed
    over)."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker in wanted:
            return at
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        if marker in (0xDA, 0xD9):
            return None
        at += 2 + int.from_bytes(data[at + 2 : at + 4])
    return None
