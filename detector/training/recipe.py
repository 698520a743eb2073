"""A recipe: how a model is made, as data (TOML), so that it can be read, hashed, kept with the weights and run
again.
"""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from detector.errors import BadRecipe
from detector.training.context import CLASSES, DOMAIN
from detector.training.train import Stage

SHIPPED = Path(__file__).parent / "recipes"
"""Recipes of the models in ``weights`` and of a bureau's own fine-tuning."""

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Source = Literal["as_labelled", "mended", "frames", "pasted", "rendered"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Base(_Strict):
    """The weights it starts from. file: its name. sha256: None where any file will do (a bureau's own)."""

    file: str
    sha256: str | None = None
    licence: str = "AGPL-3.0"
    origin: str = ""


class Step(_Strict):
    """One stage of training and what it is shown. data: sources by name. The rest: see ``train.Stage``."""

    name: str
    data: tuple[Source, ...]
    epochs: Annotated[int, Field(ge=1)]
    size: Annotated[int, Field(ge=32, multiple_of=32)] = 512
    batch: Annotated[int, Field(ge=1)] = 16
    lr: Annotated[float, Field(gt=0, lt=1)] = 6e-4
    lr_last: Share = 0.02
    warmup: Annotated[float, Field(ge=0)] = 1.0
    close_mosaic: Count = 5
    freeze: Count = 0
    weight_decay: Share = 5e-4
    seed: int = 0
    augment: dict[str, float] = {}

    def stage(self, seed: int | None = None, epochs: int | None = None) -> Stage:
        """For ``train``; seed and epochs may be given anew for a trial."""
        told = self.model_dump(exclude={"data", "augment"})
        told |= {"seed": self.seed if seed is None else seed, "epochs": epochs or self.epochs}
        stage = Stage(**told)
        stage.augment.update(self.augment)
        return stage


class Recipe(_Strict):
    """Everything that decides how a model comes out, beside the pictures themselves.

    network: ultralytics' name of its shape; None writes no checkpoint to train on from. size: side of the square
    the model looks at, pixels. half: weights stored in float16. repeats: how often
    a picture is shown per epoch that holds the class. rendered_repeats: the same for rendered pictures; at
    most ``rendered_share`` of what is shown is rendered. pasted: pictures of pasted things made.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]
    base: Base
    network: Literal["yolo26n", "yolo26s"] | None = None
    size: Annotated[int, Field(ge=32, multiple_of=32)] = 640
    half: bool = True
    overlap: Share = 0.6
    teacher_size: Annotated[int, Field(ge=32, multiple_of=32)] = 800
    teacher_threshold: Share = 0.4
    repeats: dict[str, Annotated[int, Field(ge=1)]] = {}
    rendered_repeats: dict[str, Annotated[int, Field(ge=1)]] = {}
    rendered_share: Share = 0.5
    pasted: Count = 0
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]
    notes: tuple[str, ...] = ()


def load_recipe(name: str | Path) -> tuple[Recipe, str]:
    """A recipe by the name of one that is shipped, or by its file; and the sha256 of its text.

    Raises BadRecipe naming what is wrong.
    """
    path = SHIPPED / f"{name}.toml"
    path = path if path.is_file() else Path(name)
    try:
        text = path.read_bytes()
        recipe = Recipe.model_validate(tomllib.loads(text.decode("utf-8")))
    except OSError:
        known = ", ".join(sorted(p.stem for p in SHIPPED.glob("*.toml")))
        raise BadRecipe(f"{name}: no such recipe; there are {known}, or give a TOML file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadRecipe(f"{path.name}: not TOML ({error}); compare it with a shipped recipe") from None
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise BadRecipe(f"{path.name}: {faults}; compare it with a shipped recipe") from None
    for listed in (recipe.repeats, recipe.rendered_repeats):
        if unknown := set(listed) - set(CLASSES[:DOMAIN]):
            raise BadRecipe(f"{path.name}: no class is called {', '.join(sorted(unknown))}")
    if len({step.name for step in recipe.steps}) < len(recipe.steps):
        raise BadRecipe(f"{path.name}: two steps have the same name; each needs its own")
    return recipe, hashlib.sha256(text).hexdigest()
