"""What becomes of recalls when two records turn out to be one patient's, and when that turns out to be wrong?

The retired record's recalls stay as they are and are suppressed (`mute`: "merged"); the surviving record carries them.
How the survivor's own recalls stood is kept in an event, so that undoing the merge restores them: what the machine did
on the joint record goes back, what a person did stays. Everything here is pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from alerts.lifecycle import START, Action, after
from alerts.recall import TERMS, Closing, Event, Recall, Step, step
from alerts.steps import UNTOLD

UN_MERGED = "un_merged"
"""The reason of a recall withdrawn because it rested on the facts of two people."""

_DATES = ("due_from", "due_at", "overdue_at")
_CHOICES: Mapping[str, tuple[Action, ...]] = {
    "owner": ("assigned",),
    "approved_at": ("approved",),
    "approved_by": ("approved",),
    "snoozed_until": ("snoozed", "unsnoozed"),
    "snoozed_until_new_data": ("snoozed", "unsnoozed"),
}
"""What a person chooses about a recall, and by which actions."""
_STOOD = (*TERMS, *_DATES, *_CHOICES)
_TIMES = frozenset({"approved_at"})
_DAYS = frozenset({*_DATES, "snoozed_until"})
_CARRIED_FROM = "carried_from"


def carried(recall: Recall, patient_id: str, recall_id: str, now: datetime, *, is_told: bool) -> tuple[Recall, Event]:
    """Return the recall by which the surviving record carries an open one of the retired record, and its first event.

    Owner, approval and snooze come with it. Where its last reminder has not left (`is_told` false) reminders start
    anew, because that one is suppressed with the record it names.
    """
    copy = replace(recall, id=recall_id, patient_id=patient_id, state=after(START, "opened"), version=1)
    if not is_told:
        copy = replace(copy, **UNTOLD)  # type: ignore[arg-type]  # two fields set to None
    detail = {"rule": recall.rule_id, "due_at": recall.due_at.isoformat(), _CARRIED_FROM: recall.id}
    return copy, Event(recall_id=recall_id, action="opened", at=now, by="twin", detail=detail)


def carried_from(events: Sequence[Event]) -> str | None:
    """Return the id of the recall that one was carried from, None for one opened on its own record."""
    found = events[0].detail.get(_CARRIED_FROM) if events else None
    return found if isinstance(found, str) else None


def kept(recall: Recall, *, by: str, now: datetime) -> Step:
    """Return the step that writes down how the recall stands before another record is merged in."""
    stood = {name: _plain(getattr(recall, name)) for name in _STOOD}
    return step(recall, "merged", now=now, by=by, detail={"stood": stood})


def joined(recall: Recall, other: Recall, *, by: str, now: datetime) -> Step | None:
    """Return the step by which a survivor's open recall takes over what the retired record's had and it has not.

    Owner and approval where it has none, and the earlier of each date; None where that changes nothing.
    """
    changes: dict[str, Any] = {name: min(getattr(recall, name), getattr(other, name)) for name in _DATES}
    if recall.owner is None:
        changes["owner"] = other.owner
    if recall.approved_at is None:
        changes |= {"approved_at": other.approved_at, "approved_by": other.approved_by}
    if all(getattr(recall, name) == value for name, value in changes.items()):
        return None
    return step(recall, "merged", now=now, by=by, detail={"with": other.id}, **changes)


def is_kept(events: Sequence[Event]) -> bool:
    """Return whether it is written down how the recall stood before a merge that is not undone."""
    return _since_kept(events) is not None


def restored(recall: Recall, events: Sequence[Event], *, by: str, now: datetime) -> Step | None:
    """Return the step that sets a survivor's own recall back to how it stood before the merge.

    What a person chose meanwhile (owner, approval, snooze) stays. One that a person ended meanwhile stays ended, and
    None comes back; so it does where nothing was written down.
    """
    found = _since_kept(events)
    if found is None:
        return None
    stood, since = found
    if recall.state != "open" and (recall.closing is None or recall.closing.by != "twin"):
        return None
    chosen = _chosen(since)
    changes = {name: _read(name, value) for name, value in stood.items() if not chosen & set(_CHOICES.get(name, ()))}
    if recall.state == "open":
        return step(recall, "unmerged", now=now, by=by, **changes)
    changes |= {"closed_at": None, "closing": None}
    return step(recall, "reopened", now=now, by=by, detail={"reason": UN_MERGED}, **changes)


def given_back(original: Recall, copy: Recall, events: Sequence[Event], *, by: str, now: datetime) -> Step | None:
    """Return the step by which the retired record's recall takes back what people did to the one that carried it.

    Args:
        events: what was done to the copy.
    """
    if original.state != "open":
        return None
    if copy.state != "open":
        closing = copy.closing
        if closing is None or closing.by == "twin":
            return None
        detail = {"reason": closing.reason, "note": closing.note, "on": copy.id}
        return step(original, closing.action, now=now, by=closing.by, detail=detail, closed_at=now, closing=closing)
    chosen = _chosen(events)
    changes = {name: getattr(copy, name) for name, by_actions in _CHOICES.items() if chosen & set(by_actions)}
    if not changes:
        return None
    return step(original, "unmerged", now=now, by=by, detail={"on": copy.id, "chosen": sorted(chosen)}, **changes)


def withdrawn(recall: Recall, *, now: datetime) -> Step:
    """Return the step that withdraws a recall which rested on the facts of two people."""
    closing = Closing(action="withdrawn", reason=UN_MERGED, by="twin")
    detail = {"reason": UN_MERGED}
    return step(recall, "withdrawn", now=now, by="twin", detail=detail, closed_at=now, closing=closing)


def is_void(recall: Recall) -> bool:
    """Return whether the recall was withdrawn by `withdrawn`: it says nothing about this patient, then or now."""
    return recall.state == "stopped" and recall.closing is not None and recall.closing.reason == UN_MERGED


def latest_of(patient_id: str, found: Mapping[tuple[str, str], Recall]) -> dict[str, Recall]:
    """Return by key the recall that a judgement of a joint record starts from.

    Its own live one, else the last that ended on any of the records: what a person closed on one of them is closed for
    the patient. Open recalls of retired records are carried by the survivor's own.

    Args:
        found: by (patient id, key), the latest of each record.
    """
    ended = sorted((each for each in found.values() if each.state != "open"), key=lambda each: (_ended(each), each.id))
    live = [each for (whose, _), each in found.items() if whose == patient_id and each.state == "open"]
    return {recall.key: recall for recall in (*ended, *live)}


def _chosen(events: Sequence[Event]) -> set[str]:
    """Return the actions that people took, also where they were taken on a recall that carried this one."""
    own = {event.action for event in events if event.by != "twin"}
    return own.union(*(_texts(event.detail.get("chosen")) for event in events))


def _texts(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else []


def _ended(recall: Recall) -> datetime:
    return recall.closed_at or recall.opened_at


def _since_kept(events: Sequence[Event]) -> tuple[Mapping[str, Any], Sequence[Event]] | None:
    """Return how the recall stood at the last merge not yet undone, and what was done since."""
    for place in range(len(events) - 1, -1, -1):
        event = events[place]
        is_restored = event.action == "unmerged" and "on" not in event.detail
        if is_restored or event.detail.get("reason") == UN_MERGED:
            return None
        stood = event.detail.get("stood")
        if event.action == "merged" and isinstance(stood, Mapping):
            return stood, events[place + 1 :]
    return None


def _plain(value: object) -> object:
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return list(value)
    return dict(value) if isinstance(value, Mapping) else value


def _read(name: str, value: Any) -> Any:  # Any: fields of many types by name
    if value is None:
        return None
    if name in _TIMES:
        return datetime.fromisoformat(value)
    if name in _DAYS:
        return date.fromisoformat(value)
    return tuple(value) if name == "closes_with" else value
