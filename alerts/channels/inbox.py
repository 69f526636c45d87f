"""The system's own inbox: the message appears in the transaction that marks it sent, so exactly once."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from alerts.channels.base import ChannelKind, opener
from alerts.message import InboxMessage, Message, Receipt
from alerts.text import letter


@dataclass(frozen=True, kw_only=True)
class InboxChannel:
    """Needs no settings and can't fail by itself."""

    def send(self, message: Message, *, now: datetime, hand_over: Callable[[], None]) -> Receipt:
        """Return the inbox message in the receipt; nothing leaves the database, so nothing is handed over."""
        words = letter(message)
        inbox = InboxMessage(
            id=message.id,
            recipient=message.recipient,
            recall_id=message.recall_id,
            patient_id=message.patient_id,
            kind=message.kind,
            title=words.title,
            body=words.body,
            created_at=now,
        )
        return Receipt(text="in the inbox", inbox=inbox)


CHANNEL = ChannelKind(key="inbox", open=opener(InboxChannel))
