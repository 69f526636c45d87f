"""What may a person, a result or the clock do to a recall? Each function returns the step, or says why it can't be.

`by` is a user id, or "twin" where the system acted. The deciding of judgements on new data is in `judge.py`.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Literal

from alerts.errors import BadDecision
from alerts.policy import Policy
from alerts.recall import Closing, Recall, Reminder, Result, Step, step

# Why a person may close a recall without the result; "other" needs a note. The codes are shown and counted by rule.
CLOSING_REASONS: Mapping[str, str] = MappingProxyType(
    {
        "done_elsewhere": "the examination was done elsewhere",
        "not_indicated": "the examination is not indicated for this patient",
        "declined": "the patient declines, knowing why it was advised",
        "duplicate": "another recall covers it",
        "handled_otherwise": "it was handled in another way",
        "other": "another reason, in the note",
    }
)
STOP_REASONS: Mapping[str, str] = MappingProxyType(
    {
        "died": "the patient died",
        "pregnant": "the patient is pregnant",
        "left_population": "a new diagnosis or treatment: the rule no longer applies",
        "left_care": "the patient moved to another provider",
    }
)

UNTOLD: Mapping[str, None] = MappingProxyType({"reminded_due_for": None, "reminded_overdue_for": None})


def approve(recall: Recall, *, by: str, now: datetime) -> Step:
    """Return the step by which a clinician lets reminders go out."""
    return step(recall, "approved", now=now, by=by, approved_at=now, approved_by=by)


def assign(recall: Recall, owner: str | None, *, by: str, now: datetime) -> Step:
    """Return the step that gives the recall to an owner, or to nobody (None)."""
    return step(recall, "assigned", now=now, by=by, detail={"from": recall.owner, "to": owner}, owner=owner)


def snooze(
    recall: Recall,
    *,
    by: str,
    now: datetime,
    until: date | None = None,
    until_new_data: bool = False,
    note: str = "",
    policy: Policy | None = None,
) -> Step:
    """Return the step that puts the recall off until a date, or until new data, at the latest `snooze_days_max` ahead.

    The reminder comes again when the snooze ends: that is what a person who snoozes asks for.

    Raises:
        BadDecision: neither a date nor "until new data", a date that is not ahead, or one too far ahead.
    """
    today = now.date()
    latest = today + timedelta(days=(policy or Policy()).snooze_days_max)
    if until is None and not until_new_data:
        raise BadDecision("a snooze needs a date or 'until new data'")
    until = until or latest
    if not today < until <= latest:
        raise BadDecision(f"a snooze must end after {today} and not after {latest}")
    detail = {"until": str(until), "until_new_data": until_new_data, "note": note}
    asleep = {"snoozed_until": until, "snoozed_until_new_data": until_new_data}
    return step(recall, "snoozed", now=now, by=by, detail=detail, **asleep, **UNTOLD)


def unsnooze(recall: Recall, *, by: str, now: datetime) -> Step:
    """Return the step that ends a snooze early."""
    return step(recall, "unsnoozed", now=now, by=by, snoozed_until=None, snoozed_until_new_data=False)


def remind(recall: Recall, reminder: Reminder, *, now: datetime, messages: int) -> Step:
    """Return the step that notes a reminder of so many messages put into the outbox."""
    detail = {"kind": reminder.kind, "on": str(reminder.on), "messages": messages}
    return step(recall, "reminded", now=now, by="twin", detail=detail, **{f"reminded_{reminder.kind}_for": reminder.on})


def close_by_result(recall: Recall, result: Result, *, now: datetime) -> Step:
    """Return the step by which the matching result closes the recall (`recall.closes` says which one matches)."""
    closing = Closing(action="closed_by_result", reason=result.key, by="twin", result=result.ref)
    detail = {"result": result.ref, "key": result.key, "observed_at": result.observed_at.isoformat()}
    return step(recall, "closed_by_result", now=now, by="twin", detail=detail, closed_at=now, closing=closing)


def close_by_person(recall: Recall, reason: str, *, by: str, now: datetime, note: str = "") -> Step:
    """Return the step by which a person closes the recall for a coded reason.

    Raises:
        BadDecision: an unknown reason, or "other" without a note.
    """
    _check(reason, CLOSING_REASONS)
    if reason == "other" and not note.strip():
        raise BadDecision("the reason 'other' needs a note")
    closing = Closing(action="closed_by_person", reason=reason, by=by, note=note)
    detail = {"reason": reason, "note": note}
    return step(recall, "closed_by_person", now=now, by=by, detail=detail, closed_at=now, closing=closing)


def stop(recall: Recall, reason: str, *, by: str, now: datetime, note: str = "") -> Step:
    """Return the step that stops the recall at once, reminders in the outbox included.

    Raises:
        BadDecision: an unknown reason.
    """
    _check(reason, STOP_REASONS)
    closing = Closing(action="stopped", reason=reason, by=by, note=note)
    return step(recall, "stopped", now=now, by=by, detail={"reason": reason}, closed_at=now, closing=closing)


def reopen(recall: Recall, reason: Literal["inadequate_result", "undo"], *, by: str, now: datetime) -> Step:
    """Return the step that reopens a recall; its reminders start anew.

    After an inadequate result the examination is due again from today, with as much grace as it had; an undo restores
    the dates as they were.
    """
    today = now.date()
    dates = {}
    if reason == "inadequate_result":
        due_at = max(recall.due_at, today)
        dates = {"due_from": today, "due_at": due_at, "overdue_at": due_at + (recall.overdue_at - recall.due_at)}
    fresh = {"closed_at": None, "closing": None, "snoozed_until": None, "snoozed_until_new_data": False}
    return step(recall, "reopened", now=now, by=by, detail={"reason": reason}, **fresh, **UNTOLD, **dates)


def _check(reason: str, known: Mapping[str, str]) -> None:
    if reason not in known:
        raise BadDecision(f"{reason!r} is not one of {', '.join(known)}")
