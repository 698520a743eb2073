"""Hash chains: each entry's hash covers its content and the hash before it (Haber & Stornetta 1991).

hash(n) = SHA-256( hash(n-1) + newline + canonical JSON of the content ). A change, a missing or an added entry
breaks the chain at that place; a cut end no longer fits the head that is kept beside it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy.orm import Session

from casework.counters import ChainHead, lock_head
from casework.db import canonical


@dataclass(frozen=True, slots=True)
class Link:
    """Place in a chain."""

    seq: int
    prev_hash: str
    hash: str


def entry_hash(prev_hash: str, content: object) -> str:
    """The hash of an entry, 64 hexadecimal digits."""
    return hashlib.sha256(f"{prev_hash}\n{canonical(content)}".encode()).hexdigest()


def extend(session: Session, name: str, content: object) -> Link:
    """Lock the head, add one entry to it. The caller writes the row in the same transaction."""
    head = lock_head(session, name)
    link = Link(head.seq + 1, head.hash, entry_hash(head.hash, content))
    head.seq, head.hash = link.seq, link.hash
    session.flush()
    return link


def breaks(session: Session, name: str, entries: Iterator[tuple[int, str, str, object]]) -> Iterator[str]:
    """Where the chain is broken, in words. entries: (seq, prev_hash, hash, content) in order of seq."""
    expected, before = 1, ""
    for seq, prev_hash, stored, content in entries:
        if seq != expected:
            yield f"{name} #{expected}: missing (next is #{seq})"
        elif prev_hash != before:
            yield f"{name} #{seq}: does not follow the entry before it"
        if entry_hash(prev_hash, content) != stored:
            yield f"{name} #{seq}: its content was changed"
        expected, before = seq + 1, stored
    head = session.get(ChainHead, name)
    if (head.seq if head else 0) != expected - 1 or (head.hash if head else "") != before:
        known = head.seq if head else 0
        yield f"{name}: ends at #{expected - 1}, its head says #{known}: entries at the end are missing or changed"
