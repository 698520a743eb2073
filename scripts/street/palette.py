"""Colours (sRGB hex) and small random choices shared by all builders."""

from __future__ import annotations

from typing import TypeVar

from numpy.random import Generator

from scripts.street.shape import Material

T = TypeVar("T")

FRUIT = ("c8321e", "e07a1c", "e8c22a", "7fae3a", "4c8a2a", "7a2436", "d6a25a", "b8c84a", "5a2a4a")
VEGETABLES = ("3f7a2c", "6c9a3c", "d8dcc0", "d0521e", "8a2f52", "c9c48a", "2f5a24", "e6e2d2")
CLOTHES = (
    "1f2329",
    "2b3a55",
    "6a6f76",
    "8c2f2f",
    "b8b2a6",
    "3a4a3a",
    "c7a27a",
    "4a2f3f",
    "d8d4cc",
    "7a8aa0",
    "b04a6a",
)
TROUSERS = ("1c1e22", "2a3448", "4a4a4c", "6a5f52", "33415c", "20242c")
SKIN = ("c99872", "d8a883", "b98560", "e0b594")
HAIR = ("15120f", "211b17", "2d2622", "6a6662", "9a9692")
CARS = ("e4e5e6", "d8dadb", "1a1b1d", "3a3c3f", "8b8f93", "7a1a1c", "1d2f55", "5b4a3a", "c9c3b4", "2f4a3c")
CANOPIES = (
    "b3261e",
    "1f5fa8",
    "1e7a4a",
    "e8e4da",
    "e0a020",
    "d86a1c",
    "5a3a7a",
    "d04a7a",
    "2aa0a8",
    "7a7a72",
)
PLASTICS = ("b3202a", "1d58a8", "1f7f4a", "e0b020", "d8d8d8", "c85a1e", "26323a", "5aa0c8")
CARTONS = ("b08a5c", "a67c4e", "bd9a6e", "9a734a", "c4a67c", "d6cfc4", "8f6a44")
SACKS = ("d8d4c4", "c8c0a4", "e2e2de", "7f9a6a", "b9c4d0", "c8b08a", "d6c89c")
WALLS = (
    "d9d2c3",
    "c9b79c",
    "b9a58c",
    "cfd0cc",
    "a5755a",
    "8f5f4a",
    "e4dfd2",
    "b3b7b4",
    "9c8f7c",
    "d6c2a6",
    "7f8a8c",
)
SIGNS = (
    "a81c1c",
    "b8860b",
    "0f4f3a",
    "14325f",
    "2a2a2a",
    "e8e2d0",
    "c8451c",
    "5a2a5a",
    "f0f0ee",
    "0a6a8a",
    "6a3a1c",
)
METAL: Material = ("metal", "9a9ea2")
STEEL: Material = ("metal", "c8ccd0")
DARK: Material = ("plain", "1b1c1e")
TYRE: Material = ("plain", "17181a")
WOOD: Material = ("wood", "8a6240")


def pick(rng: Generator, options: tuple[T, ...] | list[T]) -> T:
    """One of `options`, each equally likely."""
    return options[int(rng.integers(len(options)))]


def chance(rng: Generator, p: float) -> bool:
    """True with probability `p`."""
    return bool(rng.random() < p)


def colour(rng: Generator, options: tuple[str, ...], spread: int = 14) -> str:
    """One of the hex colours, each channel shifted at random by up to `spread` of 255."""
    base = pick(rng, options)
    channels = (int(base[i : i + 2], 16) + int(rng.integers(-spread, spread + 1)) for i in (0, 2, 4))
    return "".join(f"{min(255, max(0, c)):02x}" for c in channels)


def plain(rng: Generator, options: tuple[str, ...], kind: str = "plain") -> Material:
    """A material of `kind` in a random one of the colours."""
    return (kind, colour(rng, options))
