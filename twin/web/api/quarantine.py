"""What could not be used, as received: look at it, try it again after a mapping was mended, or set it aside."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query

from twin import quarantine
from twin.store import people
from twin.store import quarantine as stored
from twin.web.caller import Actor
from twin.web.deps import EngineDep, Now, SettingsDep, record_access, scope
from twin.web.errors import Conflict, NotFound
from twin.web.schemas import Dismissal, Rejected, RejectedBody, RejectedPage, Replay, Replayed

router = APIRouter()

CanImport = Annotated[Actor, Depends(scope("import.write"))]
RejectId = Annotated[int, Path(ge=1, lt=2**63)]
MOST = 2_000  # rejects replayed within a request; `twin quarantine replay` knows no bound


@router.get("/quarantine")
def listed(
    actor: CanImport,
    engine: EngineDep,
    status: Annotated[Literal["waiting", "replayed", "dismissed"], Query()] = "waiting",
    reason: Annotated[str | None, Query(max_length=60)] = None,
    source: Annotated[str | None, Query(max_length=100)] = None,
    import_id: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
    after: Annotated[int, Query(ge=0, lt=2**63)] = 0,
    size: Annotated[int, Query(ge=1, le=200)] = 50,
) -> RejectedPage:
    """Items that could not be used, in the order they came, with place and reason."""
    filters = stored.Filters(status=status, reason=reason, source=source, import_id=import_id)
    with engine.connect() as connection:
        rows = stored.page(connection, filters, after=after, size=size)
    told = [Rejected.model_validate(row, from_attributes=True) for row in rows]
    return RejectedPage(rejects=told, next=told[-1].id if len(told) == size else None)


@router.get("/quarantine/{reject_id}")
def one(actor: CanImport, reject_id: RejectId, engine: EngineDep, now: Now) -> RejectedBody:
    """One item as received; who looks at it leaves a row in the audit."""
    with engine.begin() as connection:
        row = stored.get(connection, reject_id)
        if row is None:
            raise NotFound("no such reject")
        record_access(connection, actor, "quarantine.read", row.patient_id, f"reject/{reject_id}", now=now)
    return RejectedBody.model_validate(row._asdict() | {"length": len(row.body or "")})


@router.post("/quarantine/replay")
def replay(actor: CanImport, asked: Replay, engine: EngineDep, settings: SettingsDep, now: Now) -> Replayed:
    """Read rejects as they would be read today; what can be taken is, the rest stays with its present reason."""
    filters = stored.Filters(reason=asked.reason, source=asked.source, import_id=asked.import_id)
    with engine.begin() as connection:
        ids = asked.ids or stored.ids(connection, filters)
        whose = people.find_patient(connection, asked.patient) if asked.patient else None
        record_access(
            connection, actor, "quarantine.replay", whose, "quarantine", detail={"rejects": len(ids)}, now=now
        )
    done = quarantine.replay(engine, settings, ids[:MOST], actor=actor.name, now=now, patient=whose)
    return Replayed(tried=done.tried, settled=len(done.settled), facts=done.report.facts)


@router.post("/quarantine/{reject_id}/dismiss")
def dismiss(actor: CanImport, reject_id: RejectId, asked: Dismissal, engine: EngineDep, now: Now) -> Rejected:
    """Set one item aside for good, with a reason; what was received is kept."""
    with engine.begin() as connection:
        row = stored.get(connection, reject_id)
        if row is None:
            raise NotFound("no such reject")
        if not stored.dismiss(connection, [reject_id], actor=actor.name, note=asked.reason, now=now):
            raise Conflict("this reject does not wait any more")
        record_access(connection, actor, "quarantine.dismiss", row.patient_id, f"reject/{reject_id}", now=now)
        row = stored.get(connection, reject_id)
    assert row is not None
    return Rejected.model_validate(row._asdict() | {"length": len(row.body or "")})
