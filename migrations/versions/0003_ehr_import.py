"""What the whole EHR import keeps: resources as they came, quarantine, merges, local mappings, retried requests."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "idempotent_request",
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.Text(), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("actor", "key", name=op.f("pk_idempotent_request")),
    )
    op.create_table(
        "local_code",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("source", "system", "code", name=op.f("pk_local_code")),
    )
    op.create_table(
        "local_unit",
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("ucum", sa.Text(), nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("text", name=op.f("pk_local_unit")),
    )
    op.create_table(
        "scoring_file",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("header", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scoring_file")),
    )
    op.create_table(
        "match_review",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("patient_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("candidate_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["candidate_id"], ["patient.id"], name=op.f("fk_match_review_candidate_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_match_review_patient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_match_review")),
        sa.UniqueConstraint("patient_id", "candidate_id", name=op.f("uq_match_review_patient_id_candidate_id")),
    )
    op.create_index(
        "ix_match_review_open", "match_review", ["id"], unique=False, postgresql_where=sa.text("status = 'open'")
    )
    op.create_table(
        "patient_link",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("retired_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("into_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("linked_by", sa.Text(), nullable=False),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("unlinked_by", sa.Text(), nullable=True),
        sa.Column("unlinked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unlink_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["into_id"], ["patient.id"], name=op.f("fk_patient_link_into_id")),
        sa.ForeignKeyConstraint(["retired_id"], ["patient.id"], name=op.f("fk_patient_link_retired_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patient_link")),
    )
    op.create_index(op.f("ix_patient_link_into_id"), "patient_link", ["into_id"], unique=False)
    op.create_index(
        "uq_patient_link_live",
        "patient_link",
        ["retired_id"],
        unique=True,
        postgresql_where=sa.text("unlinked_at is null"),
    )
    op.create_table(
        "item_token",
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["import_item.id"], name=op.f("fk_item_token_item_id")),
        sa.PrimaryKeyConstraint("token", "item_id", name=op.f("pk_item_token")),
    )
    op.add_column("import_item", sa.Column("kind", sa.Text(), server_default="", nullable=False))
    op.add_column("import_item", sa.Column("resource", sa.Text(), nullable=True))
    op.add_column("import_item", sa.Column("version_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_import_item_search",
        "import_item",
        ["kind", "patient_id", "id"],
        unique=False,
        postgresql_where=sa.text("resource is not null"),
    )
    op.add_column("import_reject", sa.Column("source", sa.Text(), server_default="", nullable=False))
    op.add_column("import_reject", sa.Column("format", sa.Text(), nullable=True))
    op.add_column("import_reject", sa.Column("item_key", sa.Text(), server_default="", nullable=False))
    op.add_column("import_reject", sa.Column("fingerprint", sa.Text(), server_default="", nullable=False))
    op.add_column("import_reject", sa.Column("kind", sa.Text(), server_default="", nullable=False))
    op.add_column("import_reject", sa.Column("patient_id", sa.UUID(as_uuid=False), nullable=True))
    op.add_column("import_reject", sa.Column("status", sa.Text(), server_default="waiting", nullable=False))
    op.add_column(
        "import_reject",
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
    )
    op.add_column("import_reject", sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("import_reject", sa.Column("resolved_by", sa.Text(), nullable=True))
    op.add_column("import_reject", sa.Column("resolved_import_id", sa.BigInteger(), nullable=True))
    op.add_column("import_reject", sa.Column("note", sa.Text(), nullable=True))
    op.create_index(
        "ix_import_reject_waiting",
        "import_reject",
        ["source", "item_key", "fingerprint"],
        unique=False,
        postgresql_where=sa.text("status = 'waiting'"),
    )
    op.create_foreign_key(
        op.f("fk_import_reject_resolved_import_id"), "import_reject", "import_run", ["resolved_import_id"], ["id"]
    )
    op.create_foreign_key(op.f("fk_import_reject_patient_id"), "import_reject", "patient", ["patient_id"], ["id"])
    op.add_column("import_run", sa.Column("parent_id", sa.BigInteger(), nullable=True))
    op.add_column(
        "import_run", sa.Column("options", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False)
    )
    op.add_column("import_run", sa.Column("items_done", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("import_run", sa.Column("bytes_done", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("import_run", sa.Column("bytes_total", sa.BigInteger(), nullable=True))
    op.add_column("import_run", sa.Column("mapping_version", sa.Text(), nullable=True))
    op.add_column("import_run", sa.Column("cancel_requested_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_import_run_file", "import_run", ["file_hash", "source"], unique=False)
    op.create_index(
        "ix_import_run_open",
        "import_run",
        ["id"],
        unique=False,
        postgresql_where=sa.text("status in ('uploaded', 'running')"),
    )
    op.create_index(
        "ix_import_run_parent_id",
        "import_run",
        ["parent_id"],
        unique=False,
        postgresql_where=sa.text("parent_id is not null"),
    )
    op.create_foreign_key(op.f("fk_import_run_parent_id"), "import_run", "import_run", ["parent_id"], ["id"])
    op.create_index("ix_patient_birth_date", "patient", ["birth_date"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_patient_birth_date", table_name="patient")
    op.drop_constraint(op.f("fk_import_run_parent_id"), "import_run", type_="foreignkey")
    op.drop_index("ix_import_run_parent_id", table_name="import_run", postgresql_where=sa.text("parent_id is not null"))
    op.drop_index(
        "ix_import_run_open", table_name="import_run", postgresql_where=sa.text("status in ('uploaded', 'running')")
    )
    op.drop_index("ix_import_run_file", table_name="import_run")
    op.drop_column("import_run", "cancel_requested_at")
    op.drop_column("import_run", "mapping_version")
    op.drop_column("import_run", "bytes_total")
    op.drop_column("import_run", "bytes_done")
    op.drop_column("import_run", "items_done")
    op.drop_column("import_run", "options")
    op.drop_column("import_run", "parent_id")
    op.drop_constraint(op.f("fk_import_reject_patient_id"), "import_reject", type_="foreignkey")
    op.drop_constraint(op.f("fk_import_reject_resolved_import_id"), "import_reject", type_="foreignkey")
    op.drop_index(
        "ix_import_reject_waiting", table_name="import_reject", postgresql_where=sa.text("status = 'waiting'")
    )
    op.drop_column("import_reject", "note")
    op.drop_column("import_reject", "resolved_import_id")
    op.drop_column("import_reject", "resolved_by")
    op.drop_column("import_reject", "resolved_at")
    op.drop_column("import_reject", "received_at")
    op.drop_column("import_reject", "status")
    op.drop_column("import_reject", "patient_id")
    op.drop_column("import_reject", "kind")
    op.drop_column("import_reject", "fingerprint")
    op.drop_column("import_reject", "item_key")
    op.drop_column("import_reject", "format")
    op.drop_column("import_reject", "source")
    op.drop_index("ix_import_item_search", table_name="import_item", postgresql_where=sa.text("resource is not null"))
    op.drop_column("import_item", "version_at")
    op.drop_column("import_item", "resource")
    op.drop_column("import_item", "kind")
    op.drop_table("item_token")
    op.drop_index("uq_patient_link_live", table_name="patient_link", postgresql_where=sa.text("unlinked_at is null"))
    op.drop_index(op.f("ix_patient_link_into_id"), table_name="patient_link")
    op.drop_table("patient_link")
    op.drop_index("ix_match_review_open", table_name="match_review", postgresql_where=sa.text("status = 'open'"))
    op.drop_table("match_review")
    op.drop_table("scoring_file")
    op.drop_table("local_unit")
    op.drop_table("local_code")
    op.drop_table("idempotent_request")
