"""The tables and functions of Procrastinate, from the schema file of the installed version."""

import sqlalchemy as sa
from alembic import op
from procrastinate.schema import SchemaManager

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_DROP = """
do $$
declare
    item record;
begin
    for item in select tablename from pg_tables where schemaname = current_schema() and tablename like 'procrastinate%'
    loop
        execute format('drop table if exists %I cascade', item.tablename);
    end loop;
    for item in select oid::regprocedure as signature from pg_proc
        where pronamespace = current_schema()::regnamespace and proname like 'procrastinate%'
    loop
        execute format('drop function if exists %s cascade', item.signature);
    end loop;
    for item in select typname from pg_type
        where typnamespace = current_schema()::regnamespace and typname like 'procrastinate%' and typtype in ('e', 'c')
    loop
        execute format('drop type if exists %I cascade', item.typname);
    end loop;
end $$
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(SchemaManager.get_schema().replace("%", "%%"))


def downgrade() -> None:
    op.execute(sa.text(_DROP))
