"""The spelling-free form of each patient's name, by which candidates for one person are found."""

import sqlalchemy as sa
from alembic import op

from twin.record.person_name import name_key

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_PAGE = 10_000  # rows held in memory at a time


def upgrade() -> None:
    op.add_column("patient", sa.Column("name_key", sa.Text(), server_default="", nullable=False))
    connection = op.get_bind()
    last = None
    while rows := _page(connection, last):
        connection.execute(
            sa.text("update patient set name_key = :key where id = :id"),
            [{"id": row.id, "key": name_key(row.name)} for row in rows],
        )
        last = rows[-1].id
    op.create_index("ix_patient_name_key", "patient", ["name_key", "birth_date"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_patient_name_key", table_name="patient")
    op.drop_column("patient", "name_key")


def _page(connection: sa.Connection, last: object) -> list[sa.Row]:
    after = "" if last is None else "where id > :last"
    asked = sa.text(f"select id, name from patient {after} order by id limit {_PAGE}")
    return list(connection.execute(asked, {} if last is None else {"last": last}))
