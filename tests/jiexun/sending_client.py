"""Run as a process of its own: the client without the rest of the command line, so that it starts quickly."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from jiexun.upload_client.memory import NAME, Memory, Sent, alone
from jiexun.upload_client.remote import Remote
from jiexun.upload_client.sending import Sender


class Silent:
    """Tells nobody."""

    def begins(self, name: str, size: int) -> None: ...
    def moved(self, name: str, offset: int) -> None: ...
    def ends(self, name: str, sent: Sent) -> None: ...
    def waits(self, why: str, seconds: float) -> None: ...


def main(folder: Path, server: str) -> None:
    """Watch the folder until killed."""
    with alone(folder, folder / NAME), Remote(server, os.environ["JIEXUN_UPLOAD_KEY"]) as remote:
        Sender(folder, remote, Memory.load(folder / NAME, remote.url), Silent()).send_all(0.0, watch=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
