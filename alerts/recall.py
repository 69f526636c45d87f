"""A dated obligation to examine a patient: where does it stand, and what does a new judgement or result do to it?

Everything here is pure. `now` carries the site's time zone, because "today" is its date. A decision comes back as a
`Step` (the recall before and after, and the event that says why); a store writes the whole step or nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Literal

from alerts.lifecycle import START, Action, State, after
from alerts.trigger import Priority, Trigger

Standing = Literal["upcoming", "due", "overdue", "snoozed", "closed", "stopped"]
ReminderKind = Literal["due", "overdue"]
NotDue = Literal["closed", "stopped", "snoozed", "not_due_yet", "already_reminded"]

# What a recall takes over from its trigger unchanged: first what the rule says, then what this judgement says.
RULE_TERMS = ("examination", "closes_with", "source", "edition", "verification", "model_version")
TERMS = (*RULE_TERMS, "rule_id", "reason", "evidence", "priority", "probability")


@dataclass(frozen=True, kw_only=True)
class Closing:
    """How a recall ended: by which action, why, by whom, and on which result ("" where a person decided)."""

    action: Action
    reason: str
    by: str
    note: str = ""
    result: str = ""


@dataclass(frozen=True, kw_only=True)
class Recall:
    """One obligation as it stands at `version`; the fields up to `model_version` are those of its trigger.

    `reminded_due_for` and `reminded_overdue_for` are the dates that the last reminder of each kind was about.
    `snoozed_until` is the first day awake again; it is set even when new data may end the snooze earlier, so no recall
    sleeps for ever.
    """

    id: str
    patient_id: str
    rule_id: str
    key: str
    reason: Mapping[str, str]
    evidence: Mapping[str, object]
    examination: Mapping[str, str]
    closes_with: tuple[str, ...]
    due_from: date
    due_at: date
    overdue_at: date
    priority: Priority
    source: str
    edition: str
    verification: str
    probability: float | None
    model_version: str
    state: State
    version: int
    opened_at: datetime
    owner: str | None = None
    approved_at: datetime | None = None
    approved_by: str | None = None
    snoozed_until: date | None = None
    snoozed_until_new_data: bool = False
    reminded_due_for: date | None = None
    reminded_overdue_for: date | None = None
    closed_at: datetime | None = None
    closing: Closing | None = None


@dataclass(frozen=True, kw_only=True)
class Event:
    """What was done to a recall, when and by whom (a user id, or "twin")."""

    recall_id: str
    action: Action
    at: datetime
    by: str
    detail: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Step:
    """One change of one recall: written together with its event and messages, or not at all."""

    before: Recall
    after: Recall
    event: Event


@dataclass(frozen=True, kw_only=True)
class Result:
    """A result that may close a recall; `ref` names it in the record, `is_usable` is the reader's word or the lab's."""

    ref: str
    patient_id: str
    key: str
    observed_at: datetime
    is_final: bool
    is_usable: bool


@dataclass(frozen=True, kw_only=True)
class Reminder:
    """A reminder that should go out: of which kind, and about which date."""

    kind: ReminderKind
    on: date


def opened(trigger: Trigger, recall_id: str, now: datetime, by: str) -> tuple[Recall, Event]:
    """Return the recall that a trigger opens, and its first event."""
    taken: dict[str, Any] = terms(trigger)  # Any: fields of many types by name
    recall = Recall(
        id=recall_id,
        patient_id=trigger.patient_id,
        key=trigger.key,
        due_from=trigger.due_from,
        due_at=trigger.due_at,
        overdue_at=trigger.overdue_at,
        state=after(START, "opened"),
        version=1,
        opened_at=now,
        **taken,
    )
    detail = {"rule": trigger.rule_id, "due_at": trigger.due_at.isoformat(), "probability": trigger.probability}
    return recall, Event(recall_id=recall_id, action="opened", at=now, by=by, detail=detail)


def step(
    recall: Recall,
    action: Action,
    *,
    now: datetime,
    by: str,
    detail: Mapping[str, object] | None = None,
    **changes: Any,  # fields of Recall by name
) -> Step:
    """Return the step that an action makes, with the fields it changes.

    Raises:
        BadTransition: the recall's state does not allow the action.
    """
    changed = replace(recall, state=after(recall.state, action), version=recall.version + 1, **changes)
    event = Event(recall_id=recall.id, action=action, at=now, by=by, detail=detail or {})
    return Step(before=recall, after=changed, event=event)


def is_snoozed(recall: Recall, today: date) -> bool:
    """Return whether the recall sleeps today."""
    return recall.snoozed_until is not None and today < recall.snoozed_until


def standing(recall: Recall, today: date) -> Standing:
    """Return where the recall stands today, derived from its state and dates."""
    if recall.state != "open":
        return recall.state
    if is_snoozed(recall, today):
        return "snoozed"
    if today >= recall.overdue_at:
        return "overdue"
    return "due" if today >= recall.due_from else "upcoming"


def reminder_due(recall: Recall, today: date) -> Reminder | NotDue:
    """Return the reminder that should go out today, or the named reason why none should.

    One when `due_from` is reached and one when the recall is overdue. A snooze or a reopening starts them anew.
    """
    now_is = standing(recall, today)
    if now_is == "upcoming":
        return "not_due_yet"
    if now_is == "overdue":
        reminder, told = Reminder(kind="overdue", on=recall.overdue_at), recall.reminded_overdue_for
    elif now_is == "due":
        reminder, told = Reminder(kind="due", on=recall.due_from), recall.reminded_due_for
    else:
        return now_is
    return reminder if told is None or told < reminder.on else "already_reminded"


def closes(recall: Recall, results: Sequence[Result]) -> Result | None:
    """Return the earliest result that closes the recall, else None.

    It is named in `closes_with`, was observed after the recall opened, is final and usable.
    """
    matching = [result for result in results if recall.state == "open" and _matches(recall, result)]
    return min(matching, key=lambda result: (result.observed_at, result.ref), default=None)


def reopens(recall: Recall, results: Sequence[Result]) -> Result | None:
    """Return the result that closed the recall if it has turned out not to be final or usable, else None."""
    if recall.state != "closed" or recall.closing is None:
        return None
    same = (result for result in results if result.ref == recall.closing.result)
    return next((result for result in same if not (result.is_final and result.is_usable)), None)


def terms(trigger: Trigger) -> dict[str, object]:
    """Return the trigger's fields that a recall takes over as they are; the dates have rules of their own."""
    return {name: getattr(trigger, name) for name in TERMS}


def _matches(recall: Recall, result: Result) -> bool:
    is_about = result.patient_id == recall.patient_id and result.key in recall.closes_with
    return is_about and result.observed_at > recall.opened_at and result.is_final and result.is_usable
