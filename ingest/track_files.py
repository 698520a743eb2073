"""Track files by content, and the track that lies beside a video."""

from __future__ import annotations

from pathlib import Path

from ingest.csv_track import read_csv_track
from ingest.errors import BadTrack
from ingest.gpmf import read_embedded
from ingest.gpx import read_gpx
from ingest.json_track import read_json_track
from ingest.nmea import read_nmea
from ingest.track import Track
from ingest.track_text import read_text

SUFFIXES = (".gpx", ".nmea", ".csv")


def read_track(path: Path | str) -> Track:
    """A GPX, NMEA, CSV or JSON track, or the one inside a video, told apart by content (a wrong suffix does no harm).

    Raises BadTrack, one line; BadVideo for a damaged video.
    """
    path = Path(path)
    if _is_mp4(path):
        inside = read_embedded(path)
        if inside is None:
            raise BadTrack(f"{path.name}: the video holds no positions; give a track beside it")
        return inside.track
    head = read_text(path)[:4096].lstrip()
    if head.startswith("<"):
        return read_gpx(path)
    if head.startswith(("{", "[")):
        return read_json_track(path)
    if any("$G" in line or "$B" in line or "$PMTK" in line for line in head.splitlines()[:20]):
        return read_nmea(path)
    return read_csv_track(path)


def _is_mp4(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(8)[4:] == b"ftyp"


def find_track(video: Path | str) -> Path | None:
    """The side file with the video's stem (drive.mp4: drive.gpx, drive.nmea, drive.csv), in this order, or
    None.

    Upper and lower case of the suffix are the same.
    """
    video = Path(video)
    beside = {file.suffix.lower(): file for file in sorted(video.parent.glob("*")) if file.stem == video.stem}
    return next((beside[suffix] for suffix in SUFFIXES if suffix in beside and beside[suffix] != video), None)
