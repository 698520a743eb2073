"""Streams: kept open with the newest group of pictures at hand, or opened for one look."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

import av

from ingest.errors import BadVideo
from ingest.frame import Frame, Image, Position
from ingest.picture_file import decode_picture
from ingest.pixels import check_size, to_bgr
from ingest.streams.clock import choose
from ingest.streams.connection import Connection, Held
from ingest.streams.group import Decoder, Group
from ingest.streams.model import FaultCode, SourceState, StreamAddress, StreamFault
from ingest.streams.standing import STEADY_S, Backoff, Standing

CLOSE_S = 1.0
"""How long ``close`` waits for its thread. One that waits in the demuxer ends by its own time-out."""

FAR_APART_S = 10.0
"""Looks further apart than this, s, take the key frame when it is not older than KEY_AGE_S."""
KEY_AGE_S = 5.0


class _Pictures:
    """From groups to frames; the part that both kinds share."""

    def __init__(self, device_id: str, address: StreamAddress, position: Position | None) -> None:
        self.device_id, self.address, self.position = device_id, address, position
        self.standing = Standing()
        self._decoder = Decoder()
        self._index = 0
        self._last: datetime | None = None

    def frame(self, group: Group, key_only: bool) -> tuple[Frame, Held] | None:
        """The newest picture of the group, or none that is whole. Raises StreamFault for absurd sizes."""
        found = self._decoder.newest(group, key_only)
        if found is None:
            return None
        picture, held = found
        image, encoded = self._image(picture, held, group.codec)
        captured_at, source = choose(held.stamp, held.taken, self._last)
        self._last = captured_at
        frame = Frame(
            self.device_id,
            self._index,
            captured_at,
            source,
            image,
            self.position,
            encoded,
            "image/jpeg" if encoded else None,
        )
        self._index += 1
        if held.stamp is not None:
            self.standing.clock((held.stamp - held.arrived).total_seconds())
        self.standing.handed_out(frame, group.codec)
        return frame, held

    def none_in_time(self) -> StreamFault:
        """Why no picture was handed out though packets may have come."""
        if self._decoder.damaged:
            what = "pictures arrive damaged; use tcp in place of udp, look at the network, lower the bit rate"
            return StreamFault(FaultCode.GARBAGE, f"{self.address}: {what}")
        return StreamFault(FaultCode.SILENT, f"{self.address}: no new picture in time; give it longer")

    def _image(self, picture: av.VideoFrame, held: Held, codec: str) -> tuple[Image, bytes | None]:
        try:
            check_size(picture.width, picture.height, str(self.address))
            if codec == "mjpeg" and held.data[:2] == b"\xff\xd8":
                return decode_picture(held.data, str(self.address)), held.data
            return to_bgr(picture), None
        except BadVideo as error:
            raise StreamFault(FaultCode.TOO_LARGE, str(error)) from None


class KeptOpen:
    """A stream read all the time by one thread of its own, which also opens it again when it breaks."""

    def __init__(self, device_id: str, address: StreamAddress, position: Position | None = None) -> None:
        self._pictures = _Pictures(device_id, address, position)
        self._backoff = Backoff()
        self._news = threading.Condition()
        self._group: Group | None = None
        self._seen: Held | None = None
        self._over = threading.Event()
        self._connection: Connection | None = None
        self._last_grab = float("-inf")
        self._thread = threading.Thread(target=self._run, name=f"stream {device_id}", daemon=True)
        self._thread.start()

    @property
    def state(self) -> SourceState:
        """Now."""
        return self._pictures.standing.state

    def grab(self, timeout_s: float) -> Frame:
        """See LiveSource. While the source is down and not tried again in time, its fault comes at once."""
        deadline = time.monotonic() + timeout_s
        far_apart = time.monotonic() - self._last_grab >= FAR_APART_S
        while True:
            group = self._wait(deadline)
            newest = group.packets[-1]
            key = group.packets[0]
            age = (datetime.now(UTC) - key.arrived).total_seconds()
            found = self._pictures.frame(group, far_apart and age <= KEY_AGE_S)
            self._seen, far_apart = newest, False
            if found is not None:
                self._last_grab = time.monotonic()
                return found[0]

    def close(self) -> None:
        """See LiveSource."""
        self._over.set()
        connection = self._connection
        if connection is not None:
            connection.abort()
        with self._news:
            self._group = None
            self._news.notify_all()
        if self._thread is not threading.current_thread():
            self._thread.join(CLOSE_S)

    def _wait(self, deadline: float) -> Group:
        """A group with a packet that was not looked at. Raises StreamFault at the deadline."""
        with self._news:
            while True:
                if self._over.is_set():
                    raise StreamFault(FaultCode.ENDED, f"{self._pictures.address}: this source was closed")
                group = self._group
                if group is not None and group.packets[-1] is not self._seen:
                    return group
                left = deadline - time.monotonic()
                state = self.state
                if state.fault is not None and state.next_try_at is not None:
                    away = (state.next_try_at - datetime.now(UTC)).total_seconds()
                    if left <= 0 or away > left:
                        raise StreamFault(state.fault, state.message)
                if left <= 0:
                    raise self._pictures.none_in_time()
                self._news.wait(left)

    def _run(self) -> None:
        standing = self._pictures.standing
        try:
            self._keep_reading()
        finally:
            with self._news:
                self._group = None
                self._news.notify_all()
            if not self._over.is_set():  # an error of ours: the thread tells it on standard error
                fault = (
                    f"{self._pictures.address}: its reader stopped by an error of the program; see the log"
                )
                standing.fails(StreamFault(FaultCode.ENDED, fault), 0.0)

    def _keep_reading(self) -> None:
        standing = self._pictures.standing
        while not self._over.is_set():
            began = time.monotonic()
            try:
                self._read()
            except StreamFault as fault:
                if self._over.is_set():
                    return
                if time.monotonic() - began > STEADY_S and standing.state.up:
                    self._backoff.held()
                wait_s = self._backoff.failed(fault.code)
                standing.fails(fault, wait_s)
                with self._news:
                    self._group = None
                    self._news.notify_all()
                self._over.wait(wait_s)
                standing.restarts()

    def _read(self) -> None:
        """One connection from beginning to end. Raises StreamFault, or returns when closed."""
        with Connection(self._pictures.address) as connection:
            self._connection = connection
            if self._over.is_set():
                return
            connection.open()
            extradata = connection.extradata
            group: Group | None = None
            for held in connection.packets():
                if self._over.is_set():
                    return
                extradata = held.extradata or extradata
                if held.key and not (group is not None and group.goes_on(held)):
                    group = Group(connection.codec, extradata)
                if group is None or not group.add(held):
                    continue
                with self._news:
                    self._group = group
                    self._news.notify_all()
                if held.key:
                    self._pictures.standing.works()


class OneLook:
    """A stream that is opened for every look: for looks minutes apart. No thread of its own."""

    def __init__(self, device_id: str, address: StreamAddress, position: Position | None = None) -> None:
        self._pictures = _Pictures(device_id, address, position)
        self._connection: Connection | None = None
        self._over = False

    @property
    def state(self) -> SourceState:
        """Now."""
        return self._pictures.standing.state

    def grab(self, timeout_s: float) -> Frame:
        """See LiveSource: connects, takes a key frame, closes."""
        address, standing = self._pictures.address, self._pictures.standing
        deadline = time.monotonic() + timeout_s
        try:
            with Connection(address, timeout_s) as connection:
                self._connection = connection
                if not self._over:
                    connection.open()
                group: Group | None = None
                for held in () if self._over else connection.packets():
                    if self._over or time.monotonic() > deadline:
                        break
                    more = group is not None and group.goes_on(held)
                    if not held.key and not more:
                        continue
                    if group is None or not more:
                        group = Group(connection.codec, held.extradata or connection.extradata)
                    group.add(held)
                    found = self._pictures.frame(group, True)
                    if found is not None:
                        standing.works()
                        return found[0]
            if self._over:
                raise StreamFault(FaultCode.ENDED, f"{address}: this source was closed")
            raise self._pictures.none_in_time()
        except StreamFault as fault:
            if self._over:
                raise StreamFault(FaultCode.ENDED, f"{address}: this source was closed") from None
            standing.fails(fault, 0.0)
            raise
        finally:
            self._connection = None

    def close(self) -> None:
        """See LiveSource."""
        self._over = True
        connection = self._connection
        if connection is not None:
            connection.abort()
