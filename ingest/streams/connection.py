"""One connection to a stream: opened, read packet by packet, its errors said as faults."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Self
from urllib.parse import quote, urlsplit

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from ingest.streams.clock import ArrivalClock
from ingest.streams.http import Body, Fetcher
from ingest.streams.model import FaultCode, StreamAddress, StreamKind
from ingest.streams.saying import ERRORS, explain_opening, explain_reading, fault, silent, unknown_codec

OPEN_S = 10.0
"""Longest time to connect and to learn what is in the stream, s."""

SILENT_S: dict[StreamKind, float] = {StreamKind.HLS: 25.0}
"""Longest time without a packet, s: HLS hands out a whole segment at a time."""
USUAL_SILENT_S = 8.0

MAX_HTTP_PART = 64 * 1024 * 1024
"""Bytes of one playlist or segment of HLS."""

KEY_LIMIT_S = 60.0
"""Longest time without a key frame, s."""

_COMMON = {
    "probesize": "1000000",
    "analyzeduration": "500000",
    "fpsprobesize": "0",
    # Only what carries video over networks: nothing that would open files.
    "format_whitelist": "rtsp,rtp,sdp,flv,live_flv,hls,mpegts,mov,h264,hevc,mjpeg,mpjpeg",
}


@dataclass(frozen=True, slots=True)
class Held:
    """One packet. pts: the stream's own, in its ticks. arrived, taken, stamp: UTC; taken is arrival smoothed by the
    stream's own stamps; stamp is the device's (RTCP), or none. extradata: decoder set-up that begins with this
    packet, where the stream changed it.
    """

    data: bytes = field(repr=False)
    pts: int | None
    key: bool
    arrived: datetime
    taken: datetime
    stamp: datetime | None
    extradata: bytes | None = None


class Connection:
    """``open``, iterate ``packets``, ``close``. One thread; ``abort`` from any.

    codec: the decoder's name. extradata: its set-up, or none.
    """

    def __init__(self, address: StreamAddress, within_s: float | None = None) -> None:
        """within_s: a longest time for everything up to the first packet, where it is not to be the usual."""
        self.address = address
        self.codec = ""
        self.extradata: bytes | None = None
        # The demuxer takes its time to open twice (to connect, to learn the codec), then that for a packet.
        third = float("inf") if within_s is None else within_s / 3
        self.silent_s = min(SILENT_S.get(address.kind, USUAL_SILENT_S), third)
        over_http = address.kind in (StreamKind.HLS, StreamKind.FLV)
        self._fetcher = Fetcher(address) if over_http else None
        self._clock = ArrivalClock()
        self._open_s = min(OPEN_S, third)
        self._over = False
        self._container: InputContainer | None = None

    def open(self) -> None:
        """Raises StreamFault when there is no video to be had in time."""
        until = time.monotonic() + self._open_s
        try:
            self._container = self._open(self._open_s)
            self._stream = self._video()
        except ERRORS as error:  # not chained: their texts hold the address with the password
            raise explain_opening(error, self.address, time.monotonic() >= until) from None
        context = self._stream.codec_context
        self.codec = context.name
        self.extradata = bytes(context.extradata) if context.extradata else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def packets(self) -> Iterator[Held]:
        """As they come. Raises StreamFault when they stop."""
        asked = last_video = last_key = time.monotonic()
        self._wait(self.silent_s)
        for packet in self._demuxed():
            now = time.monotonic()
            if self._over:
                return
            if (
                now - asked >= self.silent_s
            ):  # the last packet, that the parser held, comes after the time-out
                raise silent(self.address, self.silent_s)
            if packet.stream_index == self._stream.index and packet.size:
                last_video = now
                last_key = now if packet.is_keyframe else last_key
                yield _held(packet, self._clock)
            if now - last_video > self.silent_s:
                raise fault(self.address, FaultCode.SILENT, "sound comes, but no picture; restart the camera")
            if now - last_key > KEY_LIMIT_S:
                no_key = f"no key frame for {KEY_LIMIT_S:.0f} s; set the camera's I-frame interval to 2 s"
                raise fault(self.address, FaultCode.NO_VIDEO, no_key)
            self._wait(self.silent_s)
            asked = time.monotonic()
        if time.monotonic() - asked >= self.silent_s:
            raise silent(self.address, self.silent_s)
        raise fault(self.address, FaultCode.ENDED, "the stream ended; it is opened again")

    def _demuxed(self) -> Iterator[Packet[Stream]]:
        """The demuxer's packets, its errors as faults; those of who takes the packets pass by."""
        assert self._container is not None
        packets = self._container.demux()
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except ERRORS as error:
                raise explain_reading(error, self.address, self.silent_s) from None
            yield packet

    def abort(self) -> None:
        """Ends what is under way: at once over HTTP, else with the next packet or time-out."""
        self._over = True
        if self._fetcher is not None:
            self._fetcher.abort()

    def close(self) -> None:
        """Lets it go."""
        self._over = True
        if self._container is not None:
            self._container.close()
        if self._fetcher is not None:
            self._fetcher.close()

    def _wait(self, seconds: float) -> None:
        if self._fetcher is not None:
            self._fetcher.deadline = time.monotonic() + seconds

    def _open(self, open_s: float) -> InputContainer:
        self._wait(open_s)
        url, kind = self.address.url, self.address.kind
        timeout = (open_s, self.silent_s)
        if kind is StreamKind.FLV:
            assert self._fetcher is not None
            body = Body(self._fetcher, url, None)
            return av.open(body, mode="r", format="flv", options=_COMMON, timeout=timeout)
        if kind is StreamKind.HLS:
            # http_persistent, http_multiple: they would pass our own input by. -1: the newest segment.
            options = {"http_persistent": "0", "http_multiple": "0", "live_start_index": "-1"}
            options |= {"extension_picky": "0", "allowed_extensions": "ALL"}
            options |= _COMMON
            return av.open(url, mode="r", format="hls", options=options, timeout=timeout, io_open=self._part)
        options = {}
        if kind is StreamKind.RTSP:
            options = {"rtsp_transport": self.address.transport, "allowed_media_types": "video"}
            options |= {"max_delay": "300000", "buffer_size": "1048576"}
        else:
            options = {"rtmp_live": "live"}
        return av.open(_signed(self.address), mode="r", options=_COMMON | options, timeout=timeout)

    def _part(self, url: str, flags: int, options: object) -> Body:
        assert self._fetcher is not None
        if urlsplit(url).scheme not in ("http", "https"):  # a playlist that points to files of ours
            raise fault(
                self.address, FaultCode.GARBAGE, "the playlist leads to something that is no web address"
            )
        return Body(self._fetcher, url, MAX_HTTP_PART)

    def _video(self) -> VideoStream:
        assert self._container is not None
        stream = self._container.streams.best("video")
        if not isinstance(stream, VideoStream):
            none = "the stream holds no video; choose the camera's video stream"
            raise fault(self.address, FaultCode.NO_VIDEO, none)
        if stream.codec_context is None:
            raise unknown_codec(self.address)
        return stream


def _signed(address: StreamAddress) -> str:
    """The address with user and password, as the demuxer wants it."""
    if address.user is None:
        return address.url
    scheme, _, rest = address.url.partition("://")
    return f"{scheme}://{quote(address.user, safe='')}:{quote(address.password or '', safe='')}@{rest}"


def _held(packet: Packet[Stream], clock: ArrivalClock) -> Held:
    pts = packet.pts if packet.pts is not None else packet.dts
    seconds = float(pts * packet.time_base) if pts is not None and packet.time_base is not None else None
    extradata = bytes(packet.get_sidedata("new_extradata")) if packet.has_sidedata("new_extradata") else None
    now = datetime.now(UTC)
    return Held(
        bytes(packet), pts, packet.is_keyframe, now, clock.at(seconds, now), _stamp(packet), extradata
    )


def _stamp(packet: Packet[Stream]) -> datetime | None:
    """The camera's wall clock for this picture, from RTCP sender reports (AVProducerReferenceTime: int64 us)."""
    if not packet.has_sidedata("prft"):
        return None
    microseconds = int.from_bytes(bytes(packet.get_sidedata("prft"))[:8], "little", signed=True)
    try:
        return datetime.fromtimestamp(microseconds / 1e6, UTC)
    except (OverflowError, ValueError, OSError):
        return None
