"""How long after a scanner has sent its last image does the reader on duty have a message?

    .venv/bin/python bench/slow/ct_call.py [DATA]     default: ../shared/data, beside the checkout

LIDC-IDRI-0001 (133 slices) by C-STORE to one `twin work` with the settings as shipped, database thrown away.
"""

import os
import subprocess
import sys
import tarfile
import tempfile
import time
from datetime import UTC, date, datetime
from pathlib import Path

from pydicom import dcmread
from pynetdicom import AE
from pynetdicom.sop_class import CTImageStorage
from sqlalchemy import Engine, text

from twin.importers.base import PatientDraft
from twin.record.timeline import Identifier
from twin.settings import Settings
from twin.store import accounts, migrate, people, session, staff

OWNER, PATIENT = "5f0c1b52-6d0e-4c2e-9a55-0b8f0b7f3c11", "LIDC-IDRI-0001"
PORT = 11_412
_REACHED = {
    "screened, on the readers' list": "select count(*) from study where status = 'screened'",
    "readers called": "select count(*) from reader_call",
    "in the reader's inbox": "select count(*) from inbox_message",
    "measured": "select count(*) from study_measurement",
}


def main(data: Path) -> None:
    with tempfile.TemporaryDirectory() as made:
        home = Path(made) / "home"
        engine = session.connect(Settings(home=home, DATABASE_URL=None))
        try:
            migrate.upgrade(engine)
            _people(engine)
            _measure(engine, home, data / "ct" / "chest_ge_lidc0001" / "dicom.tar.xz", Path(made) / "ct")
        finally:
            engine.dispose()
            session.stop_embedded(home)


def _people(engine: Engine) -> None:
    number = Identifier(system="urn:mrn", value=PATIENT, kind="MR")
    whose = PatientDraft(name="Sent", sex="unknown", birth_date=date(1950, 1, 1), identifiers=(number,))
    with engine.begin() as connection:
        people.add_patient(connection, OWNER, whose, datetime.now(UTC))
        accounts.create_user(
            connection, username="reader", password="bench-reader", display_name="R", role="reader", language="en"
        )  # fmt: skip
        staff.set_duty(connection, "reader", datetime.now(UTC))


def _measure(engine: Engine, home: Path, packed: Path, folder: Path) -> None:
    with tarfile.open(packed) as archive:
        archive.extractall(folder, filter="data")
    images = [dcmread(path) for path in sorted(folder.rglob("*.dcm"))]
    environment = os.environ | {
        "DATABASE_URL": engine.url.render_as_string(hide_password=False).replace("+psycopg", ""),
        "TWIN_HOME": str(home), "TWIN_LOG_LEVEL": "ERROR", "TWIN_DICOM_PORT": str(PORT), "TWIN_DISK_FREE_GB": "0",
    }  # fmt: skip
    worker = subprocess.Popen([sys.executable, "-m", "twin", "work"], env=environment)
    try:
        began = time.perf_counter()
        _send(images)
        sent = time.perf_counter()
        print(f"{len(images)} images sent in {sent - began:.1f} s")
        left = dict(_REACHED)
        while left and time.perf_counter() - sent < 600:
            with engine.connect() as connection:
                done = [name for name, asked in left.items() if connection.execute(text(asked)).scalar_one()]
            for name in done:
                del left[name]
                print(f"{time.perf_counter() - sent:6.1f} s after the last image: {name}", flush=True)
            time.sleep(0.2)
        print("not reached: " + ", ".join(left) if left else "all reached")
    finally:
        worker.terminate()
        worker.wait()


def _send(images: list[object]) -> None:
    scanner = AE(ae_title="SCANNER")
    scanner.add_requested_context(CTImageStorage)
    deadline = time.perf_counter() + 60
    while True:
        association = scanner.associate("127.0.0.1", PORT, ae_title="TWIN")
        if association.is_established:
            break
        if time.perf_counter() > deadline:
            raise SystemExit("the worker did not listen within a minute")
        time.sleep(0.5)
    refused = [image for image in images if association.send_c_store(image).Status != 0]  # type: ignore[arg-type]
    association.release()
    if refused:
        raise SystemExit(f"{len(refused)} images were refused")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[3] / "shared" / "data")
