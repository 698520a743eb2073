"""Tracks as tables: CSV with a header, whatever the columns are called."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from ingest.errors import BadTrack
from ingest.frame import PositionSource
from ingest.plausible import LOCAL, is_set
from ingest.track import Fix, Track
from ingest.track_cleaning import clean
from ingest.track_text import HDOP_M, heading, not_negative, number, on_earth, read_text

KMH = 1 / 3.6
# Field: {column name without blanks, brackets and units' signs, lower case: factor to our unit}. Bare "speed"
# is m/s; Chinese recorders (JT/T 808) write 速度 in km/h.
_SPEED = {"speed": 1.0, "speedms": 1.0, "speedmps": 1.0, "speed2dms": 1.0, "velocity": 1.0, "speedkmh": KMH,
          "speedkph": KMH, "kmh": KMH, "speedknots": 1852 / 3600, "speedkn": 1852 / 3600, "速度": KMH,
          "速度kmh": KMH, "速度ms": 1.0}  # fmt: skip
_ACCURACY = {"accuracy": 1.0, "accuracym": 1.0, "horizontalaccuracy": 1.0, "hacc": 1.0, "精度": 1.0,
             "hdop": HDOP_M, "precisionx100": HDOP_M / 100}  # fmt: skip
_TIME = ("utc", "timeutc", "utctime", "datetimeutc", "gpstime", "utcofpayload", "time", "timestamp",
         "datetime", "t", "date", "epoch", "ts", "时间", "定位时间", "采集时间")  # fmt: skip
_LAT = ("lat", "latitude", "latdeg", "纬度")
_LON = ("lon", "lng", "long", "longitude", "londeg", "经度")
_HEADING = ("heading", "course", "bearing", "direction", "track", "cog", "headingdeg", "coursedeg", "方向",
            "航向", "方位角")  # fmt: skip

Row = Mapping[str, str]
Moment = Callable[[Row], datetime | None]


def read_csv_track(path: Path) -> Track:
    """Fixes of a table with a header: time, latitude, longitude, and if there speed, heading, accuracy or
    HDOP.

    Times: ISO 8601, epoch seconds or milliseconds, yyyyMMddHHmmss[.sss], yyMMddHHmmss[.sss]. Without a zone
    they are UTC when the column's name says so (utc, gps), else Asia/Shanghai. Positions are WGS-84: a table
    in GCJ-02 looks the same and lies 300-500 m off, convert it before. Raises BadTrack, one line.
    """
    lines = read_text(path).splitlines()
    header = lines[0]
    delimiter = max(",;\t|", key=header.count)
    table = csv.DictReader(lines, delimiter=delimiter)
    rows = [{_plain(k): v or "" for k, v in row.items() if k} for row in table]
    names = [_plain(name) for name in header.split(delimiter)]
    time, lat, lon = (_first(names, known) for known in (_TIME, _LAT, _LON))
    if time is None or lat is None or lon is None:
        raise BadTrack(f"{path.name}: columns for time, lat and lon are needed; found {header[:80]!r}")
    moment = _payload_times(rows) if time == "utcofpayload" and "ts" in names else _stamp(time)
    fixes = [fix for row in rows if (fix := _fix(row, moment, lat, lon, names)) is not None]
    lost = len(rows) - len(fixes)
    if lost > len(rows) / 3 or not fixes:
        raise BadTrack(f"{path.name}: {lost} of {len(rows)} rows have no time and place; check the columns")
    notes = [f"track: {lost} rows that cannot be read left out"] if lost else []
    return clean(fixes, PositionSource.CSV, path.name, notes)


def _fix(row: Row, moment: Moment, lat: str, lon: str, names: list[str]) -> Fix | None:
    t = moment(row)
    y, x = number(row.get(lat)), number(row.get(lon))
    if t is None or y is None or x is None or not on_earth(y, x):
        return None
    turn = _first(names, _HEADING)
    speed, accuracy = _scaled(row, names, _SPEED), _scaled(row, names, _ACCURACY)
    course = heading(number(row.get(turn))) if turn else None
    return Fix(t, y, x, accuracy, speed, course, ",".join(row.values()))


def _scaled(row: Row, names: list[str], known: Mapping[str, float]) -> float | None:
    name = _first(names, tuple(known))
    return not_negative(number(row.get(name)), known[name]) if name else None


def _payload_times(rows: list[dict[str, str]]) -> Moment:
    """GoPro's layout: ``utc_of_payload`` stamps a whole block of fixes, ``t_s`` counts seconds through the
    file.

    The clock is the median over blocks of (stamp - t_s of the block's first fix): single stamps are a second
    off.
    """
    offsets: list[float] = []
    previous = ""
    for row in rows:
        stamp, seconds = row.get("utcofpayload", ""), number(row.get("ts"))
        at = _parse(stamp, utc=True)
        if stamp != previous and at is not None and seconds is not None:
            offsets.append(at.timestamp() - seconds)
        previous = stamp
    if not offsets:
        return lambda row: None
    origin = datetime.fromtimestamp(median(offsets), UTC)

    def moment(row: Row) -> datetime | None:
        seconds = number(row.get("ts"))
        return origin + timedelta(seconds=seconds) if seconds is not None and abs(seconds) < 1e8 else None

    return moment


def _stamp(column: str) -> Moment:
    return lambda row: _parse(row.get(column, ""), utc="utc" in column or "gps" in column)


def _parse(text: str, utc: bool) -> datetime | None:
    text = text.strip()
    zone = UTC if utc else LOCAL
    try:
        if re.fullmatch(r"\d{12}(\d\d)?(\.\d+)?", text):
            year = "%Y" if len(text.split(".")[0]) == 14 else "%y"
            whole, _, part = text.partition(".")
            try:
                t = datetime.strptime(whole, f"{year}%m%d%H%M%S").replace(tzinfo=zone)
                return (t + timedelta(seconds=float(f"0.{part or 0}"))).astimezone(UTC)
            except ValueError:
                pass  # twelve digits may also be epoch milliseconds
        value = number(text)
        if value is not None:
            t = datetime.fromtimestamp(value / 1000 if value > 1e11 else value, UTC)
            return t if is_set(t) else None
        t = datetime.fromisoformat(text.replace("/", "-"))
        return (t.replace(tzinfo=zone) if t.tzinfo is None else t).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _plain(name: str) -> str:
    return re.sub(r"[\s_\-()\uff08\uff09\[\]/²°.]", "", name.strip().strip('"')).lower()


def _first(names: list[str], known: tuple[str, ...]) -> str | None:
    return next((name for name in known if name in names), None)
