"""Which patients answer to this name or number? Searched by prefix on an index, read page by page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, Text, cast, func, literal, or_, select, tuple_

from twin.store.tables import patient, patient_identifier


@dataclass(frozen=True, kw_only=True)
class Found:
    """One patient of a search, with the identifiers that other systems use as (system, value)."""

    id: str
    name: str
    sex: str
    birth_date: date | None
    identifiers: Sequence[tuple[str, str]]


def search(connection: Connection, asked: str, *, size: int, after: tuple[str, str] | None = None) -> Sequence[Found]:
    """Return up to `size` patients whose name or identifier begins with `asked` (everybody for ""), by name.

    Args:
        after: name in lower case and id of the last patient seen.
    """
    name = func.lower(patient.c.name)
    found = select(patient.c.id, patient.c.name, patient.c.sex, patient.c.birth_date).order_by(name, patient.c.id)
    if prefix := asked.strip():
        numbers = patient_identifier.c
        by_number = select(numbers.patient_id).where(numbers.value.like(_begins(prefix)))
        found = found.where(or_(name.like(_begins(prefix.lower())), patient.c.id.in_(by_number)))
    if after is not None:
        found = found.where(tuple_(name, cast(patient.c.id, Text)) > tuple_(literal(after[0]), literal(after[1])))
    rows = connection.execute(found.limit(size)).all()
    known = _identifiers(connection, [row.id for row in rows])
    return [Found(**row._asdict(), identifiers=known.get(row.id, [])) for row in rows]


def _identifiers(connection: Connection, ids: Sequence[str]) -> dict[str, list[tuple[str, str]]]:
    table = patient_identifier.c
    asked = select(table.patient_id, table.system, table.value).where(table.patient_id.in_(ids))
    known: dict[str, list[tuple[str, str]]] = {}
    for row in connection.execute(asked.order_by(table.system, table.value)):
        known.setdefault(row.patient_id, []).append((row.system, row.value))
    return known


def _begins(prefix: str) -> str:
    return prefix.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
