"""Whom messages can go to: the people with an account, by the channels they can be reached through."""

from datetime import datetime

from sqlalchemy import Connection, Row, select, update

from alerts.message import Recipient
from twin.store.tables import user_account


def recipients(connection: Connection) -> tuple[Recipient, ...]:
    """Return everybody active; an address is there for each channel that reaches them (the inbox always does)."""
    rows = connection.execute(select(user_account).where(user_account.c.active).order_by(user_account.c.id))
    return tuple(_recipient(row) for row in rows)


def readers(connection: Connection) -> tuple[tuple[Recipient, ...], bool]:
    """Return the readers on duty and True; all active readers and False where nobody is on duty."""
    is_reader = (user_account.c.active, user_account.c.role == "reader")
    rows = connection.execute(select(user_account).where(*is_reader).order_by(user_account.c.id)).all()
    on_duty = [row for row in rows if row.on_duty_since is not None]
    return tuple(_recipient(row) for row in on_duty or rows), bool(on_duty)


def on_duty(connection: Connection) -> list[tuple[str, str, datetime]]:
    """Return user name, shown name and beginning of duty of the readers on duty."""
    account = user_account.c
    rows = connection.execute(
        select(account.username, account.display_name, account.on_duty_since)
        .where(account.active, account.role == "reader", account.on_duty_since.is_not(None))
        .order_by(account.on_duty_since)
    )
    return [(row.username, row.display_name, row.on_duty_since) for row in rows]


def set_duty(connection: Connection, username: str, since: datetime | None) -> bool:
    """Begin (`since`) or end (None) a reader's duty; False where it is so already, or this is no reader."""
    account = user_account.c
    changes = account.on_duty_since.is_(None) if since else account.on_duty_since.is_not(None)
    mine = (account.username == username, account.role == "reader", account.active, changes)
    return connection.execute(update(user_account).where(*mine).values(on_duty_since=since)).rowcount == 1


def _recipient(row: Row) -> Recipient:
    return Recipient(
        id=row.username,
        roles=frozenset({row.role}),
        addresses={"inbox": row.username} | ({"email": row.email} if row.email else {}),
        language=row.language,
    )
