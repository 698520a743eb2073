"""Which packets the decoder must see so that chosen pictures come out whole.

Pictures depend on others only inside their group (key frame to next key frame, in decoding order). The
exception is a leading picture of an open group: shown before its key frame, it may also need the group before
(ITU-T H.265, 3.1 "leading picture"). Within a group, pictures that nothing refers to (NONREF) can be left
out.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from ingest.survey import Survey


class Feed(IntEnum):
    """What to do with a packet."""

    SKIP = 0  # not shown to the decoder
    REFERENCE = 1  # decoded only if other pictures refer to it
    WHOLE = 2  # a look: always decoded


SHORT_TAIL = 8
"""Packets of an unneeded end of a group that are fed all the same: stopping the decoder costs about as
much."""


def everything(survey: Survey) -> NDArray[np.uint8]:
    """Feed all sound packets: for files whose stamps cannot be trusted before decoding."""
    return np.where(survey.usable, Feed.WHOLE, Feed.SKIP).astype(np.uint8)


def plan(survey: Survey, chosen: NDArray[np.int64]) -> NDArray[np.uint8]:
    """(packets,) of :class:`Feed` in decoding order, for the pictures with stamps ``chosen`` (orderly files
    only)."""
    looks = np.isin(survey.pts, chosen)
    groups = np.cumsum(survey.key) - 1
    first = np.flatnonzero(survey.key)
    end = np.append(first[1:], len(survey.key))
    last = np.full(len(first), -1)  # last packet needed in each group
    for i in np.flatnonzero(looks):
        group = groups[i]
        last[group] = i
        if survey.pts[i] < survey.pts[first[group]] and group > 0:
            last[group - 1] = end[group - 1] - 1
    last = np.where((last >= 0) & (end - 1 - last <= SHORT_TAIL), end - 1, last)
    feed = np.where(np.arange(len(groups)) <= last[groups], Feed.REFERENCE, Feed.SKIP)
    feed[looks] = Feed.WHOLE
    feed[~survey.usable] = Feed.SKIP
    return feed.astype(np.uint8)
