"""The FHIR resources that were kept as they came: read one, its versions, or those that a search asks for.

A resource is named within its source by its key; every version that was sent is a row of the ledger, and the newest
that stands is the resource. Search looks at what was made of a resource: whose it is, its facts' codes and times.
"""

import hashlib
import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.errors import QueryCanceled
from sqlalchemy import Connection, Row, Select, and_, func, or_, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.sql.elements import ColumnElement

from twin.errors import TwinError
from twin.importers.fhir.scan import Scanner, skip
from twin.store import tables as t
from twin.store.resource_search import Query, conditions

MOST_BYTES = 32 * 2**20  # of resources in one answer; the page ends earlier then
LONGEST_SEARCH = 15  # s; a search without a patient may have to look through every resource of its type
_HEX = re.compile(r"[0-9a-f]{32}")
_URN = "urn:uuid:"
_SIZE = func.octet_length(t.import_item.c.resource).label("size")


class TooCostly(TwinError):
    """This search takes too long here; name a patient, an identifier, or a shorter time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """One version of a resource. `text` is what came, to the byte."""

    id: int
    source: str
    key: str
    kind: str
    patient_id: str | None
    fingerprint: str
    recorded_at: datetime
    superseded_at: datetime | None
    text: str

    @property
    def logical_id(self) -> str:
        return logical_id(self.kind, self.key)

    @property
    def body(self) -> str:
        """The resource as it came; where it came without an id, the one it is read by stands first."""
        if _has_id(self.text):
            return self.text
        return f'{{"id":"{self.logical_id}",{self.text.lstrip()[1:].lstrip()}'


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """Some of what was looked for, and whether more follows."""

    versions: list[Version]
    has_more: bool


def logical_id(kind: str, key: str) -> str:
    """Return the id by which a resource of this key is read: its own, its uuid, else a hash of what names it."""
    if key.startswith(f"{kind}/"):
        return key[len(kind) + 1 :]
    if key.startswith(_URN) and re.fullmatch(r"[A-Za-z0-9\-.]{1,64}", key[len(_URN) :]):
        return key[len(_URN) :]
    return hashlib.md5(key.encode(), usedforsecurity=False).hexdigest()


def sources(connection: Connection) -> list[str]:
    """Return every source that sent anything: one step of an index for each, however many items there are."""
    rows = connection.execute(
        text(
            "with recursive found(source) as ("
            " (select source from import_item order by source limit 1) union all"
            " select (select i.source from import_item i where i.source > found.source order by i.source limit 1)"
            " from found where found.source is not null)"
            " select source from found where source is not null"
        )
    )
    return list(rows.scalars())


def of_id(connection: Connection, kind: str, named: str, *, source: str | None = None) -> list[Version]:
    """Return the version of each resource of this name that stands, else its last: one for each source that has it."""
    i = t.import_item
    newest = [i.c.superseded_at.is_not(None), i.c.id.desc()]
    place = func.row_number().over(partition_by=[i.c.source, i.c.item_key], order_by=newest).label("place")
    ranked = (
        select(i.c.id, place)
        .where(i.c.kind == kind, i.c.resource.is_not(None), named_so(connection, kind, [named], source))
        .subquery()
    )
    return by_ids(connection, list(connection.execute(select(ranked.c.id).where(ranked.c.place == 1)).scalars()))


def of_key(connection: Connection, source: str, key: str, kind: str) -> Version | None:
    """Return the version of a key that stands, None where none does."""
    i = t.import_item
    asked = (
        select(i)
        .where(i.c.source == source, i.c.item_key == key, i.c.kind == kind, i.c.resource.is_not(None))
        .where(i.c.superseded_at.is_(None))
        .order_by(i.c.id.desc())
        .limit(1)
    )
    row = connection.execute(asked).one_or_none()
    return None if row is None else version_of(row)


def of_keys(connection: Connection, source: str, keys: Collection[str]) -> dict[str, Version]:
    """Return the standing version of each key."""
    i = t.import_item
    asked = select(i).where(i.c.source == source, i.c.item_key == func.any(list(keys)))
    asked = asked.where(i.c.superseded_at.is_(None), i.c.resource.is_not(None)).order_by(i.c.id)
    return {row.item_key: version_of(row) for row in connection.execute(asked)}


def was_sent(connection: Connection, source: str, key: str, fingerprint: str) -> bool:
    """True where this content of this resource came before, whether it stands or not."""
    i = t.import_item
    mine = (i.c.source == source, i.c.item_key == key, i.c.fingerprint == fingerprint)
    return connection.execute(select(i.c.id).where(*mine)).first() is not None


def by_ids(connection: Connection, ids: Collection[int]) -> list[Version]:
    """Return versions by number, in the order of their numbers."""
    i = t.import_item
    asked = select(i).where(i.c.id == func.any(list(ids)), i.c.resource.is_not(None)).order_by(i.c.id)
    return [version_of(row) for row in connection.execute(asked)]


def history(connection: Connection, of: Version, *, before: int | None, count: int) -> Page:
    """Return the versions of a resource, the newest first; `before` is the last one seen."""
    i = t.import_item
    asked = select(i.c.id, _SIZE).where(
        i.c.source == of.source, i.c.item_key == of.key, i.c.kind == of.kind, i.c.resource.is_not(None)
    )
    if before is not None:
        asked = asked.where(i.c.id < before)
    return _page(connection, asked.order_by(i.c.id.desc()), count)


def search(connection: Connection, query: Query, *, count: int) -> Page:
    """Return up to `count` standing resources in the order asked for; fewer where they are large."""
    i = t.import_item
    asked = select(i.c.id, _SIZE).where(*_where(connection, query))
    if query.newest_first is None:
        asked = asked.order_by(i.c.id)
    elif query.newest_first:
        asked = asked.order_by(i.c.recorded_at.desc(), i.c.id.desc())
    else:
        asked = asked.order_by(i.c.recorded_at, i.c.id)
    return _page(connection, asked, count)


def count(connection: Connection, query: Query) -> int:
    """Return how many standing resources a search finds, on all its pages."""
    asked = select(func.count()).select_from(t.import_item).where(*_where(connection, query, paged=False))
    return int(connection.execute(asked).scalar_one())


@contextmanager
def bounded(connection: Connection, seconds: int = LONGEST_SEARCH) -> Iterator[None]:
    """End a search that takes longer.

    Raises:
        TooCostly: it did; the transaction is over.
    """
    connection.execute(text(f"set local statement_timeout = {seconds * 1000}"))
    try:
        yield
    except OperationalError as error:
        if isinstance(error.orig, QueryCanceled):
            raise TooCostly from None
        raise
    connection.execute(text("set local statement_timeout = 0"))


def named_so(connection: Connection, kind: str, ids: Sequence[str], source: str | None) -> ColumnElement[bool]:
    """Return the SQL condition that a row is called by one of these ids, served by the ledger's own index."""
    i = t.import_item.c
    keys = [key for each in ids for key in (f"{kind}/{each}", f"{_URN}{each}")]
    within = [source] if source is not None else sources(connection)
    by_key = and_(i.source == func.any(within), i.item_key == func.any(keys))
    hashes = [each for each in ids if _HEX.fullmatch(each)]
    if not hashes:
        return by_key
    by_hash = and_(
        func.md5(i.item_key).in_(hashes), text("item_key not like kind || '/%'"), i.source == func.any(within)
    )
    return or_(by_key, by_hash)


def _where(connection: Connection, query: Query, *, paged: bool = True) -> list[Any]:
    i = t.import_item.c
    found = [
        i.kind.in_(query.kinds) if query.kinds else i.kind != "",
        i.resource.is_not(None),
        i.superseded_at.is_(None),
        *conditions(query, paged=paged),
    ]
    if query.source is not None:
        found.append(i.source == query.source)
    for ids in query.ids:
        found.append(named_so(connection, query.kinds[0], ids, query.source))
    return found


def _page(connection: Connection, asked: Select[tuple[int, int]], count: int) -> Page:
    rows = connection.execute(asked.limit(count + 1)).all()
    chosen: list[int] = []
    left = MOST_BYTES
    for row in rows[:count]:
        left -= row.size
        if left < 0 and chosen:
            break
        chosen.append(row.id)
    found = {each.id: each for each in by_ids(connection, chosen)}
    return Page(versions=[found[each] for each in chosen if each in found], has_more=len(rows) > len(chosen))


class _Found(Exception):
    """The member that was looked for is there."""


def _has_id(text: str) -> bool:
    scanner = Scanner()

    def member(name: str, at: int) -> int:
        if name == "id":
            raise _Found
        return scanner.value(text, at)[1]

    try:
        scanner.members(text, skip(text, 0), member)
    except _Found:
        return True
    return False


def version_of(row: Row[Any]) -> Version:
    """Return a row of the ledger as a version."""
    return Version(
        id=row.id, source=row.source, key=row.item_key, kind=row.kind, patient_id=row.patient_id,
        fingerprint=row.fingerprint, recorded_at=row.recorded_at, superseded_at=row.superseded_at, text=row.resource,
    )  # fmt: skip
