"""Uploads are durable: the file is kept under TWIN_HOME, a row says it waits, and the worker takes it from there."""

import hashlib
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine

from twin.store import ledger, people

WAITING = "uploaded"


def receive_upload(
    engine: Engine, path: Path, *, name: str, source: str, actor: str, patient: str | None, now: datetime
) -> int:
    """Note that an uploaded file waits under `path`, and return the id of its import; the worker takes it from there.

    Raises:
        UnknownPatient: `patient` is nobody known here.
    """
    with path.open("rb") as handle:
        file_hash = hashlib.file_digest(handle, "sha256").hexdigest()
    with engine.begin() as connection:
        whose = people.find_patient(connection, patient) if patient is not None else None
        import_id = ledger.start_run(connection, source=source, name=name, file_hash=file_hash, actor=actor, now=now)
        waiting = {"upload": {"path": str(path), "patient": whose}}
        ledger.set_waiting(connection, import_id, WAITING, waiting)
    return import_id


def pending(engine: Engine) -> list[int]:
    """Return the uploads that wait for the worker."""
    with engine.connect() as connection:
        return ledger.runs_in(connection, WAITING)
