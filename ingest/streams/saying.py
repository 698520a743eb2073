"""What a demuxer's errors mean, as faults."""

from __future__ import annotations

import errno
import socket
from urllib.parse import urlsplit

import av
import httpcore
import httpx

from ingest.streams.http import translated
from ingest.streams.model import FaultCode, StreamAddress, StreamFault

PORTS = {"rtsp": 554, "rtsps": 322, "rtmp": 1935, "rtmps": 443, "http": 80, "https": 443}
ERRORS = (
    av.FFmpegError,
    httpx.HTTPError,
    httpx.InvalidURL,
    httpcore.TimeoutException,
    OSError,
    ValueError,
    RuntimeError,
)
"""What comes out of a demuxer, and out of the files of ours that it reads."""

PROBE_S = 2.0
_AWAY = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTDOWN, errno.EADDRNOTAVAIL)
_REFUSED = "the connection is refused; check the port and that the service runs"
_CODEC = "its video codec is unknown here; set the camera to H.264, H.265 or MJPEG"


def fault(address: StreamAddress, code: FaultCode, what: str) -> StreamFault:
    """With the address before it."""
    return StreamFault(code, f"{address}: {what}")


def silent(address: StreamAddress, seconds: float) -> StreamFault:
    """Nothing came for so long."""
    hint = "try tcp in place of udp" if address.transport == "udp" else "restart the camera"
    return fault(address, FaultCode.SILENT, f"nothing came for {seconds:.0f} s; {hint}")


def unknown_codec(address: StreamAddress) -> StreamFault:
    """No decoder."""
    return fault(address, FaultCode.CODEC, _CODEC)


def explain_opening(error: Exception, address: StreamAddress, late: bool) -> StreamFault:
    """late: the time to open was over; the demuxers then say "invalid data", "end" or "input/output", too."""
    return probe(address, True) if late else _told(error, address) or probe(address, timed_out(error))


def explain_reading(error: Exception, address: StreamAddress, silent_s: float) -> StreamFault:
    """Of an error in mid-stream."""
    if timed_out(error):
        return silent(address, silent_s)
    ended = fault(address, FaultCode.ENDED, "the connection broke off; it is tried again")
    return _told(error, address) or ended


def timed_out(error: Exception) -> bool:
    """Whether it is our own time-out."""
    number = error.errno if isinstance(error, OSError) else None
    return isinstance(error, av.ExitError | httpcore.TimeoutException) or number == errno.ETIMEDOUT


def _told(error: Exception, address: StreamAddress) -> StreamFault | None:
    """What the error says for itself, if it does."""
    if isinstance(error, httpx.HTTPError | httpx.InvalidURL):
        try:
            with translated(address):
                raise error
        except StreamFault as said:
            return said
    if isinstance(error, av.HTTPUnauthorizedError | av.HTTPForbiddenError):
        known = "user or password is wrong" if address.user else "asks for user and password"
        return fault(address, FaultCode.SIGN_IN, f"{known}; set them for this camera")
    if isinstance(error, av.HTTPNotFoundError):
        return fault(address, FaultCode.MISSING, "no such stream there; check the path, or renew it")
    if isinstance(error, av.HTTPError):
        busy = "it will not serve now (too many viewers?); look at the camera or platform"
        return fault(address, FaultCode.REFUSED, busy)
    if isinstance(error, ConnectionRefusedError):
        return fault(address, FaultCode.REFUSED, _REFUSED)
    if isinstance(error, av.DecoderNotFoundError):
        return unknown_codec(address)
    if isinstance(
        error, av.InvalidDataError | av.ProtocolNotFoundError | av.DemuxerNotFoundError | ValueError
    ):
        return fault(address, FaultCode.GARBAGE, "what answers is no such stream; check kind, port and path")
    if isinstance(error, OSError) and error.errno in _AWAY:
        away = "cannot be reached; check the address, the network and the power"
        return fault(address, FaultCode.UNREACHABLE, away)
    return None


def probe(address: StreamAddress, late: bool) -> StreamFault:
    """The demuxer gave up for no reason it tells: does anything answer there at all?"""
    parts = urlsplit(address.url)
    try:
        with socket.create_connection((parts.hostname or "", parts.port or PORTS[parts.scheme]), PROBE_S):
            pass
    except ConnectionRefusedError:
        return fault(address, FaultCode.REFUSED, _REFUSED)
    except socket.gaierror:
        unknown = "the host name is unknown; check it, or give the number"
        return fault(address, FaultCode.UNREACHABLE, unknown)
    except (OSError, UnicodeError):
        nothing = "no answer; check the address, the network and the power"
        return fault(address, FaultCode.UNREACHABLE, nothing)
    if late:
        mute = "takes the connection but does not answer in time; restart the camera"
        return fault(address, FaultCode.SILENT, mute)
    return fault(address, FaultCode.GARBAGE, "it broke off while opening; check kind, port and path")
