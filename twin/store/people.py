"""Who the patients are: identifiers, demographics as they were known, and the names that find one."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from twin.errors import UnknownPatient
from twin.importers.base import PatientDraft
from twin.record.matching import Demographics
from twin.record.person_name import name_key
from twin.record.timeline import Identifier, Patient
from twin.store import tables as t


def lock_identities(connection: Connection) -> None:
    """Let one transaction at a time decide who is new, so that two imports of one patient make one patient."""
    connection.execute(text("select pg_advisory_xact_lock(hashtextextended('patient identity', 0))"))


def find_identifiers(connection: Connection, identifiers: Iterable[Identifier]) -> dict[tuple[str, str], str]:
    """Return the patient id of each (system, value) that is known."""
    pairs = sorted({(each.system, each.value) for each in identifiers})
    if not pairs:
        return {}
    rows = connection.execute(
        text(
            "select i.system, i.value, i.patient_id::text from patient_identifier i"
            " join unnest(cast(:systems as text[]), cast(:values as text[])) as w(system, value)"
            " on i.system = w.system and i.value = w.value"
        ),
        {"systems": [system for system, _ in pairs], "values": [value for _, value in pairs]},
    )
    return {(row.system, row.value): row.patient_id for row in rows}


def add_patient(connection: Connection, patient_id: str, draft: PatientDraft, now: datetime) -> None:
    """Write a new patient with its identifiers."""
    described = {"name": draft.name, "sex": draft.sex, "birth_date": draft.birth_date}
    connection.execute(insert(t.patient).values(id=patient_id, name_key=name_key(draft.name), **described))
    connection.execute(insert(t.patient_version).values(patient_id=patient_id, known_at=now, **described))
    add_identifiers(connection, patient_id, draft.identifiers)


def describe_patient(connection: Connection, patient_id: str, draft: PatientDraft, now: datetime) -> None:
    """Take over newer demographics of a known patient, as a version known from `now` on, and new identifiers.

    What a description leaves out stands as it was: a laboratory's message may hold no more than the number.
    """
    columns = select(t.patient.c.name, t.patient.c.sex, t.patient.c.birth_date)
    stands = connection.execute(columns.where(t.patient.c.id == patient_id)).one()
    name = draft.name or str(stands.name)
    described = {
        "name": name,
        "sex": draft.sex if draft.sex != "unknown" else stands.sex,
        "birth_date": draft.birth_date or stands.birth_date,
    }
    if stands._asdict() != described:
        spelled = described | {"name_key": name_key(name)}
        connection.execute(update(t.patient).where(t.patient.c.id == patient_id).values(spelled))
        connection.execute(insert(t.patient_version).values(patient_id=patient_id, known_at=now, **described))
    add_identifiers(connection, patient_id, draft.identifiers)


def add_identifiers(connection: Connection, patient_id: str, identifiers: Iterable[Identifier]) -> None:
    """Attach identifiers; one that is known stays with whom it is."""
    rows = [{"system": i.system, "value": i.value, "kind": i.kind, "patient_id": patient_id} for i in identifiers]
    if rows:
        connection.execute(upsert(t.patient_identifier).on_conflict_do_nothing(), rows)


def find_patient(connection: Connection, name: str) -> str:
    """Return the id of the patient that `name` means: our id, or an identifier's value of exactly one patient.

    Raises:
        UnknownPatient: nobody, or more than one.
    """
    ids = connection.execute(
        text(
            "select id::text from patient where id::text = :name"
            " union select patient_id::text from patient_identifier"
            " where value = :name or system || '|' || value = :name"
        ),
        {"name": name},
    ).scalars()
    found = list(ids)
    if len(found) != 1:
        raise UnknownPatient(
            "no patient has this id or identifier" if not found else "several patients have this identifier"
        )
    return str(found[0])


def get_patient(connection: Connection, patient_id: str) -> Patient:
    """Return one patient with identifiers.

    Raises:
        UnknownPatient: there is none.
    """
    row = connection.execute(select(t.patient).where(t.patient.c.id == patient_id)).one_or_none()
    if row is None:
        raise UnknownPatient
    identifiers = connection.execute(
        select(t.patient_identifier)
        .where(t.patient_identifier.c.patient_id == patient_id)
        .order_by(t.patient_identifier.c.kind.desc(), t.patient_identifier.c.system)
    )
    return Patient(
        id=row.id,
        name=row.name,
        sex=row.sex,
        birth_date=row.birth_date,
        identifiers=tuple(Identifier(system=i.system, value=i.value, kind=i.kind) for i in identifiers),
    )


def record_number(connection: Connection, patient_id: str) -> str:
    """Return the medical record number, else our own id: what a message may show of a patient."""
    number = connection.execute(
        select(t.patient_identifier.c.value).where(
            t.patient_identifier.c.patient_id == patient_id, t.patient_identifier.c.kind.in_(("MR", "MRN"))
        )
    ).scalars()
    return next(iter(sorted(number)), patient_id)


def demographics(connection: Connection, patient_ids: Iterable[str]) -> dict[str, Demographics]:
    """Return how each patient is described now, without identifiers."""
    columns = (t.patient.c.id, t.patient.c.name, t.patient.c.sex, t.patient.c.birth_date)
    rows = connection.execute(
        select(*columns).where(t.patient.c.id.in_(bindparam("ids", expanding=True))), {"ids": list(patient_ids)}
    )
    return {row.id: Demographics(name=row.name, sex=row.sex, birth_date=row.birth_date) for row in rows}


def birth_dates(connection: Connection, patient_ids: Iterable[str]) -> dict[str, Any]:
    """Return the birth date of each patient, None where not known."""
    rows = connection.execute(
        select(t.patient.c.id, t.patient.c.birth_date).where(t.patient.c.id.in_(bindparam("ids", expanding=True))),
        {"ids": list(patient_ids)},
    )
    return {row.id: row.birth_date for row in rows}


def born_and_sex(connection: Connection, patient_id: str) -> tuple[date | None, str]:
    """Return a patient's birth date, None where not known, and sex."""
    asked = select(t.patient.c.birth_date, t.patient.c.sex).where(t.patient.c.id == patient_id)
    row = connection.execute(asked).one()
    return row.birth_date, row.sex


_VERSION = t.patient_version.c
_DESCRIBED = (
    select(
        t.patient.c.name.label("now_name"), t.patient.c.sex.label("now_sex"),
        t.patient.c.birth_date.label("now_birth_date"),
        _VERSION.name, _VERSION.sex, _VERSION.birth_date, _VERSION.known_at,
    )
    .join(t.patient_version, _VERSION.patient_id == t.patient.c.id, isouter=True)
    .where(t.patient.c.id == bindparam("patient"))
    .order_by(_VERSION.id)
)  # fmt: skip


def described(connection: Connection, patient_id: str, as_of: datetime) -> Patient:
    """Return one patient as described at `as_of`, without identifiers; see `as_described`.

    Raises:
        UnknownPatient: there is none.
    """
    rows = connection.execute(_DESCRIBED, {"patient": patient_id}).all()
    if not rows:
        raise UnknownPatient
    then = _known_then([row for row in rows if row.known_at is not None], as_of)
    if then is None:
        return Patient(id=patient_id, name=rows[0].now_name, sex=rows[0].now_sex, birth_date=rows[0].now_birth_date)
    return Patient(id=patient_id, name=then.name, sex=then.sex, birth_date=then.birth_date)


def as_described(connection: Connection, patient: Patient, as_of: datetime) -> Patient:
    """Return the patient as described at `as_of`: the newest version known then, else the first there ever was.

    Facts may have been known before this system learnt of the patient; a later correction of the birth date must not
    change what is said of then.
    """
    versions = connection.execute(
        select(t.patient_version).where(t.patient_version.c.patient_id == patient.id).order_by(t.patient_version.c.id)
    ).all()
    then = _known_then(versions, as_of)
    if then is None:
        return patient
    return replace(patient, name=then.name, sex=then.sex, birth_date=then.birth_date)


def _known_then(versions: Sequence[Any], as_of: datetime) -> Any:  # Any: rows with the columns of a version
    """The newest of the versions (oldest first) known at `as_of`, else the first; None where there is none."""
    then = [version for version in versions if version.known_at <= as_of] or versions[:1]
    return then[-1] if then else None
