"""Which reminders are due, and to whom? Puts them into the outbox; `deliver.py` takes them out."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from alerts import mute
from alerts.message import Message, Recipient, addressed
from alerts.policy import Policy
from alerts.ports import Clock, RecallStore
from alerts.recall import Recall, Reminder
from alerts.steps import remind

PAGE = 200  # recalls read at a time: a page stays small in memory, and a site has few due on one day


@dataclass(frozen=True, kw_only=True)
class Reminded:
    """How many recalls were reminded of, by how many messages; and why the others, or some recipients, were not."""

    recalls: int
    messages: int
    muted: Mapping[str, int]


def remind_once(
    recalls: RecallStore,
    staff: Collection[Recipient],
    channels: Collection[str],
    clock: Clock,
    policy: Policy,
    *,
    label: Callable[[str], str] = str,
) -> Reminded:
    """Put every reminder that is due into the outbox, once, and return what was done.

    Args:
        staff: who may be told; roles hold "coordinator" where the person looks after recalls.
        channels: keys of the channels that are set up.
        label: patient id -> what a message shows of the patient: the id itself, or initials.
    """
    muted: Counter[str] = Counter()
    reminded = messages = 0
    page = recalls.due_for_reminder(clock.now().date(), PAGE)
    while page:
        for recall in page:
            count = _remind(recalls, recall, staff, channels, clock.now(), policy, label, muted)
            reminded += count > 0
            messages += count
        page = recalls.due_for_reminder(clock.now().date(), PAGE, after=page[-1])
    return Reminded(recalls=reminded, messages=messages, muted=dict(muted))


def _remind(
    recalls: RecallStore,
    recall: Recall,
    staff: Collection[Recipient],
    channels: Collection[str],
    now: datetime,
    policy: Policy,
    label: Callable[[str], str],
    muted: Counter[str],
) -> int:
    reminder = mute.of_recall(recall, now.date(), policy)
    if not isinstance(reminder, Reminder):
        muted[reminder] += 1
        return 0
    messages: list[Message] = []
    for person in mute.audience(recall, reminder, staff):
        for channel in policy.remind_by:
            if why_not := mute.of_recipient(person, channel, channels):
                muted[why_not] += 1
                continue
            messages.append(addressed(recall, reminder, person, channel, patient=label(recall.patient_id), now=now))
    if not messages:
        muted["nobody_to_tell"] += 1  # not noted as reminded: it is tried again as soon as somebody can be told
        return 0
    has_won = recalls.apply(remind(recall, reminder, now=now, messages=len(messages)), messages)
    return len(messages) if has_won else 0
