"""CT series: which should be read first, what was seen in one, its slices, and what readers say of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Response
from fastapi import Path as InPath
from fastapi.responses import FileResponse
from sqlalchemy import Row

from twin.settings import Settings
from twin.store import calls, verdicts
from twin.store.session import Connection, Engine
from twin.store.verdicts import BadVerdict, Verdict
from twin.web.caller import Actor
from twin.web.deps import EngineDep, Now, SettingsDep, record_access, scope
from twin.web.errors import BadRequest, NotFound
from twin.web.judging import give_to, take_from, withdraw
from twin.web.study_measured import told_measured
from twin.web.study_schemas import (
    AskedPatient,
    AskedVerdict,
    GivenPatient,
    StudyFull,
    StudyLine,
    StudyList,
    StudyVerdict,
    TakenBack,
)
from twin.web.volumes import LABELS, VOLUME, file_of

router = APIRouter()

Reads = Annotated[Actor, Depends(scope("record.read"))]
Judges = Annotated[Actor, Depends(scope("study.write"))]
StudyId = Annotated[int, InPath(ge=1, lt=2**63)]
VerdictId = Annotated[int, InPath(ge=1, lt=2**63)]
_GZIP = "application/gzip"
_FILE: Mapping[int | str, dict[str, Any]] = {200: {"content": {_GZIP: {}}, "description": "NIfTI-1, RAS, gzip"}}


@router.get("/studies")
def reading_list(
    actor: Reads, engine: EngineDep, now: Now,
    show: Annotated[Literal["unread", "read"], Query(description="does a word on the whole stand?")] = "unread",
    size: Annotated[int, Query(ge=1, le=200)] = 50,
) -> StudyList:  # fmt: skip
    """CT series by the highest score of their regions. Each patient shown leaves a row in the audit."""
    with engine.begin() as connection:
        rows = calls.reading_list(connection, is_read=show == "read", limit=size)
        for patient_id in dict.fromkeys(row.patient_id for row in rows if row.patient_id):
            record_access(connection, actor, "reading.list", patient_id, "GET /api/v1/studies", now=now)
    return StudyList(studies=[_line(row) for row in rows])


@router.get("/studies/{study_id}")
def one(actor: Reads, study_id: StudyId, engine: EngineDep, settings: SettingsDep, now: Now) -> StudyFull:
    """One series: what was seen in it, and what readers say of that."""
    with engine.begin() as connection:
        row = _seen(connection, actor, study_id, "", now)
        said = verdicts.of_study(connection, study_id, withdrawn_too=True)
        return StudyFull(
            id=row.id, patient_id=row.patient_id, series_uid=row.series_uid, study_uid=row.study_uid, status=row.status,
            refused=row.refused, acquired_at=row.acquired_at, received_at=row.received_at, screened_at=row.screened_at,
            described=row.described, screening=row.screening, measured=told_measured(connection, study_id),
            has_volume=file_of(connection, settings, study_id, VOLUME) is not None,
            has_labels=file_of(connection, settings, study_id, LABELS) is not None,
            verdicts=[_told(each) for each in said],
        )  # fmt: skip


@router.get("/studies/{study_id}/volume.nii.gz", response_class=FileResponse, responses=dict(_FILE))
def volume(actor: Reads, study_id: StudyId, engine: EngineDep, settings: SettingsDep, now: Now) -> Response:
    """The slices as one volume in HU, as the worker decoded it; 404 where it keeps none."""
    return _file(engine, settings, actor, study_id, VOLUME, now)


@router.get("/studies/{study_id}/labels.nii.gz", response_class=FileResponse, responses=dict(_FILE))
def labels(actor: Reads, study_id: StudyId, engine: EngineDep, settings: SettingsDep, now: Now) -> Response:
    """The organs as labels on the grid of the volume; 404 where there are none."""
    return _file(engine, settings, actor, study_id, LABELS, now)


@router.post("/studies/{study_id}/verdicts", status_code=201)
def judge(actor: Judges, study_id: StudyId, asked: AskedVerdict, engine: EngineDep, now: Now) -> StudyVerdict:
    """Say what a region is, or that the series is normal. What the caller said of the same before is withdrawn."""
    with engine.begin() as connection:
        _seen(connection, actor, study_id, "/verdicts", now, action="study.judge")
        try:
            made = verdicts.add(
                connection, study_id, asked.said, rank=asked.rank, by=actor.user.username, now=now, note=asked.note
            )
        except BadVerdict as error:
            raise BadRequest(str(error)) from error
    return _told(made)


@router.delete("/studies/{study_id}/verdicts/{verdict_id}")
def take_back(actor: Judges, study_id: StudyId, verdict_id: VerdictId, engine: EngineDep, now: Now) -> StudyVerdict:
    """Withdraw a verdict: it counts no longer, and stays in the history."""
    with engine.begin() as connection:
        _seen(connection, actor, study_id, "/verdicts", now, action="study.judge")
        return _told(withdraw(connection, study_id, verdict_id, by=actor.user.username, now=now))


@router.post("/studies/{study_id}/patient")
def give(actor: Judges, study_id: StudyId, asked: AskedPatient, engine: EngineDep, now: Now) -> GivenPatient:
    """Say whose a series is that names nobody known here."""
    with engine.begin() as connection:
        _seen(connection, actor, study_id, "/patient", now, action="study.give")
        patient_id = give_to(
            connection, study_id, asked.patient, by=actor.name, now=now, despite=asked.despite
        )  # fmt: skip
    return GivenPatient(patient_id=patient_id)


@router.delete("/studies/{study_id}/patient")
def take_back_series(actor: Judges, study_id: StudyId, engine: EngineDep, now: Now) -> TakenBack:
    """Say that a series is not its patient's: what it stated is withdrawn, and it waits for its patient."""
    with engine.begin() as connection:
        _seen(connection, actor, study_id, "/patient", now, action="study.give")
        return TakenBack(patient_id=take_from(connection, study_id, by=actor.name, now=now))


def _seen(
    connection: Connection, actor: Actor, study_id: int, part: str, now: datetime, action: str = "study.read"
) -> Row[Any]:
    """Return the series, noting in the audit whose it is and who asked."""
    row = calls.study_row(connection, study_id)
    if row is None:
        raise NotFound("no such CT series")
    record_access(connection, actor, action, row.patient_id, f"study/{study_id}{part}", now=now)
    return row


def _file(engine: Engine, settings: Settings, actor: Actor, study_id: int, name: str, now: datetime) -> Response:
    with engine.begin() as connection:
        _seen(connection, actor, study_id, f"/{name}", now)
        path = file_of(connection, settings, study_id, name)
    if path is None:
        raise NotFound("this file is not kept here")
    return FileResponse(path, media_type=_GZIP)


def _line(row: Row[Any]) -> StudyLine:
    return StudyLine(
        id=row.id, patient_id=row.patient_id, status=row.status, acquired_at=row.acquired_at,
        received_at=row.received_at, score=row.score, called_at=row.called_at, said=row.said,
        regions=len(row.screening.get("regions", ())) if row.screening else None,
    )  # fmt: skip


def _told(verdict: Verdict) -> StudyVerdict:
    names = StudyVerdict.model_fields
    return StudyVerdict(**{name: getattr(verdict, name) for name in names})
