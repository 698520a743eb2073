"""From linear light to a picture as a street camera gives it: exposure, tone curve, white balance, blur, noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray


@dataclass(frozen=True)
class Film:
    """How a camera renders light: `key` is the mean level aimed at, `white` RGB gains, `noise` in 0-1 units."""

    key: float = 0.2
    white: tuple[float, float, float] = (1.0, 1.0, 1.0)
    contrast: float = 1.0
    saturation: float = 1.0
    noise: float = 0.008
    vignette: float = 0.12
    sharpen: float = 0.25


def random_film(rng: Generator) -> Film:
    """A camera somewhere between a good and a poor one."""
    warm = float(rng.normal(0, 0.05))
    return Film(
        key=float(rng.uniform(0.12, 0.27)),
        white=(1 + warm, 1 + float(rng.normal(0, 0.012)), 1 - warm),
        contrast=float(rng.uniform(0.9, 1.25)),
        saturation=float(rng.uniform(0.7, 1.1)),
        noise=float(rng.uniform(0.002, 0.014)),
        vignette=float(rng.uniform(0.0, 0.25)),
        sharpen=float(rng.uniform(-0.35, 0.6)),
    )


def exposure(rgb: NDArray[np.float32], key: float) -> float:
    """The gain that brings the picture's log-mean luminance to `key`."""
    lum = rgb @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    return float(key / np.exp(np.mean(np.log(np.clip(lum, 1e-3, 8.0)))))


def develop(rgb: NDArray[np.float32], film: Film, gain: float, rng: Generator) -> NDArray[np.uint8]:
    """Linear RGB (H, W, 3) times `gain` to sRGB uint8 (H, W, 3)."""
    h, w, _ = rgb.shape
    y, x = np.mgrid[-1 : 1 : h * 1j, -1 : 1 : w * 1j]
    fall = 1 - film.vignette * (x * x + y * y) / 2
    light = np.clip(rgb, 0, None) * (gain * fall[:, :, None] * np.array(film.white))
    light = light * (1 + light / 9.0) / (1 + light * 0.62)
    grey = light.mean(2, keepdims=True)
    light = np.clip(grey + (light - grey) * film.saturation, 0, 1)
    out = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    out = np.clip(0.45 + (out - 0.45) * film.contrast, 0, 1)
    out = out + film.sharpen * (out - blur(out))
    grain = rng.normal(0, 1, (h, w, 1)) * 0.8 + rng.normal(0, 1, (h, w, 3)) * 0.5
    out = out + film.noise * grain * (1.2 - 0.6 * out)
    return np.clip(out * 255 + 0.5, 0, 255).astype(np.uint8)


def blur(image: NDArray[np.float64]) -> NDArray[np.float64]:
    """A 3 x 3 binomial blur, edges repeated."""
    for axis in (0, 1):
        pad = [(1, 1) if a == axis else (0, 0) for a in range(3)]
        wide = np.pad(image, pad, mode="edge")
        a, b, c = (np.take(wide, range(i, i + image.shape[axis]), axis) for i in range(3))
        image = (a + 2 * b + c) / 4
    return image
