"""Send a file of any known format; the worker imports it, and its report says what became of everything in it."""

import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, BinaryIO

from fastapi import APIRouter, Depends, Query, Request
from fastapi import Path as InPath
from fastapi.concurrency import run_in_threadpool

from twin.importers.base import DEFAULT_SOURCE
from twin.store import desk, people
from twin.uploads import receive_upload
from twin.web.caller import Actor
from twin.web.deps import EngineDep, Now, SettingsDep, record_access, scope
from twin.web.errors import BadRequest, NotFound
from twin.web.schemas import ImportAccepted, ImportReport

router = APIRouter()

BUFFER = 1_000_000  # bytes gathered between two writes
_UNUSUAL = re.compile(r"[\x00-\x1f\x7f/\\]")

CanImport = Annotated[Actor, Depends(scope("import.write"))]
Name = Annotated[str, Query(min_length=1, max_length=255, description="the file's name; its ending is kept")]
Source = Annotated[str, Query(min_length=1, max_length=100, pattern=r"^[\w.:/-]+$")]
Whose = Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]+$", description="patient id or identifier")]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What was said of a file before its first byte."""

    name: str
    source: str
    patient_id: str | None


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A body that lies whole on the disk."""

    asked: Asked
    path: Path
    size: int


def asked_upload(
    actor: CanImport,
    engine: EngineDep,
    filename: Name = "upload",
    source: Source = DEFAULT_SOURCE,
    patient: Whose = None,
) -> Asked:
    """Return what is wanted, so that a mistake is told before a gigabyte is read.

    Raises:
        UnknownPatient: `patient` is nobody, or several.
    """
    patient_id = None
    if patient is not None:
        with engine.connect() as connection:
            patient_id = people.find_patient(connection, patient)
    return Asked(name=_UNUSUAL.sub("_", filename), source=source, patient_id=patient_id)


async def stored_upload(
    request: Request, asked: Annotated[Asked, Depends(asked_upload)], settings: SettingsDep
) -> Upload:
    """Write the body to `TWIN_HOME/incoming` as it comes, a megabyte in memory; half a body leaves nothing."""
    folder = settings.home_path / "incoming"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / secrets.token_hex(16)
    try:
        size = await _write(request, path)
        if size == 0:
            raise BadRequest("the body is empty; send the file as it is")
    except BaseException:  # a cancelled request, too, leaves nothing behind
        path.unlink(missing_ok=True)
        raise
    return Upload(asked=asked, path=path, size=size)


@router.post("/imports", status_code=202)
def send(
    actor: CanImport, upload: Annotated[Upload, Depends(stored_upload)], engine: EngineDep, now: Now
) -> ImportAccepted:
    """Take the body, as it is, as a file to import: a FHIR bundle, a DICOM file, a `.zip` or `.tar.xz` of either."""
    asked = upload.asked
    import_id = receive_upload(
        engine, upload.path, name=asked.name, source=asked.source, actor=actor.name, patient=asked.patient_id, now=now
    )
    detail = {"bytes": upload.size}
    with engine.begin() as connection:
        record_access(
            connection, actor, "import.upload", asked.patient_id, f"import/{import_id}", detail=detail, now=now
        )
    return ImportAccepted(id=import_id, bytes=upload.size, href=f"/api/v1/imports/{import_id}")


@router.get("/imports/{import_id}")
def report(actor: CanImport, import_id: Annotated[int, InPath(ge=1, lt=2**63)], engine: EngineDep) -> ImportReport:
    """An import, and what became of everything in it once it is done."""
    with engine.connect() as connection:
        found = desk.run(connection, import_id)
    if found is None:
        raise NotFound("no such import")
    row = found[0]
    told = {key: value for key, value in row.report.items() if key != "upload"}  # where a file waits is our business
    return ImportReport(
        id=row.id, source=row.source, file_name=row.file_name, format=row.format, status=row.status,
        requested_by=row.requested_by, started_at=row.started_at, finished_at=row.finished_at, report=told,
    )  # fmt: skip


async def _write(request: Request, path: Path) -> int:
    """Write the body and return its size, on the disk for good before anybody is told that it was taken."""
    size, waiting = 0, bytearray()
    with path.open("xb") as file:
        async for chunk in request.stream():
            size += len(chunk)
            waiting += chunk
            if len(waiting) >= BUFFER:
                await run_in_threadpool(file.write, bytes(waiting))
                waiting.clear()
        await run_in_threadpool(_finish, file, bytes(waiting))
    return size


def _finish(file: BinaryIO, last: bytes) -> None:
    file.write(last)
    file.flush()
    os.fsync(file.fileno())
