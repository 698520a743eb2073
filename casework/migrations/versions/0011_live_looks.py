"""live cameras: a camera's day as footage, its looks as rows until the day is closed"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import casework.db

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("footage", sa.Column("kind", sa.String(), nullable=False, server_default="file"))
    op.create_table(
        "live_day",
        sa.Column("footage_id", sa.Integer(), nullable=False),
        sa.Column("device_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("stamp", sa.String(), nullable=False),
        sa.Column("judged_at", casework.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("names", sa.JSON(), nullable=False),
        sa.Column("model_id", sa.String(), nullable=False),
        sa.Column("model_sha256", sa.String(), nullable=False),
        sa.Column("look_every_s", sa.Double(), nullable=False),
        sa.Column("replaced_at", casework.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("closed_at", casework.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_live_day_device_id")),
        sa.ForeignKeyConstraint(["footage_id"], ["footage.id"], name=op.f("fk_live_day_footage_id")),
        sa.PrimaryKeyConstraint("footage_id", name=op.f("pk_live_day")),
        sa.UniqueConstraint("device_id", "day", "part", name=op.f("uq_live_day_device_id")),
    )
    op.create_index(op.f("ix_live_day_closed_at"), "live_day", ["closed_at"])
    op.create_table(
        "live_look",
        sa.Column("footage_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("captured_at", casework.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("time_source", sa.String(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("shift_x", sa.Double(), nullable=False),
        sa.Column("shift_y", sa.Double(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["footage_id"], ["footage.id"], name=op.f("fk_live_look_footage_id")),
        sa.PrimaryKeyConstraint("footage_id", "number", name=op.f("pk_live_look")),
    )


def downgrade() -> None:
    raise NotImplementedError("records of what happened are never dropped: restore a backup instead")
