"""Tracks in NMEA 0183: RMC sentences, with the HDOP of GGA sentences of the same moment."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pynmea2

from ingest.errors import BadTrack
from ingest.frame import PositionSource
from ingest.track import Fix, Track
from ingest.track_cleaning import clean
from ingest.track_text import HDOP_M, heading, not_negative, number, on_earth, read_text

KNOT = 1852 / 3600
"""m/s"""
HALF_DAY = timedelta(hours=12)


def read_nmea(path: Path) -> Track:
    """Fixes from RMC (time, date, place, speed, course) and GGA (time, place, HDOP) sentences.

    GGA has no date: it takes that of the nearest RMC, so that its time lies within half a day of it (midnight
    may lie between). A GGA of the same moment as an RMC adds its HDOP to it (x 5 m). Sentences with a wrong
    or missing checksum and those without a fix are left out and counted. Text before ``$`` on a line (a
    logger's stamp) is ignored. Raises BadTrack, one line.
    """
    log = _Log()
    for line in read_text(path).splitlines():
        at = line.find("$")
        if at >= 0:
            log.add(line[at:].strip())
    if log.last is None:
        why = "no RMC sentence with a fix, and only RMC has the date" if log.seen else "no NMEA sentence"
        raise BadTrack(f"{path.name}: {why}; record RMC sentences")
    log.place_early()
    return clean(log.by_time.values(), PositionSource.NMEA, path.name, log.notes())


@dataclass(slots=True)
class _Log:
    by_time: dict[datetime, Fix] = field(default_factory=dict)
    early: list[Any] = field(default_factory=list)  # (GGA, raw) before the first date
    last: datetime | None = None
    seen: int = 0
    broken: int = 0
    empty: int = 0

    def add(self, text: str) -> None:
        try:
            sentence = pynmea2.parse(text, check=True)
        except pynmea2.ParseError:
            self.broken += 1
            return
        kind = getattr(sentence, "sentence_type", "")
        if kind not in ("RMC", "GGA"):
            return
        self.seen += 1
        try:
            self._add_rmc(sentence, text) if kind == "RMC" else self._add_gga(sentence, text)
        except (ValueError, TypeError, AttributeError):  # pynmea2 reads fields lazily: no number, no date
            self.empty += 1

    def _add_rmc(self, rmc: Any, raw: str) -> None:
        if rmc.status != "A" or not _placed(rmc) or not isinstance(rmc.datestamp, date):
            self.empty += 1
            return
        t = datetime.combine(rmc.datestamp, _clock(rmc.timestamp), UTC)
        speed = not_negative(number(str(rmc.spd_over_grnd)), KNOT)
        fix = Fix(t, rmc.latitude, rmc.longitude, None, speed, heading(number(str(rmc.true_course))), raw)
        twin = self.by_time.get(t)
        if twin is not None:  # the GGA came first
            fix = replace(fix, accuracy=twin.accuracy, raw=f"{raw} {twin.raw}")
        self.by_time[t] = fix
        self.last = t

    def _add_gga(self, gga: Any, raw: str) -> None:
        if int(gga.gps_qual or 0) == 0 or not _placed(gga):
            self.empty += 1
        elif self.last is None:
            self.early.append((gga, raw))
        else:
            self._put(gga, raw, self.last)

    def place_early(self) -> None:
        """GGA sentences that came before the first date."""
        dated = list(self.by_time)
        for gga, raw in self.early:
            self._put(gga, raw, min(dated))
        late = {t: self.by_time[t] for t in dated}
        self.by_time = {t: fix for t, fix in self.by_time.items() if t not in late} | late

    def _put(self, gga: Any, raw: str, near: datetime) -> None:
        t = datetime.combine(near.date(), _clock(gga.timestamp), UTC)
        if t - near > HALF_DAY:
            t -= timedelta(days=1)
        elif near - t > HALF_DAY:
            t += timedelta(days=1)
        accuracy = not_negative(number(str(gga.horizontal_dil)), HDOP_M)
        twin = self.by_time.get(t)
        if twin is None:
            self.by_time[t] = Fix(t, gga.latitude, gga.longitude, accuracy, raw=raw)
        else:
            self.by_time[t] = replace(twin, accuracy=accuracy, raw=f"{twin.raw} {raw}")

    def notes(self) -> list[str]:
        """What was left out."""
        lines = []
        if self.broken:
            lines.append(f"track: {self.broken} NMEA sentences with a wrong checksum or form left out")
        if self.empty:
            lines.append(f"track: {self.empty} NMEA sentences without a fix left out")
        return lines


def _placed(sentence: Any) -> bool:
    return bool(sentence.lat and sentence.lon) and on_earth(sentence.latitude, sentence.longitude)


def _clock(value: Any) -> time:
    if not isinstance(value, time):
        raise ValueError("no time of day")
    return value.replace(tzinfo=None)
