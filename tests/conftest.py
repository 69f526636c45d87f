"""What tests stand on: a real PostgreSQL, the real data where they are there, and a clock that tests set."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import settings as drawing
from sqlalchemy import Engine, text

from twin.settings import Settings
from twin.store import migrate, session, tables

SHARED = Path(__file__).parents[2] / "shared"
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)

drawing.register_profile("untimed", deadline=None)  # what is right does not hang on how busy the machine is
drawing.load_profile("untimed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs the real data where they are not there; `.ci/run` checks that they were run where they are."""
    if SHARED.is_dir():
        return
    for item in items:
        if item.get_closest_marker("shared_data"):
            item.add_marker(pytest.mark.skip(reason="the real data are not beside this checkout"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data, `../shared/data`."""
    return SHARED / "data"


@pytest.fixture
def now() -> datetime:
    """The moment at which tests happen."""
    return NOW


@contextmanager
def embedded_database() -> Iterator[Engine]:
    """An empty embedded PostgreSQL that is stopped and forgotten afterwards.

    Not under pytest's own folder: that is closed to others, and a server started by root runs as another user.
    """
    home = Path(tempfile.mkdtemp(prefix="twin-test-"))
    engine = session.connect(Settings(home=home, DATABASE_URL=None))
    session.make_forgetful(engine)
    try:
        yield engine
    finally:
        engine.dispose()
        session.stop_embedded(home)
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def database() -> Iterator[Engine]:
    """A migrated PostgreSQL: the one `TWIN_TEST_DATABASE_URL` names, else an embedded one."""
    url = os.environ.get("TWIN_TEST_DATABASE_URL")
    if url is None:
        with embedded_database() as engine:
            migrate.upgrade(engine)
            yield engine
    else:
        engine = session.connect(Settings(DATABASE_URL=url))
        migrate.upgrade(engine)
        yield engine
        engine.dispose()


@pytest.fixture
def engine(database: Engine) -> Engine:
    """The database with every table of ours and every job emptied."""
    names = [*tables.metadata.tables, "procrastinate_jobs", "procrastinate_workers"]
    with database.begin() as connection:
        connection.execute(text(f"truncate {', '.join(names)} restart identity cascade"))
    return database


@pytest.fixture
def settings(tmp_path: Path, database: Engine) -> Settings:
    """Settings of an instance on the test database, with a home of its own."""
    return Settings(home=tmp_path / "home", DATABASE_URL=database.url.render_as_string(hide_password=False))
