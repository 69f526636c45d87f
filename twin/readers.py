"""Who is told that a CT should be looked at soon? The readers on duty; all readers where nobody is.

A series whose best region scores `call_score` or more is called out once, when it was screened; a series that a reader
has called normal is not. The call and its messages are one transaction, so that no crash loses or doubles one.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from alerts.message import note
from twin.store import audit, calls, staff
from twin.store.alerts import PostgresAlerts

MOST = 100  # series a turn; the next turn takes the rest
PATH = "/reading"
_TEXT = {
    "en": {
        "title": "CT to read soon: {patient}",
        "subject": "A CT should be read soon",
        "body": "{taken}. {regions} flagged, the highest score {score}. A score asks for a look; it is no diagnosis.",
        "taken": "CT of {day}",
        "undated": "CT without a date",
        "one": "1 region",
        "many": "{count} regions",
        "nobody": "No reader is on duty, so this goes to all readers.",
    },
    "zh_CN": {
        "title": "有 CT 需尽快阅片：{patient}",
        "subject": "有一份 CT 需尽快阅片",
        "body": "{taken}，标出 {regions}，最高评分 {score}。评分只提示应当查看，不是诊断。",
        "taken": "{day} 的 CT",
        "undated": "未注明日期的 CT",
        "one": "1 处区域",
        "many": "{count} 处区域",
        "nobody": "目前无人值班，因此通知全部阅片医师。",
    },
}


@dataclass(frozen=True, kw_only=True)
class Called:
    """How many series were called out, by how many messages; and how many wait because nobody can be told."""

    studies: int
    messages: int
    nobody_to_tell: int


def call_once(
    engine: Engine, channels: Collection[str], *, call_score: float, label: Callable[[str], str], now: datetime
) -> Called:
    """Put a message for each reader on duty into the outbox, for each series that has become worth one.

    Args: channels: keys of the channels that are set up; label: patient id -> what a message shows of the patient.
    """
    done = messages = waiting = 0
    with engine.begin() as connection:
        readers, is_on_duty = staff.readers(connection)
        outbox = PostgresAlerts.within(connection)
        for study in calls.due(connection, call_score, MOST):
            told = [
                note(
                    f"study/{study.id}", reader, channel, patient_id=study.patient_id,
                    content=_content(study, reader.language, label(study.patient_id), is_on_duty), now=now,
                )
                for reader in readers
                for channel in channels
                if reader.addresses.get(channel)
            ]  # fmt: skip
            if not told:
                waiting += 1
                continue
            outbox.put(told)
            calls.add(connection, study, is_on_duty=is_on_duty, messages=len(told), now=now)
            audit.append(
                connection, at=now, actor="worker", action="reader.call", patient_id=study.patient_id,
                resource=f"study/{study.id}", detail={"messages": len(told), "on_duty": is_on_duty},
            )  # fmt: skip
            done += 1
            messages += len(told)
    return Called(studies=done, messages=messages, nobody_to_tell=waiting)


def _content(study: calls.Due, language: str, patient: str, is_on_duty: bool) -> dict[str, str]:
    """Return the words of one call; the patient stands as the label that the site shows, never by name."""
    words = _TEXT[language] if language in _TEXT else _TEXT["en"]
    taken = words["taken"].format(day=study.acquired_at.date()) if study.acquired_at else words["undated"]
    count = words["one"] if study.regions == 1 else words["many"].format(count=study.regions)
    body = words["body"].format(taken=taken, regions=count, score=f"{study.score:.2f}")
    return {
        "patient": patient,
        "title": words["title"].format(patient=patient),
        "body": body if is_on_duty else f"{body}\n\n{words['nobody']}",
        "subject": words["subject"],
        "path": PATH,
    }
