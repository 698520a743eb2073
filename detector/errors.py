"""The errors of this room.

DetectorError
├── BadWeights      model file and manifest do not fit, or the hash is wrong
├── BadOutput       a model gave something impossible (NaN, wrong shape)
├── BadPicture      a picture that cannot be looked at
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


class BadZone(DetectorError):
    """The polygon is not one, or lies outside the picture."""


class BadRule(DetectorError):
    """The rule names unknown things or can never hold."""
