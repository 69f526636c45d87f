"""What do recalls and reminders need from a database and a clock?

Two stores pass the same contract tests: `alerts.memory` and the PostgreSQL one. A state change is one conditional
update (`where id = and state = and version =`; one row changed = I won), its event and its messages: one transaction.
The road of a message: waiting -> claimed -> [handed_over ->] sent | failed | uncertain | stopped.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Protocol

from alerts.message import InboxMessage, Message, Receipt
from alerts.recall import Event, Recall, Step
from alerts.trigger import Trigger


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the time, aware, in the site's time zone: its date is "today"."""


class RecallStore(Protocol):
    """Keeps recalls and what was done to them."""

    def open_recall(self, trigger: Trigger, now: datetime, by: str = "twin") -> Recall | None:
        """Open a recall and append its event; None where a live one of this patient and key exists."""

    def get(self, recall_id: str) -> Recall | None:
        """Return one recall as it stands."""

    def live(self, patient_id: str) -> Sequence[Recall]:
        """Return the patient's open recalls, the earliest due first."""

    def latest(self, patient_ids: Sequence[str]) -> Mapping[tuple[str, str], Recall]:
        """Return by (patient_id, key) the live recall, else the one that was opened last: what `judge` wants.

        One that was withdrawn because a merge was undone (`joining.is_void`) is as if it had never been.
        """

    def apply(self, step: Step, messages: Sequence[Message] = ()) -> bool:
        """Write a step, its event and its messages; False, and nothing written, where another was faster.

        Also False where a reopening would make two live recalls of one patient and key. A quietening action
        (`lifecycle.QUIETENING`) stops the recall's undelivered messages in the same transaction.
        """

    def due_for_reminder(self, today: date, limit: int, after: Recall | None = None) -> Sequence[Recall]:
        """Return a page of the recalls for which `recall.reminder_due` finds a reminder, by (due_from, id)."""

    def events(self, recall_id: str) -> Sequence[Event]:
        """Return what was done to a recall, the oldest first."""


class Outbox(Protocol):
    """Keeps messages until they have left. But for `put` and `stop_for` a change needs the caller's own claim."""

    def put(self, messages: Sequence[Message]) -> None:
        """Take in notes, which belong to no recall; one that was put in before changes nothing."""

    def claim(self, now: datetime, lease: timedelta, limit: int) -> Sequence[Message]:
        """Take messages that wait and are ripe, or whose claim has run out; no two callers get the same one."""

    def hand_over(self, message: Message, now: datetime, lease: timedelta) -> bool:
        """Note, right before the step that can't be taken back, that the message is leaving; False: do not send."""

    def sent(self, message: Message, receipt: Receipt, now: datetime) -> bool:
        """Note that the message left, and write the receipt's inbox message in the same transaction.

        Taken from claimed, handed_over, and uncertain (a late answer is still an answer).
        """

    def failed(
        self, message: Message, error: str, retry_at: datetime | None, now: datetime, notice: InboxMessage | None = None
    ) -> bool:
        """Note that a message claimed or handed over did not leave.

        It waits until `retry_at`; with None it has failed for good, and the notice is written with it.
        """

    def set_aside(self, message: Message, reason: str, now: datetime) -> bool:
        """Stop a claimed message for a named reason; it never goes out."""

    def stop_for(self, recall_id: str, now: datetime) -> int:
        """Stop all messages of a recall that are waiting or claimed; returns how many."""

    def uncertain(self, now: datetime, limit: int, notice: Callable[[Message], InboxMessage]) -> Sequence[Message]:
        """Mark messages handed over whose lease has run out as uncertain, and write each one's notice with it."""


class Inbox(Protocol):
    """What people find in the system itself."""

    def inbox(self, recipients: Sequence[str], limit: int) -> Sequence[InboxMessage]:
        """Return the newest messages for these recipients (a user and the user's roles)."""

    def read(self, message_id: str, now: datetime) -> bool:
        """Note that a message was read; False where it was already, or is not there."""
