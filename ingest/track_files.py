"""Track files by content, and the track that lies beside a video."""

from __future__ import annotations

from pathlib import Path

from ingest.csv_track import read_csv_track
from ingest.gpx import read_gpx
from ingest.nmea import read_nmea
from ingest.track import Track
from ingest.track_text import read_text

SUFFIXES = (".gpx", ".nmea", ".csv")


def read_track(path: Path | str) -> Track:
    """A GPX, NMEA or CSV track, told apart by content (a wrong suffix does no harm). Raises BadTrack, one
    line."""
    path = Path(path)
    head = read_text(path)[:4096].lstrip()
    if head.startswith("<"):
        return read_gpx(path)
    if any("$G" in line or "$B" in line or "$PMTK" in line for line in head.splitlines()[:20]):
        return read_nmea(path)
    return read_csv_track(path)


def find_track(video: Path | str) -> Path | None:
    """The side file with the video's stem (drive.mp4: drive.gpx, drive.nmea, drive.csv), in this order, or
    None.

    Upper and lower case of the suffix are the same.
    """
    video = Path(video)
    beside = {file.suffix.lower(): file for file in sorted(video.parent.glob("*")) if file.stem == video.stem}
    return next((beside[suffix] for suffix in SUFFIXES if suffix in beside and beside[suffix] != video), None)
