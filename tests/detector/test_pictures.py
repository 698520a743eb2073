"""Reading picture files: every kind that devices and people send, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from detector import pictures
from detector.errors import BadPicture
from detector.pictures import read_picture

RED = (200, 30, 10)
"""Red, green, blue; as BGR [10, 30, 200]."""


def saved(path: Path, picture: Pillow.Image, **options: object) -> Path:
    picture.save(path, **options)
    return path


def test_colours_come_as_blue_green_red(tmp_path: Path) -> None:
    image = read_picture(saved(tmp_path / "a.png", Pillow.new("RGB", (40, 20), RED)))
    assert image.shape == (20, 40, 3)
    assert image.dtype == np.uint8
    assert image[0, 0].tolist() == [10, 30, 200]
    assert image.flags.c_contiguous


def test_exif_orientation_is_applied(tmp_path: Path) -> None:
    lying = Pillow.new("RGB", (40, 20), (255, 255, 255))
    lying.paste((0, 0, 0), (0, 0, 20, 20))  # dark on the left
    exif = Pillow.Exif()
    exif[0x0112] = 6  # the top of the street is on the right of the stored picture: turn it clockwise
    image = read_picture(saved(tmp_path / "a.jpg", lying, exif=exif, quality=95))
    assert image.shape == (40, 20, 3)
    assert image[:15].mean() < 20
    assert image[25:].mean() > 235


@pytest.mark.parametrize("mode", ["L", "P", "1", "LA", "CMYK", "YCbCr"])
def test_other_colour_spaces_are_converted(tmp_path: Path, mode: str) -> None:
    suffix = {"CMYK": "jpg", "YCbCr": "jpg"}.get(mode, "png")
    path = saved(tmp_path / f"a.{suffix}", Pillow.new("RGB", (32, 32), (128, 128, 128)).convert("L").convert(
        mode if mode != "CMYK" else "RGB").convert(mode))  # fmt: skip
    image = read_picture(path)
    assert image.shape == (32, 32, 3)
    assert mode == "1" or abs(int(image[5, 5, 0]) - 128) <= 3


def test_sixteen_bits_keep_the_high_byte(tmp_path: Path) -> None:
    deep = np.full((20, 20), 0x8000, np.uint16)
    assert read_picture(saved(tmp_path / "a.png", Pillow.fromarray(deep)))[0, 0].tolist() == [128, 128, 128]


def test_transparency_lies_over_white(tmp_path: Path) -> None:
    clear = Pillow.new("RGBA", (20, 20), (*RED, 0))
    assert read_picture(saved(tmp_path / "a.png", clear))[0, 0].tolist() == [255, 255, 255]


def test_an_animation_is_refused(tmp_path: Path) -> None:
    frames = [Pillow.new("RGB", (20, 20), (c, c, c)) for c in (0, 120, 250)]
    path = saved(tmp_path / "a.gif", frames[0], save_all=True, append_images=frames[1:])
    with pytest.raises(BadPicture, match="animation"):
        read_picture(path)


@pytest.mark.parametrize("size", [(1, 1), (4000, 1), (15, 400)])
def test_tiny_pictures_are_refused(tmp_path: Path, size: tuple[int, int]) -> None:
    with pytest.raises(BadPicture, match="at least 16"):
        read_picture(saved(tmp_path / "a.png", Pillow.new("RGB", size)))


def test_huge_pictures_are_refused_by_their_header(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MOST_PIXELS", 1000)
    with pytest.raises(BadPicture, match="more than 1,000"):
        read_picture(saved(tmp_path / "a.png", Pillow.new("RGB", (100, 100))))


def test_broken_files_are_refused_in_one_line(tmp_path: Path) -> None:
    whole = saved(tmp_path / "a.jpg", Pillow.effect_noise((200, 200), 90), quality=95).read_bytes()
    for name, content in {
        "cut.jpg": whole[: len(whole) // 2],
        "text.jpg": b"not a picture",
        "none.png": b"",
    }.items():
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(BadPicture) as refused:
            read_picture(path)
        assert name in str(refused.value)
        assert "\n" not in str(refused.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadPicture, match=r"absent\.jpg"):
        read_picture(tmp_path / "absent.jpg")
