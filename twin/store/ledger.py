"""What was taken in before: imports, the ledger of items that makes a second time write nothing, and the quarantine."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, select, text, update

from twin.importers.base import Item
from twin.store import tables as t
from twin.store.session import driver_connection, storable


@dataclass(frozen=True, kw_only=True, slots=True)
class Ledgered:
    """What the ledger said of a new item: its row, and the earlier versions of it that stand."""

    item_id: int
    supersedes: tuple[int, ...]
    outdated_by: tuple[int, ...] = ()
    """Versions that stand and that the source made later: this one came too late to change anything."""


def start_run(
    connection: Connection, *, source: str, name: str, file_hash: str, actor: str, now: datetime,
    parent_id: int | None = None, options: Mapping[str, Any] | None = None, bytes_total: int | None = None,
    mapping_version: str | None = None, status: str = "running",
) -> int:  # fmt: skip
    """Open the row of one import and return its id. The files of one request stand under a parent."""
    result = connection.execute(
        insert(t.import_run)
        .values(
            source=source, file_name=name, file_hash=file_hash, status=status, requested_by=actor, started_at=now,
            parent_id=parent_id, options=dict(options or {}), bytes_total=bytes_total, mapping_version=mapping_version,
        )
        .returning(t.import_run.c.id)
    )  # fmt: skip
    return int(result.scalar_one())


def get_run(connection: Connection, import_id: int) -> Row[Any] | None:
    """Return the row of one import."""
    return connection.execute(select(t.import_run).where(t.import_run.c.id == import_id)).one_or_none()


def stopped_root(connection: Connection, source: str, name: str, options: Mapping[str, Any]) -> Row[Any] | None:
    """Return the newest import of this path that began and did not end, as it was asked for now."""
    run = t.import_run
    asked = select(run).where(
        run.c.source == source, run.c.file_name == name, run.c.parent_id.is_(None), run.c.options == dict(options),
        run.c.status.in_(("running", "interrupted")),
    )  # fmt: skip
    return connection.execute(asked.order_by(run.c.id.desc()).limit(1)).one_or_none()


def held_by_others(connection: Connection, source: str, held: Sequence[tuple[str, str]]) -> set[str]:
    """Return those of these keys under which something of another patient stands; `held` are (key, patient id)."""
    if not held:
        return set()
    rows = connection.execute(
        text(
            "select item_key, patient_id::text from import_item where source = :source and item_key = any(:keys)"
            " and superseded_at is null and patient_id is not null"
        ),
        {"source": source, "keys": [key for key, _ in held]},
    )
    whose = dict(held)
    return {row.item_key for row in rows if row.patient_id != whose[row.item_key]}


def children(connection: Connection, parent_id: int) -> Sequence[Row[Any]]:
    """Return the files of one request, in the order in which they were taken."""
    asked = select(t.import_run).where(t.import_run.c.parent_id == parent_id).order_by(t.import_run.c.id)
    return connection.execute(asked).all()


def uploads_open(connection: Connection) -> list[int]:
    """Return the uploads that have not ended, the oldest first."""
    run = t.import_run
    asked = select(run.c.id).where(run.c.status.in_(("uploaded", "running")), run.c.options.has_key("upload"))
    return list(connection.execute(asked.order_by(run.c.id)).scalars())


def backfilled(connection: Connection, import_ids: Sequence[int]) -> set[int]:
    """Return those of these imports that are part of a backfill: nobody waits for them."""
    run = t.import_run.c
    asked = select(run.id).where(run.id.in_(import_ids), run.options.has_key("backfill"))
    return set(connection.execute(asked).scalars())


def backfill_open(connection: Connection, root: str) -> list[int]:
    """Return every import of the newest backfill of this path, where any of them has not ended."""
    run = t.import_run.c
    of_root = select(run.id, run.started_at, run.status).where(run.options["backfill"].astext == root)
    rows = connection.execute(of_root.order_by(run.id)).all()
    newest = [row for row in rows if row.started_at == max(each.started_at for each in rows)]
    return [row.id for row in newest] if any(row.status in ("uploaded", "running") for row in newest) else []


def statuses(connection: Connection, import_ids: Sequence[int]) -> list[str]:
    """Return how these imports stand."""
    return list(connection.execute(select(t.import_run.c.status).where(t.import_run.c.id.in_(import_ids))).scalars())


def unfinished(connection: Connection, source: str, file_hash: str, options: Mapping[str, Any]) -> Row[Any] | None:
    """Return an import of this file that began and did not end: it goes on where it stopped."""
    run = t.import_run
    asked = select(run).where(
        run.c.source == source, run.c.file_hash == file_hash, run.c.status == "running",
        run.c.options == dict(options),
    )  # fmt: skip
    return connection.execute(asked.order_by(run.c.id.desc()).limit(1)).one_or_none()


def taken_whole(
    connection: Connection, source: str, file_hash: str, mapping_version: str, options: Mapping[str, Any]
) -> Row[Any] | None:
    """Return an import of the same file, read the same way, that ended and refused nothing; of this source at best.

    A file that comes again under another source's name says nothing new: one slip of the pen must not double a record.
    """
    run = t.import_run
    return connection.execute(
        select(run)
        .where(
            run.c.file_hash == file_hash, run.c.status == "done",
            run.c.mapping_version == mapping_version, run.c.options == dict(options),
            run.c.report["rejected"].as_integer() == 0,
        )
        .order_by(run.c.source != source, run.c.id.desc())
        .limit(1)
    ).one_or_none()  # fmt: skip


def set_status(connection: Connection, import_id: int, status: str) -> None:
    """Move an import to another status."""
    connection.execute(update(t.import_run).where(t.import_run.c.id == import_id).values(status=status))


def request_cancel(connection: Connection, import_id: int, now: datetime) -> bool:
    """Ask that an import and its files end at the next checkpoint; False where it has ended."""
    run = t.import_run
    done = connection.execute(
        update(run)
        .where((run.c.id == import_id) | (run.c.parent_id == import_id), run.c.status.in_(("uploaded", "running")))
        .values(cancel_requested_at=func.coalesce(run.c.cancel_requested_at, now))
    )
    return bool(done.rowcount)


def is_cancelled(connection: Connection, import_id: int) -> bool:
    """True where somebody asked that this import, or the request it belongs to, should end."""
    run, parent = t.import_run, t.import_run.alias("parent")
    asked = (
        select(func.coalesce(run.c.cancel_requested_at, parent.c.cancel_requested_at))
        .outerjoin(parent, parent.c.id == run.c.parent_id)
        .where(run.c.id == import_id)
    )
    return connection.execute(asked).scalar_one() is not None


def checkpoint(
    connection: Connection, import_id: int, *, items_done: int, bytes_done: int, report: dict[str, Any],
) -> None:  # fmt: skip
    """Write down how far an import has come, in the transaction of what it has written."""
    connection.execute(
        update(t.import_run)
        .where(t.import_run.c.id == import_id)
        .values(items_done=items_done, bytes_done=bytes_done, report=report)
    )


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
    """Enter items (no two of one key) in the ledger; None stands for one that was there, content and all.

    One transaction at a time enters items of one source: what it finds there is what it adds to.
    """
    if not items:
        return []
    lock_tokens(connection, [f"ledger/{source}"])
    keys = [bounded_key(item.key) for item in items]
    there = _versions(connection, source, keys)
    fresh = [
        index
        for index, (item, key) in enumerate(zip(items, keys, strict=True))
        if all(row.fingerprint != item.fingerprint for row in there.get(key, ()))
    ]
    ledgered: list[Ledgered | None] = [None] * len(items)
    for index, item_id in zip(fresh, _ids(connection, len(fresh)), strict=True):
        ledgered[index] = _placed(item_id, items[index], patient_ids[index], there.get(keys[index], ()))
    _write(connection, items, keys, ledgered, patient_ids, source=source, import_id=import_id, now=now)
    return ledgered


def _versions(connection: Connection, source: str, keys: Sequence[str]) -> dict[str, list[Row[Any]]]:
    """Return what the ledger holds under these keys."""
    rows = connection.execute(
        text(
            "select id, item_key, fingerprint, patient_id::text, version_at, superseded_at from import_item"
            " where source = :source and item_key = any(:keys)"
        ),
        {"source": source, "keys": list(keys)},
    )
    found: dict[str, list[Row[Any]]] = {}
    for row in rows:
        found.setdefault(row.item_key, []).append(row)
    return found


def _ids(connection: Connection, count: int) -> list[int]:
    asked = "select nextval(pg_get_serial_sequence('import_item', 'id')) from generate_series(1, :count)"
    return list(connection.execute(text(asked), {"count": count}).scalars()) if count else []


def _placed(item_id: int, item: Item, patient_id: str | None, there: Sequence[Row[Any]]) -> Ledgered:
    """Return how a new version stands to those that are there and stand, of the same patient."""
    standing = [row for row in there if row.superseded_at is None and row.patient_id == patient_id]
    made = item.version_at
    later = tuple(
        row.id for row in standing if made is not None and row.version_at is not None and row.version_at > made
    )
    return Ledgered(item_id=item_id, supersedes=() if later else tuple(row.id for row in standing), outdated_by=later)


def _write(
    connection: Connection, items: Sequence[Item], keys: Sequence[str], ledgered: Sequence[Ledgered | None],
    patient_ids: Sequence[str | None], *, source: str, import_id: int, now: datetime,
) -> None:  # fmt: skip
    """Write the rows of what is new, and the business identifiers it bears, by COPY."""
    tokens = []
    columns = "id, source, item_key, fingerprint, patient_id, import_id, recorded_at, kind, resource, version_at"
    with driver_connection(connection).cursor() as cursor:
        with cursor.copy(f"copy import_item ({columns}) from stdin") as copy:
            for item, key, row, patient_id in zip(items, keys, ledgered, patient_ids, strict=True):
                if row is not None:
                    copy.write_row(
                        (
                            row.item_id, source, key, item.fingerprint, patient_id, import_id, now, item.kind,
                            storable(item.resource), item.version_at,
                        )
                    )  # fmt: skip
                    tokens += [(token[:1_000], row.item_id) for token in dict.fromkeys(item.tokens)]
        if tokens:
            with cursor.copy("copy item_token (token, item_id) from stdin") as copy:
                for each in tokens:
                    copy.write_row(each)


def lock_tokens(connection: Connection, names: Iterable[str]) -> None:
    """Let one transaction at a time decide whether something of these names is there."""
    for name in names:
        connection.execute(text("select pg_advisory_xact_lock(hashtextextended(:name, 1))"), {"name": name})


def bearers(connection: Connection, kind: str, tokens: Iterable[str]) -> list[int]:
    """Return the standing items of a kind that bear one of these business identifiers."""
    rows = connection.execute(
        text(
            "select distinct i.id from item_token t join import_item i on i.id = t.item_id"
            " where t.token = any(:tokens) and i.kind = :kind and i.superseded_at is null order by i.id"
        ),
        {"tokens": list(tokens), "kind": kind},
    )
    return list(rows.scalars())


def bounded_key(key: str) -> str:
    """Return a key that an index can hold: the end of an endless one is replaced by its hash."""
    sound = storable(key) or ""
    return sound if len(sound) <= 500 else f"{sound[:400]}#{hashlib.sha256(sound.encode()).hexdigest()}"


def superseded_by(connection: Connection, source: str, items: Sequence[Item]) -> dict[str, datetime]:
    """Return, for items whose content was superseded since, when the version that stands was made, else known."""
    if not items:
        return {}
    rows = connection.execute(
        text(
            "select now.item_key, coalesce(max(now.version_at),"
            " greatest(max(f.known_at), max(now.recorded_at) filter (where f.id is null))) as at"
            " from unnest(cast(:keys as text[]), cast(:prints as text[])) as w(item_key, fingerprint)"
            " join import_item old on old.source = :source and old.item_key = w.item_key"
            "  and old.fingerprint = w.fingerprint and old.superseded_at is not null"
            " join import_item now on now.source = :source and now.item_key = w.item_key and now.superseded_at is null"
            "  and now.patient_id is not distinct from old.patient_id"
            " left join fact f on f.item_id = now.id group by now.item_key"
        ),
        {
            "source": source,
            "keys": [bounded_key(item.key) for item in items],
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


def recalls_on(connection: Connection, item_ids: Iterable[int]) -> set[str]:
    """Return the open recalls whose evidence names a fact of these items."""
    rows = connection.execute(
        text(
            "select distinct r.id::text from fact f join recall r on r.patient_id = f.patient_id and r.state = 'open'"
            " where f.item_id = any(:ids) and exists (select 1"
            "  from jsonb_path_query(r.evidence, '$.inputs[*].fact_id') as cited where cited = to_jsonb(f.id))"
        ),
        {"ids": list(item_ids)},
    )
    return set(rows.scalars())


def recall_states(connection: Connection, recall_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return how recalls stand now (open, or how they ended), and whether they have been judged since facts changed."""
    rows = connection.execute(
        select(t.recall.c.id, t.recall.c.patient_id, t.recall.c.rule_id, t.twin.c.stale_since)
        .add_columns(func.coalesce(t.recall.c.closing["action"].astext, t.recall.c.state).label("state"))
        .outerjoin(t.twin, t.twin.c.patient_id == t.recall.c.patient_id)
        .where(t.recall.c.id.in_(list(recall_ids)))
        .order_by(t.recall.c.id)
    )
    return [
        {
            "id": row.id, "patient_id": row.patient_id, "rule_id": row.rule_id, "state": row.state,
            "is_judged": row.stale_since is None,
        }
        for row in rows
    ]  # fmt: skip


def done_child(connection: Connection, parent_id: int, name: str, file_hash: str) -> Row[Any] | None:
    """Return a file of a request that was taken whole before the request was interrupted."""
    run = t.import_run
    return connection.execute(
        select(run).where(
            run.c.parent_id == parent_id, run.c.file_name == name, run.c.file_hash == file_hash, run.c.status == "done"
        )
    ).first()
