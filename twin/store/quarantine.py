"""What waits in quarantine: items that could not be used, as received, until they can be or a person dismisses them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, func, insert, select, text, update

from twin.importers.base import Item, Reject
from twin.store import tables as t
from twin.store.ledger import bounded_key
from twin.store.session import storable


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """A reject that waits in quarantine, with what its import was told."""

    id: int
    import_id: int
    source: str
    format: str | None
    item_key: str
    fingerprint: str
    kind: str
    place: str
    reason: str
    detail: str
    body: str
    patient_id: str | None
    told: dict[str, Any]


def waiting(connection: Connection, ids: Sequence[int]) -> list[Waiting]:
    """Return those of these rejects that wait, in order."""
    r, run = t.import_reject, t.import_run
    rows = connection.execute(
        select(r, run.c.options)
        .join(run, run.c.id == r.c.import_id)
        .where(r.c.id.in_(list(ids)), r.c.status == "waiting")
        .order_by(r.c.id)
    )
    return [
        Waiting(
            id=row.id, import_id=row.import_id, source=row.source, format=row.format, item_key=row.item_key,
            fingerprint=row.fingerprint, kind=row.kind, place=row.place, reason=row.reason, detail=row.detail,
            body=row.body or "", patient_id=row.patient_id, told=dict(row.options),
        )
        for row in rows
    ]  # fmt: skip


def waiting_under(connection: Connection, import_id: int, reason: str) -> list[int]:
    """Return the rejects of an import and its files that wait for one reason, in order."""
    r, run = t.import_reject, t.import_run
    asked = (
        select(r.c.id)
        .join(run, run.c.id == r.c.import_id)
        .where((run.c.id == import_id) | (run.c.parent_id == import_id), r.c.status == "waiting", r.c.reason == reason)
        .order_by(r.c.id)
    )
    return list(connection.execute(asked).scalars())


def note_reason(connection: Connection, reject_id: int, reject: Reject) -> None:
    """Write down why a reject can't be taken now."""
    connection.execute(
        update(t.import_reject)
        .where(t.import_reject.c.id == reject_id)
        .values(reason=reject.reason, detail=reject.detail)
    )


def settle_reject(connection: Connection, reject_id: int, *, import_id: int, actor: str, now: datetime) -> None:
    """Say that a reject has been taken."""
    connection.execute(
        update(t.import_reject)
        .where(t.import_reject.c.id == reject_id)
        .values(status="replayed", resolved_at=now, resolved_by=actor, resolved_import_id=import_id)
    )


def add_rejects(
    connection: Connection, import_id: int, rejects: Iterable[Item], *, source: str = "", format_key: str | None = None,
    patient_ids: Mapping[str, str] = MappingProxyType({}), now: datetime,
) -> None:  # fmt: skip
    """Put refused items into quarantine, as received; one that waits there already is not put there twice."""
    rows = [
        {
            "import_id": import_id,
            "place": item.reject.where,
            "reason": item.reject.reason,
            "detail": item.reject.detail,
            "body": storable(item.body),
            "source": source,
            "format": format_key,
            "item_key": bounded_key(item.key),
            "fingerprint": item.fingerprint,
            "kind": item.kind,
            "patient_id": patient_ids.get(item.key),
            "received_at": now,
        }
        for item in rejects
        if item.reject is not None
    ]
    if not rows:
        return
    waiting = connection.execute(
        text(
            "select r.item_key, r.fingerprint from import_reject r"
            " join unnest(cast(:keys as text[]), cast(:prints as text[])) as w(item_key, fingerprint)"
            " using (item_key, fingerprint) where r.source = :source and r.status = 'waiting'"
        ),
        {"source": source, "keys": [r["item_key"] for r in rows], "prints": [r["fingerprint"] for r in rows]},
    )
    known = {(row.item_key, row.fingerprint) for row in waiting}
    fresh = [row for row in rows if (row["item_key"], row["fingerprint"]) not in known]
    if fresh:
        connection.execute(insert(t.import_reject), fresh)


def settle_rejects(
    connection: Connection, items: Sequence[Item], *, source: str, import_id: int, actor: str, now: datetime
) -> int:
    """Take items that were written out of the quarantine, where an earlier attempt had put them; return how many."""
    done = connection.execute(
        text(
            "update import_reject r set status = 'replayed', resolved_at = :now, resolved_by = :actor,"
            " resolved_import_id = :import_id"
            " from unnest(cast(:keys as text[]), cast(:prints as text[])) as w(item_key, fingerprint)"
            " where r.item_key = w.item_key and r.fingerprint = w.fingerprint and r.source = :source"
            " and r.status = 'waiting'"
        ),
        {
            "source": source, "import_id": import_id, "actor": actor, "now": now,
            "keys": [bounded_key(item.key) for item in items], "prints": [item.fingerprint for item in items],
        },
    )  # fmt: skip
    return int(done.rowcount)


def has_waiting(connection: Connection, source: str) -> bool:
    """True where anything of this source waits in the quarantine."""
    asked = select(t.import_reject.c.id).where(
        t.import_reject.c.source == source, t.import_reject.c.status == "waiting"
    )
    return connection.execute(asked.limit(1)).first() is not None


@dataclass(frozen=True, kw_only=True, slots=True)
class Filters:
    """Which rejects are asked for; None means any."""

    status: str | None = "waiting"
    reason: str | None = None
    source: str | None = None
    import_id: int | None = None


def page(connection: Connection, filters: Filters, *, after: int = 0, size: int = 50) -> list[Any]:
    """Return rejects after an id, in order; without their bodies, which hold what was received."""
    r = t.import_reject
    columns = [column for column in r.c if column.name != "body"]
    asked = select(*columns, func.length(r.c.body).label("length")).where(r.c.id > after, *_where(filters))
    return list(connection.execute(asked.order_by(r.c.id).limit(size)))


def ids(connection: Connection, filters: Filters) -> list[int]:
    """Return the ids of rejects, in order."""
    return list(
        connection.execute(
            select(t.import_reject.c.id).where(*_where(filters)).order_by(t.import_reject.c.id)
        ).scalars()
    )


def sums(connection: Connection) -> list[Any]:
    """Return how many wait, by source, format and reason, the most frequent first."""
    r = t.import_reject
    asked = (
        select(
            r.c.source,
            r.c.format,
            r.c.kind,
            r.c.reason,
            r.c.detail,
            func.count().label("count"),
            func.min(r.c.id).label("first"),
        )
        .where(r.c.status == "waiting")
        .group_by(r.c.source, r.c.format, r.c.kind, r.c.reason, r.c.detail)
        .order_by(func.count().desc(), func.min(r.c.id))
    )
    return list(connection.execute(asked))


def waiting_count(connection: Connection) -> int:
    """Return how many rejects wait."""
    asked = select(func.count()).select_from(t.import_reject).where(t.import_reject.c.status == "waiting")
    return int(connection.execute(asked).scalar_one())


def get(connection: Connection, reject_id: int) -> Any | None:
    """Return one reject with what was received."""
    return connection.execute(select(t.import_reject).where(t.import_reject.c.id == reject_id)).one_or_none()


def dismiss(connection: Connection, reject_ids: Sequence[int], *, actor: str, note: str, now: datetime) -> int:
    """Set rejects aside for good, with a person's reason; what was received is kept. Return how many were waiting."""
    r = t.import_reject
    done = connection.execute(
        update(r)
        .where(r.c.id.in_(list(reject_ids)), r.c.status == "waiting")
        .values(status="dismissed", resolved_at=now, resolved_by=actor, note=note)
    )
    return int(done.rowcount)


def _where(filters: Filters) -> list[Any]:
    r = t.import_reject
    asked = (
        (r.c.status, filters.status), (r.c.reason, filters.reason), (r.c.source, filters.source),
    )  # fmt: skip
    found = [column == value for column, value in asked if value is not None]
    if filters.import_id is not None:
        run = t.import_run
        own = select(run.c.id).where((run.c.id == filters.import_id) | (run.c.parent_id == filters.import_id))
        found.append(r.c.import_id.in_(own))
    return found
