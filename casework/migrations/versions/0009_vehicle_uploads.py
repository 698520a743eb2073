"""uploads with a state, their parts; what tracks say; when vehicles looked"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import casework.db

revision = "0009"
down_revision = "0007"
branch_labels = None
depends_on = None

TIME = casework.db.UtcDateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "look_span",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("footage_id", sa.Integer(), nullable=False),
        sa.Column("device_id", sa.Integer(), nullable=False),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("ended_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["footage_id"], ["footage.id"], name=op.f("fk_look_span_footage_id")),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_look_span_device_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_look_span")),
    )
    with op.batch_alter_table("look_span", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_look_span_footage_id"), ["footage_id"], unique=False)
        batch_op.create_index("ix_look_span_device", ["device_id", "started_at"], unique=False)
    with op.batch_alter_table("upload", schema=None) as batch_op:
        batch_op.add_column(sa.Column("state", sa.String(), nullable=False, server_default="open"))
        batch_op.add_column(sa.Column("concat", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("sha256", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("said", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("moved_at", TIME, nullable=True))
        batch_op.create_index("ix_upload_state", ["state", "expires_at"], unique=False)
    op.execute("UPDATE upload SET state = 'whole' WHERE \"offset\" = length")
    # JSON null is written as the text null by some versions.
    op.execute(
        "UPDATE upload SET state = CASE WHEN CAST(result AS VARCHAR) LIKE '%\"error\"%' THEN 'refused' "
        "WHEN CAST(result AS VARCHAR) LIKE '%\"duplicate\": true%' THEN 'duplicate' ELSE 'accepted' END "
        "WHERE result IS NOT NULL AND CAST(result AS VARCHAR) <> 'null'"
    )
    with op.batch_alter_table("track_file", schema=None) as batch_op:
        batch_op.add_column(sa.Column("positions", sa.Boolean(), nullable=False, server_default=sa.true()))
        batch_op.add_column(sa.Column("given_start", TIME, nullable=True))
        batch_op.add_column(sa.Column("started_at", TIME, nullable=True))
        batch_op.add_column(sa.Column("ended_at", TIME, nullable=True))
        batch_op.add_column(sa.Column("ways", sa.JSON(), nullable=False, server_default="[]"))
        batch_op.add_column(sa.Column("faults", sa.JSON(), nullable=False, server_default="[]"))
        batch_op.create_index("ix_track_file_device", ["device_id", "started_at"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("records of what happened are never dropped: restore a backup instead")
