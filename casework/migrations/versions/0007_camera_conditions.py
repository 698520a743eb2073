"""what was wrong with a fixed camera's picture, from when to when"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import casework.db

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "camera_condition",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("device_id", sa.Integer(), nullable=False),
        sa.Column("footage_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("measure", sa.String(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("limit_value", sa.Double(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("since", casework.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("until", casework.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.Column("noted_at", casework.db.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_camera_condition_device_id")),
        sa.ForeignKeyConstraint(["footage_id"], ["footage.id"], name=op.f("fk_camera_condition_footage_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_camera_condition")),
    )
    with op.batch_alter_table("camera_condition", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_camera_condition_device_id"), ["device_id"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("records of what happened are never dropped: restore a backup instead")
