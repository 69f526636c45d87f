"""Runs migrations on the connection that `twin.store.migrate` hands over."""

from alembic import context

from twin.store.tables import metadata

OWN_TABLES = frozenset(metadata.tables)


def is_ours(name: str | None, kind: str, parent: object) -> bool:
    """Leave Procrastinate's tables to their own schema file."""
    return kind != "table" or name in OWN_TABLES


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    include_name=is_ours,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
