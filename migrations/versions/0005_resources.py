"""What reading FHIR resources back needs: names for those without an id, identifiers without a system, retries' age."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_import_item_unnamed",
        "import_item",
        [sa.text("md5(item_key)")],
        unique=False,
        postgresql_where=sa.text("resource is not null and item_key not like kind || '/%'"),
    )
    op.create_index("ix_import_item_recorded_at", "import_item", ["recorded_at"], postgresql_using="brin")
    op.create_index("ix_item_token_value", "item_token", [sa.text("substr(token, strpos(token, '|') + 1)")])
    op.create_index(op.f("ix_idempotent_request_claimed_at"), "idempotent_request", ["claimed_at"])


def downgrade() -> None:
    op.drop_index(op.f("ix_idempotent_request_claimed_at"), table_name="idempotent_request")
    op.drop_index("ix_item_token_value", table_name="item_token")
    op.drop_index("ix_import_item_recorded_at", table_name="import_item")
    op.drop_index("ix_import_item_unnamed", table_name="import_item")
