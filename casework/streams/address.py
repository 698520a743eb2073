"""Where to connect, with the password opened. For what connects, and for nothing else."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import cast

from sqlalchemy.orm import Session

from casework.errors import Invalid
from casework.streams.sealing import sealer_of
from casework.streams.tables import Stream
from ingest.streams.model import StreamAddress, StreamKind, Transport

LOG = logging.getLogger("jiexun.streams")


def addresses(session: Session, streams: Sequence[tuple[Stream, str]]) -> dict[int, StreamAddress]:
    """Device id -> address, of (stream, device code) pairs.

    A password that cannot be opened is left out and logged by device: that camera refuses the sign-in, the others go
    on. Raises Invalid where there are passwords and no key file was given.
    """
    found = {}
    for stream, code in streams:
        password = None
        if stream.password_sealed is not None:
            sealer = sealer_of(session)
            try:
                password = sealer.open(stream.password_sealed, code)
            except Invalid as error:
                LOG.error("%s", error)
        found[stream.device_id] = StreamAddress(
            StreamKind(stream.kind), stream.url, cast(Transport, stream.transport), stream.user, password
        )
    return found


def shown(stream: Stream) -> str:
    """The address for people: without query and password."""
    return str(StreamAddress(StreamKind(stream.kind), stream.url, cast(Transport, stream.transport)))
