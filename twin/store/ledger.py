"""What was taken in before: imports, the ledger of items that makes a second time write nothing, and the quarantine."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, select, text, update

from twin.importers.base import Item
from twin.store import tables as t
from twin.store.session import driver_connection, storable


@dataclass(frozen=True, kw_only=True, slots=True)
class Ledgered:
    """What the ledger said of an item: its row, and whether an earlier version of it was there."""

    item_id: int
    supersedes: tuple[int, ...]


def start_run(connection: Connection, *, source: str, name: str, file_hash: str, actor: str, now: datetime) -> int:
    """Open the row of one import and return its id."""
    result = connection.execute(
        insert(t.import_run)
        .values(
            source=source, file_name=name, file_hash=file_hash, status="running", requested_by=actor, started_at=now
        )
        .returning(t.import_run.c.id)
    )
    return int(result.scalar_one())


def get_run(connection: Connection, import_id: int) -> Row[Any] | None:
    """Return the row of one import."""
    return connection.execute(select(t.import_run).where(t.import_run.c.id == import_id)).one_or_none()


def runs_in(connection: Connection, status: str) -> list[int]:
    """Return the imports that stand at a status, the oldest first."""
    return list(
        connection.execute(
            select(t.import_run.c.id).where(t.import_run.c.status == status).order_by(t.import_run.c.id)
        ).scalars()
    )


def set_waiting(connection: Connection, import_id: int, status: str, report: dict[str, Any]) -> None:
    """Say that an import waits for the worker, and what it needs to know."""
    connection.execute(update(t.import_run).where(t.import_run.c.id == import_id).values(status=status, report=report))


def finish_run(
    connection: Connection,
    import_id: int,
    *,
    status: str,
    format_key: str | None,
    report: dict[str, Any],
    now: datetime,
) -> None:
    """Close the row of one import with its report."""
    connection.execute(
        update(t.import_run)
        .where(t.import_run.c.id == import_id)
        .values(status=status, format=format_key, report=report, finished_at=now)
    )


def enter(
    connection: Connection,
    items: Sequence[Item],
    *,
    source: str,
    import_id: int,
    patient_ids: Sequence[str | None],
    now: datetime,
) -> list[Ledgered | None]:
    """Enter items (no two of one key) in the ledger; None stands for one that was there, content and all."""
    if not items:
        return []
    raw = driver_connection(connection)
    with raw.cursor() as cursor:
        cursor.execute(
            "create temporary table if not exists entering"
            " (position int, item_key text, fingerprint text, patient_id uuid) on commit delete rows"
        )
        cursor.execute("truncate entering")
        with cursor.copy("copy entering (position, item_key, fingerprint, patient_id) from stdin") as copy:
            for position, (item, patient_id) in enumerate(zip(items, patient_ids, strict=True)):
                copy.write_row((position, item.key, item.fingerprint, patient_id))
        cursor.execute(
            "with fresh as ("
            " insert into import_item (source, item_key, fingerprint, patient_id, import_id, recorded_at)"
            " select %(source)s, item_key, fingerprint, patient_id, %(import_id)s, %(now)s from entering"
            " order by position"
            " on conflict (source, item_key, fingerprint) do nothing returning id, item_key)"
            " select e.position, fresh.id, array(select o.id from import_item o where o.source = %(source)s"
            "  and o.item_key = fresh.item_key and o.superseded_at is null"
            "  and o.patient_id is not distinct from e.patient_id)"
            " from fresh join entering e using (item_key)",
            {"source": source, "import_id": import_id, "now": now},
        )
        ledgered: list[Ledgered | None] = [None] * len(items)
        for position, item_id, earlier in cursor.fetchall():
            ledgered[position] = Ledgered(item_id=item_id, supersedes=tuple(earlier))
    return ledgered


def superseded_by(connection: Connection, source: str, items: Sequence[Item]) -> dict[str, datetime]:
    """Return, for items whose content was superseded since, when the version that stands now was known."""
    if not items:
        return {}
    rows = connection.execute(
        text(
            "select now.item_key, greatest(max(f.known_at), max(now.recorded_at) filter (where f.id is null)) as at"
            " from unnest(cast(:keys as text[]), cast(:prints as text[])) as w(item_key, fingerprint)"
            " join import_item old on old.source = :source and old.item_key = w.item_key"
            "  and old.fingerprint = w.fingerprint and old.superseded_at is not null"
            " join import_item now on now.source = :source and now.item_key = w.item_key and now.superseded_at is null"
            "  and now.patient_id is not distinct from old.patient_id"
            " left join fact f on f.item_id = now.id group by now.item_key"
        ),
        {
            "source": source,
            "keys": [item.key for item in items],
            "prints": [item.fingerprint for item in items],
        },
    )
    return {row.item_key: row.at for row in rows}


def supersede(connection: Connection, item_ids: Sequence[int], at: datetime) -> int:
    """Mark items and their facts as superseded from `at` on (the correction's `known_at`); the number of facts."""
    if not item_ids:
        return 0
    ids = list(item_ids)
    connection.execute(update(t.import_item).where(t.import_item.c.id.in_(ids)).values(superseded_at=at))
    result = connection.execute(
        update(t.fact).where(t.fact.c.item_id.in_(ids), t.fact.c.superseded_at.is_(None)).values(superseded_at=at)
    )
    return int(result.rowcount)


def patients_by_keys(connection: Connection, source: str, keys: Iterable[str]) -> dict[str, frozenset[str]]:
    """Return the patient ids that each item key named in earlier imports of this source (more than one: ambiguous)."""
    wanted = sorted(set(keys))
    if not wanted:
        return {}
    rows = connection.execute(
        text(
            "select item_key, array_agg(distinct patient_id::text) as ids from import_item"
            " where source = :source and item_key = any(:keys) and patient_id is not null group by item_key"
        ),
        {"source": source, "keys": wanted},
    )
    return {row.item_key: frozenset(row.ids) for row in rows}


def latest_known(connection: Connection, item_ids: Iterable[int]) -> dict[int, datetime]:
    """Return when the newest fact of each item was known."""
    rows = connection.execute(
        select(t.fact.c.item_id, func.max(t.fact.c.known_at).label("at"))
        .where(t.fact.c.item_id.in_(bindparam("ids", expanding=True)))
        .group_by(t.fact.c.item_id),
        {"ids": list(item_ids)},
    )
    return {row.item_id: row.at for row in rows}


def add_rejects(connection: Connection, import_id: int, rejects: Iterable[Item]) -> None:
    """Put refused items into quarantine, as received."""
    rows = [
        {
            "import_id": import_id,
            "place": item.reject.where,
            "reason": item.reject.reason,
            "detail": item.reject.detail,
            "body": storable(item.body),
        }
        for item in rejects
        if item.reject is not None
    ]
    if rows:
        connection.execute(insert(t.import_reject), rows)
