"""The computed twin in PostgreSQL: what is stale, what was computed last, and views of past dates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from twin.store import tables as t
from twin.store.links import is_retired


@dataclass(frozen=True, kw_only=True, slots=True)
class Computed:
    """A twin ready to be stored: the snapshot without its organs, and one body an organ."""

    patient_id: str
    revision: int
    as_of: datetime
    look_at: datetime
    model_version: str
    body: Mapping[str, Any]
    organs: Mapping[str, Mapping[str, Any]]
    quiet: Sequence[Mapping[str, Any]]
    """What would be asked for but for a named reason (`why`), with the value it rests on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """How far a twin has been computed: the changes of the record so far, when it was last, and whether it is due."""

    revision: int = 0
    computed_at: datetime | None = None
    is_stale: bool = False


def standing_of(connection: Connection, patient_id: str) -> Standing:
    """Return how far a twin has been computed; revision 0 where it was never marked stale."""
    column = t.twin.c
    asked = select(column.revision, column.computed_at, column.stale_since.is_not(None).label("is_stale"))
    row = connection.execute(asked.where(column.patient_id == patient_id)).one_or_none()
    return Standing() if row is None else Standing(**row._asdict())


def hand_on(connection: Connection, retired_id: str) -> None:
    """Take the mark of a stale twin away from a record that is read as another: that one's twin is stale, not this."""
    mine = t.twin.c.patient_id == retired_id
    connection.execute(update(t.twin).where(mine).values(stale_since=None, queued_at=None))


def take_stale(connection: Connection, now: datetime, *, retry_after: timedelta, limit: int) -> list[str]:
    """Return stale twins that no job was queued for lately, and note that one is queued now."""
    chosen = (
        select(t.twin.c.patient_id)
        .where(
            t.twin.c.stale_since.is_not(None),
            or_(
                t.twin.c.queued_at.is_(None),
                t.twin.c.queued_at < t.twin.c.stale_since,
                t.twin.c.queued_at < now - retry_after,
            ),
        )
        .order_by(t.twin.c.stale_since)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("chosen")
    )
    rows = connection.execute(
        update(t.twin)
        .where(t.twin.c.patient_id == chosen.c.patient_id)
        .values(queued_at=now)
        .returning(t.twin.c.patient_id)
    )
    return [row.patient_id for row in rows]


def age_out(connection: Connection, now: datetime, model_version: str) -> int:
    """Mark twins stale that another model version made, or that are to be looked at by now; the number of them."""
    looked = t.twin.c.look_at
    result = connection.execute(
        update(t.twin)
        .where(
            t.twin.c.stale_since.is_(None),
            ~is_retired(t.twin.c.patient_id),
            or_(looked.is_(None), looked <= now, t.twin.c.model_version != model_version),
        )
        .values(stale_since=now)
    )
    return int(result.rowcount)


def save(connection: Connection, computed: Computed, now: datetime) -> None:
    """Store a twin. It stays stale where the record has changed since `computed.revision` was read."""
    values = {
        "computed_at": now,
        "as_of": computed.as_of,
        "judged_at": computed.as_of,
        "look_at": computed.look_at,
        "model_version": computed.model_version,
        "body": dict(computed.body),
        "quiet": [dict(each) for each in computed.quiet],
        "error": None,
    }
    connection.execute(
        upsert(t.twin)
        .values(patient_id=computed.patient_id, revision=computed.revision, **values)
        .on_conflict_do_update(index_elements=["patient_id"], set_=values)
    )
    connection.execute(
        update(t.twin)
        .where(t.twin.c.patient_id == computed.patient_id, t.twin.c.revision == computed.revision)
        .values(stale_since=None)
    )
    connection.execute(  # new data came meanwhile: queue it again at the next beat
        update(t.twin)
        .where(t.twin.c.patient_id == computed.patient_id, t.twin.c.revision != computed.revision)
        .values(queued_at=None)
    )
    rows = [
        {
            "patient_id": computed.patient_id,
            "organ": organ,
            "model_version": computed.model_version,
            "body": body,
            "computed_at": now,
        }
        for organ, body in computed.organs.items()
    ]
    if rows:
        statement = upsert(t.forecast)
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["patient_id", "organ"],
                set_={name: statement.excluded[name] for name in ("model_version", "body", "computed_at")},
            ),
            rows,
        )


def note_error(connection: Connection, patient_id: str, error: str) -> None:
    """Say on the twin why it could not be computed; it stays stale and is tried again."""
    connection.execute(update(t.twin).where(t.twin.c.patient_id == patient_id).values(error=error))


def pending_views(connection: Connection, limit: int) -> list[tuple[str, datetime]]:
    """Return the requested views of past dates that are not computed yet."""
    rows = connection.execute(
        select(t.twin_view.c.patient_id, t.twin_view.c.as_of)
        .where(t.twin_view.c.computed_at.is_(None))
        .order_by(t.twin_view.c.requested_at)
        .limit(limit)
    )
    return [(row.patient_id, row.as_of) for row in rows]


def save_view(connection: Connection, patient_id: str, as_of: datetime, body: Mapping[str, Any], now: datetime) -> None:
    """Store a view of a past date."""
    connection.execute(
        update(t.twin_view)
        .where(and_(t.twin_view.c.patient_id == patient_id, t.twin_view.c.as_of == as_of))
        .values(body=dict(body), computed_at=now)
    )


def drop_old_views(connection: Connection, before: datetime) -> None:
    """Forget views of past dates that were asked for long ago; they can be computed again."""
    connection.execute(delete(t.twin_view).where(t.twin_view.c.requested_at < before))


def count_stale(connection: Connection) -> int:
    """Return how many twins wait to be computed."""
    return int(
        connection.execute(
            select(func.count()).select_from(t.twin).where(t.twin.c.stale_since.is_not(None))
        ).scalar_one()
    )
