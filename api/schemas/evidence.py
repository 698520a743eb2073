"""Leave to see evidence uncovered, and copies in work."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from api.schemas.base import Model, UtcTime
from casework.privacy.service import LEAST_REASON, MOST_REASON


class UnblurIn(Model):
    """Why somebody must see it uncovered."""

    reason: Annotated[str, Field(min_length=LEAST_REASON, max_length=MOST_REASON)]


class Leave(Model):
    """Until when this person may ask for the item with ``clear=true``."""

    until: UtcTime


class CopyInWork(Model):
    """The covered copy of a clip is being made. retry_s: when to ask again, as in Retry-After."""

    state: Literal["making"] = "making"
    retry_s: int
