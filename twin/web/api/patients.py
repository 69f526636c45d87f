"""Find a patient, and read the twin as it was last computed."""

from datetime import UTC, date, datetime, time
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response

from twin.store import dossier, links, patients
from twin.store.session import Engine
from twin.web.api.cursor import pack, unpack
from twin.web.caller import Actor
from twin.web.deps import CurrentActor, EngineDep, Now, audited, record_access, scope
from twin.web.errors import BadRequest, NotFound
from twin.web.schemas import PatientFound, PatientPage, Snapshot

router = APIRouter()

END_OF_DAY = time(23, 59, 59)  # the same moment as on the page, so that a view is computed once
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
            PatientFound(
                id=p.id, name=p.name, sex=p.sex, birth_date=p.birth_date, identifiers=list(p.identifiers),
                merged_from=list(p.merged_from),
            )
            for p in found
        ],
        next=pack(last.name.lower(), last.id) if last else None,
    )  # fmt: skip


@router.get("/patients/{patient_id}/snapshot", dependencies=[Depends(scope("record.read"))], response_model=Snapshot)
def snapshot(
    asked_id: Annotated[str, Depends(audited("record.read"))],
    engine: EngineDep,
    actor: CurrentActor,
    response: Response,
    now: Now,
    as_of: Annotated[date | None, Query(description="the twin as it was known at the end of this day")] = None,
) -> Snapshot | Response:
    """The twin as last computed, or as it was known at the end of a past day.

    A past day is computed by the worker: 202 with Retry-After until it has. A record that was merged into another
    gives that one's twin, and says so in `merged_into`.
    """
    if as_of is not None and as_of > now.date():
        raise BadRequest("as_of lies in the future")
    with engine.begin() as connection:
        patient_id = links.survivor_of(connection, [asked_id])[asked_id]
        if patient_id != asked_id:
            record_access(connection, actor, "record.read", patient_id, "merged from another record", now=now)
        head = dossier.head(connection, patient_id)
    if as_of is not None and head is not None and head.birth_date is not None and as_of < head.birth_date:
        raise BadRequest("as_of lies before the patient was born")
    merged_into = patient_id if patient_id != asked_id else None
    if as_of is not None and as_of < now.date():
        return _as_known(engine, patient_id, as_of, merged_into)
    with engine.connect() as connection:
        stored = dossier.stored_twin(connection, patient_id)
    if stored is None or stored.body is None:
        raise NotFound("no twin of this patient has been computed yet")
    response.headers["ETag"] = f'"{stored.revision}"'
    return Snapshot(
        patient_id=patient_id, as_of=stored.as_of, computed_at=stored.computed_at, stale_since=stored.stale_since,
        revision=stored.revision, model_version=stored.model_version,
        snapshot=dict(stored.body), organs=[dict(organ) for organ in stored.organs], merged_into=merged_into,
    )  # fmt: skip


def _as_known(engine: Engine, patient_id: str, day: date, merged_into: str | None) -> Snapshot | Response:
    moment = datetime.combine(day, END_OF_DAY, UTC)
    with engine.begin() as connection:
        stored = dossier.stored_twin(connection, patient_id)
        body = dossier.view(connection, patient_id, moment)
        if body is None:
            dossier.request_view(connection, patient_id, moment)
    if body is None:
        return Response(status_code=202, headers={"Retry-After": "2"})
    told = dict(body)
    organs: Any = told.pop("organs")
    return Snapshot(
        patient_id=patient_id, as_of=moment, computed_at=None, stale_since=None,
        revision=stored.revision if stored else 0, model_version=stored.model_version if stored else None,
        snapshot=told, organs=organs, merged_into=merged_into,
    )  # fmt: skip
