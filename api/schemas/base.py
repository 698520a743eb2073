"""Parts that several nouns share."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, PlainSerializer

T = TypeVar("T")


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("a time needs its offset, as in 2026-10-31T06:05:00Z")
    return value


def _iso(value: datetime) -> str:
    return value.isoformat().replace("+00:00", "Z")


UtcTime = Annotated[datetime, AfterValidator(_aware), PlainSerializer(_iso, when_used="json")]
"""Aware; sent as ISO 8601 in UTC."""


class Model(BaseModel):
    """Reads from table rows; refuses unknown fields from outside."""

    model_config = ConfigDict(from_attributes=True, extra="forbid")


class Named(Model):
    """A squad, street, shop: code and names in both languages."""

    code: str
    name: str
    name_en: str


class Page(Model, Generic[T]):
    """One page of a list. ``page`` counts from 1."""

    items: list[T]
    total: int
    page: int
    size: int


class Problem(BaseModel):
    """RFC 9457 problem document. ``detail`` says what is wrong and how to mend it, in the asked language."""

    type: str = "about:blank"
    title: str
    status: int
    code: str
    detail: str
    fields: dict[str, str] = {}
