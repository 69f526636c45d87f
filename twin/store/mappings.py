"""What this site has said its own codes and unit texts mean, in PostgreSQL.

Each change stands in the audit with the codes it is about, and none of them changes a stored fact: `twin remap` does.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.postgresql import insert as upsert

from twin.record.local import LocalMapping
from twin.store import audit
from twin.store.tables import local_code, local_unit


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeRow:
    """A local code and the key of the signal or concept it means."""

    source: str
    system: str
    code: str
    key: str
    added_by: str
    added_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class UnitRow:
    """A unit text and the UCUM unit it stands for."""

    text: str
    ucum: str
    added_by: str
    added_at: datetime


def load(connection: Connection) -> LocalMapping:
    """Return the site's mappings; their version is a hash of what they say, the same on every machine."""
    codes = {(row.source, row.system, row.code): row.key for row in list_codes(connection)}
    units = {row.text: row.ucum for row in list_units(connection)}
    return LocalMapping(codes=MappingProxyType(codes), units=MappingProxyType(units), version=_version(codes, units))


def list_codes(connection: Connection) -> tuple[CodeRow, ...]:
    """Return every local code, in order."""
    order = (local_code.c.source, local_code.c.system, local_code.c.code)
    return tuple(CodeRow(**row._mapping) for row in connection.execute(select(local_code).order_by(*order)))


def list_units(connection: Connection) -> tuple[UnitRow, ...]:
    """Return every local unit, in order."""
    return tuple(UnitRow(**row._mapping) for row in connection.execute(select(local_unit).order_by(local_unit.c.text)))


def map_code(
    connection: Connection, *, source: str, system: str, code: str, key: str, actor: str, now: datetime
) -> None:
    """Say what a code of a source means (source `""`: of any), in place of what was said before."""
    statement = upsert(local_code).values(
        source=source, system=system, code=code, key=key, added_by=actor, added_at=now
    )
    said = {name: statement.excluded[name] for name in ("key", "added_by", "added_at")}
    connection.execute(statement.on_conflict_do_update(index_elements=["source", "system", "code"], set_=said))
    detail = {"source": source, "system": system, "code": code, "key": key}
    audit.append(connection, at=now, actor=actor, action="map_code", resource="local_code", detail=detail)


def unmap_code(connection: Connection, *, source: str, system: str, code: str, actor: str, now: datetime) -> bool:
    """Take a local code back; False where there was none."""
    gone = connection.execute(
        delete(local_code).where(
            local_code.c.source == source, local_code.c.system == system, local_code.c.code == code
        )
    ).rowcount
    if gone:
        detail = {"source": source, "system": system, "code": code}
        audit.append(connection, at=now, actor=actor, action="unmap_code", resource="local_code", detail=detail)
    return bool(gone)


def map_unit(connection: Connection, *, text: str, ucum: str, actor: str, now: datetime) -> None:
    """Say which UCUM unit a unit text stands for, in place of what was said before."""
    statement = upsert(local_unit).values(text=text, ucum=ucum, added_by=actor, added_at=now)
    said = {name: statement.excluded[name] for name in ("ucum", "added_by", "added_at")}
    connection.execute(statement.on_conflict_do_update(index_elements=["text"], set_=said))
    detail = {"text": text, "ucum": ucum}
    audit.append(connection, at=now, actor=actor, action="map_unit", resource="local_unit", detail=detail)


def unmap_unit(connection: Connection, *, text: str, actor: str, now: datetime) -> bool:
    """Take a local unit back; False where there was none."""
    gone = connection.execute(delete(local_unit).where(local_unit.c.text == text)).rowcount
    if gone:
        audit.append(connection, at=now, actor=actor, action="unmap_unit", resource="local_unit", detail={"text": text})
    return bool(gone)


def _version(codes: Mapping[tuple[str, str, str], str], units: Mapping[str, str]) -> str:
    if not codes and not units:
        return ""
    said = repr((sorted(codes.items()), sorted(units.items())))
    return "local-" + hashlib.sha256(said.encode()).hexdigest()[:12]
