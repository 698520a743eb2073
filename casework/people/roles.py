"""Roles of DOMAIN section 1 and the acts each may do. Data: ``roles.toml``."""

from __future__ import annotations

import tomllib
from enum import StrEnum
from functools import cache
from importlib.resources import files


class Role(StrEnum):
    """Who somebody is."""

    REVIEWER = "reviewer"  # 一审
    LEGAL = "legal"  # 二审
    OFFICER = "officer"  # 中队执法队员
    LEADER = "leader"  # 中队长
    STATISTICIAN = "statistician"  # 区局统计
    AUDITOR = "auditor"  # 督察
    ADMIN = "admin"  # 系统管理员: people and devices, no cases
    DEVICE = "device"  # 车载 / 探头


@cache
def acts() -> dict[str, frozenset[Role]]:
    """Act -> the roles that may do it."""
    data = tomllib.loads(files("casework.people").joinpath("roles.toml").read_text("utf-8"))
    return {act: frozenset(Role(name) for name in names) for act, names in data["acts"].items()}


def may(role: Role, act: str) -> bool:
    """Whether ``role`` may do ``act``. An unknown act is a programming error (KeyError)."""
    return role in acts()[act]
