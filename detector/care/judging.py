"""One look's picture against the reference picture: one condition with its measured value."""

from __future__ import annotations

import math

import numpy as np

from detector.care.aligning import Laid, Reference, fit_points, lay
from detector.care.features import WIDTH, Features, Working, alike, features
from detector.care.model import Condition, Finding, Limits
from ingest.frame import Image


def judge_picture(
    reference: Reference, image: Image, limits: Limits, working: Working | None = None
) -> Finding:
    """A picture (H, W, 3) uint8 BGR of any size. Knows nothing of time: frozen is for ``CameraCare``."""
    width, height = reference.own.size
    off = abs(math.log((image.shape[1] / image.shape[0]) / (width / height)))
    if off > limits.shape:
        return Finding(Condition.WRONG_SHAPE, "shape", off, limits.shape)
    return judge(reference, features(image, working), limits)


def judge(reference: Reference, look: Features, limits: Limits) -> Finding:
    """The same for features of one shape."""
    own = reference.own
    if look.bright < limits.dark_level:
        return Finding(Condition.DARK, "dark_level", look.bright, limits.dark_level)
    if len(reference.places) < limits.least_tiles:
        return Finding(Condition.FINE, "least_tiles", len(reference.places), limits.least_tiles)
    sharp = look.sharpness / max(own.sharpness, 1e-3)
    if sharp < limits.sharpness and alike(own.thumbnail, look.thumbnail) >= limits.coarse_alike:
        return Finding(Condition.BLURRED, "sharpness", sharp, limits.sharpness)
    laid = lay(reference, look, limits.alike_tile)
    far = _far(laid.shift, laid.turn_deg, laid.zoom, limits)
    if laid.alike >= limits.sure_share and far is None:
        return _near(laid, own, limits)
    # Tiles are looked for nearby only, and a fence is like itself a few pales on: corner points tell how far a
    # camera was moved or turned.
    fitted = fit_points(own, look)
    if fitted is not None and fitted.points >= limits.points and abs(fitted.zoom) < 1:
        moved = _far(fitted.shift, fitted.turn_deg, fitted.zoom, limits)
        if moved is not None:
            return moved
    if laid.alike >= limits.alike_share:
        return far or _near(laid, own, limits)
    flat = _flat(own, look)
    if flat >= limits.flat_share:
        return Finding(Condition.BLOCKED, "flat_share", flat, limits.flat_share)
    # Part of the street is still where it was: something stands before the rest.
    if laid.alike >= limits.alike_share / 2 and far is None:
        return Finding(Condition.BLOCKED, "alike_share", laid.alike, limits.alike_share)
    return Finding(Condition.WRONG_SCENE, "alike_share", laid.alike, limits.alike_share)


def _near(laid: Laid, own: Features, limits: Limits) -> Finding:
    by = math.hypot(*laid.shift) / WIDTH
    if by < limits.shift_least:
        return Finding(Condition.FINE, "alike_share", laid.alike, limits.alike_share)
    shares = (laid.shift[0] / WIDTH, laid.shift[1] / own.grey.shape[0])
    return Finding(Condition.SHIFTED, "shift_least", by, limits.shift_least, shares)


def _far(shift: tuple[float, float], turn: float, zoom: float, limits: Limits) -> Finding | None:
    """Moved by what passes its limit by the largest factor, if any does."""
    measured = {
        "shift_most": math.hypot(*shift) / WIDTH,
        "turn_deg": abs(turn),
        "zoom": abs(zoom),
    }
    name = max(measured, key=lambda n: measured[n] / getattr(limits, n))
    value, limit = measured[name], getattr(limits, name)
    return Finding(Condition.MOVED, name, value, limit) if value > limit else None


def _flat(reference: Features, look: Features) -> float:
    """Share of the tiles with edges that have lost most of them."""
    had = reference.textured
    if not had.any():
        return 0.0
    lost = look.strength[had] < 0.35 * reference.strength[had]
    return float(np.mean(lost))
