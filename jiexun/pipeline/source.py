"""Opening footage as looks: a recorded video or a folder of pictures, with its track."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from statistics import median

from casework.evidence.service import Exhibit
from casework.storage import file_sha256
from ingest.clips import clip
from ingest.errors import BadVideo
from ingest.frame import Position
from ingest.pictures import PictureFolder, open_pictures
from ingest.recorded import Recording, open_recording
from ingest.track import Track
from ingest.track_files import read_track
from ingest.track_smoothing import smooth
from ingest.viewing import viewing_copy

Source = Recording | PictureFolder


@dataclass(frozen=True, slots=True)
class Clipping:
    """How long a clip is. least_looks: a time-lapse's clip is lengthened until it holds about so many pictures."""

    before_s: float
    after_s: float
    least_looks: int


def open_source(
    path: Path,
    device_code: str,
    start: datetime | None,
    track_path: str | None,
    position: Position | None,
    looks_per_second: float,
) -> Source:
    """Footage as looks. Raises IngestError in one line: what is wrong and how to mend it."""
    track: Track | None = smooth(read_track(track_path)) if track_path else None
    if path.is_dir():
        return open_pictures(
            path, device_code, start, looks_per_second=looks_per_second, track=track, position=position
        )
    return open_recording(path, device_code, start, looks_per_second, track, position=position)


def fingerprint(path: Path) -> tuple[str, int]:
    """SHA-256 and size of footage; of a folder: over the names and hashes of its files. Raises BadVideo."""
    if not path.exists():
        raise BadVideo(f"{path}: no such file; check the path")
    if path.is_file():
        return file_sha256(path), path.stat().st_size
    whole, size = hashlib.sha256(), 0
    for file in sorted(p for p in path.iterdir() if p.is_file() and not p.name.startswith(".")):
        whole.update(f"{file.name} {file_sha256(file)}\n".encode())
        size += file.stat().st_size
    return whole.hexdigest(), size


def clip_exhibits(source: Source, at: datetime, how: Clipping) -> tuple[list[Exhibit], str | None]:
    """The clip around a moment, and a copy to look at where browsers cannot play it; or why there is none."""
    if not isinstance(source, Recording):
        return [], None
    info = source.info
    step = info.duration_s / max(1, info.frames)
    before = max(how.before_s, step * how.least_looks / 2)
    after = max(how.after_s, step * how.least_looks / 2)
    try:
        cut = clip(info.path, info.start, at, before, after, source.survey)
        meta = {"end": cut.end.isoformat(), "codec": cut.codec, "frames": cut.frames}
        found = [Exhibit("clip", "clip", cut.data, cut.media_type, cut.start, meta)]
        if not cut.plays_in_browsers:
            found.append(Exhibit("clip", "viewing", viewing_copy(cut.data), "video/mp4", cut.start, meta))
    except BadVideo as error:
        return [], str(error)
    return found, None


def time_of(source: Source) -> str:
    """Where the source's capture times came from."""
    if isinstance(source, Recording):
        return source.info.time_source.value
    return source.pictures[0].time_source.value


def begins(source: Source) -> datetime:
    """Capture time of the first picture, UTC."""
    return source.info.start if isinstance(source, Recording) else source.start


def look_every_s(source: Source, looks_per_second: float) -> float:
    """Seconds between two looks by plan: as often as asked, but no more often than there are pictures."""
    if isinstance(source, Recording):
        return max(1 / looks_per_second, source.survey.interval_s)
    times = [picture.captured_at for picture in source.pictures]
    steps = [(b - a).total_seconds() for a, b in pairwise(times)]
    return max(1 / looks_per_second, median(steps)) if steps else 0.0
