"""Reading picture files: every kind that devices and people send, and what is refused."""

from __future__ import annotations

import zlib
from importlib.util import find_spec
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


def test_a_very_wide_picture_is_read(tmp_path: Path) -> None:
    image = read_picture(saved(tmp_path / "a.png", Pillow.new("RGB", (20_000, 40), RED)))
    assert image.shape == (40, 20_000, 3)
    assert image[39, 19_999].tolist() == [10, 30, 200]


@pytest.mark.parametrize("suffix", ["gif", "webp", "png"])
def test_moving_pictures_are_refused_and_their_single_kin_read(tmp_path: Path, suffix: str) -> None:
    frames = [Pillow.new("RGB", (32, 32), (c, c, c)) for c in (0, 120, 250)]
    moving = saved(tmp_path / f"a.{suffix}", frames[0], save_all=True, append_images=frames[1:])
    with pytest.raises(BadPicture, match="give single pictures"):
        read_picture(moving)
    assert abs(int(read_picture(saved(tmp_path / f"b.{suffix}", frames[1]))[9, 9, 1]) - 120) <= 2


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_comes_upright(tmp_path: Path, orientation: int) -> None:
    """Upright, the corner at the top left is dark; the file holds it where the orientation says."""
    upright = np.full((32, 64), 250, np.uint8)
    upright[:16, :32] = 5
    stored = {
        1: upright, 2: upright[:, ::-1], 3: upright[::-1, ::-1], 4: upright[::-1],
        5: upright.T, 6: np.rot90(upright), 7: upright[::-1, ::-1].T, 8: np.rot90(upright, -1),
    }[orientation]  # fmt: skip
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    picture = Pillow.fromarray(np.ascontiguousarray(stored)).convert("RGB")
    image = read_picture(saved(tmp_path / "a.jpg", picture, exif=exif, quality=95))
    assert image.shape == (32, 64, 3)
    assert image[2:13, 2:28].max() < 60
    assert image[20:, 36:].min() > 190


def test_an_inverted_cmyk_jpeg_keeps_its_colour(tmp_path: Path) -> None:
    cmyk = Pillow.new("CMYK", (32, 32), (0, 255, 255, 0))  # red
    blue, green, red = read_picture(saved(tmp_path / "a.jpg", cmyk, quality=95))[16, 16].tolist()
    assert (blue, green) < (40, 40)
    assert red > 215


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    small = saved(tmp_path / "a.png", Pillow.new("L", (32, 32))).read_bytes()
    header = b"IHDR" + (60_000).to_bytes(4, "big") * 2 + small[24:29]
    bomb = small[:12] + header + zlib.crc32(header).to_bytes(4, "big") + small[33:]
    (tmp_path / "bomb.png").write_bytes(bomb)
    with pytest.raises(BadPicture, match=r"bomb\.png: .*more than 80,000,000 pixels; make it smaller"):
        read_picture(tmp_path / "bomb.png")


def test_a_picture_of_numbers_that_are_none_is_refused(tmp_path: Path) -> None:
    values = np.full((20, 20), np.nan, np.float32)
    with pytest.raises(BadPicture, match="no numbers"):
        read_picture(saved(tmp_path / "a.tif", Pillow.fromarray(values)))


def test_folders_are_no_pictures(tmp_path: Path) -> None:
    with pytest.raises(BadPicture, match="give a picture file"):
        read_picture(tmp_path)


@pytest.mark.train
@pytest.mark.skipif(find_spec("ultralytics") is None, reason="no [train] extra")
def test_reading_does_not_change_once_ultralytics_is_imported(tmp_path: Path) -> None:
    """It replaces PIL.Image.open and cv2.imread for the whole process."""
    from detector.backends.torch_runtime import prepare

    lying = Pillow.effect_noise((40, 20), 90).convert("RGB")
    exif = Pillow.Exif()
    exif[0x0112] = 6
    good = saved(tmp_path / "a.jpg", lying, exif=exif, quality=95)
    (tmp_path / "none.jpg").write_bytes(b"")
    (tmp_path / "text.jpg").write_bytes(b"not a picture")
    (tmp_path / "cut.jpg").write_bytes(good.read_bytes()[:500])

    def answers() -> list[object]:
        told: list[object] = [read_picture(good).tobytes()]
        for name in ("none.jpg", "text.jpg", "cut.jpg"):
            with pytest.raises(BadPicture) as refused:
                read_picture(tmp_path / name)
            told.append(str(refused.value))
        return told

    before = answers()
    prepare()
    import ultralytics.utils.patches

    assert Pillow.open is ultralytics.utils.patches.image_open
    assert answers() == before
