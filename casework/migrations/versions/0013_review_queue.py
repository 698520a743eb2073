"""the queue's order, groups of alike candidates, decisions that are undone or made together"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import casework.db

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# As the tables of decisions stood when this was written: a state that a later revision adds fills the column itself.
STAGES = {"first": ("open", "returned"), "senior": ("escalated",), "legal": ("kept",)}
COLUMNS = ("id", "state", "warning", "rule", "rank", "queue", "group_id")


def upgrade() -> None:
    # Columns are added one by one: copying the table, as batches do on SQLite, would lose its triggers.
    for column in (
        sa.Column("undoes", sa.Integer(), nullable=True),
        sa.Column("batch", sa.String(), nullable=True),
        sa.Column("from_state", sa.String(), nullable=True),
        sa.Column("to_state", sa.String(), nullable=True),
        sa.Column("from_type", sa.String(), nullable=True),
        sa.Column("to_type", sa.String(), nullable=True),
    ):
        op.add_column("decision", column)
    op.create_index("ix_decision_undoes", "decision", ["undoes"], unique=True)
    for column in (
        sa.Column("queue", sa.String(), nullable=True),
        sa.Column("rank", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("complaint", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("hurry_at", casework.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("hurried", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("group_id", sa.Integer(), nullable=True),
    ):
        op.add_column("candidate", column)
    candidate = sa.table("candidate", *(sa.column(n) for n in COLUMNS))
    op.execute(candidate.update().values(group_id=candidate.c.id))
    # Ranks follow as rows change; until then all wait by age, and what no class names still comes last.
    op.execute(candidate.update().where(candidate.c.rule == "unnamed").values(rank=1_000_000))
    for stage, states in STAGES.items():
        here: sa.ColumnElement[bool] = candidate.c.state.in_(states)
        if stage == "legal":
            here &= ~sa.cast(candidate.c.warning, sa.Boolean())
        op.execute(candidate.update().where(here).values(queue=stage))
    op.drop_index("ix_candidate_queue", "candidate")
    op.create_index("ix_candidate_state", "candidate", ["state", "id"])
    order = ("rank", "id")
    op.create_index("ix_candidate_queue", "candidate", ["queue", *order])
    for name in ("squad_id", "street_id", "type", "device_id", "model_id"):
        op.create_index(f"ix_candidate_queue_{name}", "candidate", ["queue", name, *order])
    op.create_index("ix_candidate_group", "candidate", ["group_id", "queue"])
    op.create_index("ix_candidate_lease", "candidate", ["lease_by", "lease_until"])
    op.create_index("ix_candidate_hurry_at", "candidate", ["hurry_at"])
    op.create_index("ix_candidate_place", "candidate", ["type", "latitude", "longitude"])


def downgrade() -> None:
    raise NotImplementedError("decisions that were undone would count again: restore a backup instead")
