"""The schema goes up and down with rows in it, and the migrations make what `tables.py` says."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, text

from tests.builders import bundle, lab, patient
from tests.conftest import embedded_database
from twin import intake
from twin.store import migrate
from twin.store.tables import metadata


@pytest.fixture
def own_engine() -> Iterator[Engine]:
    """A database of this test's own: it is taken apart."""
    with embedded_database() as engine:
        yield engine


def test_the_schema_goes_up_down_and_up_again_with_rows_in_the_tables(own_engine: Engine) -> None:
    migrate.upgrade(own_engine)
    assert migrate.current(own_engine) == migrate.head()
    content = bundle(patient(), lab("o", "2160-0", 1, "mg/dL", "2020"))
    now = datetime(2026, 11, 22, tzinfo=UTC)
    intake.take_bundle(own_engine, content, source="h", actor="t", atomic=False, now=now)
    with own_engine.begin() as connection:
        connection.execute(
            text("insert into procrastinate_jobs (queue_name, task_name, priority) values ('q', 't', 0)")
        )
    migrate.downgrade(own_engine, "0001")
    assert not [name for name in inspect(own_engine).get_table_names() if name.startswith("procrastinate")]
    with own_engine.connect() as connection:
        assert connection.execute(text("select count(*) from fact")).scalar_one() == 1
    migrate.upgrade(own_engine)
    with own_engine.connect() as connection:
        assert connection.execute(text("select count(*) from fact")).scalar_one() == 1
    migrate.downgrade(own_engine, "base")
    assert set(inspect(own_engine).get_table_names()) <= {"alembic_version"}
    migrate.upgrade(own_engine)
    assert migrate.current(own_engine) == migrate.head()


def test_migrations_make_what_the_tables_say(database: Engine) -> None:
    with database.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"include_name": lambda name, kind, parent: kind != "table" or name in metadata.tables}
        )
        assert compare_metadata(context, metadata) == []
