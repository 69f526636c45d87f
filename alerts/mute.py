"""Why does this reminder not go out?

Suppression is computed afresh each time, comes with a named reason, and is never stored as a state.
"""

from collections.abc import Collection
from datetime import date
from typing import Literal

from alerts.message import Recipient
from alerts.policy import Policy
from alerts.recall import NotDue, Recall, Reminder, is_snoozed, reminder_due

Mute = NotDue | Literal["not_approved", "nobody_to_tell", "no_address", "no_channel", "no_recall", "merged"]
"""`merged`: the patient's record is read as part of another, whose own recall reminds; a store leaves these out."""


def of_recall(recall: Recall, today: date, policy: Policy) -> Reminder | Mute:
    """Return the reminder to send today, or why there is none. Nothing immediate waits for approval."""
    reminder = reminder_due(recall, today)
    if not isinstance(reminder, Reminder):
        return reminder
    waits = policy.needs_approval and recall.approved_at is None and recall.priority != "immediate"
    return "not_approved" if waits else reminder


def of_recipient(recipient: Recipient, channel: str, open_channels: Collection[str]) -> Mute | None:
    """Return why this recipient can't be told by this channel, or None."""
    if channel not in open_channels:
        return "no_channel"
    return None if recipient.addresses.get(channel) else "no_address"


def of_leaving(recall: Recall | None, today: date) -> Mute | None:
    """Return why a waiting message of this recall must not leave any more, or None; asked right before it leaves."""
    if recall is None:
        return "no_recall"
    if recall.state != "open":
        return recall.state
    return "snoozed" if is_snoozed(recall, today) else None


def audience(recall: Recall, reminder: Reminder, staff: Collection[Recipient]) -> tuple[Recipient, ...]:
    """Return who is told: the owner, or the coordinators where nobody owns it; all of them once it is overdue."""
    owners = tuple(person for person in staff if person.id == recall.owner)
    coordinators = tuple(person for person in staff if "coordinator" in person.roles and person not in owners)
    if reminder.kind == "overdue" or not owners:
        return owners + coordinators
    return owners
