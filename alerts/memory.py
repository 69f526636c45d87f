"""What do the ports promise, in the simplest store that keeps the promises? In memory, one lock for one transaction."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from threading import RLock
from typing import Literal
from uuid import uuid4

from alerts.joining import is_void
from alerts.lifecycle import QUIETENING
from alerts.message import InboxMessage, Message, Receipt
from alerts.recall import Event, Recall, Reminder, Step, opened, reminder_due
from alerts.trigger import Trigger

Road = Literal["waiting", "claimed", "handed_over", "sent", "failed", "uncertain", "stopped"]


@dataclass(frozen=True, kw_only=True)
class Row:
    """A message in the outbox; `until` is when it is ripe (waiting) or when its lease ends (claimed, handed over)."""

    message: Message
    state: Road
    until: datetime
    note: str = ""


@dataclass
class SetClock:
    """A clock that is set by hand."""

    time: datetime

    def now(self) -> datetime:
        """Return the time it was set to."""
        return self.time


@dataclass
class MemoryStore:
    """RecallStore, Outbox and Inbox in one, because they share transactions."""

    recalls: dict[str, Recall] = field(default_factory=dict)
    history: dict[str, list[Event]] = field(default_factory=dict)
    outbox: dict[str, Row] = field(default_factory=dict)
    letters: dict[str, InboxMessage] = field(default_factory=dict)
    _lock: RLock = field(default_factory=RLock)

    def open_recall(self, trigger: Trigger, now: datetime, by: str = "twin") -> Recall | None:
        with self._lock:
            if self._has_live(trigger.patient_id, trigger.key):
                return None
            recall, event = opened(trigger, str(uuid4()), now, by)
            self.recalls[recall.id] = recall
            self.history[recall.id] = [event]
            return recall

    def get(self, recall_id: str) -> Recall | None:
        return self.recalls.get(recall_id)

    def live(self, patient_id: str) -> Sequence[Recall]:
        with self._lock:
            mine = [r for r in self.recalls.values() if r.patient_id == patient_id and r.state == "open"]
        return sorted(mine, key=lambda recall: (recall.due_at, recall.id))

    def latest(self, patient_ids: Sequence[str]) -> Mapping[tuple[str, str], Recall]:
        wanted = set(patient_ids)
        with self._lock:
            mine = [each for each in self.recalls.values() if each.patient_id in wanted and not is_void(each)]
        mine.sort(key=lambda recall: (recall.state == "open", recall.opened_at, recall.id))
        return {(recall.patient_id, recall.key): recall for recall in mine}

    def apply(self, step: Step, messages: Sequence[Message] = ()) -> bool:
        with self._lock:
            before, after = step.before, step.after
            held = self.recalls.get(before.id)
            if held is None or (held.state, held.version) != (before.state, before.version):
                return False
            if before.state != "open" and after.state == "open" and self._has_live(after.patient_id, after.key):
                return False
            self.recalls[after.id] = after
            self.history[after.id].append(step.event)
            if step.event.action in QUIETENING:
                self.stop_for(after.id, step.event.at)
            for message in messages:
                self.outbox.setdefault(message.id, Row(message=message, state="waiting", until=message.created_at))
            return True

    def due_for_reminder(self, today: date, limit: int, after: Recall | None = None) -> Sequence[Recall]:
        with self._lock:
            due = [r for r in self.recalls.values() if isinstance(reminder_due(r, today), Reminder)]
        start = (after.due_from, after.id) if after else (date.min, "")
        return sorted((r for r in due if (r.due_from, r.id) > start), key=lambda r: (r.due_from, r.id))[:limit]

    def events(self, recall_id: str) -> Sequence[Event]:
        return tuple(self.history.get(recall_id, ()))

    def put(self, messages: Sequence[Message]) -> None:
        with self._lock:
            for message in messages:
                self.outbox.setdefault(message.id, Row(message=message, state="waiting", until=message.created_at))

    def claim(self, now: datetime, lease: timedelta, limit: int) -> Sequence[Message]:
        with self._lock:
            ripe = [r for r in self.outbox.values() if r.state in ("waiting", "claimed") and r.until <= now]
            ripe.sort(key=lambda row: (row.until, row.message.id))
            taken = [replace(row.message, attempt=row.message.attempt + 1) for row in ripe[:limit]]
            for message in taken:
                self.outbox[message.id] = Row(message=message, state="claimed", until=now + lease)
            return taken

    def hand_over(self, message: Message, now: datetime, lease: timedelta) -> bool:
        return self._move(message, ("claimed",), "handed_over", now + lease)

    def sent(self, message: Message, receipt: Receipt, now: datetime) -> bool:
        with self._lock:
            is_mine = self._move(message, ("claimed", "handed_over", "uncertain"), "sent", now, receipt.text)
            return is_mine and self._deliver(receipt.inbox)

    def failed(
        self, message: Message, error: str, retry_at: datetime | None, now: datetime, notice: InboxMessage | None = None
    ) -> bool:
        with self._lock:
            state: Road = "waiting" if retry_at else "failed"
            is_mine = self._move(message, ("claimed", "handed_over"), state, retry_at or now, error)
            return is_mine and (retry_at is not None or self._deliver(notice))

    def set_aside(self, message: Message, reason: str, now: datetime) -> bool:
        return self._move(message, ("claimed",), "stopped", now, reason)

    def stop_for(self, recall_id: str, now: datetime) -> int:
        with self._lock:
            rows = [r for r in self.outbox.values() if r.message.recall_id == recall_id]
            return sum(self._move(row.message, ("waiting", "claimed"), "stopped", now) for row in rows)

    def uncertain(self, now: datetime, limit: int, notice: Callable[[Message], InboxMessage]) -> Sequence[Message]:
        with self._lock:
            over = [r for r in self.outbox.values() if r.state == "handed_over" and r.until <= now]
            over.sort(key=lambda row: (row.until, row.message.id))
            messages = [row.message for row in over[:limit]]
            for message in messages:
                self._move(message, ("handed_over",), "uncertain", now)
                self._deliver(notice(message))
            return messages

    def inbox(self, recipients: Sequence[str], limit: int) -> Sequence[InboxMessage]:
        with self._lock:
            mine = [letter for letter in self.letters.values() if letter.recipient in recipients]
        return sorted(mine, key=lambda letter: (letter.created_at, letter.id), reverse=True)[:limit]

    def read(self, message_id: str, now: datetime) -> bool:
        with self._lock:
            letter = self.letters.get(message_id)
            if letter is None or letter.read_at is not None:
                return False
            self.letters[message_id] = replace(letter, read_at=now)
            return True

    def _has_live(self, patient_id: str, key: str) -> bool:
        return any(r.state == "open" and (r.patient_id, r.key) == (patient_id, key) for r in self.recalls.values())

    def _move(self, message: Message, frm: tuple[Road, ...], to: Road, until: datetime, note: str = "") -> bool:
        with self._lock:
            row = self.outbox.get(message.id)
            if row is None or row.state not in frm or row.message.attempt != message.attempt:
                return False
            self.outbox[message.id] = replace(row, state=to, until=until, note=note)
            return True

    def _deliver(self, letter: InboxMessage | None) -> bool:
        if letter is not None:
            self.letters.setdefault(letter.id, letter)
        return True
