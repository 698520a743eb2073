"""The errors of this room.

UploadError
├── Later           the server cannot be reached, or cannot take it now: another try is worth it
│   └── Lost        the upload is not there any more: begin it anew
├── Never           this file is refused as it is
└── Stop            nothing can be sent: the key, the address, the version
"""

from __future__ import annotations


class UploadError(Exception):
    """Base. One line: what is wrong, and how to mend it. Never holds the key."""


class Later(UploadError):
    """Worth another try."""


class Lost(Later):
    """The upload is gone; begin it anew."""


class Never(UploadError):
    """This file is refused."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Stop(UploadError):
    """Nothing can be sent."""
