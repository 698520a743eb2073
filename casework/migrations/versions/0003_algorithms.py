"""the algorithm warehouse: registry, assignments, shadow runs, samples, hints; corrected boxes; camera groups"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import casework.db

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

APPEND_ONLY = ("algorithm_event", "algorithm_evaluation", "sample_label", "hint_decision")


def upgrade() -> None:
    op.create_table(
        "algorithm",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("model_id", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("file", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("classes", sa.JSON(), nullable=False),
        sa.Column("thresholds", sa.JSON(), nullable=False),
        sa.Column("record", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("added_by", sa.Integer(), nullable=True),
        sa.Column("added_by_name", sa.String(), nullable=False),
        sa.Column("added_at", casework.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("approved_by_name", sa.String(), nullable=True),
        sa.Column("approved_at", casework.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["added_by"], ["account.id"], name=op.f("fk_algorithm_added_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_algorithm")),
        sa.UniqueConstraint("model_id", name=op.f("uq_algorithm_model_id")),
        sa.UniqueConstraint("name", "version", name=op.f("uq_algorithm_name")),
    )
    op.create_table(
        "algorithm_assignment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("algorithm_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("since", casework.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("ended_at", casework.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("by_name", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("replaces_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["algorithm_id"], ["algorithm.id"], name=op.f("fk_algorithm_assignment_algorithm_id")
        ),
        sa.ForeignKeyConstraint(
            ["replaces_id"], ["algorithm_assignment.id"], name=op.f("fk_algorithm_assignment_replaces_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_algorithm_assignment")),
    )
    with op.batch_alter_table("algorithm_assignment", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_algorithm_assignment_algorithm_id"), ["algorithm_id"], unique=False
        )
        batch_op.create_index(
            "ix_algorithm_assignment_holds",
            ["role", "scope", "target"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "algorithm_evaluation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("algorithm_id", sa.Integer(), nullable=False),
        sa.Column("dataset", sa.String(), nullable=False),
        sa.Column("split", sa.String(), nullable=False),
        sa.Column("dataset_sha256", sa.String(), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("by_name", sa.String(), nullable=False),
        sa.Column("recorded_at", casework.db.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_algorithm_evaluation_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["algorithm_id"], ["algorithm.id"], name=op.f("fk_algorithm_evaluation_algorithm_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_algorithm_evaluation")),
    )
    with op.batch_alter_table("algorithm_evaluation", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_algorithm_evaluation_algorithm_id"), ["algorithm_id"], unique=False
        )

    op.create_table(
        "algorithm_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("algorithm_id", sa.Integer(), nullable=False),
        sa.Column("at", casework.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("by_name", sa.String(), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("from_state", sa.String(), nullable=True),
        sa.Column("to_state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_algorithm_event_account_id")),
        sa.ForeignKeyConstraint(
            ["algorithm_id"], ["algorithm.id"], name=op.f("fk_algorithm_event_algorithm_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_algorithm_event")),
    )
    with op.batch_alter_table("algorithm_event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_algorithm_event_algorithm_id"), ["algorithm_id"], unique=False)

    op.create_table(
        "hint_decision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("device_id", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("candidate_id", sa.Integer(), nullable=True),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("cure", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("by_name", sa.String(), nullable=False),
        sa.Column("decided_at", casework.db.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_hint_decision_account_id")),
        sa.ForeignKeyConstraint(
            ["candidate_id"], ["candidate.id"], name=op.f("fk_hint_decision_candidate_id")
        ),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_hint_decision_device_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hint_decision")),
    )
    with op.batch_alter_table("hint_decision", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_hint_decision_device_id"), ["device_id"], unique=False)

    op.create_table(
        "look_sample",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("footage_id", sa.Integer(), nullable=False),
        sa.Column("device_id", sa.Integer(), nullable=False),
        sa.Column("model_id", sa.String(), nullable=False),
        sa.Column("captured_at", casework.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("picture", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("turn", sa.Double(), nullable=False),
        sa.Column("lease_by", sa.Integer(), nullable=True),
        sa.Column("lease_until", casework.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_look_sample_device_id")),
        sa.ForeignKeyConstraint(["footage_id"], ["footage.id"], name=op.f("fk_look_sample_footage_id")),
        sa.ForeignKeyConstraint(["lease_by"], ["account.id"], name=op.f("fk_look_sample_lease_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_look_sample")),
        sa.UniqueConstraint("footage_id", "captured_at", name=op.f("uq_look_sample_footage_id")),
    )
    with op.batch_alter_table("look_sample", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_look_sample_device_id"), ["device_id"], unique=False)

    op.create_table(
        "sample_draw",
        sa.Column("footage_id", sa.Integer(), nullable=False),
        sa.Column("device_id", sa.Integer(), nullable=False),
        sa.Column("model_id", sa.String(), nullable=False),
        sa.Column("looks", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_sample_draw_device_id")),
        sa.ForeignKeyConstraint(["footage_id"], ["footage.id"], name=op.f("fk_sample_draw_footage_id")),
        sa.PrimaryKeyConstraint("footage_id", name=op.f("pk_sample_draw")),
    )
    with op.batch_alter_table("sample_draw", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sample_draw_device_id"), ["device_id"], unique=False)

    op.create_table(
        "shadow_finding",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("algorithm_id", sa.Integer(), nullable=False),
        sa.Column("footage_id", sa.Integer(), nullable=False),
        sa.Column("device_id", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("shop_code", sa.String(), nullable=True),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("place_error_m", sa.Double(), nullable=True),
        sa.Column("image_place", sa.JSON(), nullable=False),
        sa.Column("first_at", casework.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("last_at", casework.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("looks", sa.Integer(), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("picture", sa.String(), nullable=True),
        sa.Column("picture_type", sa.String(), nullable=True),
        sa.Column("picture_at", casework.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["algorithm_id"], ["algorithm.id"], name=op.f("fk_shadow_finding_algorithm_id")
        ),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_shadow_finding_device_id")),
        sa.ForeignKeyConstraint(["footage_id"], ["footage.id"], name=op.f("fk_shadow_finding_footage_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shadow_finding")),
        sa.UniqueConstraint("algorithm_id", "key", name=op.f("uq_shadow_finding_algorithm_id")),
    )
    with op.batch_alter_table("shadow_finding", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_shadow_finding_footage_id"), ["footage_id"], unique=False)

    op.create_table(
        "shadow_run",
        sa.Column("footage_id", sa.Integer(), nullable=False),
        sa.Column("algorithm_id", sa.Integer(), nullable=False),
        sa.Column("device_id", sa.Integer(), nullable=False),
        sa.Column("active_model_id", sa.String(), nullable=False),
        sa.Column("looks", sa.Integer(), nullable=False),
        sa.Column("detections", sa.Integer(), nullable=False),
        sa.Column("finished_at", casework.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("fault", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["algorithm_id"], ["algorithm.id"], name=op.f("fk_shadow_run_algorithm_id")),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_shadow_run_device_id")),
        sa.ForeignKeyConstraint(["footage_id"], ["footage.id"], name=op.f("fk_shadow_run_footage_id")),
        sa.PrimaryKeyConstraint("footage_id", "algorithm_id", name=op.f("pk_shadow_run")),
    )
    with op.batch_alter_table("shadow_run", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_shadow_run_device_id"), ["device_id"], unique=False)

    op.create_table(
        "sample_label",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sample_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("labelled_at", casework.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("missed", sa.JSON(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_sample_label_account_id")),
        sa.ForeignKeyConstraint(["sample_id"], ["look_sample.id"], name=op.f("fk_sample_label_sample_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sample_label")),
        sa.UniqueConstraint("sample_id", name=op.f("uq_sample_label_sample_id")),
    )
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.add_column(sa.Column("boxes", sa.JSON(), nullable=True))

    with op.batch_alter_table("device", schema=None) as batch_op:
        batch_op.add_column(sa.Column("camera_group", sa.String(), nullable=True))

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
    raise NotImplementedError("records of who approved what are never dropped: restore a backup instead")
