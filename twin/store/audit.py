"""Who looked at or changed which patient, and has anyone touched that list since?

An event is appended in the transaction of what it tells of. A moment later it is sealed: its row and the seal before
it are hashed together, so a row changed, deleted or moved breaks every seal after it. What a chain cannot show alone is
that its end was cut off: write the head down elsewhere (`verify(..., anchor=...)` finds it again).

Sealing asks "which events have no seal yet", not "which ids are new": ids commit out of order.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import Connection, Row, func, insert, select

from twin.store.tables import audit_event, audit_seal

Outcome = Literal["success", "denied", "not_found", "failed"]
GENESIS = "0" * 64  # stands before the first seal
REACH = 100_000  # ids a transaction may lag behind the newest seal and still be found at every beat


@dataclass(frozen=True, kw_only=True)
class Head:
    """The newest seal: after it, `position` events are fixed."""

    position: int
    hash: str


@dataclass(frozen=True, kw_only=True)
class Break:
    """The first place where the chain does not hold."""

    position: int
    event_id: int
    reason: Literal["changed", "deleted", "seal_missing", "head_missing"]


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What a walk along the whole chain found; `unsealed_tail` events are not yet protected."""

    events: int
    sealed: int
    unsealed_tail: int
    first_break: Break | None
    head: Head | None


def append(
    connection: Connection,
    *,
    at: datetime,
    actor: str,
    action: str,
    resource: str,
    outcome: Outcome = "success",
    patient_id: str | None = None,
    detail: Mapping[str, object] | None = None,
) -> None:
    """Write one event in the caller's transaction. `detail` holds ids, codes and counts; never a name or a value."""
    row = {"at": at, "actor": actor, "action": action, "patient_id": patient_id, "resource": resource}
    connection.execute(insert(audit_event).values(outcome=outcome, detail=dict(detail or {}), **row))


def append_many(
    connection: Connection, patients: Mapping[str, Mapping[str, object]], *, at: datetime, actor: str, action: str,
    resource: str,
) -> None:  # fmt: skip
    """Write one event a patient: patient id to its detail."""
    rows = [
        {
            "at": at, "actor": actor, "action": action, "patient_id": patient_id, "resource": resource,
            "outcome": "success", "detail": dict(detail),
        }
        for patient_id, detail in sorted(patients.items())
    ]  # fmt: skip
    if rows:
        connection.execute(insert(audit_event), rows)


def seal(connection: Connection, now: datetime, limit: int = 10_000, *, reach: int | None = REACH) -> int:
    """Seal up to `limit` events that have no seal yet, oldest id first, and return how many.

    Args:
        reach: how many ids behind the newest seal to look for late ones; None looks at all (once a day is enough).
    """
    connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended("audit seal", 0))))
    head = head_of(connection)
    position, previous = (head.position, head.hash) if head else (0, GENESIS)
    seals = []
    for row in connection.execute(_unsealed(limit, reach)).all():
        position += 1
        previous = _link(previous, position, now, row)
        seals.append({"position": position, "event_id": row.id, "hash": previous, "sealed_at": now})
    if seals:
        connection.execute(insert(audit_seal), seals)
    return len(seals)


def head_of(connection: Connection) -> Head | None:
    """Return the newest seal, None before the first."""
    last = select(audit_seal.c.position, audit_seal.c.hash).order_by(audit_seal.c.position.desc()).limit(1)
    row = connection.execute(last).one_or_none()
    return None if row is None else Head(position=row.position, hash=row.hash)


def verify(connection: Connection, *, anchor: Head | None = None) -> Verification:
    """Walk the chain from its first seal and return what holds.

    Args:
        anchor: a head written down earlier; it must still stand at its place.
    """
    events = connection.execute(select(func.count()).select_from(audit_event)).scalar_one()
    unsealed = connection.execute(select(func.count()).select_from(_unsealed(None, None).subquery())).scalar_one()
    head = Head(position=0, hash=GENESIS)
    first_break = None
    is_anchored = anchor is None
    for row in _chain(connection):
        first_break = first_break or _break_at(row, head)
        head = Head(position=row.position, hash=row.hash)
        is_anchored = is_anchored or head == anchor
    if first_break is None and not is_anchored and anchor is not None:
        first_break = Break(position=anchor.position, event_id=0, reason="head_missing")
    sealed = connection.execute(select(func.count()).select_from(audit_seal)).scalar_one()
    return Verification(
        events=events, sealed=sealed, unsealed_tail=unsealed,
        first_break=first_break, head=head if sealed else None,
    )  # fmt: skip


def _unsealed(limit: int | None, reach: int | None):  # type: ignore[no-untyped-def]  # a Select of all columns
    rows = (
        select(audit_event)
        .where(~select(audit_seal.c.event_id).where(audit_seal.c.event_id == audit_event.c.id).exists())
        .order_by(audit_event.c.id)
        .limit(limit)
    )
    if reach is not None:
        newest = select(func.coalesce(func.max(audit_seal.c.event_id), 0)).scalar_subquery()
        rows = rows.where(audit_event.c.id > newest - reach)
    return rows


def _chain(connection: Connection) -> Iterator[Row]:
    """Every seal in order, beside its event (`id` is None where the event is gone), read in portions."""
    columns = [column for column in audit_event.c]
    rows = (
        select(audit_seal, *columns)
        .join(audit_event, audit_event.c.id == audit_seal.c.event_id, isouter=True)
        .order_by(audit_seal.c.position)
    )
    yield from connection.execute(rows, execution_options={"yield_per": 5_000})


def _break_at(row: Row, before: Head) -> Break | None:
    """Return what is wrong with this seal, given the one before it."""
    if row.position != before.position + 1:
        return Break(position=before.position + 1, event_id=row.event_id, reason="seal_missing")
    if row.id is None:
        return Break(position=row.position, event_id=row.event_id, reason="deleted")
    if _link(before.hash, row.position, row.sealed_at, row) != row.hash:
        return Break(position=row.position, event_id=row.event_id, reason="changed")
    return None


def _link(previous: str, position: int, sealed_at: datetime, row: Row) -> str:
    body = {
        "position": position, "sealed_at": _instant(sealed_at), "id": row.id, "at": _instant(row.at),
        "actor": row.actor, "action": row.action, "patient_id": row.patient_id, "resource": row.resource,
        "outcome": row.outcome, "detail": row.detail,
    }  # fmt: skip
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(previous.encode() + canonical.encode()).hexdigest()


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")
