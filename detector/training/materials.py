"""What a recipe is trained on: its sources, each made once in the work folder, and the mix that a step is shown."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from detector.detections import Detector
from detector.errors import BadRecipe
from detector.training.context import add_context
from detector.training.dataset import Part, build, pictures
from detector.training.mends import frames, mended, read_mends
from detector.training.paste import paste_all
from detector.training.recipe import Recipe, Step

CHECK_EVERY = 7
"""Every so many-th rendered picture is kept out of training (about 15 in 100)."""


@dataclass(frozen=True)
class Given:
    """Where the pictures lie. images, labels: photographs for training, hand-labelled. check: a part measured
    after a step, never trained on. mends, frames: lists (see ``mends``). clips: folder of the frames' clips.
    rendered: folder with ``images`` and ``labels``. All but the first three may be absent.
    """

    images: Path
    labels: Path
    check: Part
    mends: Path | None = None
    frames: Path | None = None
    clips: Path | None = None
    rendered: Path | None = None


@dataclass
class Materials:
    """The sources of a recipe in ``work``; what is there already from an earlier, broken-off run is kept.

    teacher: names the context (people, vehicles, furniture); None leaves the hand labels as they are.
    told: what was made, counts for the manifest.
    """

    recipe: Recipe
    given: Given
    work: Path
    teacher: Detector | None
    told: dict[str, object] = field(default_factory=dict)

    def mix(self, step: Step) -> tuple[Path, dict[str, int]]:
        """The data set folder of a step and how often each class is shown per epoch."""
        repeats = self.recipe.repeats
        parts = []
        for source in step.data:
            if source == "rendered":
                continue
            folder: Path = getattr(self, source)
            parts.append(Part(folder / "images", folder / "labels", {} if source == "pasted" else repeats))
        out = self.work / f"set_{step.name}"
        shown = build(out, parts, self.given.check, seed=step.seed)
        if "rendered" in step.data:
            share = self.recipe.rendered_share
            most = round(shown["pictures"] * share / (1 - share)) if share < 1 else None
            parts.append(
                Part(self.rendered / "images", self.rendered / "labels", self.recipe.rendered_repeats, most)
            )
            shown = build(out, parts, self.given.check, seed=step.seed)
        return out, shown

    @cached_property
    def as_labelled(self) -> Path:
        """Photographs with the labels they came with, and context."""
        return self._with_context("as_labelled", self.given.images, self.given.labels)

    @cached_property
    def mended(self) -> Path:
        """Photographs with the mended labels, and context."""
        if self.given.mends is None:
            raise BadRecipe("the recipe asks for mended labels; give the list with --mends")
        hand = self.work / "hand_mended"
        mends = read_mends(self.given.mends)
        self.told["mends"] = mended(self.given.images, self.given.labels, mends, hand)
        return self._with_context("mended", hand / "images", hand / "labels")

    @cached_property
    def frames(self) -> Path:
        """Labelled frames of clips, and context."""
        if self.given.frames is None or self.given.clips is None:
            raise BadRecipe("the recipe asks for frames of clips; give --frames and --clips")
        hand = self.work / "hand_frames"
        self.told["frames"] = frames(self.given.clips, read_mends(self.given.frames), hand)
        return self._with_context("frames", hand / "images", hand / "labels")

    @cached_property
    def pasted(self) -> Path:
        """Cut-out things on empty streets."""
        out, done = self.work / "pasted", self.work / "pasted.done"
        if not done.exists():
            shutil.rmtree(out, ignore_errors=True)
            source = self.mended if self.given.mends else self.as_labelled
            paste_all(source / "images", source / "labels", out, count=self.recipe.pasted, seed=1)
            done.touch()
        return out

    @cached_property
    def rendered(self) -> Path:
        """Rendered pictures for training; ``rendered_check`` beside it holds those kept out."""
        if self.given.rendered is None:
            raise BadRecipe("the recipe asks for rendered pictures; give their folder with --rendered")
        split_rendered(self.given.rendered, self.work)
        return self.work / "rendered"

    def _with_context(self, name: str, images: Path, labels: Path) -> Path:
        out, done = self.work / name, self.work / f"{name}.done"
        out.mkdir(parents=True, exist_ok=True)
        if not (out / "images").exists():
            (out / "images").symlink_to(images.resolve())
        if self.teacher is None:
            if not (out / "labels").exists():
                (out / "labels").symlink_to(labels.resolve())
        elif not done.exists():
            report = add_context(
                images, labels, out / "labels", self.teacher, threshold=self.recipe.teacher_threshold
            )
            done.write_text(json.dumps({"kept": report.kept, "dropped": report.dropped}), "utf-8")
        if done.exists():
            self.told[f"context_{name}"] = json.loads(done.read_text("utf-8"))
        return out


def split_rendered(rendered: Path, out: Path) -> None:
    """Rendered pictures for training (``rendered``) and those kept out (``rendered_check``, split ``val``).

    The order of names decides, so pictures added later change nothing before them.
    """
    for number, path in enumerate(pictures(rendered / "images")):
        kept_out = number % CHECK_EVERY == CHECK_EVERY - 1
        folder = out / ("rendered_check" if kept_out else "rendered")
        split = "val" if kept_out else ""
        for place in ("images", "labels"):
            (folder / place / split).mkdir(parents=True, exist_ok=True)
        target = folder / "images" / split / path.name
        if not target.is_symlink():
            target.symlink_to(path.resolve())
        label = rendered / "labels" / f"{path.stem}.txt"
        text = label.read_text("utf-8") if label.exists() else ""
        (folder / "labels" / split / f"{path.stem}.txt").write_text(text, "utf-8")
    names = "{0: stall, 1: shop_goods, 2: pile, 3: person, 4: bicycle, 5: motorcycle, 6: car}"
    (out / "rendered_check" / "data.yaml").write_text(
        f"path: .\ntrain: images/val\nval: images/val\nnames: {names}\n", "utf-8"
    )
