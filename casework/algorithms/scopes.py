"""Where a version is used: the district, a camera group, one camera. The most specific wins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select, true, tuple_
from sqlalchemy.orm import Session, joinedload

from casework.algorithms.tables import Algorithm, Assignment
from casework.devices.tables import Device
from casework.errors import Invalid, not_found

SCOPES = ("device", "group", "district")
"""From the most specific on."""


@dataclass(frozen=True, slots=True)
class Scope:
    """kind: district, group, device. target: group or device code, empty for the district."""

    kind: str = "district"
    target: str = ""

    def __str__(self) -> str:
        return self.kind if self.kind == "district" else f"{self.kind} {self.target}"


def checked(session: Session, scope: Scope) -> Scope:
    """The scope, if there is such a thing. Raises Invalid, NotFound."""
    if scope.kind not in SCOPES or (scope.kind == "district") != (scope.target == ""):
        raise Invalid(
            "bad_scope",
            zh="范围只能是全区（不带名称）、group 组名或 device 设备编号",
            en="a scope is 'district' (without a target), 'group' with a group, or 'device' with a code",
        )
    if scope.kind != "district" and session.scalar(select(Device.id).where(covers(scope)).limit(1)) is None:
        raise not_found(scope.kind, "设备或设备组", scope.target)
    return scope


def covers(scope: Scope) -> ColumnElement[bool]:
    """The devices of a scope."""
    if scope.kind == "device":
        return Device.code == scope.target
    return Device.camera_group == scope.target if scope.kind == "group" else true()


def wider(session: Session, scope: Scope) -> list[Scope]:
    """The scope and those around it, most specific first."""
    found = [scope]
    if scope.kind == "device":
        group = session.scalar(select(Device.camera_group).where(Device.code == scope.target))
        found += [Scope("group", group)] if group else []
    return found if scope.kind == "district" else [*found, Scope()]


def holding(session: Session, scope: Scope, role: str = "active") -> Assignment | None:
    """The assignment that holds at exactly this scope."""
    return session.scalar(
        select(Assignment)
        .where(
            Assignment.scope == scope.kind,
            Assignment.target == scope.target,
            Assignment.role == role,
            Assignment.ended_at.is_(None),
        )
        .options(joinedload(Assignment.algorithm))
    )


def in_use_at(session: Session, scope: Scope) -> Algorithm | None:
    """The version that is used in a scope: its own, or that of the scopes around it."""
    return next((a.algorithm for s in wider(session, scope) if (a := holding(session, s))), None)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What looks at a device's footage. active none: what the settings name. shadows: beside it, never the same."""

    active: Algorithm | None
    shadows: Sequence[Algorithm]


def chosen_for(session: Session, device: Device) -> Chosen:
    """Read for each piece of footage, so a change holds from the next piece on. One statement."""
    return all_chosen(session, [device])[device.id]


def all_chosen(session: Session, devices: Sequence[Device]) -> dict[int, Chosen]:
    """Device id -> ``chosen_for`` it. One statement, however many devices."""
    around = {device.id: _around(device) for device in devices}
    held = {
        (a.scope, a.target, a.role): a.algorithm
        for a in session.scalars(
            select(Assignment)
            .where(
                tuple_(Assignment.scope, Assignment.target).in_(
                    {s for each in around.values() for s in each}
                ),
                Assignment.role.in_(("active", "shadow")),
                Assignment.ended_at.is_(None),
            )
            .options(joinedload(Assignment.algorithm))
        )
    }
    return {device_id: _chosen(held, scopes) for device_id, scopes in around.items()}


def _around(device: Device) -> list[tuple[str, str]]:
    """(scope, target) around a device, from the most specific on."""
    group = [("group", device.camera_group)] if device.camera_group else []
    return [("device", device.code), *group, ("district", "")]


def _chosen(held: Mapping[tuple[str, str, str], Algorithm], scopes: Sequence[tuple[str, str]]) -> Chosen:
    active = next((held[*s, "active"] for s in scopes if (*s, "active") in held), None)
    shadows = [held[*s, "shadow"] for s in scopes if (*s, "shadow") in held]
    return Chosen(active, tuple(a for a in dict.fromkeys(shadows) if a is not active))
