"""Capture times written in file names.

Known forms (any separators, anything around them): ``20261031_140512``, ``2026-10-31 14-05-12``,
``20261031140512``, ``2026_1031_140512``, ``2026年10月31日14时05分12秒``,
with ``.123`` milliseconds, with a final ``Z`` for UTC; and the snapshot names of GB/T 28181 and GA/T 1400: 20 digits
of device, perhaps 2 of kind, 17 or 14 digits of time (yyyyMMddHHmmssSSS, yyyyMMddHHmmss), perhaps a number of 1 to 6
digits, run together or with ``-``, ``_`` or a blank between. Without ``Z`` the time is Asia/Shanghai.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from itertools import pairwise

from ingest.plausible import LOCAL, is_set

_GB28181 = re.compile(r"(?<!\d)(\d{20})[-_ ]?(?:\d{2}[-_ ]?)??(20\d{15}|20\d{12})(?:[-_ ]?\d{1,6})?(?!\d)")
_SEVENTEEN = re.compile(r"(?<!\d)(20\d{15})(?!\d)")
_COMMON = re.compile(
    r"(?<!\d)(20\d\d)[-_.年]?(\d\d)[-_.月]?(\d\d)日?(?:[T _\-]{0,3})(\d\d)[-_.:时]?(\d\d)[-_.:分]?(\d\d)秒?"
    r"(?:\.(\d{3}))?(?!\d)(Z(?![A-Za-z]))?"
)


def gb28181_snapshot(name: str) -> tuple[str, datetime] | None:
    """(device of 20 digits, capture time UTC) of a GB/T 28181 snapshot name, or None."""
    for found in _GB28181.finditer(name):
        t = _seventeen(found[2].ljust(17, "0"))
        if t is not None:
            return found[1], t
    return None


def time_in_name(name: str) -> datetime | None:
    """The capture time in a file name (UTC), or None when there is none or it is no real date."""
    snapshot = gb28181_snapshot(name)
    if snapshot is not None:
        return snapshot[1]
    for found in _SEVENTEEN.finditer(name):
        t = _seventeen(found[1])
        if t is not None:
            return t
    for found in _COMMON.finditer(name):
        zone: tzinfo = UTC if found[8] else LOCAL
        t = _build([int(g) for g in found.groups()[:6]], int(found[7] or 0), zone)
        if t is not None:
            return t
    return None


def _seventeen(digits: str) -> datetime | None:
    cuts = (0, 4, 6, 8, 10, 12, 14)
    parts = [int(digits[a:b]) for a, b in pairwise(cuts)]
    return _build(parts, int(digits[14:]), LOCAL)


def _build(parts: list[int], milliseconds: int, zone: tzinfo) -> datetime | None:
    year, month, day, hour, minute, second = parts
    try:
        t = datetime(year, month, day, hour, minute, second, milliseconds * 1000, tzinfo=zone)
    except ValueError:  # 20261399: digits, but no date
        return None
    return t.astimezone(UTC) if is_set(t) else None
