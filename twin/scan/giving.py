"""Whose is a series that names nobody known here? A person says so, and can take it back."""

from datetime import datetime

from sqlalchemy import Connection

from twin.errors import TwinError
from twin.scan.owner import contradictions, told
from twin.scan.stating import retract_all, state_series
from twin.scan.taking import impossible
from twin.store import audit, measurements, people, records, studies

_NAMED = {"birth_date": "birth date", "sex": "sex"}


class CannotGive(TwinError):
    """This series can't be given to this patient, or not be taken back."""


def attach(
    connection: Connection, study_id: int, patient: str, *, actor: str, now: datetime, despite: bool = False
) -> str:
    """Give a series that waits for a patient to the one that `patient` (id or identifier) names; return the id.

    It is screened from then on, and stated in the record. `detach` undoes it. With `despite` a person stands for it
    that a birth date or sex that differs is a mistake in one of the two.

    Raises:
        CannotGive: there is no such series, it has a patient, or it can't be this patient's.
        UnknownPatient: nobody, or several.
    """
    patient_id = people.find_patient(connection, patient)
    study = studies.get(connection, study_id, locked=True)
    if study is None:
        raise CannotGive("no such series")
    if study.patient_id is not None:
        raise CannotGive("the series has a patient; take it back first")
    wrong = impossible(connection, study.acquired_at, patient_id, now)
    if wrong is not None:
        raise CannotGive(wrong)
    differs = contradictions(told(study.tags), *people.born_and_sex(connection, patient_id))
    if differs and not despite:
        names = " and ".join(_NAMED[each] for each in differs)
        raise CannotGive(f"the series names another {names} than the record: look at both before you give it")
    studies.hand(connection, study_id, patient_id)
    given = studies.get(connection, study_id)
    assert given is not None
    if given.modality == "CT":
        state_series(connection, given, patient_id, study.import_id, now)
    records.mark_stale(connection, [patient_id], now)
    audit.append(
        connection, at=now, actor=actor, action="study.attach", patient_id=patient_id, resource=f"study/{study_id}",
        detail={"despite": list(differs)} if differs else None,
    )  # fmt: skip
    return patient_id


def detach(connection: Connection, study_id: int, *, actor: str, now: datetime) -> str:
    """Take a series back from its patient, whose id is returned; all that it stated there is superseded.

    Raises:
        CannotGive: there is no such series, or it has no patient.
    """
    study = studies.get(connection, study_id, locked=True)
    if study is None or study.patient_id is None:
        raise CannotGive("no such series" if study is None else "the series has no patient")
    retract_all(connection, study, now)
    measurements.forget_comparisons(connection, study_id)
    studies.hand(connection, study_id, None)
    records.mark_stale(connection, [study.patient_id], now)
    audit.append(
        connection, at=now, actor=actor, action="study.detach", patient_id=study.patient_id,
        resource=f"study/{study_id}",
    )  # fmt: skip
    return study.patient_id
