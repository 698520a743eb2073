"""Starting the real server and Chromium, and listening for faults."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import ConsoleMessage, Page, Request, Response

ROOT = Path(__file__).resolve().parents[2]
JIEXUN = Path(sys.executable).parent / "jiexun"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


def chromium() -> str:
    """Debian's Chromium; make test installs it."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert found, "no Chromium: run make test, which installs it (apt-get install chromium)"
    return found


@dataclass
class Server:
    """A running server."""

    url: str
    home: Path
    process: subprocess.Popen[str]

    def stop(self, how: int = signal.SIGTERM) -> None:
        """End it, gently or not, and wait."""
        self.process.send_signal(how)
        self.process.wait(timeout=20)
        if self.process.stdout is not None:
            self.process.stdout.close()


def serve(home: Path) -> Server:
    """Start it on a free port; it says where it is."""
    assert (ROOT / "review_ui" / "dist" / "index.html").is_file(), "the page is not built: run make page"
    process = subprocess.Popen(
        [JIEXUN, "serve", "--home", home, "--port", "0"], stdout=subprocess.PIPE, text=True,
        env={**os.environ, "JIEXUN_WORKER": "false", "COLUMNS": "200"},
    )  # fmt: skip
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.search(r"http://[\d.]+:\d+", line)
    assert found, f"the server did not start: {line}"
    return Server(found.group(), home, process)


@dataclass
class Faults:
    """What the browser complained of: console errors, failed requests, answers from 400 on."""

    seen: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        """Listen to a page."""
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.seen.append(f"error: {error}"))
        page.on("requestfailed", self._failed)
        page.on("response", self._answer)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.seen.append(f"console {message.type}: {message.text}")

    def _failed(self, request: Request) -> None:
        # A picture that is no longer wanted is given up by the browser itself when the page changes.
        if request.failure != "net::ERR_ABORTED":
            self.seen.append(f"failed: {request.method} {request.url} {request.failure}")

    def _answer(self, response: Response) -> None:
        if response.status >= 400:
            self.seen.append(f"{response.status}: {response.request.method} {response.url}")


def serious(page: Page) -> list[str]:
    """What axe finds on the page that is serious or worse: its rule and where."""
    axe = ROOT / "review_ui" / "node_modules" / "axe-core" / "axe.min.js"
    page.evaluate(axe.read_text())  # the page's own policy lets no script in but its own
    result = page.evaluate("() => axe.run(document, { resultTypes: ['violations'] })")
    return [
        f"{one['id']}: {node['html'][:160]}"
        for one in result["violations"]
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]
