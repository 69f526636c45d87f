"""Which patients answer to this name or number? Searched by prefix on an index, read page by page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, Text, cast, func, literal, or_, select, tuple_
from sqlalchemy.sql.elements import ColumnElement

from twin.store import links
from twin.store.links import is_retired
from twin.store.tables import patient, patient_identifier

MOST_MERGED = 200  # merged records that one search looks through


@dataclass(frozen=True, kw_only=True)
class Found:
    """One patient of a search, with the identifiers that other systems use as (system, value).

    Records merged into it are named in `merged_from`; their names and numbers find it too, and not them.
    """

    id: str
    name: str
    sex: str
    birth_date: date | None
    identifiers: Sequence[tuple[str, str]]
    merged_from: Sequence[str] = ()


def search(connection: Connection, asked: str, *, size: int, after: tuple[str, str] | None = None) -> Sequence[Found]:
    """Return up to `size` patients whose name or identifier begins with `asked` (everybody for ""), by name.

    Args:
        after: name in lower case and id of the last patient seen.
    """
    name = func.lower(patient.c.name)
    found = select(patient.c.id, patient.c.name, patient.c.sex, patient.c.birth_date).order_by(name, patient.c.id)
    found = found.where(~is_retired(patient.c.id))
    if prefix := asked.strip():
        answers = answering(prefix)
        survivors = survivors_answering(connection, answers)
        found = found.where(or_(answers, patient.c.id.in_(survivors)) if survivors else answers)
    if after is not None:
        found = found.where(tuple_(name, cast(patient.c.id, Text)) > tuple_(literal(after[0]), literal(after[1])))
    rows = connection.execute(found.limit(size)).all()
    ids = [row.id for row in rows]
    known, merged = _identifiers(connection, ids), links.merged_into(connection, ids)
    return [
        Found(**row._asdict(), identifiers=known.get(row.id, []), merged_from=merged.get(row.id, ())) for row in rows
    ]


def everybody(connection: Connection) -> list[str]:
    """Return the id of every record that is read as a patient: those merged into another are part of that one."""
    rows = connection.execute(select(patient.c.id).where(~is_retired(patient.c.id)).order_by(patient.c.id))
    return [str(row.id) for row in rows]


def answering(asked: str) -> ColumnElement[bool]:
    """Return the SQL condition that a patient's name or an identifier begins with `asked`."""
    numbers = patient_identifier.c
    by_number = select(numbers.patient_id).where(numbers.value.like(begins(asked)))
    return or_(func.lower(patient.c.name).like(begins(asked.lower())), patient.c.id.in_(by_number))


def survivors_answering(connection: Connection, answers: ColumnElement[bool]) -> list[str]:
    """Return the patients that merged records which answer are read as."""
    retired = select(patient.c.id).where(answers, is_retired(patient.c.id)).limit(MOST_MERGED)
    ids = list(connection.execute(retired).scalars())
    return sorted(set(links.survivor_of(connection, ids).values()))


def _identifiers(connection: Connection, ids: Sequence[str]) -> dict[str, list[tuple[str, str]]]:
    table = patient_identifier.c
    asked = select(table.patient_id, table.system, table.value).where(table.patient_id.in_(ids))
    known: dict[str, list[tuple[str, str]]] = {}
    for row in connection.execute(asked.order_by(table.system, table.value)):
        known.setdefault(row.patient_id, []).append((row.system, row.value))
    return known


def begins(prefix: str) -> str:
    """Return the LIKE pattern of texts that begin so."""
    return prefix.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
