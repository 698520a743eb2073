"""The errors of this room.

    IngestError
    ├── BadVideo        the file cannot be read as video or pictures
    ├── BadTrack        the positions cannot be used
    ├── BadStream       the address of a live source cannot be used
    │   (StreamFault in ingest.streams.model: a live source gives no picture now)
    └── BadTime         a capture time is missing or impossible

Each message is one line: what is wrong, and how to mend it.
"""

from __future__ import annotations


class IngestError(Exception):
    """Something given to us from outside cannot be used."""


class BadVideo(IngestError):
    """A file that cannot be read as video or as pictures."""


class BadTrack(IngestError):
    """A track of positions that cannot be read or does not fit the footage."""


class BadTime(IngestError):
    """A capture time that is missing, naive or impossible."""


class BadStream(IngestError):
    """The address of a live source that cannot be used as it is written."""
