"""CT kept image by image: instances by content, series that are still arriving, and readers' verdicts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_NOW = sa.text("now()")


def _time(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=_NOW, nullable=False)


def upgrade() -> None:
    op.add_column("study", sa.Column("modality", sa.Text(), server_default="CT", nullable=False))
    op.add_column("study", sa.Column("revision", sa.Integer(), server_default="0", nullable=False))
    op.add_column("study", sa.Column("tags", postgresql.JSONB(), server_default="{}", nullable=False))
    op.add_column("study", _time("quiet_at"))
    op.add_column("study", sa.Column("priors_asked_at", sa.DateTime(timezone=True)))
    op.alter_column("study", "path", nullable=True)
    op.drop_column("study", "file_hash")
    op.create_index(op.f("ix_study_study_uid"), "study", ["study_uid"])
    op.create_index("ix_study_waiting", "study", ["quiet_at"], postgresql_where=sa.text("status = 'queued'"))
    op.create_table(
        "dicom_instance",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("study_id", sa.BigInteger(), nullable=False),
        sa.Column("sop_instance_uid", sa.Text(), nullable=False),
        sa.Column("sop_class_uid", sa.Text(), nullable=False),
        sa.Column("transfer_syntax_uid", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("content_sha256", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("instance_number", sa.Integer()),
        sa.Column("rows", sa.Integer()),
        sa.Column("columns", sa.Integer()),
        sa.Column("frames", sa.Integer()),
        _time("received_at"),
        sa.ForeignKeyConstraint(
            ["study_id"], ["study.id"], name=op.f("fk_dicom_instance_study_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dicom_instance")),
        sa.UniqueConstraint("sop_instance_uid", name=op.f("uq_dicom_instance_sop_instance_uid")),
    )
    op.create_index(op.f("ix_dicom_instance_study_id"), "dicom_instance", ["study_id"])
    op.create_index(op.f("ix_dicom_instance_sha256"), "dicom_instance", ["sha256"])
    op.create_table(
        "verdict",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("study_id", sa.BigInteger(), nullable=False),
        sa.Column("rank", sa.Integer()),
        sa.Column("region", postgresql.JSONB()),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("said_by", sa.Text(), nullable=False),
        _time("said_at"),
        sa.Column("withdrawn_by", sa.Text()),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name=op.f("fk_verdict_study_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verdict")),
    )
    op.create_index(op.f("ix_verdict_study_id"), "verdict", ["study_id"])
    op.create_index(
        "uq_verdict_standing", "verdict", ["study_id", sa.text("coalesce(rank, 0)"), "said_by"],
        unique=True, postgresql_where=sa.text("withdrawn_at is null"),
    )  # fmt: skip


def downgrade() -> None:
    """The files stay where they lie; a series that arrived image by image loses the way to them."""
    op.drop_table("verdict")
    op.drop_table("dicom_instance")
    op.drop_index("ix_study_waiting", table_name="study")
    op.drop_index(op.f("ix_study_study_uid"), table_name="study")
    op.add_column("study", sa.Column("file_hash", sa.Text(), server_default="", nullable=False))
    op.alter_column("study", "file_hash", server_default=None)
    op.execute("update study set path = '' where path is null")
    op.alter_column("study", "path", nullable=False)
    for name in ("priors_asked_at", "quiet_at", "tags", "revision", "modality"):
        op.drop_column("study", name)
