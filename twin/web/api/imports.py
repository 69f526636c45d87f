"""Send a file of any known format; the worker imports it, and its report says what became of everything in it."""

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, BinaryIO

from fastapi import APIRouter, Depends, Query, Request
from fastapi import Path as InPath
from fastapi.concurrency import run_in_threadpool

from twin.importers.base import DEFAULT_SOURCE
from twin.store import ledger
from twin.uploads import Told, check, receive_upload
from twin.web.caller import Actor
from twin.web.deps import EngineDep, Now, SettingsDep, record_access, scope
from twin.web.errors import BadRequest, Conflict, NotFound
from twin.web.schemas import CorrectedRecall, ImportAccepted, ImportedFile, ImportProgress, ImportReport

router = APIRouter()

BUFFER = 1_000_000  # bytes gathered between two writes
_UNUSUAL = re.compile(r"[\x00-\x1f\x7f/\\]")

CanImport = Annotated[Actor, Depends(scope("import.write"))]
Name = Annotated[str, Query(min_length=1, max_length=255, description="the file's name; its ending is kept")]
Source = Annotated[str, Query(min_length=1, max_length=100, pattern=r"^[\w.:/-]+$")]
ImportId = Annotated[int, InPath(ge=1, lt=2**63)]
Format = Annotated[str | None, Query(alias="format", max_length=40, description="don't guess the format")]
Mapped = Annotated[str | None, Query(max_length=40, description="for tables: the name of a ready mapping")]
Sample = Annotated[str | None, Query(max_length=200, description="of a VCF of several people: the one that is meant")]
Zone = Annotated[str | None, Query(max_length=60, description="IANA zone of times without an offset")]
Shifted = Annotated[bool, Query(description="de-identified data: dates may lie in the future")]
Whose = Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]+$", description="patient id or identifier")]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What was said of a file before its first byte."""

    name: str
    source: str
    told: Told


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
    format_key: Format = None,
    mapping: Mapped = None,
    sample: Sample = None,
    time_zone: Zone = None,
    shifted_dates: Shifted = False,
) -> Asked:
    """Return what is wanted, so that a mistake is told before a gigabyte is read.

    Raises:
        UnknownPatient: `patient` is nobody, or several.
        UnknownKey: there is no such format or time zone.
    """
    told = Told(
        patient=patient, format_key=format_key, mapping=mapping, sample=sample, time_zone=time_zone,
        is_shifted=shifted_dates,
    )  # fmt: skip
    return Asked(name=_UNUSUAL.sub("_", filename), source=source, told=check(engine, told))


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
    """Take the body, as it is, as a file to import: any known format, or an archive of them."""
    asked = upload.asked
    import_id = receive_upload(
        engine, upload.path, name=asked.name, source=asked.source, actor=actor.name, told=asdict(asked.told), now=now
    )
    detail = {"bytes": upload.size}
    with engine.begin() as connection:
        record_access(
            connection, actor, "import.upload", asked.told.patient, f"import/{import_id}", detail=detail, now=now
        )
    return ImportAccepted(id=import_id, bytes=upload.size, href=f"/api/v1/imports/{import_id}")


@router.get("/imports/{import_id}")
def report(actor: CanImport, import_id: ImportId, engine: EngineDep) -> ImportReport:
    """An import: how far it has come, and what became of everything in it; files in an archive are told apart."""
    with engine.connect() as connection:
        row = ledger.get_run(connection, import_id)
        if row is None:
            raise NotFound("no such import")
        files = ledger.children(connection, import_id)
        recalls = [CorrectedRecall(**each) for each in ledger.recall_states(connection, _recalls(row.report))]
    told = {key: value for key, value in row.report.items() if key != "patient_ids"}
    parts = files or [row]
    return ImportReport(
        id=row.id, source=row.source, file_name=row.file_name, format=row.format, status=row.status,
        requested_by=row.requested_by, started_at=row.started_at, finished_at=row.finished_at, report=told,
        progress=ImportProgress(
            items_done=sum(part.items_done for part in parts),
            bytes_done=sum(part.bytes_done for part in parts),
            bytes_total=row.bytes_total,
            is_cancelling=row.cancel_requested_at is not None and row.status in ("uploaded", "running"),
        ),
        files=[
            ImportedFile(id=part.id, file_name=part.file_name, format=part.format, status=part.status) for part in files
        ],
        recalls=recalls,
    )  # fmt: skip


@router.post("/imports/{import_id}/cancel", status_code=202)
def cancel(actor: CanImport, import_id: ImportId, engine: EngineDep, now: Now) -> dict[str, str]:
    """End an import at its next checkpoint; what was taken before stays, and sending it again goes on from there."""
    with engine.begin() as connection:
        if ledger.get_run(connection, import_id) is None:
            raise NotFound("no such import")
        if not ledger.request_cancel(connection, import_id, now):
            raise Conflict("this import has ended")
        record_access(connection, actor, "import.cancel", None, f"import/{import_id}", now=now)
    return {"status": "cancelling"}


def _recalls(report: Mapping[str, Any]) -> list[str]:
    found = report.get("recalls_on_corrected_values", [])
    return [str(each) for each in found] if isinstance(found, list) else []


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
