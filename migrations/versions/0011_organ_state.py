"""What is kept of each organ so that a twin goes on without being computed anew, and when it was last judged."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "organ_state",
        sa.Column("patient_id", postgresql.UUID(as_uuid=False), nullable=False),
        sa.Column("organ", sa.Text(), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("model_version", sa.Text(), nullable=False),
        sa.Column("last_fact", sa.BigInteger(), nullable=False),
        sa.Column("signals", postgresql.JSONB(), nullable=False),
        sa.Column("keys", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("lines", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_organ_state_patient_id")),
        sa.PrimaryKeyConstraint("patient_id", "organ", name=op.f("pk_organ_state")),
    )
    op.add_column("twin", sa.Column("judged_at", sa.DateTime(timezone=True)))
    op.add_column("twin", sa.Column("look_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("twin", "look_at")
    op.drop_column("twin", "judged_at")
    op.drop_table("organ_state")
