"""Find a patient, and read the twin as it was last computed."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from twin.store import dossier, patients
from twin.web.api.cursor import pack, unpack
from twin.web.caller import Actor
from twin.web.deps import EngineDep, Now, audited, record_access, scope
from twin.web.errors import NotFound
from twin.web.schemas import PatientFound, PatientPage, Snapshot

router = APIRouter()

Size = Annotated[int, Query(ge=1, le=200)]
Cursor = Annotated[str | None, Query(max_length=1000)]


@router.get("/patients")
def find(
    actor: Annotated[Actor, Depends(scope("record.read"))],
    engine: EngineDep,
    now: Now,
    query: Annotated[str, Query(max_length=200, pattern=r"^[^\x00]*$")] = "",
    size: Size = 50,
    after: Cursor = None,
) -> PatientPage:
    """Patients whose name or identifier begins with `query`, by name. Each one shown leaves a row in the audit."""
    since = unpack(after, 2) if after else None
    with engine.begin() as connection:
        found = patients.search(connection, query, size=size, after=(since[0], since[1]) if since else None)
        for each in found:
            record_access(connection, actor, "patient.find", each.id, "GET /api/v1/patients", now=now)
    last = found[-1] if len(found) == size else None
    return PatientPage(
        patients=[
            PatientFound(id=p.id, name=p.name, sex=p.sex, birth_date=p.birth_date, identifiers=list(p.identifiers))
            for p in found
        ],
        next=pack(last.name.lower(), last.id) if last else None,
    )


@router.get("/patients/{patient_id}/snapshot", dependencies=[Depends(scope("record.read"))])
def snapshot(
    patient_id: Annotated[str, Depends(audited("record.read"))], engine: EngineDep, response: Response
) -> Snapshot:
    """The twin as last computed: organs, scores, forecasts, with the time up to which it knew."""
    with engine.connect() as connection:
        stored = dossier.stored_twin(connection, patient_id)
    if stored is None or stored.body is None:
        raise NotFound("no twin of this patient has been computed yet")
    response.headers["ETag"] = f'"{stored.revision}"'
    return Snapshot(
        patient_id=patient_id, as_of=stored.as_of, computed_at=stored.computed_at, stale_since=stored.stale_since,
        revision=stored.revision, model_version=stored.model_version,
        snapshot=dict(stored.body), organs=[dict(organ) for organ in stored.organs],
    )  # fmt: skip
