"""Was this very request answered before? One row a key and sender: claimed before the work, with its answer after it.

Source: draft-ietf-httpapi-idempotency-key-header. A claim whose process died is taken over after `DEAD`; the ledger
makes doing the work twice harmless.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection, delete, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert

from twin.store import tables as t

KEPT = timedelta(days=1)
DEAD = timedelta(seconds=60)
_PURGED = 20  # old rows taken away by each claim: more than one request can add


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """An answer that was given."""

    status: int
    headers: Mapping[str, str]
    body: bytes


Claim = Literal["claimed", "other_request", "running"] | Kept


def claim(connection: Connection, actor: str, key: str, request_hash: str, now: datetime) -> Claim:
    """Take a key for a request, or say what became of it before."""
    r, aged = t.idempotent_request, t.idempotent_request.alias()
    old = select(aged.c.actor, aged.c.key).where(aged.c.claimed_at <= now - KEPT)
    old = old.order_by(aged.c.claimed_at).limit(_PURGED)
    connection.execute(delete(r).where(tuple_(r.c.actor, r.c.key).in_(old)))
    mine = (r.c.actor == actor, r.c.key == key)
    connection.execute(delete(r).where(*mine, r.c.claimed_at <= now - KEPT))
    row = {"actor": actor, "key": key, "request_hash": request_hash, "claimed_at": now}
    if connection.execute(upsert(r).values(row).on_conflict_do_nothing().returning(r.c.key)).first() is not None:
        return "claimed"
    known = connection.execute(select(r).where(*mine).with_for_update()).one_or_none()
    if known is None:  # given back a moment ago
        return "running"
    if known.request_hash != request_hash:
        return "other_request"
    if known.status is not None:
        return Kept(status=known.status, headers=known.headers, body=bytes(known.body))
    if known.claimed_at > now - DEAD:
        return "running"
    connection.execute(update(r).where(*mine).values(claimed_at=now))
    return "claimed"


def keep(connection: Connection, actor: str, key: str, claimed_at: datetime, answer: Kept) -> None:
    """Write down the answer of a claim, unless somebody has taken it over meanwhile."""
    r = t.idempotent_request
    told = {"status": answer.status, "headers": dict(answer.headers), "body": answer.body}
    mine = (r.c.actor == actor, r.c.key == key, r.c.claimed_at == claimed_at, r.c.status.is_(None))
    connection.execute(update(r).where(*mine).values(told))


def give_back(connection: Connection, actor: str, key: str, claimed_at: datetime) -> None:
    """Give a claim back whose work came to no answer that is final."""
    r = t.idempotent_request
    mine = (r.c.actor == actor, r.c.key == key, r.c.claimed_at == claimed_at, r.c.status.is_(None))
    connection.execute(delete(r).where(*mine))
