"""What stands on one patient's page: who, the stored twin, recalls, CT, and where each number came from?

Records that were merged into the patient's count as the patient's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, Row, func, select
from sqlalchemy.dialects.postgresql import insert

from twin.store.links import read_as
from twin.store.tables import (
    audit_event,
    fact,
    forecast,
    import_run,
    key_slice,
    patient,
    patient_identifier,
    recall,
    recall_event,
    study,
    twin,
    twin_view,
)
from twin.store.worklist import is_uuid

Body = Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class Head:
    """Who the patient is, with the identifiers other systems use (the medical record number first)."""

    id: str
    name: str
    sex: str
    birth_date: date | None
    identifiers: Sequence[tuple[str, str, str]]


@dataclass(frozen=True, kw_only=True)
class StoredTwin:
    """The twin as last computed: `body` is the snapshot without its organs, None where nothing was computed yet."""

    body: Body | None
    organs: Sequence[Body]
    as_of: datetime | None
    computed_at: datetime | None
    stale_since: datetime | None
    revision: int
    model_version: str | None
    error: str | None
    quiet: Sequence[Body]


@dataclass(frozen=True, kw_only=True)
class Event:
    """What was done to a recall, when, by whom."""

    at: datetime
    kind: str
    actor: str
    detail: Body


@dataclass(frozen=True, kw_only=True)
class History:
    """A recall as it stands, and everything done to it, the oldest first.

    `suppressed` is the reason why an open one asks nobody for anything: "merged" where it is a merged record's.
    """

    row: Row
    events: Sequence[Event]
    suppressed: str | None = None

    @property
    def is_live(self) -> bool:
        """True where the recall is open and asks for something."""
        return self.row.state == "open" and self.suppressed is None


def head(connection: Connection, patient_id: str) -> Head | None:
    """Return who this is, None where there is no such patient."""
    if not is_uuid(patient_id):
        return None
    row = connection.execute(select(patient).where(patient.c.id == patient_id)).one_or_none()
    if row is None:
        return None
    names = patient_identifier.c
    known = connection.execute(
        select(names.kind, names.value, names.system)
        .where(names.patient_id == patient_id)
        .order_by(names.kind != "MR", names.kind, names.value)
    )
    return Head(id=row.id, name=row.name, sex=row.sex, birth_date=row.birth_date, identifiers=[tuple(r) for r in known])


def stored_twin(connection: Connection, patient_id: str) -> StoredTwin | None:
    """Return the twin as last computed with its organs in the order of their keys; None where none was asked for."""
    row = connection.execute(select(twin).where(twin.c.patient_id == patient_id)).one_or_none()
    if row is None:
        return None
    asked = select(forecast.c.body).where(forecast.c.patient_id == patient_id).order_by(forecast.c.organ)
    return StoredTwin(
        body=row.body, organs=list(connection.execute(asked).scalars()), as_of=row.as_of, computed_at=row.computed_at,
        stale_since=row.stale_since, revision=row.revision, model_version=row.model_version, error=row.error,
        quiet=row.quiet or [],
    )  # fmt: skip


def organ(connection: Connection, patient_id: str, key: str) -> Body | None:
    """Return one organ's stored forecast."""
    asked = select(forecast.c.body).where(forecast.c.patient_id == patient_id, forecast.c.organ == key)
    return connection.execute(asked).scalar_one_or_none()


def view(connection: Connection, patient_id: str, as_of: datetime) -> Body | None:
    """Return the whole snapshot as known at `as_of` (organs inside); None while the worker has not computed it."""
    asked = select(twin_view.c.body).where(twin_view.c.patient_id == patient_id, twin_view.c.as_of == as_of)
    return connection.execute(asked).scalar_one_or_none()


def request_view(connection: Connection, patient_id: str, as_of: datetime) -> None:
    """Ask the worker for the snapshot as known at `as_of`; asking twice asks once."""
    asked = insert(twin_view).values(patient_id=patient_id, as_of=as_of)
    connection.execute(asked.on_conflict_do_nothing(index_elements=["patient_id", "as_of"]))


def histories(connection: Connection, patient_id: str) -> Sequence[History]:
    """Return the patient's recalls, open ones first and the earliest due before the others, each with its events.

    Those of records merged into this one stand behind.
    """
    is_own = recall.c.patient_id == patient_id
    rows = connection.execute(
        select(recall)
        .where(recall.c.patient_id == func.any(read_as(patient_id)))
        .order_by(is_own.desc(), recall.c.state != "open", recall.c.closed_at.desc(), recall.c.due_at)
    ).all()
    done: dict[str, list[Event]] = {row.id: [] for row in rows}
    asked = select(recall_event).where(recall_event.c.recall_id.in_(done)).order_by(recall_event.c.id)
    for event in connection.execute(asked) if done else ():
        done[event.recall_id].append(Event(at=event.at, kind=event.kind, actor=event.actor, detail=event.detail))
    return [History(row=row, events=done[row.id], suppressed=_suppressed(row, patient_id)) for row in rows]


def _suppressed(row: Row, patient_id: str) -> str | None:
    return "merged" if row.state == "open" and row.patient_id != patient_id else None


def studies(connection: Connection, patient_id: str) -> Sequence[tuple[Row, Sequence[Row]]]:
    """Return the patient's CT series, the newest first, each with the key slices of its flagged regions by rank."""
    rows = connection.execute(
        select(study)
        .where(study.c.patient_id == func.any(read_as(patient_id)), study.c.modality == "CT")
        .order_by(study.c.acquired_at.desc().nulls_last(), study.c.id)
    ).all()
    slices: dict[int, list[Row]] = {row.id: [] for row in rows}
    columns = (key_slice.c.study_id, key_slice.c.rank, key_slice.c.region)
    asked = select(*columns).where(key_slice.c.study_id.in_(slices)).order_by(key_slice.c.rank)
    for row in connection.execute(asked) if slices else ():
        slices[row.study_id].append(row)
    return [(row, slices[row.id]) for row in rows]


def picture(connection: Connection, patient_id: str, study_id: int, rank: int) -> bytes | None:
    """Return the PNG of a key slice, only where the study is this patient's."""
    return connection.execute(
        select(key_slice.c.png)
        .join(study, study.c.id == key_slice.c.study_id)
        .where(
            study.c.patient_id == func.any(read_as(patient_id)),
            key_slice.c.study_id == study_id,
            key_slice.c.rank == rank,
        )
    ).scalar_one_or_none()


def provenance(connection: Connection, patient_id: str, fact_id: int) -> Row | None:
    """Return one fact as received with the import it came by, only where it is this patient's."""
    run = import_run.c
    return connection.execute(
        select(
            fact, run.file_name, run.file_hash, run.source.label("import_source"), run.started_at.label("imported_at"),
            run.requested_by,
        )
        .join(import_run, run.id == fact.c.import_id)
        .where(fact.c.patient_id == func.any(read_as(patient_id)), fact.c.id == fact_id)
    ).one_or_none()  # fmt: skip


def deaths(connection: Connection, patient_id: str) -> list[tuple[datetime, datetime | None]]:
    """Return from when to when the deaths on record may have been; the second None where one instant is told."""
    asked = select(fact.c.observed_at, fact.c.ended_at).where(
        fact.c.patient_id == func.any(read_as(patient_id)), fact.c.kind == "death", fact.c.superseded_at.is_(None)
    )
    return [(row.observed_at, row.ended_at) for row in connection.execute(asked)]


def imports(connection: Connection, patient_id: str) -> Sequence[Row]:
    """Return the imports that brought facts of this patient, the newest first, with how many facts each brought."""
    run, brought = import_run.c, func.count().label("facts")
    return connection.execute(
        select(run.id, run.source, run.file_name, run.started_at, brought)
        .join(fact, fact.c.import_id == run.id)
        .where(fact.c.patient_id == func.any(read_as(patient_id)))
        .group_by(run.id)
        .order_by(run.started_at.desc())
        .limit(20)
    ).all()


def was_read_since(connection: Connection, patient_id: str, actor: str, since: datetime) -> bool:
    """Return whether `actor` has an audited reading of this patient since then: a page's charts are one reading."""
    asked = select(audit_event.c.id).where(
        audit_event.c.patient_id == patient_id, audit_event.c.actor == actor, audit_event.c.at >= since,
        audit_event.c.action == "patient.read",
    )  # fmt: skip
    return connection.execute(asked.limit(1)).one_or_none() is not None
