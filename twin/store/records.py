"""The record in PostgreSQL: what is known of each patient.

Facts go in by COPY; the only change to a stored fact is its `superseded_at`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from psycopg.types.json import Jsonb
from sqlalchemy import ARRAY, Connection, Text, and_, bindparam, case, delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert as upsert

from twin.record.codes.concepts import with_narrower
from twin.record.fact import Coding, Derived, Fact, FactDraft, FactKind, Source
from twin.record.genome.called import DBSNP
from twin.record.timeline import Timeline, known
from twin.store import links, people
from twin.store import tables as t
from twin.store.session import driver_connection, storable

_FACT_COLUMNS = (
    "patient_id", "item_id", "kind", "code_system", "code", "display", "other_codings", "value_kind", "value",
    "value_coding", "comparator", "unit", "observed_at", "ended_at", "known_at", "known_basis", "recorded_at",
    "import_id", "place", "resource", "part", "device", "sd", "status", "signal", "canonical_value",
    "canonical_code", "quality", "mapping_version",
)  # fmt: skip


_READ = (
    "id", "patient_id", "kind", "code_system", "code", "display", "value_kind", "value", "value_coding", "comparator",
    "unit", "observed_at", "ended_at", "known_at", "known_basis", "recorded_at", "superseded_at", "import_id", "place",
    "resource", "device", "sd", "status", "part", "signal", "canonical_value", "canonical_code", "quality",
    "mapping_version",
)  # fmt: skip
_FACTS = select(*(t.fact.c[name] for name in _READ), t.import_run.c.file_hash).join(
    t.import_run, t.import_run.c.id == t.fact.c.import_id
)


# statements of the hot path, built once
_KNOWN = (t.fact.c.patient_id == bindparam("patient"), t.fact.c.known_at <= bindparam("now"))
_NEWS = (
    select(
        t.fact.c.id,
        t.fact.c.kind,
        t.fact.c.signal,
        t.fact.c.superseded_at.is_not(None),
        case((t.fact.c.code_system == DBSNP, t.fact.c.code)),
    )
    .where(
        *_KNOWN,
        or_(
            t.fact.c.id > bindparam("after"),
            t.fact.c.known_at > bindparam("since"),
            t.fact.c.superseded_at >= bindparam("over"),
        ),
    )
    .order_by(t.fact.c.id)
)
_PART = _FACTS.where(
    *_KNOWN,
    or_(
        t.fact.c.signal == func.any(bindparam("signals", type_=ARRAY(Text))),
        and_(t.fact.c.kind != "observation", t.fact.c.signal.is_not(None)),
        and_(t.fact.c.code_system == DBSNP, t.fact.c.code == func.any(bindparam("variants", type_=ARRAY(Text)))),
        t.fact.c.kind == "death",
    ),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class NewFact:
    """A fact ready to be written: its draft, its derived part, whose it is and which item stated it."""

    patient_id: str
    item_id: int
    draft: FactDraft
    derived: Derived


def add_facts(connection: Connection, facts: Iterable[NewFact], *, import_id: int, now: datetime) -> int:
    """Write facts by COPY and return how many."""
    count = 0
    columns = ", ".join(_FACT_COLUMNS)
    with driver_connection(connection).cursor() as cursor, cursor.copy(f"copy fact ({columns}) from stdin") as copy:
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
    """Return what was known of a patient at `as_of`: the facts of every record that is read as this one.

    Whose record a fact came to is in the fact. That two records are one patient is not a matter of `as_of`: it was true
    before anybody knew it.
    """
    patient = people.as_described(connection, people.get_patient(connection, patient_id), as_of)
    rows = connection.execute(
        _FACTS.where(t.fact.c.patient_id == func.any(links.read_as(patient_id)), t.fact.c.known_at <= as_of)
    )
    return Timeline(patient=patient, as_of=as_of, facts=known(tuple(_fact(row) for row in rows), as_of))


@dataclass(frozen=True, slots=True)
class News:
    """A fact that came in, or one that was superseded; `variant`: its rs number where it is a call of one."""

    id: int
    kind: FactKind
    signal: str | None
    is_superseded: bool
    variant: str | None


def news(
    connection: Connection, patient_id: str, *, after: int, since: datetime, superseded_since: datetime, now: datetime
) -> tuple[News, ...]:
    """Return what came in of a patient after fact `after`, or is known only `since`, or was superseded; by id."""
    given = {"patient": patient_id, "after": after, "since": since, "over": superseded_since, "now": now}
    return tuple(News(*row) for row in connection.execute(_NEWS, given))


def read_part(
    connection: Connection, patient_id: str, signals: Iterable[str], variants: Iterable[str], as_of: datetime
) -> Timeline:
    """Return what was known of one unmerged record at `as_of`: of these signals, and of all that is no observation.

    Args:
        variants: rs numbers of which the calls are read too.
    """
    patient = people.described(connection, patient_id, as_of)
    given = {
        "patient": patient_id,
        "now": as_of,
        "signals": sorted(with_narrower(signals)),
        "variants": sorted(variants),
    }
    rows = connection.execute(_PART, given).all()
    return Timeline(patient=patient, as_of=as_of, facts=known(tuple(_fact(row) for row in rows), as_of))


def superseded_among(connection: Connection, fact_ids: Iterable[int]) -> set[int]:
    """Return those of these facts that a later version has superseded."""
    ids = sorted(set(fact_ids))
    if not ids:
        return set()
    rows = connection.execute(select(t.fact.c.id).where(t.fact.c.id.in_(ids), t.fact.c.superseded_at.is_not(None)))
    return set(rows.scalars())


def _fact_row(fact: NewFact, import_id: int, now: datetime) -> tuple[Any, ...]:
    draft, derived = fact.draft, fact.derived
    return (
        fact.patient_id, fact.item_id, draft.kind, draft.coding.system, draft.coding.code,
        storable(draft.coding.display),
        Jsonb([_coding_json(each) for each in draft.other_codings]) if draft.other_codings else None,
        draft.value_kind, storable(draft.value),
        Jsonb(_coding_json(draft.value_coding)) if draft.value_coding else None,
        draft.comparator, draft.unit, draft.observed_at, draft.ended_at, draft.known_at, draft.known_basis, now,
        import_id, draft.where, draft.resource, draft.part, draft.device, draft.sd, draft.status,
        derived.signal, derived.value, derived.code, derived.quality, derived.mapping_version,
    )  # fmt: skip


def _coding_json(coding: Coding) -> dict[str, str]:
    return {"system": coding.system, "code": coding.code, "display": coding.display}


def _fact(row: Sequence[Any]) -> Fact:  # Any: the columns of `_READ`, then the hash
    (
        number, patient_id, kind, code_system, code, display, value_kind, value, value_coding, comparator,
        unit, observed_at, ended_at, known_at, known_basis, recorded_at, superseded_at, import_id, place,
        resource, device, sd, status, part, signal, canonical_value, canonical_code, quality,
        mapping_version, file_hash,
    ) = row  # fmt: skip
    return Fact(
        id=number,
        patient_id=patient_id,
        kind=kind,
        coding=_coding(code_system, code, display),
        value_kind=value_kind,
        value=value,
        value_coding=Coding(**value_coding) if value_coding else None,
        comparator=comparator,
        unit=unit,
        observed_at=observed_at,
        ended_at=ended_at,
        known_at=known_at,
        known_basis=known_basis,
        recorded_at=recorded_at,
        superseded_at=superseded_at,
        source=Source(import_id=import_id, file_hash=file_hash, where=place, resource=resource),
        device=device,
        sd=sd,
        status=status,
        part=part,
        derived=Derived(
            signal=signal,
            value=canonical_value,
            code=canonical_code,
            quality=quality,
            mapping_version=mapping_version,
        ),
    )


@lru_cache(maxsize=4_096)
def _coding(system: str, code: str, display: str) -> Coding:
    """A coding, made once: a record of ten years says the same few dozen again and again."""
    return Coding(system=system, code=code, display=display)
