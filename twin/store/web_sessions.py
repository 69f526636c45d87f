"""Who is signed in: opaque random tokens in cookies, of which only a hash is kept here."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update

from twin.store.accounts import User, user_of
from twin.store.tables import user_account, web_session


@dataclass(frozen=True, kw_only=True)
class Lifetime:
    """A session ends after `idle` without a request, and `absolute` after sign-in whatever happens."""

    idle: timedelta
    absolute: timedelta


@dataclass(frozen=True, kw_only=True)
class Session:
    """A living session: whose it is, and the token its forms must carry."""

    user: User
    csrf_token: str


def open_session(connection: Connection, user_id: int, *, now: datetime, lifetime: Lifetime) -> str:
    """Return the secret for the cookie of a new session; sessions past their end are swept out on the way."""
    ended = select(web_session.c.token_hash).where(web_session.c.created_at <= now - lifetime.absolute)
    connection.execute(delete(web_session).where(web_session.c.token_hash.in_(ended.with_for_update(skip_locked=True))))
    token = secrets.token_urlsafe(32)
    row = {"token_hash": digest(token), "user_id": user_id, "csrf_token": secrets.token_urlsafe(32)}
    connection.execute(insert(web_session).values(created_at=now, last_seen_at=now, **row))
    return token


def find_session(connection: Connection, token: str, *, now: datetime, lifetime: Lifetime) -> Session | None:
    """Return the session of this cookie if it lives and its account is active, and note that it was seen."""
    table = web_session.c
    row = connection.execute(
        select(user_account, table.csrf_token, table.last_seen_at)
        .join(web_session, table.user_id == user_account.c.id)
        .where(
            table.token_hash == digest(token),
            user_account.c.active,
            table.last_seen_at > now - lifetime.idle,
            table.created_at > now - lifetime.absolute,
        )
    ).one_or_none()
    if row is None:
        return None
    if now - row.last_seen_at > min(timedelta(minutes=1), lifetime.idle / 10):  # a page of 30 parts writes once
        connection.execute(update(web_session).where(table.token_hash == digest(token)).values(last_seen_at=now))
    return Session(user=user_of(row), csrf_token=row.csrf_token)


def end_session(connection: Connection, token: str) -> None:
    """End the session of this cookie, if there is one."""
    connection.execute(delete(web_session).where(web_session.c.token_hash == digest(token)))


def digest(secret: str) -> str:
    """Return what is kept of a secret. It has 256 random bits, so no slow hash and no salt are needed."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
