"""Cut-out stalls, goods and piles pasted onto streets that show none.

After Dwibedi, Misra and Hebert, "Cut, Paste and Learn" (arXiv:1708.01642): the thing is cut along its outline
where one can be found, set down where the ground lies, at a size that fits the place, with soft edges, so that
the model learns the thing and not the picture it came from.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.nms import overlap
from detector.pictures import read_picture
from detector.training.context import DOMAIN
from detector.training.labels import Labels, read_labels, write_labels

Picture = NDArray[np.uint8]

HORIZON = 0.42
"""Share of the picture's height at which the horizon is assumed; sizes grow from there downwards."""


@dataclass(frozen=True, slots=True)
class CutOut:
    """A thing cut from a picture. image: (h, w, 3) BGR. alpha: (h, w) float32, 0-1. class_id: its class.
    bottom, height: where it stood and how tall it was, in shares of its picture's height.
    """

    image: Picture
    alpha: NDArray[np.float32]
    class_id: int
    bottom: float
    height: float


def cut_out(image: Picture, box: NDArray[np.float32], class_id: int) -> CutOut | None:
    """Cut the thing in a pixel box (x0, y0, x1, y1), or None where it is smaller than 40 px, touches the
    picture's edge (half a thing would be set down as a whole one) or shows no outline.
    """
    height, width = image.shape[:2]
    x0, y0, x1, y1 = (round(float(v)) for v in box)
    if min(x1 - x0, y1 - y0) < 40 or x0 <= 1 or x1 >= width - 1 or y0 <= 1 or y1 >= height - 1:
        return None
    alpha = _outline(image, (x0, y0, x1, y1))
    if alpha is None:
        return None
    rows, columns = np.flatnonzero((alpha > 0.5).any(axis=1)), np.flatnonzero((alpha > 0.5).any(axis=0))
    part = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]  # the label is what is really set down
    tall = alpha[part].shape[0] / height
    return CutOut(image[y0:y1, x0:x1][part].copy(), alpha[part], class_id, (y0 + rows[-1] + 1) / height, tall)


def _outline(image: Picture, box: tuple[int, int, int, int]) -> NDArray[np.float32] | None:
    """A soft mask of the thing by GrabCut (Rother et al. 2004), or None where that finds too little or nearly
    everything.
    """
    x0, y0, x1, y1 = box
    scale = min(1.0, 160 / max(x1 - x0, y1 - y0))
    margin = round(0.15 * max(x1 - x0, y1 - y0))
    left, top = max(0, x0 - margin), max(0, y0 - margin)
    around = image[top : y1 + margin, left : x1 + margin]
    small = cv2.resize(around, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    inner = [round(v * scale) for v in (x0 - left, y0 - top, x1 - x0, y1 - y0)]
    mask = np.zeros(small.shape[:2], np.uint8)
    cv2.setRNGSeed(0)
    cv2.grabCut(small, mask, inner, np.zeros((1, 65)), np.zeros((1, 65)), 3, cv2.GC_INIT_WITH_RECT)
    part = np.isin(mask, (cv2.GC_FGD, cv2.GC_PR_FGD))[
        inner[1] : inner[1] + inner[3], inner[0] : inner[0] + inner[2]
    ]
    part = np.asarray(cv2.morphologyEx(part.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8)))
    if not 0.35 <= part.mean() <= 0.93:
        return None
    hard = cv2.resize(part.astype(np.float32), (x1 - x0, y1 - y0))
    edge = max(3, round(0.03 * max(hard.shape))) | 1
    framed = cv2.copyMakeBorder(hard, edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=0.0)
    eroded = cv2.erode(framed, np.ones((edge, edge), np.uint8))
    return np.asarray(cv2.GaussianBlur(eroded, (edge, edge), 0), np.float32)[edge:-edge, edge:-edge]


def paste(
    street: Picture, labels: Labels, things: list[CutOut], rng: np.random.Generator
) -> tuple[Picture, Labels]:
    """Set things down on a street. labels: of the street (context). Returns the new picture and its labels:
    context that a thing hides by more than 0.6 is dropped, a thing that would lie on another is left out.
    """
    image = street.copy()
    height, width = image.shape[:2]
    placed: list[NDArray[np.float32]] = []
    ids: list[int] = []
    for thing in things:
        foot = float(rng.uniform(0.58, 0.97))
        size = thing.height * np.clip((foot - HORIZON) / max(thing.bottom - HORIZON, 0.1), 0.35, 1.6)
        tall = int(np.clip(size * rng.uniform(0.8, 1.2), 0.05, 0.6) * height)
        wide = int(tall * thing.image.shape[1] / thing.image.shape[0])
        if wide < 24 or tall < 24 or wide >= 0.8 * width:
            continue
        x0 = int(rng.integers(0, width - wide))
        y0 = max(0, int(foot * height) - tall)
        box = np.array([x0, y0, x0 + wide, y0 + tall], np.float32)
        if placed and overlap(box[None], np.stack(placed)).max() > 0.02:
            continue
        _blend(image[y0 : y0 + tall, x0 : x0 + wide], thing, rng)
        placed.append(box)
        ids.append(thing.class_id)
    if not placed:
        return image, labels
    boxes = np.stack(placed)
    context = labels.xyxy(width, height)
    seen = np.array([_hidden(one, boxes) <= 0.6 for one in context], bool)
    kept = Labels.from_pixels(labels.class_id[seen], context[seen], width, height)
    return image, Labels.from_pixels(np.array(ids, np.int64), boxes, width, height).joined(kept)


def _hidden(box: NDArray[np.float32], by: NDArray[np.float32]) -> float:
    """Largest share of a box that one of the others covers."""
    size = np.maximum(np.minimum(box[2:], by[:, 2:]) - np.maximum(box[:2], by[:, :2]), 0)
    return float((size.prod(axis=1) / max(float(np.prod(box[2:] - box[:2])), 1e-6)).max())


def _blend(place: Picture, thing: CutOut, rng: np.random.Generator) -> None:
    """Draw a thing over a part of a picture (changed in place), halfway in that part's brightness."""
    tall, wide = place.shape[:2]
    shrinks = tall < thing.image.shape[0]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    image = cv2.resize(thing.image, (wide, tall), interpolation=how).astype(np.float32)
    alpha = cv2.resize(thing.alpha, (wide, tall))
    if rng.random() < 0.5:
        image, alpha = image[:, ::-1], alpha[:, ::-1]
    light = (float(place.mean()) + 20) / (float(image.mean()) + 20)
    image = np.clip(image * light**0.5, 0, 255)
    if rng.random() < 0.3:
        image = np.asarray(cv2.GaussianBlur(np.ascontiguousarray(image), (3, 3), 0), np.float32)
    place[:] = np.rint(place * (1 - alpha[..., None]) + image * alpha[..., None]).astype(np.uint8)


def paste_all(images: Path, labels: Path, out: Path, *, count: int, seed: int = 0) -> int:
    """Make pictures of pasted things from a training folder; returns how many were made.

    images, labels: hand labels with context, same stems. out: gets ``images`` and ``labels``. count: pictures
    wanted; each shows one to four things, every class equally often. Deterministic by seed.
    """
    rng = np.random.default_rng(seed)
    files = sorted(p for p in images.iterdir() if p.is_file())
    told = {path: read_labels(labels / f"{path.stem}.txt") for path in files}
    streets = [p for p in files if not (told[p].class_id < DOMAIN).any()]
    things: dict[int, list[CutOut]] = {i: [] for i in range(DOMAIN)}
    for path in files:
        hand = told[path].class_id < DOMAIN
        if hand.any():
            image = read_picture(path)
            boxes = told[path].xyxy(image.shape[1], image.shape[0])
            for i in np.flatnonzero(hand):
                if (thing := cut_out(image, boxes[i], int(told[path].class_id[i]))) is not None:
                    things[thing.class_id].append(thing)
    kinds = [i for i in things if things[i]]
    if not streets or not kinds:
        raise ValueError(
            f"{images}: pasting needs pictures without, and boxes with, stall, shop_goods or pile"
        )
    for place in ("images", "labels"):
        (out / place).mkdir(parents=True, exist_ok=True)
    for number in range(count):
        street = streets[int(rng.integers(len(streets)))]
        chosen = [int(k) for k in rng.choice(kinds, int(rng.integers(1, 5)))]
        picked = [things[k][int(rng.integers(len(things[k])))] for k in chosen]
        image, new = paste(read_picture(street), told[street], picked, rng)
        cv2.imwrite(str(out / "images" / f"paste_{number:05d}.jpg"), image, [cv2.IMWRITE_JPEG_QUALITY, 92])
        write_labels(out / "labels" / f"paste_{number:05d}.txt", new)
    return count
