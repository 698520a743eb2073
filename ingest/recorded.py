"""A recorded video as looks: frames chosen by capture time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from pathlib import Path

import numpy as np
from av import VideoFrame

from ingest.decoding import Decoding
from ingest.errors import BadTime, BadVideo
from ingest.feeding import everything, plan
from ingest.frame import Frame, Position, TimeSource
from ingest.pixels import check_size, quarter_turns, to_bgr
from ingest.plausible import FUTURE_TOLERANCE_S, as_utc
from ingest.sampling import Sampler, choose
from ingest.start import find_start, moment
from ingest.survey import Survey, survey
from ingest.timeline import Timeline
from ingest.track import Track


@dataclass(frozen=True, slots=True)
class RecordingInfo:
    """What is known of a recording before its frames are looked at.

    frames: pictures in the file. duration_s: first to last frame and one interval more, seconds. fps:
    nominal, 1/s, as the container says it (None: it does not). width, height: px, upright. start, end: UTC,
    capture times of the first and (about) the last frame. found_in: where the start came from, in plain
    words.
    """

    path: Path
    container: str
    codec: str
    width: int
    height: int
    frames: int
    fps: float | None
    duration_s: float
    start: datetime
    end: datetime
    time_source: TimeSource
    found_in: str


@dataclass(slots=True)
class Recording:
    """Iterate to get the looks, as often as needed; the counters are those of the latest run.

    frames: pictures passed, whether decoded or not. decoded: pictures that were decoded. looks: frames given
    out. notes: what the user should know, one line each.
    """

    info: RecordingInfo
    device_id: str
    looks_per_second: float
    track: Track | None
    position: Position | None
    survey: Survey
    opening_notes: tuple[str, ...]
    frames: int = 0
    decoded: int = 0
    looks: int = 0
    notes: list[str] = field(default_factory=list)

    def __iter__(self) -> Iterator[Frame]:
        self.frames = self.decoded = self.looks = 0
        self.notes = list(self.opening_notes)
        run = Decoding(self.survey, self.feed())
        found = self._timed(run) if self.survey.orderly else self._inferred(run)
        try:
            for frame in found:
                self.looks += 1
                yield frame
        finally:  # also when the user stops early
            self.decoded = run.decoded
            if run.refused:
                self.notes.append(f"{run.refused} damaged frames could not be decoded: left out")
            self.notes += [line for line in run.tail if line not in self.notes]

    def frame_at(self, index: int) -> Frame:
        """The frame with this index (``Frame.index``), the same picture and time that iterating gave.

        Raises BadVideo when the file holds no such frame or it is damaged.
        """
        shown = self.survey.shown
        if self.survey.orderly and 0 <= index < len(shown):
            run = Decoding(self.survey, plan(self.survey, shown[index : index + 1]))
            for picture in run.frames():
                if picture.pts == shown[index]:
                    t = self._seconds(int(shown[index]))
                    return self._frame(picture, index, t, self.info.time_source)
        elif not self.survey.orderly and index >= 0:
            run = Decoding(self.survey, everything(self.survey))
            timeline = self._timeline()
            for i, picture in enumerate(run.frames()):
                t, source = timeline.time_of(picture.pts)
                if i == index:
                    return self._frame(picture, i, t, source)
        raise BadVideo(f"{self.info.path.name}: frame {index} cannot be read; it holds {self.info.frames}")

    def feed(self) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
        """(packets,) of ``ingest.feeding.Feed``: what the decoder is shown for these looks."""
        if not self.survey.orderly:
            return everything(self.survey)
        shown = self.survey.shown
        sound = shown[np.isin(shown, self.survey.pts[self.survey.usable])]
        times = (self._seconds(int(pts)) for pts in sound)
        looks = list(choose(times, self.looks_per_second, self.survey.interval_s))
        return plan(self.survey, sound[looks])

    def _timed(self, run: Decoding) -> Iterator[Frame]:
        """Looks of a file whose stamps are in order. The sampler decides again on what was really decoded, so
        a picture that the decoder does not give is replaced by the next one."""
        sampler = Sampler(self.looks_per_second, self.survey.interval_s)
        shown = self.survey.shown
        damaged = set(self.survey.pts[~self.survey.usable].tolist())
        for picture in run.frames():
            if picture.pts is None or picture.is_corrupt or picture.pts in damaged or picture.pts < shown[0]:
                continue
            index = int(np.searchsorted(shown, picture.pts))
            self.frames = index + 1
            t = self._seconds(picture.pts)
            if sampler.wants(t):
                yield self._frame(picture, index, t, self.info.time_source)
        self.frames = len(shown)

    def _inferred(self, run: Decoding) -> Iterator[Frame]:
        """Looks of a file with missing, repeated or restarting stamps: every frame is decoded and timed in
        passing."""
        sampler = Sampler(self.looks_per_second, self.survey.interval_s)
        timeline = self._timeline()
        for index, picture in enumerate(run.frames()):
            self.frames = index + 1
            t, source = timeline.time_of(picture.pts)
            if not picture.is_corrupt and sampler.wants(t):
                yield self._frame(picture, index, t, source)
        self.notes += timeline.remarks()

    def _timeline(self) -> Timeline:
        return Timeline(self.survey.time_base, self.survey.interval_s, self.info.time_source)

    def _seconds(self, pts: int) -> float:
        return float(Fraction(pts - int(self.survey.shown[0])) * self.survey.time_base)

    def _frame(self, picture: VideoFrame, index: int, t: float, source: TimeSource) -> Frame:
        check_size(picture.width, picture.height, self.info.path.name)
        at = moment(self.info.start, t)
        position = self.track.position_at(at) if self.track is not None else self.position
        return Frame(self.device_id, index, at, source, to_bgr(picture), position)


def open_recording(
    path: Path | str,
    device_id: str,
    start: datetime | None = None,
    looks_per_second: float = 1.0,
    track: Track | None = None,
    *,
    position: Position | None = None,
    now: datetime | None = None,
    tolerance_s: float = FUTURE_TOLERANCE_S,
) -> Recording:
    """A recording of any codec that libavcodec decodes, surveyed and checked: its first frame was decoded.

    start: capture time of the first frame, aware; else it is found (see :func:`ingest.start.find_start`).
    position: where a fixed camera stands; used when there is no track. now: for the check that the start is
    not in the future by more than ``tolerance_s`` seconds; the wall clock when not given.
    Raises BadVideo (unreadable, empty, without frames, absurd size), BadTime (naive, future), BadTrack (the
    track does not belong to the footage). ValueError for a rate that is none.
    """
    path = Path(path)
    Sampler(looks_per_second)
    if start is not None:
        as_utc(start)
    found = survey(path)
    check_size(found.width, found.height, path.name)
    if not len(found.shown):
        raise BadVideo(f"{path.name}: the file holds no frames that are shown; copy it again from the device")
    turned = _first_frame_turned(found)
    begin = find_start(path, start, found.metadata, now, tolerance_s)
    shown = found.shown
    ticks = int(shown[-1] - shown[0]) if found.orderly else 0
    frames = len(shown) if found.orderly else int(np.count_nonzero(~found.hidden))
    last_s = float(ticks * found.time_base) if found.orderly else (frames - 1) * found.interval_s
    end = _moment_or_bad(begin.at, last_s, path)
    notes = list(begin.notes)
    if track is not None:
        notes += track.notes
        track.must_cover(begin.at, end, path.name)
    notes += _damage(found)
    width, height = (found.height, found.width) if turned else (found.width, found.height)
    info = RecordingInfo(
        path=path, container=found.container, codec=found.codec, width=width, height=height, frames=frames,
        fps=found.fps, duration_s=last_s + found.interval_s, start=begin.at, end=end,
        time_source=begin.source, found_in=begin.found_in,
    )  # fmt: skip
    return Recording(info, device_id, looks_per_second, track, position, found, tuple(notes))


def _first_frame_turned(found: Survey) -> bool:
    """Whether pictures lie on their side. Raises BadVideo when not one frame can be decoded."""
    for picture in Decoding(found, everything(found)).frames():
        check_size(picture.width, picture.height, found.path.name)
        return quarter_turns(picture) % 2 == 1
    raise BadVideo(f"{found.path.name}: not one frame can be decoded; copy it again from the device")


def _moment_or_bad(start: datetime, seconds: float, path: Path) -> datetime:
    try:
        return moment(start, seconds)
    except OverflowError as error:
        raise BadTime(f"{path.name}: its stamps reach beyond the calendar; convert it anew") from error


def _damage(found: Survey) -> list[str]:
    lines = [found.tail] if found.tail else []
    bad = int(np.count_nonzero(~found.usable))
    if bad:
        lines.append(f"{bad} of {len(found.pts)} frames are damaged or build on damaged ones: left out")
    missing = found.declared_frames - len(found.pts)
    if missing > 0:
        lines.append(f"the index promises {found.declared_frames} frames, {len(found.pts)} are there")
    return lines
