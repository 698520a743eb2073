"""rule sets; stored looks; merged, split and withdrawn candidates; remembered places; watches"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import casework.db

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

APPEND_ONLY = ("rule_set", "candidate_event")


def upgrade() -> None:
    op.create_table(
        "rule_set",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("valid_from", casework.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("valid_to", casework.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("warning_only", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made_at", casework.db.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_rule_set")),
    )
    op.create_table(
        "candidate_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("candidate_id", sa.Integer(), nullable=False),
        sa.Column("at", casework.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("from_state", sa.String(), nullable=False),
        sa.Column("to_state", sa.String(), nullable=False),
        sa.Column("other_id", sa.Integer(), nullable=True),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("by_name", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_candidate_event_account_id")),
        sa.ForeignKeyConstraint(
            ["candidate_id"], ["candidate.id"], name=op.f("fk_candidate_event_candidate_id")
        ),
        sa.ForeignKeyConstraint(["other_id"], ["candidate.id"], name=op.f("fk_candidate_event_other_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_candidate_event")),
    )
    with op.batch_alter_table("candidate_event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_candidate_event_candidate_id"), ["candidate_id"], unique=False)

    op.create_table(
        "fixture",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(), nullable=True),
        sa.Column("device_id", sa.Integer(), nullable=True),
        sa.Column("polygon", sa.JSON(), nullable=True),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("radius_m", sa.Double(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("candidate_id", sa.Integer(), nullable=True),
        sa.Column("made_by", sa.Integer(), nullable=True),
        sa.Column("by_name", sa.String(), nullable=False),
        sa.Column("made_at", casework.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("until", casework.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("ended_at", casework.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.Column("end_reason", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["candidate_id"], ["candidate.id"], name=op.f("fk_fixture_candidate_id")),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_fixture_device_id")),
        sa.ForeignKeyConstraint(["made_by"], ["account.id"], name=op.f("fk_fixture_made_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fixture")),
    )
    with op.batch_alter_table("fixture", schema=None) as batch_op:
        batch_op.create_index("ix_fixture_until", ["until"], unique=False)

    op.create_table(
        "look_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("footage_id", sa.Integer(), nullable=False),
        sa.Column("device_id", sa.Integer(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("first_at", casework.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("last_at", casework.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("looks", sa.Integer(), nullable=False),
        sa.Column("boxes", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("model_id", sa.String(), nullable=False),
        sa.Column("judged_at", casework.db.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_look_file_device_id")),
        sa.ForeignKeyConstraint(["footage_id"], ["footage.id"], name=op.f("fk_look_file_footage_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_look_file")),
        sa.UniqueConstraint("footage_id", "part", name=op.f("uq_look_file_footage_id")),
    )
    with op.batch_alter_table("look_file", schema=None) as batch_op:
        batch_op.create_index("ix_look_file_span", ["last_at", "device_id"], unique=False)

    op.create_table(
        "held_back",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("fixture_id", sa.Integer(), nullable=False),
        sa.Column("footage_id", sa.Integer(), nullable=False),
        sa.Column("device_id", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("first_at", casework.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("last_at", casework.db.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_held_back_device_id")),
        sa.ForeignKeyConstraint(["fixture_id"], ["fixture.id"], name=op.f("fk_held_back_fixture_id")),
        sa.ForeignKeyConstraint(["footage_id"], ["footage.id"], name=op.f("fk_held_back_footage_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_held_back")),
        sa.UniqueConstraint("key", name=op.f("uq_held_back_key")),
    )
    with op.batch_alter_table("held_back", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_held_back_fixture_id"), ["fixture_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_held_back_footage_id"), ["footage_id"], unique=False)

    op.create_table(
        "watch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("candidate_id", sa.Integer(), nullable=False),
        sa.Column("since", casework.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("until", casework.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("by_name", sa.String(), nullable=False),
        sa.Column("made_at", casework.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("before_id", sa.Integer(), nullable=True),
        sa.Column("after_id", sa.Integer(), nullable=True),
        sa.Column("footage_id", sa.Integer(), nullable=True),
        sa.Column("seen_at", casework.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("looks", sa.Integer(), nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["after_id"], ["evidence_item.id"], name=op.f("fk_watch_after_id")),
        sa.ForeignKeyConstraint(["before_id"], ["evidence_item.id"], name=op.f("fk_watch_before_id")),
        sa.ForeignKeyConstraint(["candidate_id"], ["candidate.id"], name=op.f("fk_watch_candidate_id")),
        sa.ForeignKeyConstraint(["footage_id"], ["footage.id"], name=op.f("fk_watch_footage_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watch")),
    )
    with op.batch_alter_table("watch", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_watch_candidate_id"), ["candidate_id"], unique=False)
        batch_op.create_index("ix_watch_waiting", ["state", "until"], unique=False)

    op.execute("ALTER TABLE candidate ADD COLUMN warning BOOLEAN DEFAULT FALSE NOT NULL")
    op.execute("ALTER TABLE candidate ADD COLUMN rule_set INTEGER")
    # Written out: SQLite adds a column that refers to a table, but Alembic would copy the whole table for it.
    for table, column in (("candidate", "merged_into"), ("candidate_sighting", "moved_from")):
        op.execute(
            f"ALTER TABLE {table} ADD COLUMN {column} INTEGER "
            f"CONSTRAINT fk_{table}_{column} REFERENCES candidate (id)"
        )
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column])

    # Guarded like those of 0002, whose function PostgreSQL has already.
    for table in APPEND_ONLY:
        if op.get_bind().dialect.name == "postgresql":
            op.execute(
                f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION append_only()"
            )
            continue
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )


def downgrade() -> None:
    raise NotImplementedError("records of what happened are never dropped: restore a backup instead")
