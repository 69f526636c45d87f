"""What does a fresh judgement of a patient do to the last recall about the same matter?"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from alerts.policy import Policy
from alerts.recall import RULE_TERMS, Closing, Recall, Step, is_snoozed, step, terms
from alerts.trigger import Trigger, urgency


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What a judgement asks for, with a named reason; `step` is there for update and withdraw."""

    verb: Literal["open", "update", "keep", "withdraw"]
    reason: str
    step: Step | None = None


def judge(
    existing: Recall | None,
    trigger: Trigger | None,
    now: datetime,
    *,
    corrected: bool = False,
    policy: Policy | None = None,
) -> Decision:
    """Return what a fresh judgement of one patient and key does to the last recall about it.

    Args:
        existing: the live recall of this patient and key, else the last one that ended, else None.
        trigger: what the rule or model says now; None when it no longer asks for anything.
        corrected: whether a fact that the recall was opened on has since been corrected or entered in error.

    A probability that falls below the recall level does not drop an open recall: only a result or a person closes it.
    A recall that has come due is never moved later by a judgement, or one kept fresh by daily facts would never be due.
    """
    policy = policy or Policy()
    if trigger is None:
        return _judge_silence(existing, now, corrected)
    if existing is None:
        return Decision(verb="open", reason="new")
    if existing.state == "open":
        return _judge_again(existing, trigger, now, policy)
    return _judge_after_end(existing, trigger, now, policy)


def _judge_silence(existing: Recall | None, now: datetime, corrected: bool) -> Decision:
    if existing is None:
        return Decision(verb="keep", reason="nothing_open")
    if existing.state != "open":
        return Decision(verb="keep", reason=existing.state)
    if corrected:
        closing = Closing(action="withdrawn", reason="evidence_corrected", by="twin")
        ended = step(existing, "withdrawn", now=now, by="twin", closed_at=now, closing=closing)
        return Decision(verb="withdraw", reason="evidence_corrected", step=ended)
    return Decision(verb="keep", reason="rule_silent" if existing.probability is None else "forecast_fell")


def _judge_again(existing: Recall, trigger: Trigger, now: datetime, policy: Policy) -> Decision:
    is_pressing = _is_more_pressing(existing, trigger, policy)
    if trigger.rule_id != existing.rule_id and not is_pressing:
        return Decision(verb="keep", reason="already_open")
    has_new_data = trigger.evidence != existing.evidence
    if is_pressing:
        reason = "more_pressing"
    elif has_new_data:
        reason = "new_data"
    elif any(getattr(existing, name) != getattr(trigger, name) for name in RULE_TERMS):
        reason = "rule_or_model_changed"
    else:
        return Decision(verb="keep", reason="snoozed" if is_snoozed(existing, now.date()) else "unchanged")
    wakes = is_pressing or (has_new_data and existing.snoozed_until_new_data)
    return Decision(verb="update", reason=reason, step=_updated(existing, trigger, now, reason, wakes))


def _judge_after_end(existing: Recall, trigger: Trigger, now: datetime, policy: Policy) -> Decision:
    if existing.state == "stopped" and (existing.closing is None or existing.closing.action != "withdrawn"):
        return Decision(verb="keep", reason="stopped")
    if trigger.evidence == existing.evidence:
        return Decision(verb="keep", reason="ended_on_this_evidence")
    ended = (existing.closed_at or existing.opened_at).date()
    is_quiet = existing.state == "closed" and now.date() < ended + timedelta(days=policy.quiet_days)
    if is_quiet and urgency(trigger.priority) <= urgency(existing.priority):
        return Decision(verb="keep", reason="recently_closed")
    return Decision(verb="open", reason="new_data")


def _is_more_pressing(existing: Recall, trigger: Trigger, policy: Policy) -> bool:
    """Return whether the trigger asks for more urgency, or the same sooner; two rules on one key can't take turns."""
    is_earlier = trigger.due_at < existing.due_at - timedelta(days=policy.jitter_days)
    gain = urgency(trigger.priority) - urgency(existing.priority)
    return gain > 0 or (gain == 0 and is_earlier)


def _updated(existing: Recall, trigger: Trigger, now: datetime, reason: str, wakes: bool) -> Step:
    dates = _moved(existing, trigger, now.date())
    moved = {name: str(day) for name, day in dates.items() if day != getattr(existing, name)}
    awake: dict[str, object] = {"snoozed_until": None, "snoozed_until_new_data": False} if wakes else {}
    detail = {"reason": reason, "probability": trigger.probability, "moved": moved, "woken": wakes}
    return step(existing, "updated", now=now, by="twin", detail=detail, **(terms(trigger) | dates | awake))


def _moved(existing: Recall, trigger: Trigger, today: date) -> dict[str, date]:
    """Return the dates after a re-judgement; overdue lies in the future, or nobody was ever told that it was due."""
    dates = {
        "due_from": trigger.due_from,
        "due_at": trigger.due_at,
        "overdue_at": max(trigger.overdue_at, today + timedelta(days=1)),
    }
    if today < existing.due_from:
        return dates
    return {name: min(day, getattr(existing, name)) for name, day in dates.items()}
