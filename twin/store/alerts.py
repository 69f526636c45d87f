"""Recalls, the outbox and the inbox in PostgreSQL: the ports of `alerts` on one database, each call one transaction.

A change is a conditional update; one row changed means that this caller won. It passes the same contract tests as
`alerts.memory`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import (
    ARRAY,
    UUID,
    Connection,
    Engine,
    Row,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    or_,
    select,
    text,
    tuple_,
    update,
)  # fmt: skip
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from alerts.joining import UN_MERGED
from alerts.lifecycle import QUIETENING
from alerts.message import InboxMessage, Message, Receipt
from alerts.recall import Closing, Event, Recall, Step, opened
from alerts.trigger import Trigger
from twin.store.links import is_retired
from twin.store.tables import inbox_message, outbox, recall, recall_event

# A reminder of a record read as part of another waits until that is undone; the survivor's own recall reminds.
_IS_MERGED = exists().where(recall.c.id == outbox.c.recall_id, is_retired(recall.c.patient_id))
_FIXED = frozenset({"id", "patient_id", "key", "opened_at"})  # what no step may change
_RECALL = tuple(Recall.__dataclass_fields__)


class _Within:
    """Stands where the engine stands, for calls that belong to the caller's transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        yield self._connection

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        with self._connection.begin_nested():
            yield self._connection


_IS_VOID = and_(recall.c.state == "stopped", recall.c.closing["reason"].astext == UN_MERGED)
_LATEST = (
    select(recall)
    .where(recall.c.patient_id == func.any(bindparam("ids", type_=ARRAY(UUID(as_uuid=False)))), _IS_VOID.is_not(True))
    .order_by(recall.c.state == "open", recall.c.opened_at, recall.c.id)  # of a key the live one last
)


class PostgresAlerts:
    """RecallStore, Outbox and Inbox of one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine: Engine | _Within = engine

    @classmethod
    def within(cls, connection: Connection) -> "PostgresAlerts":
        """Return the same store inside the caller's transaction: each call a savepoint of it."""
        made = cls(connection.engine)
        made._engine = _Within(connection)
        return made

    # --- recalls ---

    def open_recall(self, trigger: Trigger, now: datetime, by: str = "twin") -> Recall | None:
        new, event = opened(trigger, str(uuid4()), now, by)
        return new if self.add(new, event) else None

    def add(self, new: Recall, event: Event) -> bool:
        """Write a new recall with its first event; False where a live one of its patient and key exists."""
        adding = (
            insert(recall)
            .values(_recall_values(new))
            .on_conflict_do_nothing(
                index_elements=[recall.c.patient_id, recall.c.key], index_where=text("state = 'open'")
            )
        )
        with self._engine.begin() as connection:
            if connection.execute(adding.returning(recall.c.id)).first() is None:
                return False
            _append(connection, event)
        return True

    def get(self, recall_id: str) -> Recall | None:
        found = self._recalls(select(recall).where(recall.c.id == recall_id))
        return found[0] if found else None

    def live(self, patient_id: str) -> Sequence[Recall]:
        mine = select(recall).where(recall.c.patient_id == patient_id, recall.c.state == "open")
        return self._recalls(mine.order_by(recall.c.due_at, recall.c.id))

    def all_of(self, patient_id: str) -> Sequence[Recall]:
        """Return every recall of a patient, in the order in which they were opened."""
        mine = select(recall).where(recall.c.patient_id == patient_id)
        return self._recalls(mine.order_by(recall.c.opened_at, recall.c.id))

    def latest(self, patient_ids: Sequence[str]) -> Mapping[tuple[str, str], Recall]:
        asked = self._recalls(_LATEST, {"ids": list(patient_ids)})
        return {(found.patient_id, found.key): found for found in asked}  # the last of a key stays

    def apply(self, step: Step, messages: Sequence[Message] = ()) -> bool:
        before, after = step.before, step.after
        values = {name: value for name, value in _recall_values(after).items() if name not in _FIXED}
        unchanged = (recall.c.id == before.id, recall.c.state == before.state, recall.c.version == before.version)
        try:
            with self._engine.begin() as connection:
                if connection.execute(update(recall).where(*unchanged).values(values)).rowcount != 1:
                    return False
                _append(connection, step.event)
                if step.event.action in QUIETENING:
                    _stop_for(connection, after.id)
                for message in messages:
                    connection.execute(insert(outbox).values(_message_values(message)).on_conflict_do_nothing())
        except IntegrityError as error:
            if getattr(getattr(error.orig, "diag", None), "constraint_name", None) == "uq_recall_live":
                return False  # a reopening beside a recall that is live
            raise
        return True

    def due_for_reminder(self, today: date, limit: int, after: Recall | None = None) -> Sequence[Recall]:
        column = recall.c
        told_overdue = column.reminded_overdue_for >= column.overdue_at
        told_due = column.reminded_due_for >= column.due_from
        is_told = case((column.overdue_at <= today, told_overdue), else_=told_due)
        due = select(recall).where(
            column.state == "open",
            column.due_from <= today,
            or_(column.snoozed_until.is_(None), column.snoozed_until <= today),
            is_told.is_not(True),
            ~is_retired(column.patient_id),
        )
        if after is not None:
            due = due.where(tuple_(column.due_from, column.id) > (after.due_from, after.id))
        return self._recalls(due.order_by(column.due_from, column.id).limit(limit))

    def events(self, recall_id: str) -> Sequence[Event]:
        mine = select(recall_event).where(recall_event.c.recall_id == recall_id).order_by(recall_event.c.id)
        with self._engine.connect() as connection:
            rows = connection.execute(mine).all()
        return tuple(
            Event(recall_id=row.recall_id, action=row.kind, at=row.at, by=row.actor, detail=row.detail) for row in rows
        )

    # --- outbox ---

    def put(self, messages: Sequence[Message]) -> None:
        with self._engine.begin() as connection:
            for message in messages:
                connection.execute(insert(outbox).values(_message_values(message)).on_conflict_do_nothing())

    def claim(self, now: datetime, lease: timedelta, limit: int) -> Sequence[Message]:
        waits = and_(outbox.c.status == "waiting", outbox.c.not_before <= now)
        lost = and_(outbox.c.status == "claimed", outbox.c.claimed_until <= now)
        values = {"status": "claimed", "attempts": outbox.c.attempts + 1, "claimed_until": now + lease}
        with self._engine.begin() as connection:
            return _take(connection, and_(or_(waits, lost), ~_IS_MERGED), values, limit)

    def hand_over(self, message: Message, now: datetime, lease: timedelta) -> bool:
        with self._engine.begin() as connection:
            return _move(
                connection, message, ("claimed",), "handed_over", handed_over_at=now, claimed_until=now + lease
            )

    def sent(self, message: Message, receipt: Receipt, now: datetime) -> bool:
        before = ("claimed", "handed_over", "uncertain")
        with self._engine.begin() as connection:
            is_mine = _move(connection, message, before, "sent", sent_at=now, receipt=receipt.text)
            if is_mine and receipt.inbox is not None:
                _to_inbox(connection, receipt.inbox)
        return is_mine

    def failed(
        self, message: Message, error: str, retry_at: datetime | None, now: datetime, notice: InboxMessage | None = None
    ) -> bool:
        status = "failed" if retry_at is None else "waiting"
        with self._engine.begin() as connection:
            before = ("claimed", "handed_over")
            is_mine = _move(connection, message, before, status, not_before=retry_at or now, last_error=error)
            if is_mine and retry_at is None and notice is not None:
                _to_inbox(connection, notice)
        return is_mine

    def set_aside(self, message: Message, reason: str, now: datetime) -> bool:
        with self._engine.begin() as connection:
            return _move(connection, message, ("claimed",), "stopped", last_error=reason)

    def stop_for(self, recall_id: str, now: datetime) -> int:
        with self._engine.begin() as connection:
            return _stop_for(connection, recall_id)

    def uncertain(self, now: datetime, limit: int, notice: Callable[[Message], InboxMessage]) -> Sequence[Message]:
        is_over = and_(outbox.c.status == "handed_over", outbox.c.claimed_until <= now)
        with self._engine.begin() as connection:
            messages = _take(connection, is_over, {"status": "uncertain"}, limit)
            for message in messages:
                _to_inbox(connection, notice(message))
        return messages

    # --- inbox ---

    def inbox(self, recipients: Sequence[str], limit: int) -> Sequence[InboxMessage]:
        mine = select(inbox_message).where(inbox_message.c.recipient.in_(recipients))
        newest = mine.order_by(inbox_message.c.created_at.desc(), inbox_message.c.id.desc()).limit(limit)
        with self._engine.connect() as connection:
            return [_inbox_message(row) for row in connection.execute(newest)]

    def read(self, message_id: str, now: datetime) -> bool:
        unread = (inbox_message.c.id == message_id, inbox_message.c.read_at.is_(None))
        with self._engine.begin() as connection:
            return connection.execute(update(inbox_message).where(*unread).values(read_at=now)).rowcount == 1

    def _recalls(self, asked: Select[Any], given: Mapping[str, Any] | None = None) -> list[Recall]:
        """The recalls that a select of all columns of recall finds (Any: of whatever type these are)."""
        with self._engine.connect() as connection:
            return [_recall(row) for row in connection.execute(asked, given)]


def _take(connection: Connection, wanted: Any, values: Mapping[str, Any], limit: int) -> list[Message]:
    """Lock up to `limit` wanted rows that nobody else has locked, change them, and return their messages."""
    chosen = select(outbox.c.id).where(wanted).order_by(outbox.c.created_at, outbox.c.id).limit(limit)
    locked = chosen.with_for_update(skip_locked=True).cte("locked")
    rows = connection.execute(update(outbox).where(outbox.c.id == locked.c.id).values(values).returning(outbox))
    return sorted((_message(row) for row in rows), key=lambda message: (message.created_at, message.id))


def _move(connection: Connection, message: Message, before: Sequence[str], status: str, **values: object) -> bool:
    """Change the row where it still belongs to this claim; `attempts` is the claim's token."""
    mine = [outbox.c.id == message.id, outbox.c.status.in_(before), outbox.c.attempts == message.attempt]
    if status in ("handed_over", "sent"):  # merged away since it was claimed: it waits, as before it was claimed
        mine.append(or_(outbox.c.status != "claimed", ~_IS_MERGED))
    return connection.execute(update(outbox).where(*mine).values(status=status, **values)).rowcount == 1


def _stop_for(connection: Connection, recall_id: str) -> int:
    undelivered = (outbox.c.recall_id == recall_id, outbox.c.status.in_(("waiting", "claimed")))
    return connection.execute(update(outbox).where(*undelivered).values(status="stopped")).rowcount


def _append(connection: Connection, event: Event) -> None:
    row = {"recall_id": event.recall_id, "at": event.at, "kind": event.action, "actor": event.by}
    connection.execute(insert(recall_event).values(**row, detail=dict(event.detail)))


def _to_inbox(connection: Connection, letter: InboxMessage) -> None:
    row = {name: getattr(letter, name) for name in ("id", "recipient", "recall_id", "kind", "created_at", "read_at")}
    payload = {"title": letter.title, "body": letter.body, "patient_id": letter.patient_id}
    connection.execute(
        insert(inbox_message).values(**row, outbox_id=letter.id, payload=payload).on_conflict_do_nothing()
    )


def _recall_values(found: Recall) -> dict[str, Any]:
    plain = {name: getattr(found, name) for name in _RECALL}
    return plain | {
        "reason": dict(found.reason),
        "evidence": dict(found.evidence),
        "examination": dict(found.examination),
        "closes_with": list(found.closes_with),
        "closing": None if found.closing is None else asdict(found.closing),
    }


def _recall(row: Row[Any]) -> Recall:
    plain = {name: getattr(row, name) for name in _RECALL}
    closing = None if row.closing is None else Closing(**row.closing)
    return Recall(**plain | {"closes_with": tuple(row.closes_with), "closing": closing})


def _message_values(message: Message) -> dict[str, Any]:
    names = ("id", "dedupe_key", "recall_id", "kind", "channel", "recipient", "language", "created_at")
    return {name: getattr(message, name) for name in names} | {
        "payload": {
            "address": message.address, "patient_id": message.patient_id, "content": dict(message.content),
        },
        "status": "waiting",
        "not_before": message.created_at,
        "attempts": message.attempt,
    }  # fmt: skip


def _message(row: Row[Any]) -> Message:
    names = ("id", "dedupe_key", "recall_id", "kind", "channel", "recipient", "language", "created_at")
    return Message(**{name: getattr(row, name) for name in names}, **row.payload, attempt=row.attempts)


def _inbox_message(row: Row[Any]) -> InboxMessage:
    names = ("id", "recipient", "recall_id", "kind", "created_at", "read_at")
    return InboxMessage(**{name: getattr(row, name) for name in names}, **row.payload)
