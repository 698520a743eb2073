"""Reading picture files as the detector wants them: (H, W, 3) uint8 blue-green-red, upright."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from PIL import Image as Pillow
from PIL import ImageOps, UnidentifiedImageError

from detector.errors import BadPicture
from ingest.frame import Image

LEAST_SIDE = 16
"""Pixels; a smaller picture shows nothing."""

MOST_PIXELS = 80_000_000
"""Pixels in all; a larger file is refused before it is unpacked. Below Pillow's own limit, 89 million."""


def read_picture(path: Path) -> Image:
    """Read a picture file upright (EXIF orientation applied) as (H, W, 3) uint8 BGR.

    Grey, palette, CMYK and 16-bit pictures are converted; 16 bits keep their high byte. Transparency is laid
    over white. A file with several pictures is refused: which of them is meant is not ours to guess.
    Raises BadPicture in one line: not a picture, cut short, several pictures, too small or too large.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Pillow.DecompressionBombWarning)
            with Pillow.open(path) as picture:
                _check_header(path, picture)
                upright = ImageOps.exif_transpose(picture)
                return np.ascontiguousarray(np.asarray(_rgb(upright))[:, :, ::-1])
    except FileNotFoundError:
        raise BadPicture(f"{path}: no such file") from None
    except (IsADirectoryError, PermissionError) as error:
        raise BadPicture(f"{path}: {error.strerror}; give a picture file that may be read") from None
    except (UnidentifiedImageError, ModuleNotFoundError):  # ultralytics' patch of Pillow asks for pi_heif
        if path.stat().st_size == 0:
            raise BadPicture(f"{path.name}: the file is empty; copy it again") from None
        raise BadPicture(
            f"{path.name}: not a picture in a known format; JPEG and PNG are sure to be read"
        ) from None
    except (Pillow.DecompressionBombWarning, Pillow.DecompressionBombError):
        raise BadPicture(f"{path.name}: more than {MOST_PIXELS:,} pixels; make it smaller") from None
    except (OSError, SyntaxError, ValueError) as error:
        raise BadPicture(f"{path.name}: broken or cut short ({error}); copy it again") from None


def _check_header(path: Path, picture: Pillow.Image) -> None:
    """Refuse by what the header says, before any pixel is unpacked."""
    width, height = picture.size
    if min(width, height) < LEAST_SIDE:
        raise BadPicture(
            f"{path.name}: {width}x{height} pixels; at least {LEAST_SIDE} on each side are needed, "
            "take the original picture"
        )
    if width * height > MOST_PIXELS:
        raise BadPicture(
            f"{path.name}: {width}x{height} is more than {MOST_PIXELS:,} pixels; make it smaller"
        )
    if (
        getattr(picture, "n_frames", 1) > 1 and picture.format != "MPO"
    ):  # MPO: a phone's JPEG with a second view
        raise BadPicture(f"{path.name}: an animation or several pictures in one file; give single pictures")


def _rgb(picture: Pillow.Image) -> Pillow.Image:
    """Any mode to 8-bit RGB."""
    if picture.mode.startswith("I") or picture.mode == "F":
        return _from_deep(picture)
    if picture.has_transparency_data:
        clear = picture.convert("RGBA")
        white = Pillow.new("RGBA", clear.size, (255, 255, 255, 255))
        return Pillow.alpha_composite(white, clear).convert("RGB")
    return picture.convert("RGB")


def _from_deep(picture: Pillow.Image) -> Pillow.Image:
    """16-bit (or wider) grey to RGB by its high byte; Pillow's own conversion would clip at 255."""
    values = np.asarray(picture).astype(np.float64)
    if not np.isfinite(values).all():
        raise ValueError("pixels that are no numbers")
    scale = 255 / 65535 if values.max(initial=0) > 255 else 1.0
    grey = np.clip(values * scale, 0, 255).round().astype(np.uint8)
    return Pillow.fromarray(grey).convert("RGB")
