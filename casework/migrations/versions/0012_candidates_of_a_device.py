"""candidates of a device are found without reading all"""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_candidate_device_id", "candidate", ["device_id"])


def downgrade() -> None:
    op.drop_index("ix_candidate_device_id", "candidate")
