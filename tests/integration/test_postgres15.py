"""The same import on the oldest server that is taken: PostgreSQL 15 as the system installs it."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from tests.builders import bundle, lab, patient
from twin import intake
from twin.errors import ConfigurationError
from twin.settings import Settings
from twin.store import migrate, session

BIN = Path("/usr/lib/postgresql/15/bin")
pytestmark = [
    pytest.mark.postgres15,
    pytest.mark.skipif(not BIN.is_dir(), reason="no PostgreSQL 15 is installed by the system"),
]


@pytest.fixture(scope="module")
def engine15() -> Iterator[Engine]:
    """A server of its own on a unix socket, run by the user that Debian made for it where we are root."""
    home = Path(tempfile.mkdtemp(prefix="twin-pg15-"))
    is_root = os.geteuid() == 0
    if is_root:
        owner = pwd.getpwnam("postgres")
        os.chown(home, owner.pw_uid, owner.pw_gid)
    home.chmod(0o755)

    def run(program: str, *words: str) -> None:
        command = [str(BIN / program), *words]
        subprocess.run(
            ["runuser", "-u", "postgres", "--", *command] if is_root else command,
            check=True,
            capture_output=True,
            cwd=home,
        )

    run("initdb", "-D", str(home / "data"), "-U", "postgres", "--auth=trust", "--encoding=utf8")
    run(
        "pg_ctl",
        "-w",
        "-D",
        str(home / "data"),
        "-o",
        f"-h '' -k {home} -c fsync=off",
        "-l",
        str(home / "log"),
        "start",
    )
    try:
        engine = session.connect(Settings(DATABASE_URL=f"postgresql://postgres@/postgres?host={home}"))
        yield engine
        engine.dispose()
    finally:
        run("pg_ctl", "-D", str(home / "data"), "-m", "immediate", "stop")
        shutil.rmtree(home, ignore_errors=True)


def test_the_schema_and_an_import_work_on_postgresql_15(engine15: Engine) -> None:
    migrate.upgrade(engine15)
    content = bundle(patient(), lab("o", "2160-0", 1.5, "mg/dL", "2020-01-02"))
    now = datetime(2026, 11, 22, tzinfo=UTC)
    first = intake.take_bundle(engine15, content, source="h", actor="t", atomic=True, now=now)
    again = intake.take_bundle(engine15, content, source="h", actor="t", atomic=True, now=now)
    assert (first.imported, again.duplicates) == (2, 2)
    with engine15.connect() as connection:
        assert connection.execute(text("show server_version_num")).scalar_one().startswith("15")
    migrate.downgrade(engine15, "base")
    migrate.upgrade(engine15)


def test_an_older_server_is_refused_by_name(engine15: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "OLDEST_SERVER", 160_000)
    address = engine15.url.render_as_string(hide_password=False).replace("+psycopg", "")
    with pytest.raises(ConfigurationError, match="PostgreSQL 15 is too old"):
        session.connect(Settings(DATABASE_URL=address))
