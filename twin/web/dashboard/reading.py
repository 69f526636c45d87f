"""Which CT should be read first, who is on duty, and what do readers say of a series and of its regions?"""

from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi import Path as InPath
from fastapi.responses import RedirectResponse

from twin.scan.owner import contradictions, told
from twin.store import calls, desk, dossier, people, staff, verdicts
from twin.store.session import Connection
from twin.store.verdicts import BadVerdict
from twin.web.dashboard.access import JudgesCT, SeesPatients, may_judge, places
from twin.web.dashboard.render import render
from twin.web.deps import CsrfChecked, EngineDep, Now, SettingsDep, audited, name_of, record_access
from twin.web.errors import BadRequest, Forbidden, NotFound
from twin.web.judging import give_to, study_of, take_from, withdraw

router = APIRouter()

Judged = Annotated[str, Depends(audited("study.judge"))]
StudyId = Annotated[int, InPath(ge=1, lt=2**63)]


@router.get("/reading", name="reading")
def reading(
    request: Request, user: SeesPatients, engine: EngineDep, settings: SettingsDep, now: Now,
    show: Literal["", "read"] = "",
) -> Response:  # fmt: skip
    """Return CT series by the highest score of their regions; with `show=read` those that a reader has dealt with."""
    with engine.begin() as connection:
        found = calls.reading_list(connection, is_read=show == "read", limit=desk.MOST)
        duty = staff.on_duty(connection)
        for patient_id in dict.fromkeys(row.patient_id for row in found if row.patient_id):
            record_access(connection, user, "reading.list", patient_id, "GET /reading", now=now)
        if may_judge(user):
            for row in found:
                if not row.patient_id:  # what its images say of somebody is shown
                    record_access(connection, user, "reading.list", None, f"study/{row.id}", now=now)
    return render(
        request, "reading.html", user=user, places=places(user), found=found, today=now.date(), show=show, duty=duty,
        is_on_duty=any(name == user.username for name, _, _ in duty), call_score=settings.reader_call_score,
        can_judge=may_judge(user), told=told,
    )  # fmt: skip


@router.post("/reading/duty", name="duty", dependencies=[CsrfChecked])
def duty(user: SeesPatients, engine: EngineDep, now: Now, on: Annotated[bool, Form()]) -> Response:
    """Begin or end this reader's duty; messages on new CT go to whoever is on duty."""
    if user.role != "reader":
        raise Forbidden("only a reader can be on duty")
    with engine.begin() as connection:
        if staff.set_duty(connection, user.username, now if on else None):
            record_access(connection, user, "duty.begin" if on else "duty.end", None, "reading", now=now)
    return RedirectResponse("/reading", HTTPStatus.SEE_OTHER)


@router.post("/reading/{study_id}/patient", name="give_study", dependencies=[CsrfChecked])
def give(
    request: Request, user: JudgesCT, study_id: StudyId, engine: EngineDep, now: Now,
    patient: Annotated[str, Form(min_length=1, max_length=200, pattern=r"^[^\x00]+$")],
    sure: Annotated[bool, Form()] = False,
    despite: Annotated[bool, Form()] = False,
) -> Response:  # fmt: skip
    """Say whose a series is that names nobody known here: first both are shown side by side, then it is done."""
    with engine.begin() as connection:
        if sure:
            patient_id = give_to(connection, study_id, patient.strip(), by=name_of(user), now=now, despite=despite)
            return _back(patient_id, study_id)
        study = calls.study_row(connection, study_id)
        if study is None or study.patient_id is not None:
            raise NotFound("no such CT waits for a patient")
        patient_id = people.find_patient(connection, patient.strip())
        record_access(connection, user, "study.compare", patient_id, f"study/{study_id}", now=now)
        head = dossier.head(connection, patient_id)
    assert head is not None
    says = told(study.tags)
    return render(
        request, "give.html", user=user, places=places(user), study=study, says=says, head=head, today=now.date(),
        differs=contradictions(says, head.birth_date, head.sex),
    )  # fmt: skip


@router.post("/patients/{patient_id}/studies/{study_id}/withdraw", name="take_study", dependencies=[CsrfChecked])
def take(user: JudgesCT, patient_id: Judged, study_id: StudyId, engine: EngineDep, now: Now) -> Response:
    """Say that a series is not this patient's after all: what it stated is withdrawn, and it waits for its patient."""
    with engine.begin() as connection:
        _study_of(connection, patient_id, study_id)
        take_from(connection, study_id, by=name_of(user), now=now)
    return RedirectResponse("/reading", HTTPStatus.SEE_OTHER)


@router.post("/patients/{patient_id}/studies/{study_id}/verdicts", name="judge", dependencies=[CsrfChecked])
def judge(
    user: JudgesCT,
    patient_id: Judged,
    study_id: StudyId,
    engine: EngineDep,
    now: Now,
    said: Annotated[str, Form(max_length=40)],
    rank: Annotated[str, Form(pattern=r"^\d{0,9}$")] = "",
    note: Annotated[str, Form(max_length=verdicts.LONGEST_NOTE)] = "",
) -> Response:
    """Write down what this reader says of a region (`rank`), or of the whole series."""
    with engine.begin() as connection:
        _study_of(connection, patient_id, study_id)
        try:
            verdicts.add(
                connection,
                study_id,
                said,
                rank=int(rank) if rank else None,
                by=user.username,
                now=now,
                note=note.strip(),
            )
        except BadVerdict as error:
            raise BadRequest(str(error)) from error
    return _back(patient_id, study_id)


@router.post(
    "/patients/{patient_id}/studies/{study_id}/verdicts/{verdict_id}/withdraw", name="unjudge",
    dependencies=[CsrfChecked],
)  # fmt: skip
def unjudge(
    user: JudgesCT, patient_id: Judged, study_id: StudyId, verdict_id: StudyId, engine: EngineDep, now: Now
) -> Response:
    """Take a verdict back: it no longer counts, and stays in the history."""
    with engine.begin() as connection:
        _study_of(connection, patient_id, study_id)
        withdraw(connection, study_id, verdict_id, by=user.username, now=now)
    return _back(patient_id, study_id)


def _study_of(connection: Connection, patient_id: str, study_id: int) -> None:
    if study_of(connection, patient_id, study_id) is None:
        raise NotFound("no such CT of this patient")


def _back(patient_id: str, study_id: int) -> Response:
    return RedirectResponse(f"/patients/{patient_id}#study-{study_id}", HTTPStatus.SEE_OTHER)
