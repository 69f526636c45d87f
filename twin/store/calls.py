"""Which CT series wait for a reader: what stands on the readers' list, and to which of it they were called?"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Row, exists, insert, literal_column, select, true

from twin.store.tables import patient, reader_call, study, verdict

# The best score of a screening's regions; null where nothing was flagged.
HIGHEST: ColumnElement[float] = literal_column(
    "(select max((region ->> 'score')::float) from jsonb_array_elements(study.screening -> 'regions') region)"
)
REGIONS: ColumnElement[int] = literal_column("jsonb_array_length(study.screening -> 'regions')")


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """A screened series that should be looked at soon, and why."""

    id: int
    patient_id: str
    acquired_at: datetime | None
    score: float
    regions: int


def due(connection: Connection, call_score: float, limit: int) -> list[Due]:
    """Return series with a region of `call_score` or more to which nobody was called, the highest first; locked.

    One that a reader has called normal, or that has no patient yet, is not among them.
    """
    was_called = exists().where(reader_call.c.study_id == study.c.id)
    is_normal = exists().where(
        verdict.c.study_id == study.c.id, verdict.c.rank.is_(None), verdict.c.said == "normal",
        verdict.c.withdrawn_at.is_(None),
    )  # fmt: skip
    score = HIGHEST.label("score")
    rows = connection.execute(
        select(study.c.id, study.c.patient_id, study.c.acquired_at, score, REGIONS.label("regions"))
        .where(
            study.c.status == "screened", study.c.patient_id.is_not(None), call_score <= HIGHEST, ~was_called,
            ~is_normal,
        )
        .order_by(score.desc(), study.c.id)
        .limit(limit)
        .with_for_update(of=study, skip_locked=True)
    )  # fmt: skip
    return [Due(**row._asdict()) for row in rows]


def add(connection: Connection, called: Due, *, is_on_duty: bool, messages: int, now: datetime) -> None:
    """Write down that the readers were called to a series."""
    row = {"study_id": called.id, "score": called.score, "is_on_duty": is_on_duty, "messages": messages}
    connection.execute(insert(reader_call).values(**row, called_at=now))


def reading_list(connection: Connection, *, is_read: bool, limit: int) -> Sequence[Row]:
    """Return CT series by their highest region score, then those not screened yet, with their patients.

    `is_read`: those on which a reader's word on the whole series stands; else those that still wait for one.
    """
    said = (
        select(verdict.c.id.label("verdict_id"), verdict.c.said, verdict.c.said_by, verdict.c.said_at)
        .where(verdict.c.study_id == study.c.id, verdict.c.rank.is_(None), verdict.c.withdrawn_at.is_(None))
        .order_by(verdict.c.id.desc())
        .limit(1)
        .lateral()
    )
    score = HIGHEST.label("score")
    found = (
        select(
            study, patient.c.name, patient.c.sex, patient.c.birth_date, score, reader_call.c.called_at,
            reader_call.c.is_on_duty, said.c.verdict_id, said.c.said, said.c.said_by, said.c.said_at,
        )
        .outerjoin(patient, patient.c.id == study.c.patient_id)
        .outerjoin(reader_call, reader_call.c.study_id == study.c.id)
        .outerjoin(said, true())
        .where(study.c.modality == "CT", said.c.verdict_id.is_not(None) if is_read else said.c.verdict_id.is_(None))
    )  # fmt: skip
    order = (said.c.said_at.desc(),) if is_read else (score.desc().nulls_last(), study.c.received_at.desc())
    return connection.execute(found.order_by(*order, study.c.id).limit(limit)).all()


def study_row(connection: Connection, study_id: int) -> Row | None:
    """Return one series as its table has it, with all that was seen in it."""
    return connection.execute(select(study).where(study.c.id == study_id)).one_or_none()
