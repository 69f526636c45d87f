"""Whom reminders can go to: the people with an account, by the channels they can be reached through."""

from sqlalchemy import Connection, select

from alerts.message import Recipient
from twin.store.tables import user_account


def recipients(connection: Connection) -> tuple[Recipient, ...]:
    """Return everybody active; an address is there for each channel that reaches them (the inbox always does)."""
    rows = connection.execute(select(user_account).where(user_account.c.active).order_by(user_account.c.id))
    return tuple(
        Recipient(
            id=row.username,
            roles=frozenset({row.role}),
            addresses={"inbox": row.username} | ({"email": row.email} if row.email else {}),
            language=row.language,
        )
        for row in rows
    )
