"""CT series in PostgreSQL: received, screened or refused, with their key slices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from twin.store import tables as t


@dataclass(frozen=True, kw_only=True, slots=True)
class Study:
    """One received series: where its files lie, whose it is, and how far it has come."""

    id: int
    patient_id: str | None
    series_uid: str
    study_uid: str
    path: str
    import_id: int
    status: str
    acquired_at: datetime | None
    described: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Slice:
    """A picture of one flagged region."""

    rank: int
    png: bytes
    region: Mapping[str, Any]


def add(
    connection: Connection, *, patient_id: str | None, series_uid: str, study_uid: str, file_hash: str, path: str,
    import_id: int, acquired_at: datetime | None, described: Mapping[str, Any], now: datetime,
) -> int | None:  # fmt: skip
    """Return the id of a series entered now, None where it was there. Without a patient it waits on the review list."""
    result = connection.execute(
        upsert(t.study)
        .values(
            patient_id=patient_id,
            series_uid=series_uid,
            study_uid=study_uid,
            file_hash=file_hash,
            path=path,
            import_id=import_id,
            status="queued" if patient_id else "needs_patient",
            acquired_at=acquired_at,
            described=dict(described),
            received_at=now,
        )
        .on_conflict_do_nothing(index_elements=["series_uid"])
        .returning(t.study.c.id)
    )
    return result.scalar_one_or_none()


def get(connection: Connection, study_id: int) -> Study | None:
    """Return one series."""
    row = connection.execute(select(t.study).where(t.study.c.id == study_id)).one_or_none()
    if row is None:
        return None
    return Study(
        id=row.id,
        patient_id=row.patient_id,
        series_uid=row.series_uid,
        study_uid=row.study_uid,
        path=row.path,
        import_id=row.import_id,
        status=row.status,
        acquired_at=row.acquired_at,
        described=row.described,
    )


def queued(connection: Connection, limit: int) -> list[int]:
    """Return the series that wait to be screened, oldest first."""
    rows = connection.execute(
        select(t.study.c.id).where(t.study.c.status == "queued").order_by(t.study.c.received_at).limit(limit)
    )
    return [row.id for row in rows]


def save_screening(
    connection: Connection, study_id: int, screening: Mapping[str, Any], slices: Sequence[Slice], now: datetime
) -> bool:
    """Store what was found; False where another worker was faster."""
    won = connection.execute(
        update(t.study)
        .where(t.study.c.id == study_id, t.study.c.status == "queued")
        .values(status="screened", screening=dict(screening), screened_at=now)
    ).rowcount
    if won and slices:
        rows = [{"study_id": study_id, "rank": s.rank, "png": s.png, "region": dict(s.region)} for s in slices]
        connection.execute(insert(t.key_slice), rows)
    return bool(won)


def refuse(connection: Connection, study_id: int, reason: str, now: datetime) -> None:
    """Say why a series could not be screened."""
    connection.execute(
        update(t.study)
        .where(t.study.c.id == study_id, t.study.c.status == "queued")
        .values(status="refused", refused=reason, screened_at=now)
    )


def attach(connection: Connection, series_uid: str, patient_id: str) -> int | None:
    """Give a series that waits on the review list to a patient and return its id; None where it doesn't wait."""
    return connection.execute(
        update(t.study)
        .where(t.study.c.series_uid == series_uid, t.study.c.patient_id.is_(None))
        .values(patient_id=patient_id, status="queued")
        .returning(t.study.c.id)
    ).scalar_one_or_none()
