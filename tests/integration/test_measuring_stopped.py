"""A worker that is told to end (SIGTERM) while it measures a CT ends soon, writes nothing, and leaves it waiting."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine, text

from imaging.phantom import Phantom, write_phantom
from tests.builders import bundle, patient
from twin import intake
from twin.scan.folder import receive
from twin.scan.measuring import VERSION
from twin.scan.screening import screen
from twin.settings import Settings
from twin.store import measurements, studies

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
DRAWN = Phantom(
    columns=320, slices=70, pixel_mm=1.1, slice_mm=4.0, patient_id="1"
)  # seconds to measure: never done in time
MEASURING = "select count(*) from procrastinate_jobs where task_name = 'measure' and status = 'doing'"


def test_a_measurement_ends_with_its_worker_and_is_begun_again(engine: Engine, tmp_path: Path) -> None:
    intake.take_bundle(engine, bundle(patient()), source="h", actor="t", atomic=True, now=NOW)
    site = Settings(home=tmp_path / "home", disk_free_gb=0)
    write_phantom(tmp_path / "ct", DRAWN)
    receive(engine, site, tmp_path / "ct", name="ct", actor="t", patient=None, now=NOW)
    with engine.connect() as connection:
        (study_id,) = studies.queued(connection, 10, NOW)
    screen(engine, site, study_id, now=NOW)
    before = _written(engine, site.home_path)

    for _ in range(2):  # the second worker shows that the first one left it to be done
        with _worker(engine, site.home_path) as ending:
            _wait_until(lambda: _count(engine, MEASURING) == 1, "a worker measures")
            ending.terminate()
            assert ending.wait(30) == 0
        assert _count(engine, MEASURING) == 0
        with engine.connect() as connection:
            assert measurements.pending(connection, VERSION, 10) == [study_id]
        assert _written(engine, site.home_path) == before


def _written(engine: Engine, home: Path) -> dict[str, int]:
    """What a measurement writes: its row, facts, objects that go back, the organs beside the volume."""
    tables = ("study_measurement", "fact", "dicom_instance", "study")
    counts = {table: _count(engine, f"select count(*) from {table}") for table in tables}
    return counts | {"files": sum(1 for each in home.rglob("*") if each.is_file() and each.suffix != ".log")}


def _count(engine: Engine, query: str) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text(query)).scalar_one())


@contextmanager
def _worker(engine: Engine, home: Path) -> Iterator[subprocess.Popen[bytes]]:
    environment = os.environ | {
        "DATABASE_URL": engine.url.render_as_string(hide_password=False).replace("+psycopg", ""),
        "TWIN_HOME": str(home),
        "TWIN_BEAT_SECONDS": "0.5",
        "TWIN_LOG_LEVEL": "ERROR",
    }
    process = subprocess.Popen([sys.executable, "-m", "tests.integration.killable"], env=environment, cwd=ROOT)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _wait_until(is_so: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline, f"not within a minute: {what}"
        time.sleep(0.05)
