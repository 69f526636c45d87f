"""What do two records hold that may be one person's? Side by side for whoever decides: who, from where, how much."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from twin.record.identity import SOURCE_SYSTEM
from twin.record.matching import Demographics, Match, match
from twin.record.timeline import Identifier, Sex
from twin.store import links, matching
from twin.store.tables import fact, import_run, patient, patient_link


@dataclass(frozen=True, kw_only=True)
class Side:
    """One record of a pair: its own part only; `merged` counts the records that were linked into it."""

    id: str
    name: str
    sex: Sex
    birth_date: date | None
    identifiers: Sequence[Identifier]
    sources: Sequence[str]
    facts: int
    first_at: datetime | None
    last_at: datetime | None
    merged: int

    @property
    def numbers(self) -> Sequence[Identifier]:
        """The identifiers without a source's own resource names, unless there is nothing else."""
        return [each for each in self.identifiers if not each.system.startswith(SOURCE_SYSTEM)] or self.identifiers


@dataclass(frozen=True, kw_only=True)
class LinkedPair:
    """A living link with both of its records."""

    link: links.Link
    retired: Side
    into: Side


def sides(connection: Connection, patient_ids: Iterable[str]) -> dict[str, Side]:
    """Return by id what each of these records holds; one that is not there is left out."""
    ids = sorted(set(patient_ids))
    if not ids:
        return {}
    known, held = matching.identifiers_of(connection, ids), _held(connection, ids)
    merged = links.merged_into(connection, ids)
    found = {}
    for row in connection.execute(select(patient).where(patient.c.id.in_(ids))):
        facts = held.get(row.id)
        found[row.id] = Side(
            id=row.id, name=row.name, sex=row.sex, birth_date=row.birth_date, identifiers=known.get(row.id, ()),
            sources=facts.sources if facts else (), facts=facts.facts if facts else 0,
            first_at=facts.first_at if facts else None, last_at=facts.last_at if facts else None,
            merged=len(merged.get(row.id, ())),
        )  # fmt: skip
    return found


def compared(one: Side, other: Side) -> Match:
    """Return how likely the two records are one person's, as they stand now."""
    return match(_described(one), _described(other))


def linked_pairs(connection: Connection, *, size: int, before: int | None = None) -> list[LinkedPair]:
    """Return up to `size` living links, the newest first; `before` is the number of the last one seen."""
    column = patient_link.c
    asked = select(column.id).where(column.unlinked_at.is_(None)).order_by(column.id.desc()).limit(size)
    if before is not None:
        asked = asked.where(column.id < before)
    living = [links.living_by_id(connection, link_id) for link_id in connection.execute(asked).scalars().all()]
    known = sides(connection, [whose for each in living if each for whose in (each.retired_id, each.into_id)])
    return [LinkedPair(link=each, retired=known[each.retired_id], into=known[each.into_id]) for each in living if each]


def merged_records(connection: Connection, patient_id: str) -> list[LinkedPair]:
    """Return the links by which other records are read as this one, in the order in which they were made."""
    merged = links.merged_into(connection, [patient_id]).get(patient_id, ())
    living = [links.living(connection, each) for each in merged]
    known = sides(connection, [patient_id, *merged])
    return [LinkedPair(link=each, retired=known[each.retired_id], into=known[each.into_id]) for each in living if each]


def _held(connection: Connection, ids: Sequence[str]) -> dict[str, Row[Any]]:
    counted = (
        func.count().label("facts"), func.min(fact.c.observed_at).label("first_at"),
        func.max(fact.c.observed_at).label("last_at"),
        func.array_agg(import_run.c.source.distinct()).label("sources"),
    )  # fmt: skip
    asked = (
        select(fact.c.patient_id, *counted)
        .join(import_run, import_run.c.id == fact.c.import_id)
        .where(fact.c.patient_id.in_(ids), fact.c.superseded_at.is_(None))
        .group_by(fact.c.patient_id)
    )
    return {row.patient_id: row for row in connection.execute(asked)}


def _described(side: Side) -> Demographics:
    return Demographics(name=side.name, sex=side.sex, birth_date=side.birth_date, identifiers=tuple(side.identifiers))
