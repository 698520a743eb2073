"""stored looks say how often their device looked by plan"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("look_file", sa.Column("look_every_s", sa.Double(), nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("look_file", "look_every_s")
