"""What the pages and the API share: whose CT it is, giving it to a patient, and taking a verdict back."""

from datetime import datetime

from sqlalchemy import Row

from twin.store import dossier, verdicts
from twin.store.session import Connection
from twin.store.verdicts import Verdict
from twin.web.errors import BadRequest, Conflict, NotFound


def study_of(connection: Connection, patient_id: str, study_id: int) -> Row | None:
    """Return a series only where it is this patient's."""
    return next((row for row, _ in dossier.studies(connection, patient_id) if row.id == study_id), None)


def withdraw(connection: Connection, study_id: int, verdict_id: int, *, by: str, now: datetime) -> Verdict:
    """Take a verdict on this series back and return it.

    Raises:
        NotFound: there is no such verdict on this series.
        Conflict: it was taken back before.
    """
    said = {each.id: each for each in verdicts.of_study(connection, study_id, withdrawn_too=True)}
    if verdict_id not in said:
        raise NotFound("no such verdict on this CT")
    withdrawn = verdicts.withdraw(connection, verdict_id, by=by, now=now)
    if withdrawn is None:
        raise Conflict("this verdict was withdrawn before")
    return withdrawn


def give_to(
    connection: Connection, study_id: int, patient: str, *, by: str, now: datetime, despite: bool = False
) -> str:
    """Give a series that waits for a patient to the one named (id or identifier) and return the id.

    With `despite` also where the series names another birth date or sex than the record.

    Raises:
        BadRequest: it has a patient, or can't be this one's.
        UnknownPatient: nobody, or several.
    """
    from twin.scan import giving  # loaded where it is used: it reads DICOM headers

    try:
        return giving.attach(connection, study_id, patient, actor=by, now=now, despite=despite)
    except giving.CannotGive as error:
        raise BadRequest(str(error)) from error


def take_from(connection: Connection, study_id: int, *, by: str, now: datetime) -> str:
    """Take a series back from its patient and return whose it was; it waits for somebody to say whose it is.

    Raises:
        BadRequest: there is no such series, or it has no patient.
    """
    from twin.scan import giving

    try:
        return giving.detach(connection, study_id, actor=by, now=now)
    except giving.CannotGive as error:
        raise BadRequest(str(error)) from error
