"""faces and plates of pictures, blurred copies of clips, grants to look at an item clear"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from casework.db import UtcDateTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

TIME = UtcDateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "picture_regions",
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("finder", sa.String(), nullable=False),
        sa.Column("regions", sa.JSON(), nullable=False),
        sa.Column("found_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("sha256", "finder", name=op.f("pk_picture_regions")),
    )
    op.create_table(
        "clip_copy",
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("finder", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("copy_sha256", sa.String(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("because", sa.String(), nullable=True),
        sa.Column("changed_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("sha256", "finder", name=op.f("pk_clip_copy")),
    )
    op.create_table(
        "clear_grant",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("granted_at", TIME, nullable=False),
        sa.Column("until", TIME, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_clear_grant_account_id")),
        sa.ForeignKeyConstraint(["item_id"], ["evidence_item.id"], name=op.f("fk_clear_grant_item_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clear_grant")),
    )
    op.create_index("ix_clear_grant_holder", "clear_grant", ["account_id", "item_id", "until"])


def downgrade() -> None:
    raise NotImplementedError("records of what happened are never dropped: restore a backup instead")
