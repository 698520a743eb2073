"""Opening a live source of any kind."""

from __future__ import annotations

from ingest.frame import Position
from ingest.streams.folder import Folder
from ingest.streams.model import LiveSource, StreamAddress, StreamKind
from ingest.streams.network import KeptOpen, OneLook
from ingest.streams.snapshot import Snapshot


def open_live(
    device_id: str, address: StreamAddress, *, position: Position | None = None, keep_open: bool = True
) -> LiveSource:
    """A source that connects in the background or when it is asked; never raises for a camera that is away.

    position: of the camera, put on every frame. keep_open: a stream stays connected between looks (one thread);
    False: connect, take one picture (a key frame), close: for looks minutes apart. To change a source, close it and
    open another. Raises BadStream for a folder's address that says what cannot be.
    """
    if address.kind is StreamKind.FOLDER:
        return Folder(device_id, address, position)
    if address.kind is StreamKind.SNAPSHOT:
        return Snapshot(device_id, address, position, keep_open)
    return (KeptOpen if keep_open else OneLook)(device_id, address, position)
