"""The fixed cast of the alert tests: one patient, one rule's trigger, three members of staff, one site's clock."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from alerts.message import Message, Recipient, addressed
from alerts.recall import Recall, Reminder, Result, opened
from alerts.trigger import Trigger

ZONE = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 3, 2, 12, tzinfo=ZONE)
TODAY = NOON.date()
PATIENT = "00000000-0000-4000-8000-0000000000aa"

ZHAO = Recipient(
    id="zhao",
    roles=frozenset({"coordinator"}),
    addresses={"inbox": "zhao", "email": "zhao@clinic.example"},
    language="zh_CN",
)
MILLER = Recipient(
    id="miller",
    roles=frozenset({"clinician"}),
    addresses={"inbox": "miller", "email": "miller@clinic.example"},
)
NO_MAIL = Recipient(id="okafor", roles=frozenset({"coordinator"}), addresses={"inbox": "okafor"})


def days(count: int) -> date:
    """Return the date so many days from today."""
    return TODAY + timedelta(days=count)


def a_trigger(**changes: Any) -> Trigger:
    """Return a liver trigger, due in 60 to 90 days and overdue after 121, with these changes."""
    trigger = Trigger(
        patient_id=PATIENT,
        rule_id="liver.fib4-high",
        key="liver/fib4>2.67",
        reason={"en": "FIB-4 will pass 2.67 in September.", "zh_CN": "FIB-4 预计九月超过 2.67。"},
        evidence={"facts": ["f1", "f2"], "fib4": 2.4},
        examination={"en": "Liver elastography", "zh_CN": "肝脏弹性成像"},
        closes_with=("liver_stiffness",),
        due_from=days(60),
        due_at=days(90),
        overdue_at=days(121),
        priority="routine",
        source="a guideline",
        edition="2021",
        verification="verified",
        probability=0.31,
        raised_at=NOON,
        model_version="state-1",
    )
    return replace(trigger, **changes)


def a_recall(**changes: Any) -> Recall:
    """Return the recall that `a_trigger()` opened at noon today, with these changes."""
    return replace(opened(a_trigger(), "r1", NOON, "twin")[0], **changes)


def due_trigger(**changes: Any) -> Trigger:
    """Return a trigger that is due today."""
    return a_trigger(**{"due_from": TODAY, "due_at": days(30), "overdue_at": days(61), **changes})


def a_result(**changes: Any) -> Result:
    """Return a final, usable elastography of tomorrow, with these changes."""
    result = Result(
        ref="fact-9",
        patient_id=PATIENT,
        key="liver_stiffness",
        observed_at=NOON + timedelta(days=1),
        is_final=True,
        is_usable=True,
    )
    return replace(result, **changes)


def a_message(channel: str = "email", recipient: Recipient = MILLER, **changes: Any) -> Message:
    """Return the due reminder of `a_recall()` for one recipient by one channel, with these changes."""
    reminder = Reminder(kind="due", on=days(60))
    message = addressed(a_recall(), reminder, recipient, channel, patient="P-17", now=NOON)
    return replace(message, **changes)
