"""What does a rule or a model say about a patient: which obligation, why, and by when?"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, get_args

from alerts.errors import BadTrigger

Priority = Literal["routine", "soon", "urgent", "immediate"]
PRIORITIES: tuple[Priority, ...] = get_args(Priority)  # rising urgency
LANGUAGES = ("en", "zh_CN")  # every sentence meant for people exists in these


@dataclass(frozen=True, kw_only=True)
class Trigger:
    """One rule's or model's demand that a patient be examined.

    `key` says what the obligation is about within a patient ("liver/fib4>2.67"): at most one recall a patient and key
    is live. `evidence` is plain JSON and holds only what changes when data change (fact ids, values, their dates),
    because a trigger with other evidence counts as new data; a number that drifts with the clock belongs in
    `probability`. `probability` is None where a rule fired on facts rather than on a forecast.

    Raises:
        BadTrigger: an empty id, dates out of order, a language missing, a probability outside 0..1, evidence that is
            not plain JSON, a time without a zone, or nothing that could close it.
    """

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
    raised_at: datetime
    model_version: str

    def __post_init__(self) -> None:
        for fault in _faults(self):
            raise BadTrigger(f"{self.rule_id or '?'} on {self.key or '?'}: {fault}")


def urgency(priority: Priority) -> int:
    """Return the rank of a priority; higher is more urgent."""
    return PRIORITIES.index(priority)


def _faults(trigger: Trigger) -> list[str]:
    texts = {"reason": trigger.reason, "examination": trigger.examination}
    checks = {
        "patient_id, rule_id or key is empty": not (trigger.patient_id and trigger.rule_id and trigger.key),
        "nothing could close it": not trigger.closes_with,
        "due_from <= due_at <= overdue_at does not hold": not trigger.due_from <= trigger.due_at <= trigger.overdue_at,
        f"priority is not one of {', '.join(PRIORITIES)}": trigger.priority not in PRIORITIES,
        "probability is outside 0..1": not (trigger.probability is None or 0 <= trigger.probability <= 1),
        "raised_at has no time zone": trigger.raised_at.tzinfo is None,
        "evidence is not plain JSON": not _is_plain_json(trigger.evidence),
    }
    missing = [f"{name} has no {key}" for name, text in texts.items() for key in LANGUAGES if not text.get(key)]
    return missing + [fault for fault, is_wrong in checks.items() if is_wrong]


def _is_plain_json(value: object) -> bool:
    """Return whether a value comes back equal from a JSON column, so that comparing evidence later is sound."""
    try:
        return bool(json.loads(json.dumps(value, allow_nan=False)) == value)
    except (TypeError, ValueError):
        return False
