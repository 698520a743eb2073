"""The errors of this room.

DetectorError
├── BadWeights      model file and manifest do not fit, or the hash is wrong
├── BadOutput       a model gave something impossible (NaN, wrong shape)
├── BadPicture      a picture that cannot be looked at
├── DataSetError    labelled pictures that cannot be used as they lie
├── BadRecipe       a training recipe, or what it asks for, cannot be used
├── BadMounting     a camera's height, angles or lens are impossible, or it sees no ground
├── BadZone         a polygon that is none, or lies outside the picture
└── BadRule         a rule that names unknown things or can never hold
"""

from __future__ import annotations


class DetectorError(Exception):
    """Something is wrong with a model, a picture or a rule."""


class BadWeights(DetectorError):
    """The model file, its manifest and its hash do not fit together."""


class BadOutput(DetectorError):
    """The model gave something impossible."""


class BadPicture(DetectorError):
    """The picture cannot be looked at."""


class DataSetError(DetectorError):
    """Labelled pictures cannot be used as they lie."""


class BadRecipe(DetectorError):
    """The training recipe, or what it asks for, cannot be used."""


class BadMounting(DetectorError):
    """A camera's height, angles or lens are impossible, or it sees no ground."""


class BadZone(DetectorError):
    """The polygon is not one, or lies outside the picture."""


class BadRule(DetectorError):
    """The rule names unknown things or can never hold."""
