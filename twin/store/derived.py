"""The derived part of stored facts in PostgreSQL: read in batches, and the only columns that this writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, select, text

from twin.record.fact import Coding, Derived, FactDraft
from twin.store.tables import fact, import_run


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """A fact as received, whose it is, who sent it, and what was read out of it so far."""

    id: int
    patient_id: str
    source: str
    draft: FactDraft
    derived: Derived


def count_other(connection: Connection, version: str | None) -> int:
    """Return how many facts another mapping version derived; all of them where `version` is None."""
    rows = select(func.count()).select_from(fact)
    return int(connection.execute(rows.where(fact.c.mapping_version != version) if version else rows).scalar_one())


def read_batch(connection: Connection, *, after: int, version: str | None, limit: int) -> list[Stored]:
    """Return facts with an id above `after`, lowest first; those of mapping `version` are passed over."""
    rows = (
        select(fact, import_run.c.source)
        .join(import_run, import_run.c.id == fact.c.import_id)
        .where(fact.c.id > after)
        .order_by(fact.c.id)
        .limit(limit)
    )
    if version is not None:
        rows = rows.where(fact.c.mapping_version != version)
    return [_stored(row) for row in connection.execute(rows)]


_WRITE = text("""
    update fact set signal = new.signal, canonical_value = new.value, canonical_code = new.code,
                    quality = new.quality, mapping_version = new.version
    from unnest(cast(:ids as bigint[]), cast(:signals as text[]), cast(:values as double precision[]),
                cast(:codes as text[]), cast(:qualities as text[]), cast(:versions as text[]))
         as new(id, signal, value, code, quality, version)
    where fact.id = new.id
""")


def write_derived(connection: Connection, rows: Sequence[tuple[int, Derived]]) -> None:
    """Set the derived columns of these facts; what was received is not touched."""
    if not rows:
        return
    columns = {
        "ids": [number for number, _ in rows],
        "signals": [made.signal for _, made in rows],
        "values": [made.value for _, made in rows],
        "codes": [made.code for _, made in rows],
        "qualities": [made.quality for _, made in rows],
        "versions": [made.mapping_version for _, made in rows],
    }
    connection.execute(_WRITE, columns)


def _stored(row: Row[Any]) -> Stored:
    return Stored(
        id=row.id,
        patient_id=row.patient_id,
        source=row.source,
        draft=FactDraft(
            kind=row.kind,
            coding=Coding(system=row.code_system, code=row.code, display=row.display),
            other_codings=tuple(Coding(**each) for each in row.other_codings or ()),
            value_kind=row.value_kind,
            value=row.value,
            value_coding=Coding(**row.value_coding) if row.value_coding else None,
            comparator=row.comparator,
            unit=row.unit,
            observed_at=row.observed_at,
            ended_at=row.ended_at,
            known_at=row.known_at,
            known_basis=row.known_basis,
            where=row.place,
            resource=row.resource,
            part=row.part,
            device=row.device,
            sd=row.sd,
            status=row.status,
        ),
        derived=Derived(
            signal=row.signal,
            value=row.canonical_value,
            code=row.canonical_code,
            quality=row.quality,
            mapping_version=row.mapping_version,
        ),
    )
