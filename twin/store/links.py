"""Which records are read as one patient? A link is a row that can be undone; no record is ever overwritten.

The retired record keeps its facts, identifiers, recalls and audit; whoever reads the record it is linked into reads
both. Links chain (A into B, B into C), and the record at the end of a chain is the survivor. What a link does to twins
and recalls is done by `twin.merge`, in the same transaction.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    CTE,
    UUID,
    BigInteger,
    Connection,
    Row,
    String,
    and_,
    cast,
    exists,
    func,
    insert,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.elements import ColumnElement

from twin.errors import TwinError
from twin.store import audit
from twin.store.tables import fact, patient, patient_link

_IDS = ARRAY(UUID(as_uuid=False))


class CannotLink(TwinError):
    """These two records can't be linked, or their link can't be undone."""


@dataclass(frozen=True, kw_only=True)
class Link:
    """A living link: `retired_id` is read as part of `into_id`."""

    id: int
    retired_id: str
    into_id: str
    reason: str
    linked_by: str
    linked_at: datetime


@dataclass(frozen=True, kw_only=True)
class Bearing:
    """What links mean for one record.

    `into` is set where the record is retired; `members` are the records read as this one, itself first; `undone_from`
    is when the earliest link began that was undone since the moment asked about.
    """

    into: str | None
    members: tuple[str, ...]
    undone_from: datetime | None


def link(connection: Connection, retired_id: str, into_id: str, *, reason: str, actor: str, now: datetime) -> Link:
    """Write the link by which one record is read as part of another, with its audit rows.

    Raises:
        CannotLink: a record with itself, one that is retired already, a circle, no reason, or an unknown record.
    """
    lock(connection)
    if not reason.strip():
        raise CannotLink("a link needs a reason")
    if retired_id == into_id:
        raise CannotLink("a record can't be linked with itself")
    known = select(func.count()).select_from(patient).where(patient.c.id.in_((retired_id, into_id)))
    if connection.execute(known).scalar_one() != 2:
        raise CannotLink("no patient has this id")
    if living(connection, retired_id) is not None:
        raise CannotLink("the record is linked into another already; undo that first")
    if survivor_of(connection, [into_id])[into_id] == retired_id:
        raise CannotLink("the other record is linked into this one")
    row = {"retired_id": retired_id, "into_id": into_id, "reason": reason.strip(), "linked_by": actor, "linked_at": now}
    made = connection.execute(insert(patient_link).values(row).returning(patient_link)).one()
    for one, other in ((retired_id, into_id), (into_id, retired_id)):
        audit.append(
            connection, at=now, actor=actor, action="patient.link", patient_id=one, resource=f"link/{made.id}",
            detail={"retired": one == retired_id, "with": other},
        )  # fmt: skip
    return _link(made)


def unlink(connection: Connection, retired_id: str, *, reason: str, actor: str, now: datetime) -> Link:
    """Undo the link of a retired record, with its audit rows, and return it as it was.

    Raises:
        CannotLink: the record is not retired, or no reason is given.
    """
    lock(connection)
    if not reason.strip():
        raise CannotLink("undoing a link needs a reason")
    undone = {"unlinked_by": actor, "unlinked_at": now, "unlink_reason": reason.strip()}
    mine = (patient_link.c.retired_id == retired_id, patient_link.c.unlinked_at.is_(None))
    row = connection.execute(update(patient_link).where(*mine).values(undone).returning(patient_link)).one_or_none()
    if row is None:
        raise CannotLink("the record is not linked into another")
    for one, other in ((row.retired_id, row.into_id), (row.into_id, row.retired_id)):
        audit.append(
            connection, at=now, actor=actor, action="patient.unlink", patient_id=one, resource=f"link/{row.id}",
            detail={"retired": one == row.retired_id, "with": other},
        )  # fmt: skip
    return _link(row)


def lock(connection: Connection) -> None:
    """Let one transaction at a time change links, so that two can't close a circle."""
    connection.execute(text("select pg_advisory_xact_lock(hashtextextended('patient links', 0))"))


def living(connection: Connection, retired_id: str) -> Link | None:
    """Return the link by which this record is retired, None where it stands for itself."""
    mine = (patient_link.c.retired_id == retired_id, patient_link.c.unlinked_at.is_(None))
    row = connection.execute(select(patient_link).where(*mine)).one_or_none()
    return None if row is None else _link(row)


def living_by_id(connection: Connection, link_id: int) -> Link | None:
    """Return a living link by its number."""
    mine = (patient_link.c.id == link_id, patient_link.c.unlinked_at.is_(None))
    row = connection.execute(select(patient_link).where(*mine)).one_or_none()
    return None if row is None else _link(row)


def path_from(connection: Connection, retired_id: str) -> tuple[str, ...]:
    """Return the records that this one is read as part of, the nearest first; () where it stands for itself."""
    found: list[str] = []
    above = living(connection, retired_id)
    while above is not None:
        found.append(above.into_id)
        above = living(connection, above.into_id)
    return tuple(found)


def linked_into(connection: Connection, into_id: str) -> tuple[str, ...]:
    """Return the records linked directly into this one, in the order in which they were."""
    mine = (patient_link.c.into_id == into_id, patient_link.c.unlinked_at.is_(None))
    return tuple(
        connection.execute(select(patient_link.c.retired_id).where(*mine).order_by(patient_link.c.id)).scalars()
    )


def survivor_of(connection: Connection, ids: Iterable[str]) -> dict[str, str]:
    """Return for each record the one it is read as: the end of its chain, itself where it is not retired."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    rows = connection.execute(
        text(
            "with recursive up(id, at) as ("
            " select w, w from unnest(cast(:ids as uuid[])) as w"
            " union all select up.id, l.into_id from up"
            " join patient_link l on l.retired_id = up.at and l.unlinked_at is null)"
            " select id::text, at::text from up where not exists"
            " (select from patient_link l where l.retired_id = up.at and l.unlinked_at is null)"
        ),
        {"ids": wanted},
    )
    return {row.id: row.at for row in rows}


def members_of(connection: Connection, patient_id: str) -> tuple[str, ...]:
    """Return the records read as this one, itself first, then in the order in which they were linked."""
    tree = _tree(patient_id)
    return tuple(connection.execute(select(cast(tree.c.id, String)).order_by(tree.c.link_id)).scalars())


def merged_into(connection: Connection, ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return by survivor the records merged into it, however long the chain, in the order in which they were."""
    if not ids:
        return {}
    rows = connection.execute(
        text(
            "with recursive down(top, at, link_id) as ("
            " select w, w, 0::bigint from unnest(cast(:ids as uuid[])) as w"
            " union all select down.top, l.retired_id, l.id from down"
            " join patient_link l on l.into_id = down.at and l.unlinked_at is null)"
            " select top::text, array_agg(at::text order by link_id) as merged from down where at <> top group by top"
        ),
        {"ids": list(ids)},
    )
    return {row.top: tuple(row.merged) for row in rows}


def read_as(patient_id: str) -> ColumnElement[Sequence[str]]:
    """Return the SQL value of `members_of` as an array, for `= any(...)`: one round trip, and an index still serves."""
    tree = _tree(patient_id)
    return cast(select(func.array_agg(tree.c.id)).scalar_subquery(), _IDS)


def is_retired(column: ColumnElement[str]) -> ColumnElement[bool]:
    """Return the SQL condition that the record a column names is read as part of another."""
    return exists().where(and_(patient_link.c.retired_id == column, patient_link.c.unlinked_at.is_(None)))


def bearing_of(connection: Connection, patient_id: str, since: datetime | None) -> Bearing:
    """Return what links mean for a record whose twin was last computed at `since`; one query where there is none."""
    touching = select(patient_link).where(
        (patient_link.c.retired_id == patient_id) | (patient_link.c.into_id == patient_id)
    )
    rows = connection.execute(touching).all()
    if not rows:
        return Bearing(into=None, members=(patient_id,), undone_from=None)
    into = next((row.into_id for row in rows if row.retired_id == patient_id and row.unlinked_at is None), None)
    members = members_of(connection, patient_id)
    undone = select(func.min(patient_link.c.linked_at)).where(patient_link.c.into_id.in_(members))
    lately = patient_link.c.unlinked_at > since if since is not None else patient_link.c.unlinked_at.is_not(None)
    return Bearing(into=into, members=members, undone_from=connection.execute(undone.where(lately)).scalar_one())


def is_alone(patient_id: ColumnElement[str]) -> ColumnElement[bool]:
    """The condition that the record was never merged with another, in either way."""
    touching = (patient_link.c.retired_id == patient_id) | (patient_link.c.into_id == patient_id)
    return ~exists().where(touching)


def facts_elsewhere(connection: Connection, fact_ids: Iterable[int], members: Sequence[str]) -> set[int]:
    """Return those of these facts that belong to none of these records."""
    ids = sorted(set(fact_ids))
    if not ids:
        return set()
    mine = fact.c.patient_id.in_(members)
    return set(connection.execute(select(fact.c.id).where(fact.c.id.in_(ids), ~mine)).scalars())


def _tree(patient_id: str) -> CTE:
    own = literal(patient_id, UUID(as_uuid=False))
    tree = select(own.label("id"), literal(0, BigInteger).label("link_id")).cte("members", recursive=True)
    below = select(patient_link.c.retired_id, patient_link.c.id).where(
        patient_link.c.into_id == tree.c.id, patient_link.c.unlinked_at.is_(None)
    )
    return tree.union_all(below)


def _link(row: Row) -> Link:
    return Link(
        id=row.id, retired_id=row.retired_id, into_id=row.into_id, reason=row.reason, linked_by=row.linked_by,
        linked_at=row.linked_at,
    )  # fmt: skip
