"""A street learnt from looks in two pictures: a short one of what is there now, a long one of what always was."""

from __future__ import annotations

import math

import numpy as np

from detector.background.cells import EDGES, beyond
from detector.background.model import Floats, Limits, Mask

_MOST = 255


class Background:
    """``short`` and ``long``: (rows, columns, 5) as ``cells.cells_of`` gives, float16 to be small; empty before the
    first look. Seconds are those of capture time on any one clock.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.short = self.long = np.zeros((0, 0, 5), np.float16)
        self._seen = np.zeros((0, 0), np.uint8)  # looks that each cell was not covered in
        self._at_s = self._long_s = 0.0

    @property
    def new(self) -> Floats:
        """(rows, columns) strength 0-1 of edges that are there now and never were."""
        return beyond(self.short[..., EDGES].astype(np.float32), self.long[..., EDGES].astype(np.float32))

    @property
    def nbytes(self) -> int:
        """Of what is kept between looks."""
        return self.short.nbytes + self.long.nbytes + self._seen.nbytes

    def learn(self, at_s: float, now: Floats, covered: Mask, held: Mask) -> None:
        """One look. covered: cells before which somebody passes. held: cells whose background is not to be
        changed, because something stands before it.
        """
        if now.shape != self.short.shape:
            self.short, self.long = now.astype(np.float16), now.astype(np.float16)
            self._seen = np.where(covered, 0, 1).astype(np.uint8)
            self._at_s = self._long_s = at_s
            return
        limits = self._limits
        young = self._seen < limits.begin_looks
        step = min(limits.most_step, 1 - math.exp(-(at_s - self._at_s) / limits.short_s))
        steps = np.where(young, np.maximum(step, 1 / (self._seen + 1.0)), step) * ~covered
        short = self.short.astype(np.float32)
        short += steps[..., None].astype(np.float32) * (now - short)
        self.short = short.astype(np.float16)
        self._seen = np.minimum(self._seen + np.where(covered, 0, 1), _MOST).astype(np.uint8)
        self._at_s = at_s
        self.long = np.where(young[..., None], self.short, self.long)
        if at_s - self._long_s >= limits.long_every_s:
            share = 1 - math.exp(-(at_s - self._long_s) / limits.long_s)
            self._long_s = at_s
            self.take(~held, share)

    def take(self, cells: Mask, share: float = 1.0) -> None:
        """What is there now becomes background in these cells, or comes nearer to it by a share."""
        long = self.long.astype(np.float32)
        long += np.where(cells, share, 0.0)[..., None].astype(np.float32) * (self.short - long)
        self.long = long.astype(np.float16)

    @property
    def begins(self) -> bool:
        """Whether most of the street is not known yet."""
        return bool(self._seen.size) and float((self._seen < self._limits.begin_looks).mean()) > 0.5

    def begin_again(self, cells: Mask) -> None:
        """The next looks are the background of these cells, as at the start."""
        self._seen[cells] = 0
