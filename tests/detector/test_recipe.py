"""The recipe's parts that need no training."""

from __future__ import annotations

from pathlib import Path

from PIL import Image as Pillow

from detector.training.context import ContextReport
from detector.training.dataset import Part, pictures
from detector.training.recipe import STAGE_1, STAGE_2, about, split_rendered, stage_two
from detector.training.train import Trained


def a_set(root: Path, count: int) -> Part:
    """So many grey pictures with one pile each."""
    for part in ("images", "labels"):
        (root / part).mkdir(parents=True)
    for number in range(count):
        Pillow.new("RGB", (32, 32)).save(root / "images" / f"{number:03}.png")
        (root / "labels" / f"{number:03}.txt").write_text("2 0.5 0.5 0.5 0.5\n", "utf-8")
    return Part(root / "images", root / "labels")


def test_rendered_pictures_kept_out_are_never_trained_on(tmp_path: Path) -> None:
    a_set(tmp_path / "rendered", 30)
    part, folder = split_rendered(tmp_path / "rendered", tmp_path / "split")
    trained = {p.name for p in pictures(part.images)}
    kept = {p.name for p in pictures(folder / "images" / "val")}
    assert len(trained) == 26
    assert kept == {"006.png", "013.png", "020.png", "027.png"}
    assert not trained & kept


def test_at_least_half_of_what_is_shown_is_real(tmp_path: Path) -> None:
    real, rendered = a_set(tmp_path / "real", 5), a_set(tmp_path / "rendered", 20)
    shown = stage_two(real, rendered, real, tmp_path / "set")
    assert shown["pictures"] == 10


def test_the_manifest_tells_the_stages_and_the_limits() -> None:
    done = Trained(Path("last.pt"), 8, 600.0)
    context = ContextReport(536, {"person": 3}, {})
    told = about(context, [{"pictures": 1}], [(STAGE_1, done), (STAGE_2, done)], 100)
    assert [s["minutes"] for s in told.training["stages"]] == [10.0, 10.0]
    assert any("Never tested" in note for note in told.notes)
