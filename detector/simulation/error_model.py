"""How the real detector errs, as data: what is needed to make detections from the truth without pictures.

A thing has a latent score, the logit of the confidence with which it is seen when nothing hides it::

    score(look) = mean + sqrt(spread**2 - look_spread**2) * thing + look_spread * look

``thing`` is a standard normal number drawn once for the thing: how well this stall, from this angle, can be
detected at all. ``look`` is a standard normal number that wanders from look to look (first-order, ``memory_s``
long). So a thing that the detector does not see is not seen all day, and no rule can raise it; a thing near the
limit comes and goes. Still pictures give ``mean`` and ``spread``, not how they are shared between thing and look:
``look_spread`` was measured on standing things in clips, ``memory_s`` is assumed (docs/PLACE-AND-TIME.md).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from importlib.resources import files
from pathlib import Path
from typing import Any

from detector.errors import DataSetError

LABELS = ("stall", "shop_goods", "pile")


@dataclass(frozen=True, slots=True)
class ClassErrors:
    """One class. Scores in logits of the confidence.

    boxes: labelled ones that it was fitted on. mean, spread: of the latent score. mislabelled: share of the boxes
    that bear another of the three labels. false_rate: false boxes on a picture from ``ErrorModel.floor`` on.
    false_tail: how far their scores rise above the floor's, on average (they fall off exponentially).
    """

    boxes: int
    mean: float
    spread: float
    mislabelled: float
    false_rate: float
    false_tail: float


@dataclass(frozen=True, slots=True)
class ErrorModel:
    """The detector's errors. Fitted: classes, jitter, part_rate, false_side. Assumed: the rest.

    floor: least confidence that it reports. jitter: one sigma by which each side of a box is off, as a share of
    the box's width or height. part_rate: boxes of a mere part of a thing, for each thing. false_side: median side
    of a false box, as a share of the picture's. look_spread, memory_s: see above. between: share of the variance
    of jitter and mislabelling that belongs to the thing and not to the look. hidden: logits that a thing loses as
    it is covered, up to the whole. dusk, night: logits lost in the ten minutes after the lamps are lit, and at
    night. false_standing: share of the false boxes that
    belong to a fixture, the others come and go. context: share of people and vehicles that are seen.
    """

    fitted_on: str
    pictures: int
    floor: float
    jitter: float
    part_rate: float
    false_side: float
    classes: Mapping[str, ClassErrors]
    look_spread: float = 0.7
    between: float = 0.8
    memory_s: float = 120.0
    hidden: float = 5.0
    dusk: float = 1.5
    night: float = 0.5
    false_standing: float = 0.5
    context: float = 0.85


def shipped() -> ErrorModel:
    """The shipped detector's."""
    return parse(files(__package__).joinpath("error_model.toml").read_text("utf-8"), "error_model.toml")


def read(path: Path) -> ErrorModel:
    """One from a file as ``to_toml`` writes it. Raises DataSetError, OSError."""
    return parse(path.read_text("utf-8"), str(path))


def parse(text: str, name: str) -> ErrorModel:
    """From TOML. Raises DataSetError, naming ``name``."""
    try:
        data: dict[str, Any] = tomllib.loads(text)
        classes = {label: ClassErrors(**data.pop(label)) for label in LABELS}
        model = ErrorModel(classes=classes, **data)
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise DataSetError(
            f"{name} is no error model ({error}); write one with 'jiexun simulate --fit'"
        ) from error
    _check(model, name)
    return model


def _check(model: ErrorModel, name: str) -> None:
    shares = [
        model.jitter,
        model.part_rate,
        model.between,
        model.false_standing,
        model.context,
        model.false_side,
    ]
    shares += [errors.mislabelled for errors in model.classes.values()]
    above = [errors.spread for errors in model.classes.values()] + [model.memory_s, model.look_spread]
    above += [errors.false_tail for errors in model.classes.values()]
    least = [errors.false_rate for errors in model.classes.values()] + [model.hidden]
    if not (0 < model.floor < 1 and all(0 <= s <= 1 for s in shares) and min(above) > 0 and min(least) >= 0):
        raise DataSetError(
            f"{name}: shares must be 0 to 1, spreads, tails and memory more than 0, rates 0 or more; fit it again"
        )


def to_toml(model: ErrorModel) -> str:
    """The text that ``parse`` reads back."""
    lines = [f"{f.name} = {_value(getattr(model, f.name))}" for f in fields(model) if f.name != "classes"]
    for label, errors in model.classes.items():
        lines += ["", f"[{label}]", *(f"{key} = {_value(value)}" for key, value in asdict(errors).items())]
    return "\n".join(lines) + "\n"


def _value(value: object) -> str:
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(round(value, 4) if isinstance(value, float) else value)
