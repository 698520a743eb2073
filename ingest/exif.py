"""What a picture file says of itself: capture time, position, size, wholeness (Exif 2.32, CIPA DC-008).

Written out here because no library of ours reads it; only the handful of fields we need, from JPEG and PNG.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from ingest.frame import Position, PositionSource
from ingest.plausible import LOCAL, is_set
from ingest.track import DEFAULT_ACCURACY_M
from ingest.track_text import HDOP_M, on_earth

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 9: 4, 10: 8}
_SPEED_UNITS = {"K": 1 / 3.6, "M": 1609.344 / 3600, "N": 1852 / 3600}
Value = str | list[float]
Fields = dict[int, Value]


@dataclass(frozen=True, slots=True)
class Exif:
    """captured_at: UTC or None. coarse: no fraction of a second was given. position: or None."""

    captured_at: datetime | None = None
    coarse: bool = True
    position: Position | None = None


def read_exif(head: bytes) -> Exif:
    """The fields of a JPEG's or PNG's EXIF block; empty where there is none or it is broken.

    Time zone: OffsetTimeOriginal; else, when the receiver's UTC stands beside it and differs by whole quarter
    hours (2 min play), that difference; else Asia/Shanghai.
    """
    block = _block(head)
    if block is None:
        return Exif()
    try:
        main = _directory(block, _u32(block, 4))
        detail = _directory(block, int(_number(main.get(0x8769)) or 0)) if 0x8769 in main else {}
        gps = _directory(block, int(_number(main.get(0x8825)) or 0)) if 0x8825 in main else {}
    except (struct.error, IndexError, ValueError):
        return Exif()
    t, coarse = _captured(main, detail, gps)
    return Exif(t, coarse, _position(gps))


def _block(head: bytes) -> bytes | None:
    """The TIFF structure inside the file."""
    if head[:2] == b"\xff\xd8":
        at = 2
        while at + 4 <= len(head) and head[at] == 0xFF and head[at + 1] not in (0xDA, 0xD9):
            size = int.from_bytes(head[at + 2 : at + 4])
            if head[at + 1] == 0xE1 and head[at + 4 : at + 10] == b"Exif\0\0":
                return head[at + 10 : at + 2 + size]
            at += 2 + size
    elif head[:8] == b"\x89PNG\r\n\x1a\n":
        at = 8
        while at + 8 <= len(head):
            size = int.from_bytes(head[at : at + 4])
            if head[at + 4 : at + 8] == b"eXIf":
                return head[at + 8 : at + 8 + size]
            at += 12 + size
    return None


def _u32(block: bytes, at: int) -> int:
    return int(struct.unpack_from(_order(block) + "I", block, at)[0])


def _order(block: bytes) -> str:
    return "<" if block[:2] == b"II" else ">"


def _directory(block: bytes, at: int) -> Fields:
    """Tags and values of one image file directory (TIFF 6.0, section 2)."""
    order = _order(block)
    fields: Fields = {}
    (count,) = struct.unpack_from(order + "H", block, at)
    for i in range(count):
        entry = at + 2 + 12 * i
        tag, kind, n = struct.unpack_from(order + "HHI", block, entry)
        size = _SIZES.get(kind, 0) * n
        if size == 0 or size > 4096:  # maker notes and thumbnails are of no use here
            continue
        place = entry + 8 if size <= 4 else _u32(block, entry + 8)
        raw = block[place : place + size]
        if len(raw) == size:
            fields[tag] = _value(raw, kind, n, order)
    return fields


def _value(raw: bytes, kind: int, n: int, order: str) -> Value:
    if kind in (2, 7):
        return raw.split(b"\0")[0].decode("ascii", "replace").strip()
    if kind in (5, 10):
        parts = struct.unpack(f"{order}{2 * n}{'I' if kind == 5 else 'i'}", raw)
        return [a / b if b else float("nan") for a, b in zip(parts[::2], parts[1::2], strict=True)]
    return [float(v) for v in struct.unpack(f"{order}{n}{ {1: 'B', 3: 'H', 4: 'I', 9: 'i'}[kind] }", raw)]


def _captured(main: Fields, detail: Fields, gps: Fields) -> tuple[datetime | None, bool]:
    places = (
        (detail, 0x9003, 0x9011, 0x9291),
        (detail, 0x9004, 0x9012, 0x9292),
        (main, 0x0132, 0x9010, 0x9290),
    )
    for table, stamp, offset, fraction in places:
        local = _local(_text(table.get(stamp)))
        if local is None:
            continue
        digits = _text(detail.get(fraction))
        coarse = not digits.isdigit()
        if not coarse:
            local += timedelta(seconds=float(f"0.{digits}"))
        t = local.replace(tzinfo=_offset(_text(detail.get(offset))) or _offset_by_gps(local, gps) or LOCAL)
        t = t.astimezone(UTC)
        if is_set(t):
            return t, coarse
    return None, True


def _local(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007 - its zone stands in another field
    except ValueError:
        return None


def _offset(text: str) -> timezone | None:
    try:
        found = datetime.strptime(text, "%z").utcoffset()
    except ValueError:
        return None
    return timezone(found) if found is not None else None


def _offset_by_gps(local: datetime, gps: Fields) -> timezone | None:
    clock = _numbers(gps.get(7))
    try:
        day = datetime.strptime(_text(gps.get(0x1D)), "%Y:%m:%d")  # noqa: DTZ007 - UTC by definition
        difference = local - (day + timedelta(hours=clock[0], minutes=clock[1], seconds=clock[2]))
    except (ValueError, IndexError, OverflowError):
        return None
    quarters = round(difference / timedelta(minutes=15))
    offset = timedelta(minutes=15 * quarters)
    if abs(difference - offset) > timedelta(minutes=2) or abs(offset) > timedelta(hours=14):
        return None
    return timezone(offset)


def _position(gps: Fields) -> Position | None:
    lat, lon = _degrees(gps, 1, "S"), _degrees(gps, 3, "W")
    if lat is None or lon is None or not on_earth(lat, lon) or _text(gps.get(9)) == "V":
        return None
    speed, course = _number(gps.get(0x0D)), _number(gps.get(0x0F))
    true_north = _text(gps.get(0x0E)) != "M"
    error, dop = _number(gps.get(0x1F)), _number(gps.get(0x0B))
    accuracy = error if error is not None else dop * HDOP_M if dop is not None else DEFAULT_ACCURACY_M
    return Position(
        lat,
        lon,
        course % 360 if course is not None and 0 <= course <= 360 and true_north else None,
        speed * _SPEED_UNITS.get(_text(gps.get(0x0C)), 1 / 3.6) if speed is not None and speed >= 0 else None,
        max(accuracy, 0.0),
        PositionSource.EXIF,
        f"EXIF GPS {gps}",
    )


def _degrees(gps: Fields, reference: int, negative: str) -> float | None:
    parts = _numbers(gps.get(reference + 1))
    if not parts:
        return None
    value = sum(part / 60**i for i, part in enumerate(parts[:3]))
    return (-value if _text(gps.get(reference)) == negative else value) if value == value else None


def _text(value: Value | None) -> str:
    return value if isinstance(value, str) else ""


def _numbers(value: Value | None) -> list[float]:
    return value if isinstance(value, list) else []


def _number(value: Value | None) -> float | None:
    found = _numbers(value)
    return found[0] if found and found[0] == found[0] else None
