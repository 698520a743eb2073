"""HTTP towards cameras and platforms: digest and basic sign-in, a deadline for the whole of a request, an end
to what is too large, and a way out for the thread that closes.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

import httpcore
import httpx

from ingest.streams.model import FaultCode, StreamAddress, StreamFault

USER_AGENT = "jiexun"
LONGEST_S = 60.0
"""For waits inside the library; those on the network end at the deadline."""
SOCKET_OPTION = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]


@cache
def _trust() -> ssl.SSLContext:
    """The machine's certificates, loaded once: they are large, and cameras are many."""
    return ssl.create_default_context()


class Fetcher:
    """Requests of one source. One thread at a time; ``abort`` from any.

    Time-outs of HTTP libraries are per read: a peer that drips a byte now and then holds them for ever. Here
    every read gets what is left until ``deadline`` (monotonic seconds).
    """

    def __init__(self, address: StreamAddress) -> None:
        self.address = address
        self.deadline = 0.0
        self.aborted = False
        self._streams: set[_Stream] = set()
        transport = httpx.HTTPTransport(verify=_trust(), trust_env=False)
        # httpx has no door for a network of one's own; httpcore, below it, has.
        transport._pool = httpcore.ConnectionPool(
            ssl_context=_trust(),
            max_connections=4,
            max_keepalive_connections=1,
            keepalive_expiry=30,
            network_backend=_Network(self),
        )
        self._auth = EitherAuth(address.user, address.password or "") if address.user is not None else None
        headers = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity", "Accept": "*/*"}
        self._client = httpx.Client(transport=transport, headers=headers, trust_env=False, timeout=LONGEST_S)

    def left(self) -> float:
        """Seconds until the deadline; raises when there are none."""
        left = self.deadline - time.monotonic()
        if self.aborted or left <= 0:
            raise httpcore.ReadTimeout("no time left")
        return left

    @contextmanager
    def get(self, url: str) -> Iterator[httpx.Response]:
        """The answer, its body still to be read. Raises StreamFault for whatever is no 2xx."""
        # User and password are for the camera's own host, not for wherever a playlist leads.
        auth = self._auth if httpx.URL(url).host == httpx.URL(self.address.url).host else None
        with translated(self.address), self._client.stream("GET", url, auth=auth) as response:
            _check_status(response, self.address)
            yield response

    def abort(self) -> None:
        """Ends what is under way, from another thread."""
        self.aborted = True
        for stream in tuple(self._streams):
            stream.shut()

    def close(self) -> None:
        """Lets the connections go."""
        self.abort()
        self._client.close()


def body(response: httpx.Response, limit: int, address: StreamAddress) -> bytes:
    """All of it. Raises StreamFault for more than ``limit`` bytes, whatever the headers promised."""
    data = bytearray()
    for part in response.iter_raw():
        data += part
        if len(data) > limit:
            raise StreamFault(
                FaultCode.TOO_LARGE,
                f"{address}: more than {limit >> 20} MiB came for one picture; check that the address is a snapshot",
            )
    return bytes(data)


@contextmanager
def translated(address: StreamAddress) -> Iterator[None]:
    """The errors of the HTTP library as faults. Nothing of them is chained: their texts hold addresses."""
    fault: StreamFault | None = None
    try:
        yield
    except httpx.ConnectTimeout:
        fault = StreamFault(
            FaultCode.UNREACHABLE, f"{address}: no answer; check the address, the network and the power"
        )
    except httpx.ConnectError as error:
        fault = _not_connected(error, address)
    except httpx.TimeoutException:
        fault = StreamFault(
            FaultCode.SILENT,
            f"{address}: takes the connection but does not answer in time; restart the camera",
        )
    except httpx.RemoteProtocolError:
        fault = StreamFault(
            FaultCode.GARBAGE, f"{address}: what answers does not speak HTTP, or broke off; check the port"
        )
    except (httpx.TransportError, ssl.SSLError):
        fault = StreamFault(FaultCode.ENDED, f"{address}: the connection broke off; it is tried again")
    except httpx.InvalidURL:
        fault = StreamFault(FaultCode.GARBAGE, f"{address}: leads to an address that cannot be read")
    if fault is not None:
        raise fault


def _not_connected(error: httpx.ConnectError, address: StreamAddress) -> StreamFault:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ConnectionRefusedError):
            return StreamFault(
                FaultCode.REFUSED,
                f"{address}: the connection is refused; check the port and that the service runs",
            )
        if isinstance(cause, ssl.SSLCertVerificationError):
            return StreamFault(
                FaultCode.REFUSED,
                f"{address}: its certificate is not trusted here; trust its issuer (SSL_CERT_FILE) or use http://",
            )
        if isinstance(cause, socket.gaierror):
            return StreamFault(
                FaultCode.UNREACHABLE, f"{address}: the host name is unknown; check it, or give the number"
            )
        cause = cause.__cause__ or cause.__context__
    return StreamFault(
        FaultCode.UNREACHABLE, f"{address}: cannot be reached; check the address, the network and the power"
    )


def _check_status(response: httpx.Response, address: StreamAddress) -> None:
    status = response.status_code
    if status in (401, 403):
        known = "user or password is wrong" if address.user else "asks for user and password"
        raise StreamFault(FaultCode.SIGN_IN, f"{address}: {known} (HTTP {status}); set them for this camera")
    if status in (404, 410):
        raise StreamFault(
            FaultCode.MISSING,
            f"{address}: nothing under this path (HTTP {status}); check the path, or renew it",
        )
    if 300 <= status < 400:
        raise StreamFault(
            FaultCode.MISSING, f"{address}: points to another address (HTTP {status}); give that one"
        )
    if not 200 <= status < 300:
        raise StreamFault(
            FaultCode.REFUSED, f"{address}: answers with error HTTP {status}; look at the camera or platform"
        )


class EitherAuth(httpx.Auth):
    """Signs in as the peer asks: digest where it offers it, else basic; nothing before it asks.

    The password goes out in the clear only when a peer offers nothing but basic.
    """

    def __init__(self, user: str, password: str) -> None:
        self._digest = httpx.DigestAuth(user, password)
        self._basic = httpx.BasicAuth(user, password)
        self._chosen: httpx.Auth | None = None

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if self._chosen is None:
            response = yield request
            if response.status_code != 401:
                return
            offers = " ".join(response.headers.get_list("www-authenticate")).lower()
            if "digest" not in offers and "basic" not in offers:
                return
            self._chosen = self._digest if "digest" in offers else self._basic
        yield from self._chosen.auth_flow(request)


class _Network(httpcore.NetworkBackend):
    """Connections whose every wait ends at the fetcher's deadline."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher
        self._below = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        left = self._fetcher.left()
        return _Stream(
            self._below.connect_tcp(host, port, left, local_address, socket_options), self._fetcher
        )


class _Stream(httpcore.NetworkStream):
    def __init__(self, below: httpcore.NetworkStream, fetcher: Fetcher) -> None:
        self._below, self._fetcher = below, fetcher
        fetcher._streams.add(self)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._below.read(max_bytes, self._fetcher.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._below.write(buffer, self._fetcher.left())

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        tls = self._below.start_tls(ssl_context, server_hostname, self._fetcher.left())
        self._fetcher._streams.discard(self)
        return _Stream(tls, self._fetcher)

    def close(self) -> None:
        self._fetcher._streams.discard(self)
        self._below.close()

    def get_extra_info(self, info: str) -> Any:
        return self._below.get_extra_info(info)

    def shut(self) -> None:
        """Wakes a thread that waits in a read."""
        own = self._below.get_extra_info("socket")
        try:
            own.shutdown(socket.SHUT_RDWR)
        except (OSError, AttributeError):  # it is gone already
            return


class Body:
    """The body of one answer as a file that the demuxer reads; fetched when first read."""

    def __init__(self, fetcher: Fetcher, url: str, limit: int | None) -> None:
        self._fetcher, self._limit = fetcher, limit
        self._opened = fetcher.get(url)
        self._parts = self._opened.__enter__().iter_raw()
        self._rest = b""
        self._read = 0

    def read(self, n: int) -> bytes:
        """At most n bytes, empty at the end."""
        if not self._rest:
            self._fetcher.left()
            with translated(self._fetcher.address):
                self._rest = next(self._parts, b"")
            self._read += len(self._rest)
            if self._limit is not None and self._read > self._limit:
                raise StreamFault(
                    FaultCode.TOO_LARGE,
                    f"{self._fetcher.address}: one part is bigger than {self._limit >> 20} MiB; check the address",
                )
        out, self._rest = self._rest[:n], self._rest[n:]
        return out

    def close(self) -> None:
        """Lets the answer go."""
        with suppress(httpx.HTTPError):
            self._opened.__exit__(None, None, None)
