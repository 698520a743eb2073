"""The errors of this room, each with a code and one line in both languages: what is wrong, how to mend it.

CaseworkError
├── NotFound        no such thing, or not in this person's squad      404
│   └── Gone        it was here; its time is over                     410
├── Refused         not allowed to this person                        403
├── Conflict        somebody was first, or the state has changed      409
│   └── Busy        somebody holds it right now                       423
├── Invalid         what was given cannot be used                     422
│   └── TooLarge    more than the limit                               413
├── TooMany         more than this device may have or send            429
├── NotSignedIn     no session, key or the wrong password             401
├── NotCovered      faces and plates cannot be covered: not shown     503
└── StorageFull     the disk cannot take it; nothing was written      507
    └── StorageDown the object store cannot be used now               503
"""

from __future__ import annotations


class CaseworkError(Exception):
    """Base. ``code`` is stable; ``zh`` and ``en`` are for people."""

    def __init__(self, code: str, *, zh: str, en: str) -> None:
        super().__init__(en)
        self.code, self.zh, self.en = code, zh, en


class NotFound(CaseworkError):
    """No such thing here."""


class Gone(NotFound):
    """It was here; its time is over."""


class Refused(CaseworkError):
    """This person may not."""


class Conflict(CaseworkError):
    """The state has changed, or somebody was first."""


class Busy(Conflict):
    """Somebody holds it right now; try again."""


class Invalid(CaseworkError):
    """The input cannot be used."""


class TooLarge(Invalid):
    """More than the limit."""


class TooMany(CaseworkError):
    """More than this device may have open, or send in a day."""


class NotSignedIn(CaseworkError):
    """Who is asking is not known."""


class NotCovered(CaseworkError):
    """Faces and plates cannot be covered now, so that nothing is shown."""


class StorageFull(CaseworkError):
    """There is no room; nothing was half-written."""


class StorageDown(StorageFull):
    """The object store does not answer, or refuses; nothing was half-written."""


def not_found(what: str, what_zh: str, key: object) -> NotFound:
    """The common form of NotFound."""
    return NotFound(
        "not_found",
        zh=f"找不到{what_zh} {key}，或不在您的管辖范围",
        en=f"no {what} {key}, or not in your squad",
    )
