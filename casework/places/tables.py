"""Places. Geometry is GeoJSON, WGS-84 longitude, latitude; zones on pictures are 0-1."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from casework.db import Base


class Squad(Base):
    """中队 with the boundary that it answers for."""

    __tablename__ = "squad"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    name_en: Mapped[str]
    boundary: Mapped[dict[str, Any]]


class Street(Base):
    """A street's line. grade: of its street order, where the bureau gives one."""

    __tablename__ = "street"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    name_en: Mapped[str]
    squad_id: Mapped[int] = mapped_column(ForeignKey("squad.id"))
    grade: Mapped[str | None]
    line: Mapped[dict[str, Any]]


class Shop(Base):
    """沿街商户. door_line: two (longitude, latitude) points."""

    __tablename__ = "shop"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    name_en: Mapped[str]
    licence_no: Mapped[str]
    address: Mapped[str]
    phone: Mapped[str]
    squad_id: Mapped[int] = mapped_column(ForeignKey("squad.id"))
    street_id: Mapped[int] = mapped_column(ForeignKey("street.id"))
    grade: Mapped[str | None]
    e_service: Mapped[bool]
    point: Mapped[dict[str, Any]]
    door_line: Mapped[list[Any]]


DOOR_LINE = "door_line"
"""The kind of a shop's door line: drawn like a zone, but a line, and never judged by itself."""


class ZoneRevision(Base):
    """One saving of all zones of a scope: who, when, why. What held then follows from ``made_at``. Append-only.

    scope: "device:CODE" (its picture) or "ground". number: 1, 2, 3 ... in the scope.
    changes: codes that were set and codes that ended.
    """

    __tablename__ = "zone_revision"
    __table_args__ = (UniqueConstraint("scope", "number"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    scope: Mapped[str]
    number: Mapped[int]
    made_by: Mapped[str]
    by_name: Mapped[str]
    made_at: Mapped[datetime]
    reason: Mapped[str]
    changes: Mapped[dict[str, Any]]


class ZoneVersion(Base):
    """One version of a zone. The one with ``replaced_at`` none holds. ``device_id`` none: on the ground.

    Door lines (DOOR_LINE) are kept like zones; their ``polygon`` is an open line.
    """

    __tablename__ = "zone_version"
    __table_args__ = (
        UniqueConstraint("code", "version"),
        Index("ix_zone_version_holds", "device_id", "replaced_at"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str]
    version: Mapped[int]
    kind: Mapped[str]
    device_id: Mapped[int | None] = mapped_column(ForeignKey("device.id"))
    polygon: Mapped[list[Any]]
    shop_code: Mapped[str | None]
    calendar: Mapped[dict[str, Any] | None]
    name: Mapped[str | None]
    properties: Mapped[
        dict[str, Any]
    ]  # kind of place (疏导点 ...), trades, valid_from, valid_to, contact ...
    made_by: Mapped[str]
    made_at: Mapped[datetime]
    replaced_at: Mapped[datetime | None]
