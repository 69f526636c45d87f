"""The record in PostgreSQL: who the patients are, what is known of them, and what was taken in before.

Facts go in by COPY; the only change to a stored fact is its `superseded_at`.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from psycopg import Connection as Psycopg
from psycopg.types.json import Jsonb
from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from twin.errors import UnknownPatient
from twin.importers.base import Item, PatientDraft
from twin.record.fact import Coding, Derived, Fact, FactDraft, Source
from twin.record.timeline import Identifier, Patient, Timeline, known
from twin.store import tables as t

_UNKEEPABLE = re.compile("[\x00\ud800-\udfff]")
_FACT_COLUMNS = (
    "patient_id", "item_id", "kind", "code_system", "code", "display", "other_codings", "value_kind", "value",
    "value_coding", "comparator", "unit", "observed_at", "ended_at", "known_at", "known_basis", "recorded_at",
    "import_id", "place", "resource", "part", "device", "sd", "status", "signal", "canonical_value",
    "canonical_code", "quality", "mapping_version",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class NewFact:
    """A fact ready to be written: its draft, its derived part, whose it is and which item stated it."""

    patient_id: str
    item_id: int
    draft: FactDraft
    derived: Derived


@dataclass(frozen=True, kw_only=True, slots=True)
class Ledgered:
    """What the ledger said of an item: its row, and whether an earlier version of it was there."""

    item_id: int
    supersedes: tuple[int, ...]


# --- patients ---------------------------------------------------------------------------------------------------


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
    connection.execute(insert(t.patient).values(id=patient_id, **described))
    connection.execute(insert(t.patient_version).values(patient_id=patient_id, known_at=now, **described))
    add_identifiers(connection, patient_id, draft.identifiers)


def describe_patient(connection: Connection, patient_id: str, draft: PatientDraft, now: datetime) -> None:
    """Take over newer demographics of a known patient, as a version known from `now` on, and new identifiers."""
    described = {"name": draft.name, "sex": draft.sex, "birth_date": draft.birth_date}
    as_it_stands = select(t.patient.c.name, t.patient.c.sex, t.patient.c.birth_date).where(t.patient.c.id == patient_id)
    if connection.execute(as_it_stands).one()._asdict() != described:
        connection.execute(update(t.patient).where(t.patient.c.id == patient_id).values(described))
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


def birth_dates(connection: Connection, patient_ids: Iterable[str]) -> dict[str, Any]:
    """Return the birth date of each patient, None where not known."""
    rows = connection.execute(
        select(t.patient.c.id, t.patient.c.birth_date).where(t.patient.c.id.in_(bindparam("ids", expanding=True))),
        {"ids": list(patient_ids)},
    )
    return {row.id: row.birth_date for row in rows}


# --- runs and the ledger ----------------------------------------------------------------------------------------


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
    raw = _raw(connection)
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
            "body": _clean(item.body()),
        }
        for item in rejects
        if item.reject is not None
    ]
    if rows:
        connection.execute(insert(t.import_reject), rows)


# --- facts ------------------------------------------------------------------------------------------------------


def add_facts(connection: Connection, facts: Iterable[NewFact], *, import_id: int, now: datetime) -> int:
    """Write facts by COPY and return how many."""
    count = 0
    columns = ", ".join(_FACT_COLUMNS)
    with _raw(connection).cursor() as cursor, cursor.copy(f"copy fact ({columns}) from stdin") as copy:
        for fact in facts:
            copy.write_row(_fact_row(fact, import_id, now))
            count += 1
    return count


def mark_stale(connection: Connection, patient_ids: Iterable[str], now: datetime) -> None:
    """Say that these twins must be computed again."""
    rows = [{"patient_id": patient_id, "stale_since": now, "revision": 1} for patient_id in sorted(set(patient_ids))]
    if not rows:
        return
    statement = upsert(t.twin)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["patient_id"],
            set_={
                "stale_since": func.coalesce(t.twin.c.stale_since, statement.excluded.stale_since),
                "revision": t.twin.c.revision + 1,
            },
        ),
        rows,
    )
    # what was computed for a past date may change too: a late fact can have been known then
    connection.execute(delete(t.twin_view).where(t.twin_view.c.patient_id.in_([row["patient_id"] for row in rows])))


def read_timeline(connection: Connection, patient_id: str, as_of: datetime) -> Timeline:
    """Return what was known of a patient at `as_of`."""
    patient = _as_described(connection, get_patient(connection, patient_id), as_of)
    rows = connection.execute(
        select(t.fact, t.import_run.c.file_hash)
        .join(t.import_run, t.import_run.c.id == t.fact.c.import_id)
        .where(t.fact.c.patient_id == patient_id, t.fact.c.known_at <= as_of)
    )
    return Timeline(patient=patient, as_of=as_of, facts=known(tuple(_fact(row) for row in rows), as_of))


def _as_described(connection: Connection, patient: Patient, as_of: datetime) -> Patient:
    """Return the patient as described at `as_of`: the newest version known then, else the first there ever was.

    Facts may have been known before this system learnt of the patient; a later correction of the birth date must not
    change what is said of then.
    """
    versions = connection.execute(
        select(t.patient_version).where(t.patient_version.c.patient_id == patient.id).order_by(t.patient_version.c.id)
    ).all()
    then = [version for version in versions if version.known_at <= as_of] or versions[:1]
    if not then:
        return patient
    return replace(patient, name=then[-1].name, sex=then[-1].sex, birth_date=then[-1].birth_date)


def get_fact(connection: Connection, fact_id: int) -> Fact | None:
    """Return one fact, superseded or not."""
    row = connection.execute(
        select(t.fact, t.import_run.c.file_hash)
        .join(t.import_run, t.import_run.c.id == t.fact.c.import_id)
        .where(t.fact.c.id == fact_id)
    ).one_or_none()
    return _fact(row) if row is not None else None


def superseded_among(connection: Connection, fact_ids: Iterable[int]) -> set[int]:
    """Return those of these facts that a later version has superseded."""
    ids = sorted(set(fact_ids))
    if not ids:
        return set()
    rows = connection.execute(select(t.fact.c.id).where(t.fact.c.id.in_(ids), t.fact.c.superseded_at.is_not(None)))
    return set(rows.scalars())


def _raw(connection: Connection) -> Psycopg[Any]:
    raw = connection.connection.driver_connection
    assert isinstance(raw, Psycopg)
    return raw


def _fact_row(fact: NewFact, import_id: int, now: datetime) -> tuple[Any, ...]:
    draft, derived = fact.draft, fact.derived
    return (
        fact.patient_id, fact.item_id, draft.kind, draft.coding.system, draft.coding.code, _clean(draft.coding.display),
        Jsonb([_coding_json(each) for each in draft.other_codings]) if draft.other_codings else None,
        draft.value_kind, _clean(draft.value), Jsonb(_coding_json(draft.value_coding)) if draft.value_coding else None,
        draft.comparator, draft.unit, draft.observed_at, draft.ended_at, draft.known_at, draft.known_basis, now,
        import_id, draft.where, draft.resource, draft.part, draft.device, draft.sd, draft.status,
        derived.signal, derived.value, derived.code, derived.quality, derived.mapping_version,
    )  # fmt: skip


def _clean(value: str | None) -> str | None:
    """PostgreSQL keeps no NUL and no half surrogate pair; the replacement character shows that one stood there."""
    return _UNKEEPABLE.sub("\ufffd", value) if value else value


def _coding_json(coding: Coding) -> dict[str, str]:
    return {"system": coding.system, "code": coding.code, "display": coding.display}


def _fact(row: Row[Any]) -> Fact:
    return Fact(
        id=row.id,
        patient_id=row.patient_id,
        kind=row.kind,
        coding=Coding(system=row.code_system, code=row.code, display=row.display),
        value_kind=row.value_kind,
        value=row.value,
        value_coding=Coding(**row.value_coding) if row.value_coding else None,
        comparator=row.comparator,
        unit=row.unit,
        observed_at=row.observed_at,
        ended_at=row.ended_at,
        known_at=row.known_at,
        known_basis=row.known_basis,
        recorded_at=row.recorded_at,
        superseded_at=row.superseded_at,
        source=Source(import_id=row.import_id, file_hash=row.file_hash, where=row.place, resource=row.resource),
        device=row.device,
        sd=row.sd,
        status=row.status,
        derived=Derived(
            signal=row.signal,
            value=row.canonical_value,
            code=row.canonical_code,
            quality=row.quality,
            mapping_version=row.mapping_version,
        ),
    )
