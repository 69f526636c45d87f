"""What is to be told to whom, by which channel?

A `Message` lies in the outbox until it has left; an `InboxMessage` is what a person finds in the system itself.
Most remind of a recall; a `note` belongs to none and brings its own words.
Neither holds a patient's name: the patient is shown as the label that the site configured.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import NAMESPACE_URL, uuid5

from alerts.recall import Recall, Reminder, ReminderKind
from alerts.trigger import LANGUAGES

MessageKind = ReminderKind | Literal["note"]
InboxKind = Literal["due", "overdue", "note", "uncertain", "failed"]
_IDS = uuid5(NAMESPACE_URL, "urn:patient-twin:alerts")  # our own name space: the same reminder always has the same id


@dataclass(frozen=True, kw_only=True)
class Recipient:
    """A member of staff, or a role's shared box: addresses by channel key, and the language of the texts."""

    id: str
    roles: frozenset[str] = frozenset()
    addresses: Mapping[str, str] = field(default_factory=dict)
    language: str = "en"


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message for one recipient by one channel: a reminder of a recall, or a note (no recall).

    `content` holds what the texts are made of. Reminder: patient (label), reason, examination, due_at, priority; note:
    patient, title, body, subject (without the patient) and path (where it is dealt with). `attempt` counts the claims;
    it is also the token by which a worker whose lease ran out is told from the one that took over.
    """

    id: str
    dedupe_key: str
    recall_id: str | None
    patient_id: str | None
    kind: MessageKind
    channel: str
    recipient: str
    address: str
    language: str
    content: Mapping[str, str]
    created_at: datetime
    attempt: int = 0


@dataclass(frozen=True, kw_only=True)
class InboxMessage:
    """What a person finds in the inbox: a reminder, or the notice that one may not have arrived by another channel.

    Its id is that of the message it comes from: a message leaves one trace in the inbox at most, whatever happens.
    """

    id: str
    recipient: str
    recall_id: str | None
    patient_id: str | None
    kind: InboxKind
    title: str
    body: str
    created_at: datetime
    read_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What a channel can prove: the other side's answer, and for the inbox the message to write with it."""

    text: str
    inbox: InboxMessage | None = None


def addressed(
    recall: Recall, reminder: Reminder, recipient: Recipient, channel: str, *, patient: str, now: datetime
) -> Message:
    """Return the message that tells one recipient by one channel.

    Its id follows from `dedupe_key` (recall, its version, channel, recipient), so the same reminder can't be put into
    the outbox twice.
    `patient` is the label shown: an id or initials.
    """
    language = recipient.language if recipient.language in LANGUAGES else LANGUAGES[0]
    dedupe_key = f"{recall.id}/{recall.version}/{channel}/{recipient.id}"
    return Message(
        id=str(uuid5(_IDS, dedupe_key)),
        dedupe_key=dedupe_key,
        recall_id=recall.id,
        patient_id=recall.patient_id,
        kind=reminder.kind,
        channel=channel,
        recipient=recipient.id,
        address=recipient.addresses[channel],
        language=language,
        content={
            "patient": patient,
            "reason": recall.reason[language],
            "examination": recall.examination[language],
            "due_at": recall.due_at.isoformat(),
            "priority": recall.priority,
        },
        created_at=now,
    )


def note(
    about: str, recipient: Recipient, channel: str, *, patient_id: str | None, content: Mapping[str, str], now: datetime
) -> Message:
    """Return the message that tells one recipient by one channel of something that is no recall.

    `about` names the occasion (`study/7`): the same one can't be put into the outbox twice. For `content` see Message;
    `patient_id` is None where it is about no patient.
    """
    dedupe_key = f"note/{about}/{channel}/{recipient.id}"
    return Message(
        id=str(uuid5(_IDS, dedupe_key)),
        dedupe_key=dedupe_key,
        recall_id=None,
        patient_id=patient_id,
        kind="note",
        channel=channel,
        recipient=recipient.id,
        address=recipient.addresses[channel],
        language=recipient.language if recipient.language in LANGUAGES else LANGUAGES[0],
        content=content,
        created_at=now,
    )
