"""Which codes and units come most often and mean nothing to the twin yet, in PostgreSQL."""

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from twin.store.tables import fact, import_reject, import_run


@dataclass(frozen=True, kw_only=True, slots=True)
class UnmappedCode:
    """A code without a signal or concept: how often it came, from whom, and in which unit most often."""

    source: str
    kind: str
    system: str
    code: str
    display: str
    unit: str
    facts: int


@dataclass(frozen=True, kw_only=True, slots=True)
class UnreadUnit:
    """A unit that a signal does not accept, and how many values wait for it in quarantine."""

    detail: str
    values: int


MAPPED_KINDS = ("observation", "condition", "medication", "procedure", "family_history")
"""Kinds of facts that can have a signal or concept."""


def unmapped_codes(connection: Connection, limit: int) -> list[UnmappedCode]:
    """Return the most frequent codes of current facts that nothing maps, the most frequent first."""
    count = func.count().label("facts")
    rows = connection.execute(
        select(
            import_run.c.source,
            fact.c.kind,
            fact.c.code_system.label("system"),
            fact.c.code,
            func.max(fact.c.display).label("display"),
            func.coalesce(func.mode().within_group(fact.c.unit.asc()), "").label("unit"),
            count,
        )
        .join(import_run, import_run.c.id == fact.c.import_id)
        .where(fact.c.signal.is_(None), fact.c.superseded_at.is_(None), fact.c.kind.in_(MAPPED_KINDS))
        .group_by(import_run.c.source, fact.c.kind, fact.c.code_system, fact.c.code)
        .order_by(count.desc(), fact.c.code_system, fact.c.code, import_run.c.source)
        .limit(limit)
    )
    return [UnmappedCode(**row._mapping) for row in rows]


def unread_units(connection: Connection, limit: int) -> list[UnreadUnit]:
    """Return the units that were refused (`signal: unit`), by how many values wait in quarantine for them."""
    count = func.count().label("values")
    rows = connection.execute(
        select(import_reject.c.detail, count)
        .where(import_reject.c.reason == "bad_unit", import_reject.c.status == "waiting")
        .group_by(import_reject.c.detail)
        .order_by(count.desc(), import_reject.c.detail)
        .limit(limit)
    )
    return [UnreadUnit(detail=detail, values=number) for detail, number in rows]
