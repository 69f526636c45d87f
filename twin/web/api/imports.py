"""Send a file of any known format; the worker imports it, and its report says what became of everything in it."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi import Path as InPath
from fastapi.responses import JSONResponse

from twin.importers.base import DEFAULT_SOURCE
from twin.intake import PATIENT_IDS
from twin.store import ledger
from twin.uploads import Told, check, receive_upload
from twin.web.caller import Actor
from twin.web.deps import EngineDep, Now, SettingsDep, record_access, scope
from twin.web.errors import Conflict, NotFound
from twin.web.idempotency import RetriesDep
from twin.web.schemas import CorrectedRecall, ImportAccepted, ImportedFile, ImportProgress, ImportReport
from twin.web.uploading import Stored, once_stored, store_body

router = APIRouter()

_EXAMPLE = '{"resourceType":"Patient","id":"p1","identifier":[{"system":"urn:mrn","value":"1"}]}\n'  # NDJSON, a line
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


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A body that lies whole on the disk, and what was said of it."""

    asked: Asked
    stored: Stored


async def stored_upload(
    request: Request, asked: Annotated[Asked, Depends(asked_upload)], settings: SettingsDep
) -> Upload:
    """Write the body to the disk, once it is known that what was said of it is sound."""
    return Upload(asked=asked, stored=await store_body(request, settings))


@router.post(
    "/imports",
    status_code=202,
    response_model=ImportAccepted,
    openapi_extra={"requestBody": {"required": True, "content": {"application/octet-stream": {"example": _EXAMPLE}}}},
)
def send(
    actor: CanImport,
    retries: RetriesDep,
    upload: Annotated[Upload, Depends(stored_upload)],
    engine: EngineDep,
    now: Now,
) -> Response:
    """Take the body, as it is, as a file to import: any known format, or an archive of them."""

    asked, stored = upload.asked, upload.stored

    def work() -> Response:
        import_id = receive_upload(
            engine, stored.path, name=asked.name, source=asked.source, actor=actor.name, told=asdict(asked.told),
            now=now,
        )  # fmt: skip
        detail = {"bytes": stored.size}
        with engine.begin() as connection:
            record_access(
                connection, actor, "import.upload", asked.told.patient, f"import/{import_id}", detail=detail, now=now
            )
        told = ImportAccepted(id=import_id, bytes=stored.size, href=f"/api/v1/imports/{import_id}")
        return JSONResponse(told.model_dump(), 202)

    return once_stored(retries, stored, work)


@router.get("/imports/{import_id}")
def report(actor: CanImport, import_id: ImportId, engine: EngineDep) -> ImportReport:
    """An import: how far it has come, and what became of everything in it; files in an archive are told apart."""
    with engine.connect() as connection:
        row = ledger.get_run(connection, import_id)
        if row is None:
            raise NotFound("no such import")
        files = ledger.children(connection, import_id)
        recalls = [CorrectedRecall(**each) for each in ledger.recall_states(connection, _recalls(row.report))]
    told = {key: value for key, value in row.report.items() if key != PATIENT_IDS}
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
