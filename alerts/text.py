"""Which words does a reminder use, in which language?

The reason and the examination come from the rule that raised the recall; these are the words around them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from alerts.message import InboxKind, InboxMessage, Message

TEXT: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "en": {
            "due.title": "Recall due: {patient}",
            "overdue.title": "Recall overdue: {patient}",
            "uncertain.title": "A reminder may not have arrived: {patient}",
            "failed.title": "A reminder could not be delivered: {patient}",
            "subject_without_patient.due": "A recall is due",
            "subject_without_patient.overdue": "A recall is overdue",
            "body": "{reason}\n\nExamination: {examination}\nDue: {due_at}\nPriority: {priority}",
            "uncertain.body": "The reminder by {channel} to {address} may not have arrived; it is not sent again.",
            "failed.body": "The reminder by {channel} to {address} could not be delivered.",
            "link": "Open in the worklist: {link}",
            "note.link": "Open: {link}",
            "footer": "This message supports a decision; it is not a diagnosis. Please do not reply to it.",
            "routine": "routine",
            "soon": "soon",
            "urgent": "urgent",
            "immediate": "immediate",
        },
        "zh_CN": {
            "due.title": "召回到期：{patient}",
            "overdue.title": "召回逾期：{patient}",
            "uncertain.title": "提醒可能未送达：{patient}",
            "failed.title": "提醒无法送达：{patient}",
            "subject_without_patient.due": "有一项召回到期",
            "subject_without_patient.overdue": "有一项召回逾期",
            "body": "{reason}\n\n检查：{examination}\n到期日：{due_at}\n优先级：{priority}",
            "uncertain.body": "经 {channel} 发往 {address} 的提醒可能未送达，系统不会重发。",
            "failed.body": "经 {channel} 发往 {address} 的提醒无法送达。",
            "link": "在工作列表中打开：{link}",
            "note.link": "打开：{link}",
            "footer": "本消息用于辅助决策，不构成诊断。请勿回复。",
            "routine": "常规",
            "soon": "尽快",
            "urgent": "紧急",
            "immediate": "立即",
        },
    }
)


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A title of one line and a body in plain text."""

    title: str
    body: str


def letter(message: Message) -> Letter:
    """Return the message in the recipient's language; a note brings its own words."""
    if message.kind == "note":
        return Letter(title=message.content["title"], body=message.content["body"])
    words = TEXT[message.language]
    content = {**message.content, "priority": words[message.content["priority"]]}
    title = words[f"{message.kind}.title"].format(patient=message.content["patient"])
    return Letter(title=title, body=words["body"].format_map(content))


def notice(message: Message, kind: InboxKind, now: datetime) -> InboxMessage:
    """Return the inbox notice that a reminder may not have arrived ("uncertain") or could not be sent ("failed")."""
    words = TEXT[message.language]
    title = words[f"{kind}.title"].format(patient=message.content["patient"])
    what = words[f"{kind}.body"].format(channel=message.channel, address=message.address)
    return InboxMessage(
        id=message.id,
        recipient=message.recipient,
        recall_id=message.recall_id,
        patient_id=message.patient_id,
        kind=kind,
        title=title,
        body=f"{what}\n\n{letter(message).body}",
        created_at=now,
    )
