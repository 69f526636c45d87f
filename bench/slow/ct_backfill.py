"""How long do 200 CT studies take two workers, and is anything lost or twice when both are killed (SIGKILL) on the way?

    .venv/bin/python bench/slow/ct_backfill.py [STUDIES]

Drawn chests of 40 slices of 128 x 128: what is measured is receiving, screening and the queue, not the pixels. At each
third of the way both workers are killed and two others go on.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from datetime import UTC, date, datetime
from pathlib import Path

from imaging.phantom import Phantom, write_phantom
from twin import backfill
from twin.importers.base import PatientDraft
from twin.record.timeline import Identifier
from twin.settings import Settings
from twin.store import migrate, people, session

WORKERS, KILLS = 2, 2
OWNER = "5f0c1b52-6d0e-4c2e-9a55-0b8f0b7f3c11"


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as made:
        home, studies = Path(made) / "home", Path(made) / "studies"
        for seed in range(1, count + 1):
            drawn = Phantom(columns=128, slices=40, pixel_mm=2.75, slice_mm=5.6, patient_id="1", seed=seed)
            write_phantom(studies / f"{seed:04d}", drawn)
        settings = Settings(home=home, DATABASE_URL=None)
        engine = session.connect(settings)
        try:
            migrate.upgrade(engine)
            number = Identifier(system="urn:mrn", value="1", kind="MR")
            whose = PatientDraft(name="Drawn", sex="female", birth_date=date(1960, 1, 1), identifiers=(number,))
            with engine.begin() as connection:
                people.add_patient(connection, OWNER, whose, datetime.now(UTC))
            _measure(engine, home, studies, count)
        finally:
            engine.dispose()
            session.stop_embedded(home)


def _measure(engine, home: Path, studies: Path, count: int) -> None:  # type: ignore[no-untyped-def]
    environment = os.environ | {
        "DATABASE_URL": engine.url.render_as_string(hide_password=False).replace("+psycopg", ""),
        "TWIN_HOME": str(home), "TWIN_LOG_LEVEL": "ERROR", "TWIN_BEAT_SECONDS": "1", "TWIN_STALLED_SECONDS": "5",
        "TWIN_DISK_FREE_GB": "0",
    }  # fmt: skip
    imports = backfill.enter(engine, studies, actor="bench", now=datetime.now(UTC))
    began, kills = time.perf_counter(), 0
    running = _start(environment)
    try:
        while not (reached := backfill.reached(engine, imports)).is_done:
            done = reached.series - reached.waiting
            print(f"{time.perf_counter() - began:7.1f} s  {reached.imported} imported, {done} screened", flush=True)
            if kills < KILLS and done >= count * (kills + 1) / (KILLS + 1):
                for each in running:
                    each.send_signal(signal.SIGKILL)
                    each.wait()
                kills += 1
                print(f"{time.perf_counter() - began:7.1f} s  both workers killed", flush=True)
                running = _start(environment)
            time.sleep(2.0)
    finally:
        for each in running:
            each.terminate()
            each.wait()
    seconds = time.perf_counter() - began
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "select (select count(*) from study where status = 'screened'),"
            " (select count(*) from dicom_instance i join study s on s.id = i.study_id where s.modality = 'CT'),"
            " (select count(*) from fact where kind = 'imaging_study')"
        ).one()
    print(
        f"{count} studies, {WORKERS} workers, killed {kills} times: {seconds:.0f} s, "
        f"{60 * count / seconds:.0f} a minute"
    )
    print(f"screened {rows[0]}, images {rows[1]} (of {40 * count}), studies stated {rows[2]}")


def _start(environment: dict[str, str]) -> list["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-m", "twin", "work"]
    return [subprocess.Popen(command, env=environment) for _ in range(WORKERS)]


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
