"""What a picture file is: whether it can be used, what is unusual about it, its hashes."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

from PIL import Image as Pillow
from PIL import UnidentifiedImageError

from detector.datasets.likeness import likeness
from detector.errors import BadPicture
from detector.pictures import read_picture
from detector.weights import sha256_of

HUGE_SIDE = 8000
"""Pixels; a longer side is named: nothing is gained by it, and it is slow to read."""
_EXIF_ORIENTATION = 0x0112


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about a picture and what to do about it."""

    severity: str
    code: str
    what: str
    mend: str


@dataclass(frozen=True, slots=True)
class Examined:
    """sha256: empty where there is no file. likeness: see ``detector.datasets.likeness``, 0 where unreadable."""

    findings: tuple[Remark, ...]
    sha256: str = ""
    likeness: int = 0


def examine(path: Path) -> Examined:
    """Read a picture wholly and say what is unusual. Raises nothing: what is broken is a finding."""
    if not path.is_file():
        return Examined((Remark("error", "missing", "is not there", "put it back or take it off the list"),))
    try:
        image = read_picture(path)
    except BadPicture as error:
        broken = Remark("error", "broken", str(error), "replace the picture, or delete it and its label")
        return Examined((broken,))
    return Examined(tuple(_unusual(path)), sha256_of(path), likeness(image))


def _unusual(path: Path) -> list[Remark]:
    """What the header says, of a picture that is known to be readable."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Pillow.DecompressionBombWarning)
        try:
            with Pillow.open(path) as picture:
                mode, size = picture.mode, picture.size
                turned = picture.getexif().get(_EXIF_ORIENTATION, 1) not in (0, 1)
        except (UnidentifiedImageError, OSError):  # pragma: no cover - read_picture has just read it
            return []
    found = []
    if mode in ("1", "L", "LA"):
        found.append(Remark("notice", "greyscale", "is greyscale", "wanted only if the cameras are, too"))
    if mode == "CMYK":
        found.append(Remark("notice", "cmyk", "is CMYK: colours shift a little", "save it as RGB"))
    if mode.startswith("I") or mode == "F":
        found.append(Remark("notice", "deep", "has 16 bits or more per value", "save it with 8 bits"))
    if turned:
        found.append(
            Remark("notice", "exif_rotated", "is turned by EXIF", "see on a sheet that its boxes are upright")
        )
    if max(size) > HUGE_SIDE:
        found.append(
            Remark(
                "notice", "huge", f"is {size[0]}x{size[1]} pixels", "make it smaller; labels stay as they are"
            )
        )
    return found
