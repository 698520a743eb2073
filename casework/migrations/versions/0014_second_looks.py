"""second looks, planted items, figures that a reviewer saw"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from casework.db import UtcDateTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

TIME = UtcDateTime(timezone=True)


def _key(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=f"fk_{table}_{column}")


def upgrade() -> None:
    op.create_table(
        "second_look",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("candidate_id", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("because", sa.String(), nullable=False),
        sa.Column("drawn_at", TIME, nullable=False),
        sa.Column("first_id", sa.Integer(), nullable=False),
        sa.Column("first_by", sa.Integer(), nullable=False),
        sa.Column("first_verdict", sa.String(), nullable=False),
        sa.Column("second_id", sa.Integer(), nullable=True),
        sa.Column("second_by", sa.Integer(), nullable=True),
        sa.Column("second_verdict", sa.String(), nullable=True),
        sa.Column("agreed", sa.Boolean(), nullable=True),
        sa.Column("settled_at", TIME, nullable=True),
        sa.Column("voided_at", TIME, nullable=True),
        _key("second_look", "candidate_id", "candidate"),
        _key("second_look", "first_id", "decision"),
        _key("second_look", "first_by", "account"),
        _key("second_look", "second_id", "decision"),
        _key("second_look", "second_by", "account"),
        sa.PrimaryKeyConstraint("id", name="pk_second_look"),
        sa.UniqueConstraint("first_id", name="uq_second_look_first_id"),
        sa.UniqueConstraint("second_id", name="uq_second_look_second_id"),
    )
    op.create_index("ix_second_look_candidate_id", "second_look", ["candidate_id"])
    for column in ("first_by", "second_by", "type"):
        op.create_index(f"ix_second_look_{column}", "second_look", [column, "settled_at"])
    op.create_table(
        "planted_item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("candidate_id", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("made_by", sa.Integer(), nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("ended_at", TIME, nullable=True),
        _key("planted_item", "candidate_id", "candidate"),
        _key("planted_item", "made_by", "account"),
        sa.PrimaryKeyConstraint("id", name="pk_planted_item"),
    )
    op.create_index("ix_planted_item_candidate_id", "planted_item", ["candidate_id"])
    op.create_table(
        "planted_look",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("candidate_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("taken_at", TIME, nullable=False),
        sa.Column("lease_until", TIME, nullable=True),
        sa.Column("decision_id", sa.Integer(), nullable=True),
        sa.Column("key", sa.String(), nullable=True),
        sa.Column("verdict", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=True),
        sa.Column("decided_at", TIME, nullable=True),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.Column("shown", sa.JSON(), nullable=True),
        sa.Column("boxes", sa.JSON(), nullable=True),
        sa.Column("undo_key", sa.String(), nullable=True),
        sa.Column("undone_at", TIME, nullable=True),
        _key("planted_look", "item_id", "planted_item"),
        _key("planted_look", "candidate_id", "candidate"),
        _key("planted_look", "account_id", "account"),
        sa.PrimaryKeyConstraint("id", name="pk_planted_look"),
        sa.UniqueConstraint("decision_id", name="uq_planted_look_decision_id"),
        sa.UniqueConstraint("key", name="uq_planted_look_key"),
        sa.UniqueConstraint("undo_key", name="uq_planted_look_undo_key"),
    )
    op.create_index("ix_planted_look_item_id", "planted_look", ["item_id"])
    op.create_index("ix_planted_look_candidate_id", "planted_look", ["candidate_id"])
    op.create_index("ix_planted_look_account", "planted_look", ["account_id", "decided_at"])
    op.create_table(
        "quality_seen",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("since", TIME, nullable=False),
        sa.Column("until", TIME, nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        _key("quality_seen", "account_id", "account"),
        sa.PrimaryKeyConstraint("id", name="pk_quality_seen"),
    )
    op.create_index("ix_quality_seen_account_id", "quality_seen", ["account_id"])
    # Decisions take their numbers from here on SQLite, see casework.review.tables.next_decision_id.
    op.execute("INSERT INTO counter (name, value) SELECT 'decision_id', COALESCE(MAX(id), 0) FROM decision")


def downgrade() -> None:
    raise NotImplementedError("records of what happened are never dropped: restore a backup instead")
