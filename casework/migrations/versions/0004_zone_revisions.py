"""savings of zones (who, when, why, and a number that tells of a saving in between); reference pictures"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import casework.db

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

APPEND_ONLY = ("zone_revision", "reference_picture")


def upgrade() -> None:
    revisions = op.create_table(
        "zone_revision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("by_name", sa.String(), nullable=False),
        sa.Column("made_at", casework.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_zone_revision")),
        sa.UniqueConstraint("scope", "number", name=op.f("uq_zone_revision_scope")),
    )
    op.create_table(
        "reference_picture",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("device_id", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("captured_at", casework.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("set_by", sa.String(), nullable=False),
        sa.Column("set_at", casework.db.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_reference_picture_device_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reference_picture")),
    )
    with op.batch_alter_table("reference_picture", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reference_picture_device_id"), ["device_id"], unique=False)
    _earlier_savings(revisions)
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


def _earlier_savings(revisions: sa.Table) -> None:
    """Zones saved before there were revisions: one revision for each moment at which some were made."""
    zones = sa.table(
        "zone_version",
        sa.column("device_id", sa.Integer),
        sa.column("code", sa.String),
        sa.column("made_by", sa.String),
        sa.column("made_at", casework.db.UtcDateTime(timezone=True)),
    )
    devices = sa.table("device", sa.column("id", sa.Integer), sa.column("code", sa.String))
    counters = sa.table("counter", sa.column("name", sa.String), sa.column("value", sa.Integer))
    bind = op.get_bind()
    found = bind.execute(
        sa.select(devices.c.code, zones.c.made_by, zones.c.made_at, zones.c.code)
        .select_from(zones.outerjoin(devices, zones.c.device_id == devices.c.id))
        .order_by(zones.c.made_at, zones.c.code)
    )
    savings: dict[tuple[str, object], tuple[str, list[str]]] = {}
    for device, by, at, zone in found:
        scope = "ground" if device is None else f"device:{device}"
        savings.setdefault((scope, at), (by, []))[1].append(zone)
    last: dict[str, int] = {}
    for (scope, at), (by, codes) in savings.items():
        last[scope] = last.get(scope, 0) + 1
        row = {"scope": scope, "number": last[scope], "made_by": by, "by_name": by, "made_at": at}
        bind.execute(revisions.insert().values(**row, reason="", changes={"set": codes, "ended": []}))
    for scope, number in last.items():
        bind.execute(counters.insert().values(name=f"zones:{scope}", value=number))


def downgrade() -> None:
    raise NotImplementedError("who changed which zone is never dropped: restore a backup instead")
