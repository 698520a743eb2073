"""streams of street cameras, plans, due looks, the budget, what workers did"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import casework.db

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "look_budget",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("looks_per_hour", sa.Integer(), nullable=False),
        sa.Column("machines", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("by_name", sa.String(), nullable=False),
        sa.Column("made_at", casework.db.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_look_budget")),
    )
    op.create_table(
        "worker_minute",
        sa.Column("worker", sa.String(), nullable=False),
        sa.Column("minute", casework.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("looks", sa.Integer(), nullable=False),
        sa.Column("faults", sa.Integer(), nullable=False),
        sa.Column("missed", sa.Integer(), nullable=False),
        sa.Column("late_sum_s", sa.Double(), nullable=False),
        sa.Column("late_most_s", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("worker", "minute", name=op.f("pk_worker_minute")),
    )
    with op.batch_alter_table("worker_minute", schema=None) as batch_op:
        batch_op.create_index("ix_worker_minute_minute", ["minute"], unique=False)

    op.create_table(
        "plan",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("targets", sa.JSON(), nullable=False),
        sa.Column("calendar", sa.JSON(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("interval_s", sa.Double(), nullable=False),
        sa.Column("slowest_s", sa.Double(), nullable=True),
        sa.Column("types", sa.JSON(), nullable=False),
        sa.Column("algorithm_id", sa.Integer(), nullable=True),
        sa.Column("tiling", sa.String(), nullable=True),
        sa.Column("weight", sa.Double(), nullable=False),
        sa.Column("special", sa.JSON(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("by_name", sa.String(), nullable=False),
        sa.Column("made_at", casework.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("replaced_at", casework.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["algorithm_id"], ["algorithm.id"], name=op.f("fk_plan_algorithm_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan")),
        sa.UniqueConstraint("code", "version", name=op.f("uq_plan_code")),
    )
    with op.batch_alter_table("plan", schema=None) as batch_op:
        batch_op.create_index("ix_plan_holds", ["replaced_at"], unique=False)

    op.create_table(
        "stream",
        sa.Column("device_id", sa.Integer(), nullable=False),
        sa.Column("gb_code", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("transport", sa.String(), nullable=False),
        sa.Column("user", sa.String(), nullable=True),
        sa.Column("password_sealed", sa.String(), nullable=True),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("place_system", sa.String(), nullable=True),
        sa.Column("given_latitude", sa.Double(), nullable=True),
        sa.Column("given_longitude", sa.Double(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("made_at", casework.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("last_picture_at", casework.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("fault", sa.String(), nullable=True),
        sa.Column("fault_text", sa.String(), nullable=True),
        sa.Column("since", casework.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("clock_offset_s", sa.Double(), nullable=True),
        sa.Column("quiet_since", casework.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("quiet_looks", sa.Integer(), nullable=False),
        sa.Column("usability", sa.Integer(), nullable=True),
        sa.Column("usability_parts", sa.JSON(), nullable=True),
        sa.Column("usability_at", casework.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_stream_device_id")),
        sa.PrimaryKeyConstraint("device_id", name=op.f("pk_stream")),
        sa.UniqueConstraint("gb_code", name=op.f("uq_stream_gb_code")),
    )
    op.create_table(
        "stream_day",
        sa.Column("device_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("got", sa.Integer(), nullable=False),
        sa.Column("missed", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_stream_day_device_id")),
        sa.PrimaryKeyConstraint("device_id", "day", name=op.f("pk_stream_day")),
    )
    with op.batch_alter_table("stream_day", schema=None) as batch_op:
        batch_op.create_index("ix_stream_day_day", ["day"], unique=False)

    op.create_table(
        "look_due",
        sa.Column("device_id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("due_at", casework.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("deadline", casework.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("interval_s", sa.Double(), nullable=False),
        sa.Column("wanted_s", sa.Double(), nullable=False),
        sa.Column("weight", sa.Double(), nullable=False),
        sa.Column("special", sa.Boolean(), nullable=False),
        sa.Column("quick_until", casework.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("quick_s", sa.Double(), nullable=True),
        sa.Column("quick_for_s", sa.Double(), nullable=True),
        sa.Column("worker", sa.String(), nullable=True),
        sa.Column("lease_until", casework.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("token", sa.String(), nullable=True),
        sa.Column("last_look_at", casework.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("misses", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_look_due_device_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_look_due_plan_id")),
        sa.PrimaryKeyConstraint("device_id", name=op.f("pk_look_due")),
    )
    with op.batch_alter_table("look_due", schema=None) as batch_op:
        batch_op.create_index("ix_look_due_deadline", ["deadline", "due_at"], unique=False)
        batch_op.create_index("ix_look_due_worker", ["worker"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("records of what happened are never dropped: restore a backup instead")
