"""The demonstration accounts. Their passwords are public: never use them for anything else."""

from __future__ import annotations

from casework.db import Session
from casework.people.queries import account_by_name
from casework.people.service import add_account

PASSWORD = "jiexun-demo"  # noqa: S105 - printed on the screen and in the README
ACCOUNTS = (
    ("reviewer", "李静（一审）", "reviewer", None),
    ("reviewer2", "陈晨（一审）", "reviewer", None),
    ("legal", "王敏（法制审核）", "legal", None),
    ("officer", "张伟（执法队员）", "officer", "SQ-WT"),
    ("leader", "赵强（中队长）", "leader", "SQ-WT"),
    ("statistics", "周岚（区局统计）", "statistician", None),
    ("auditor", "吴涛（督察）", "auditor", None),
    ("admin", "系统管理员", "admin", None),
)


def add_people(session: Session) -> None:
    """Make the accounts that are not there yet."""
    for username, name, role, squad in ACCOUNTS:
        if account_by_name(session, username) is None:
            add_account(
                session,
                "system",
                username=username,
                display_name=name,
                role=role,
                squad=squad,
                password=PASSWORD,
            )
