"""What was measured in CT series, in PostgreSQL: which still wait, what was found, and the patient's earlier scans."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, delete, or_, select
from sqlalchemy.dialects.postgresql import insert as upsert

from twin.store import tables as t
from twin.store.studies import Study

_DONE = t.study_measurement.c


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """What one series gave: `body` holds the numbers, refusals and findings; `refused` why nothing was measured."""

    study_id: int
    version: str
    refused: str | None
    body: Mapping[str, Any]
    measured_at: datetime


def pending(connection: Connection, version: str, limit: int) -> list[int]:
    """Return the screened series that were not measured yet, or otherwise than this version does; newest first."""
    due = or_(_DONE.study_id.is_(None), _DONE.revision != t.study.c.revision, _DONE.version != version)
    asked = (
        select(t.study.c.id)
        .outerjoin(t.study_measurement, _DONE.study_id == t.study.c.id)
        .where(t.study.c.status == "screened", t.study.c.patient_id.is_not(None), due)
        .order_by(t.study.c.screened_at.desc(), t.study.c.id)
        .limit(limit)
    )
    return list(connection.execute(asked).scalars())


def done(connection: Connection, study: Study, version: str) -> bool:
    """Return whether this version measured the series as it stands now."""
    same = (_DONE.study_id == study.id, _DONE.revision == study.revision, _DONE.version == version)
    return connection.execute(select(_DONE.study_id).where(*same)).one_or_none() is not None


def save(
    connection: Connection, study: Study, *, version: str, body: Mapping[str, Any], refused: str | None, now: datetime
) -> bool:
    """Store what a series gave; False where it changed meanwhile: then it is measured again."""
    standing = select(t.study.c.id).where(
        and_(t.study.c.id == study.id, t.study.c.status == "screened", t.study.c.revision == study.revision)
    )
    if connection.execute(standing.with_for_update()).one_or_none() is None:
        return False
    values = {
        "revision": study.revision, "version": version, "refused": refused, "body": dict(body), "measured_at": now,
    }  # fmt: skip
    connection.execute(
        upsert(t.study_measurement)
        .values(study_id=study.id, **values)
        .on_conflict_do_update(index_elements=["study_id"], set_=values)
    )
    return True


def get(connection: Connection, study_id: int) -> Measured | None:
    """Return what a series gave, None where it was not measured yet as it stands now."""
    asked = select(t.study_measurement).join(t.study, t.study.c.id == _DONE.study_id)
    row = connection.execute(
        asked.where(_DONE.study_id == study_id, _DONE.revision == t.study.c.revision)
    ).one_or_none()
    if row is None:
        return None
    return Measured(
        study_id=row.study_id, version=row.version, refused=row.refused, body=row.body, measured_at=row.measured_at
    )


def forget_comparisons(connection: Connection, study_id: int) -> None:
    """Forget what was measured against a series that is not the patient's after all; it is measured again."""
    compared = t.study_measurement.c.body["compared_with"].as_integer()
    connection.execute(delete(t.study_measurement).where(compared == study_id))


def earlier(connection: Connection, study: Study, limit: int = 3) -> list[int]:
    """Return the patient's measured series that were acquired before this one, the latest first."""
    if study.patient_id is None or study.acquired_at is None:
        return []
    asked = (
        select(t.study.c.id)
        .join(t.study_measurement, _DONE.study_id == t.study.c.id)
        .where(
            t.study.c.patient_id == study.patient_id,
            t.study.c.status == "screened",
            t.study.c.study_uid != study.study_uid,
            t.study.c.acquired_at < study.acquired_at,
            _DONE.refused.is_(None),
        )
        .order_by(t.study.c.acquired_at.desc(), t.study.c.id)
        .limit(limit)
    )
    return list(connection.execute(asked).scalars())
