"""A folder of pictures as looks, in order of capture time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from ingest.errors import BadVideo
from ingest.exif import read_exif
from ingest.file_names import time_in_name
from ingest.frame import Frame, Position, TimeSource
from ingest.picture_file import decode_picture, media_type
from ingest.plausible import FUTURE_TOLERANCE_S, check_start
from ingest.sampling import Sampler
from ingest.start import moment
from ingest.track import Track

HEAD_BYTES = 256 * 1024
"""EXIF blocks lie within the first 64 KiB of a JPEG; PNG writers may put them later."""
MAX_BYTES = 64 * 1024 * 1024
_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp"})


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of the folder, not yet decoded. coarse: its time is known to the second only."""

    path: Path
    captured_at: datetime
    time_source: TimeSource
    found_in: str
    position: Position | None
    coarse: bool = False


@dataclass(slots=True)
class PictureFolder:
    """Iterate to get the looks. frames: pictures passed; looks: frames given out; notes: one line each."""

    path: Path
    device_id: str
    pictures: tuple[Picture, ...]
    looks_per_second: float | None
    track: Track | None
    position: Position | None
    opening_notes: tuple[str, ...]
    frames: int = 0
    looks: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def start(self) -> datetime:
        """Capture time of the first picture, UTC."""
        return self.pictures[0].captured_at

    @property
    def end(self) -> datetime:
        """Capture time of the last picture, UTC."""
        return self.pictures[-1].captured_at

    def __iter__(self) -> Iterator[Frame]:
        self.frames = self.looks = 0
        self.notes = list(self.opening_notes)
        sampler = Sampler(self.looks_per_second) if self.looks_per_second is not None else None
        for index, picture in enumerate(self.pictures):
            self.frames = index + 1
            seconds = (picture.captured_at - self.start).total_seconds()
            if sampler is not None and not sampler.wants(seconds):
                continue
            try:
                frame = self.frame_at(index)
            except BadVideo as error:
                self.notes.append(f"left out: {error}")
                continue
            self.looks += 1
            yield frame

    def frame_at(self, index: int) -> Frame:
        """The picture with this index (in order of capture time), whole. Raises BadVideo when it is
        damaged."""
        picture = self.pictures[index]
        try:
            data = picture.path.read_bytes()
        except OSError as error:
            raise BadVideo(f"{picture.path.name}: it cannot be read ({error.strerror})") from error
        position = self.track.position_at(picture.captured_at) if self.track is not None else None
        return Frame(
            self.device_id,
            index,
            picture.captured_at,
            picture.time_source,
            decode_picture(data, picture.path.name),
            position or picture.position or self.position,
            data,
            media_type(data),
        )


def open_pictures(
    folder: Path | str,
    device_id: str,
    start: datetime | None = None,
    interval_s: float | None = None,
    looks_per_second: float | None = None,
    track: Track | None = None,
    *,
    position: Position | None = None,
    now: datetime | None = None,
    tolerance_s: float = FUTURE_TOLERANCE_S,
) -> PictureFolder:
    """The pictures (JPEG, PNG, WebP, BMP) right in ``folder``; hidden files and links are passed over.

    Time of each: EXIF > file name > ``start`` + its place among the names x ``interval_s`` > file date.
    Pictures of one device whose stamps name the same whole second lie evenly in it, by name
    (``INTERPOLATED``). looks_per_second: None looks at every picture. Position: track > EXIF > ``position``.
    Raises BadVideo (no folder, no picture), BadTime (a naive or future time), BadTrack (track of another
    time).
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise BadVideo(f"{folder.name}: there is no such folder; give a folder of pictures")
    if looks_per_second is not None:
        Sampler(looks_per_second)
    notes: list[str] = []
    files = _picture_files(folder, notes)
    if not files:
        raise BadVideo(f"{folder.name}: no picture in this folder; give JPEG, PNG, WebP or BMP files")
    begin = check_start(start, folder.name, now, tolerance_s) if start is not None else None
    found = [_picture(path, i, begin, interval_s) for i, path in enumerate(files)]
    for picture in found:
        check_start(picture.captured_at, picture.path.name, now, tolerance_s)
    undated = sum(picture.time_source is TimeSource.SERVER for picture in found)
    if undated:
        notes.append(f"{undated} pictures carry no capture time: the files' own dates are used")
    pictures = _spread(sorted(found, key=lambda p: (p.captured_at, p.path.name)), notes)
    if track is not None:
        notes += track.notes
        track.must_cover(pictures[0].captured_at, pictures[-1].captured_at, folder.name)
    return PictureFolder(folder, device_id, pictures, looks_per_second, track, position, tuple(notes))


def _picture_files(folder: Path, notes: list[str]) -> list[Path]:
    files = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.is_symlink() or not path.is_file():
            continue
        with path.open("rb") as file:
            kind = media_type(file.read(16))
        if kind is not None and path.stat().st_size <= MAX_BYTES:
            files.append(path)
        elif kind is not None or path.suffix.lower() in _SUFFIXES:
            notes.append(f"left out: {path.name} is no picture, or bigger than {MAX_BYTES >> 20} MiB")
    return files


def _picture(path: Path, i: int, start: datetime | None, interval_s: float | None) -> Picture:
    with path.open("rb") as file:
        exif = read_exif(file.read(HEAD_BYTES))
    if exif.captured_at is not None:
        return Picture(path, exif.captured_at, TimeSource.DEVICE, "EXIF", exif.position, exif.coarse)
    named = time_in_name(path.name)
    if named is not None:
        return Picture(path, named, TimeSource.DEVICE, "file name", exif.position, named.microsecond == 0)
    if start is not None and interval_s is not None:
        at = moment(start, i * interval_s)
        return Picture(path, at, TimeSource.GIVEN, "given", exif.position)
    written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return Picture(path, written, TimeSource.SERVER, "file date", exif.position)


def _spread(pictures: list[Picture], notes: list[str]) -> tuple[Picture, ...]:
    """Strictly rising times: bursts within one second spread over it, other equal stamps kept once."""
    spread: list[Picture] = []
    twice = 0
    for at, group in groupby(pictures, key=lambda p: p.captured_at):
        same = list(group)
        if len(same) > 1 and all(p.coarse for p in same):
            spread.append(same[0])
            spread += [
                replace(p, captured_at=moment(at, k / len(same)), time_source=TimeSource.INTERPOLATED)
                for k, p in enumerate(same[1:], 1)
            ]
        else:
            spread.append(same[0])
            twice += len(same) - 1
    if twice:
        notes.append(f"{twice} pictures have the very time of another one: left out")
    return tuple(sorted(spread, key=lambda p: p.captured_at))
