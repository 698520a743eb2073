"""Parts that several nouns share."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Generic, TypeVar

from fastapi import Path
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, field_validator

T = TypeVar("T")


def plain(value: object) -> object:
    """The value itself, unless it is text that no database keeps: a zero character, or half a surrogate pair."""
    if isinstance(value, str) and ("\x00" in value or not _encodes(value)):
        raise ValueError("holds a zero character or half a character; leave it out")
    return value


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("a time needs its offset, as in 2026-10-31T06:05:00Z")
    return value


def _iso(value: datetime) -> str:
    return value.isoformat().replace("+00:00", "Z")


MOST_ID = 2**31 - 1
"""Row numbers are 32 bits wide in PostgreSQL; nothing beyond can exist."""

Id = Annotated[int, Path(ge=-MOST_ID, le=MOST_ID)]
"""A row's number in a path."""

RowId = Annotated[int, Field(ge=-MOST_ID, le=MOST_ID)]
"""A row's number in a body."""

UtcTime = Annotated[datetime, AfterValidator(_aware), PlainSerializer(_iso, when_used="json")]
"""Aware; sent as ISO 8601 in UTC."""


class Model(BaseModel):
    """Reads from table rows; refuses unknown fields from outside."""

    model_config = ConfigDict(from_attributes=True, extra="forbid")

    @field_validator("*", mode="before")
    @classmethod
    def _is_text(cls, value: object) -> object:
        return plain(value)


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
