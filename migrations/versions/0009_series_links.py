"""Which series a report or segmentation was made of, and that a person took a series back."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("study", sa.Column("made_of", sa.BigInteger()))
    op.add_column("study", sa.Column("is_taken_back", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.create_foreign_key(op.f("fk_study_made_of"), "study", "study", ["made_of"], ["id"], ondelete="SET NULL")
    op.create_index(op.f("ix_study_made_of"), "study", ["made_of"])


def downgrade() -> None:
    op.drop_index(op.f("ix_study_made_of"), table_name="study")
    op.drop_constraint(op.f("fk_study_made_of"), "study", type_="foreignkey")
    op.drop_column("study", "is_taken_back")
    op.drop_column("study", "made_of")
