"""The server, one request each. Every answer is sorted into progress or one of the errors."""

from __future__ import annotations

import base64
import hashlib
import ssl
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from urllib.parse import urljoin, urlsplit

import httpx

from jiexun.upload_client.errors import Later, Lost, Never, Stop

TUS = {"Tus-Resumable": "1.0.0", "Accept-Language": "en"}
TIMEOUT = httpx.Timeout(connect=10.0, read=120.0, write=60.0, pool=10.0)
AGAIN = {408, 423, 425, 429, 460}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an upload is. state: open, whole, accepted, duplicate, refused. problem: why it was refused."""

    url: str
    offset: int
    state: str
    problem: str | None = None


class Remote:
    """A server and the device's key."""

    def __init__(self, server: str, key: str, ca: Path | None = None) -> None:
        parts = urlsplit(server)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Stop(f"--server {server}: give its address, as https://jiexun.example")
        if parts.username or parts.password:
            raise Stop("--server: leave name and password out of the address; the key is given apart")
        self.url = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}/"
        verify = ssl.create_default_context(cafile=ca) if ca else True
        headers = {**TUS, "Authorization": f"Bearer {key}"}
        # Nothing from the environment: a .netrc would put another word in the key's place.
        self._client = httpx.Client(headers=headers, timeout=TIMEOUT, verify=verify, trust_env=False)

    def __enter__(self) -> Remote:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def create(self, name: str, size: int, sha256: str) -> Progress:
        """Begin an upload, or learn how far the server has these bytes already."""
        pairs = {"filename": name, "sha256": sha256}
        said = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in pairs.items())
        headers = {"Upload-Length": str(size), "Upload-Metadata": said}
        try:
            answer = self._ask("POST", urljoin(self.url, "api/uploads"), headers)
        except Lost as error:
            raise Stop(f"{self.url} takes no uploads: is this the address of a jiexun server?") from error
        url = urljoin(str(answer.url), answer.headers.get("location", ""))
        if urlsplit(url).netloc != urlsplit(self.url).netloc:
            raise Stop("the server names an address on another machine; the key is not sent there")
        return _progress(url, answer)

    def look(self, url: str) -> Progress:
        """How far it is. Raises Lost, Later, Stop."""
        return _progress(url, self._ask("HEAD", url, {}))

    def send(self, url: str, offset: int, data: bytes) -> Progress:
        """One piece with its checksum. Raises Later (ask how far it is), Lost, Never, Stop."""
        checksum = base64.b64encode(hashlib.sha256(data).digest()).decode()
        headers = {
            "Upload-Offset": str(offset),
            "Upload-Checksum": f"sha256 {checksum}",
            "Content-Type": "application/offset+octet-stream",
        }
        return _progress(url, self._ask("PATCH", url, headers, data))

    def end(self, url: str) -> None:
        """Give an upload up; it does not matter when nobody hears it."""
        try:
            self._ask("DELETE", url, {})
        except (Later, Never):
            return

    def _ask(
        self, method: str, url: str, headers: dict[str, str], data: bytes | None = None
    ) -> httpx.Response:
        try:
            answer = self._client.request(method, url, headers=headers, content=data)
        except httpx.UnsupportedProtocol as error:
            raise Stop(f"the address cannot be used: {error}") from error
        except httpx.TransportError as error:
            raise Later(f"no answer from the server ({type(error).__name__}); it is tried again") from error
        if answer.is_success:
            return answer
        raise _refusal(answer)


def _progress(url: str, answer: httpx.Response) -> Progress:
    offset = answer.headers.get("upload-offset", "0")
    if not offset.isdecimal():
        raise Later("the server's answer says no offset; it is asked again")
    state = answer.headers.get("upload-state", "open")
    return Progress(url, int(offset), state, answer.headers.get("upload-problem"))


def _refusal(answer: httpx.Response) -> Later | Never | Stop:
    """What an answer that is no success means. HEAD has no body: its status alone must do."""
    code, detail = f"http_{answer.status_code}", ""
    if "json" in answer.headers.get("content-type", ""):
        try:
            said = answer.json()
            code, detail = str(said.get("code", code)), str(said.get("detail", ""))
        except (ValueError, AttributeError):
            pass
    line = detail or f"the server answers {answer.status_code}"
    if answer.status_code == 401:
        return Stop("the server does not know this key; have it issued anew with: jiexun device key CODE")
    if answer.status_code in (404, 410) or code == "upload_lost":
        return Lost(line)
    if answer.status_code in AGAIN or answer.status_code >= 500 or code == "wrong_offset":
        return Later(line)
    if answer.status_code in (405, 412) or answer.is_redirect or code == f"http_{answer.status_code}":
        return Stop(f"{line}: is this the address of a jiexun server?")
    return Never(code, line)
