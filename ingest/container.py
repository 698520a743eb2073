"""Opening video files that come from outside, with messages a person can act on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from ingest.errors import BadVideo

# Only demuxers that read pictures out of the file itself. Playlists (hls, concat, dash, sdp) would let an
# uploaded "video" make this machine open other files and addresses; tty would play any text file.
_FORMATS = (
    "mov,matroska,mpegts,avi,gif,mpeg,mpegvideo,flv,asf,h264,hevc,mjpeg,mpjpeg,mjpeg_2000,dhav,ivf,ogg,m4v,mxf,"
    "apng,av1,obu,nut"
)
_OPTIONS = {"format_whitelist": _FORMATS, "protocol_whitelist": "file"}


@contextmanager
def open_video(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """The container and its best video stream, closed afterwards.

    Raises BadVideo, one line: missing, a folder, empty, no video at all, cut off before its index was
    written.
    """
    _check_file(path)
    try:
        # "file:" keeps a name such as "rtsp:x.mp4" a name.
        container = av.open(f"file:{path.absolute()}", options=_OPTIONS, metadata_errors="replace")
    except (av.FFmpegError, ValueError) as error:
        raise BadVideo(f"{path.name}: {_why(path)}") from error
    with container:
        stream = container.streams.best("video")
        if not isinstance(stream, VideoStream):
            raise BadVideo(f"{path.name}: the file holds no pictures; send the recording with its video")
        try:
            named = stream.codec_context.codec.name
        except (av.FFmpegError, AttributeError, ValueError) as error:
            raise BadVideo(f"{path.name}: its video codec is unknown here; convert it to H.264") from error
        if not named:
            raise BadVideo(f"{path.name}: its video codec is unknown here; convert it to H.264")
        yield container, stream


def _check_file(path: Path) -> None:
    if path.is_dir():
        raise BadVideo(f"{path.name}: this is a folder; give a video file, or open it as pictures")
    if not path.is_file():
        raise BadVideo(f"{path.name}: there is no such file; check the path")
    if path.stat().st_size == 0:
        raise BadVideo(f"{path.name}: the file is empty; copy it again from the device")


def _why(path: Path) -> str:
    """What is wrong with a file that no demuxer opens, and how to mend it."""
    with path.open("rb") as file:
        head = file.read(4096)
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"free", b"wide"):
        return (
            "the video's index is missing or damaged (the recording was cut off); "
            "copy it again from the device, or record to TS or MKV"
        )
    if b"\0" not in head and sum(b < 9 or 13 < b < 32 for b in head) == 0:
        return "this is a text file, not a video; check what was sent"
    return "this is not a video that can be read; send MP4, MKV, TS, AVI or MOV"
