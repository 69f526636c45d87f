"""Small HL7 v2 messages for tests: say only what the test is about."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from twin.importers.base import Context, Item
from twin.importers.content import Content
from twin.importers.hl7v2 import IMPORTER
from twin.record.fact import FactDraft

CONTEXT = Context(now=datetime(2026, 11, 22, tzinfo=UTC))
SHANGHAI = Context(now=datetime(2026, 11, 22, tzinfo=UTC), zone=ZoneInfo("Asia/Shanghai"))

MSH = "MSH|^~\\&|LIS|LAB|TWIN|CLINIC|20200102030405||ORU^R01^ORU_R01|7|P|2.5.1"
PID = "PID|1||100^^^LAB^MR||Muster^Erika||19600504|F"
OBR = "OBR|1|P9|F9|24323-8^Panel^LN|||20200101080000"


def adt(event: str, *, at: str = "20200102030405") -> str:
    """The header of an ADT message."""
    return f"MSH|^~\\&|HIS|LAB|TWIN|CLINIC|{at}||ADT^{event}|7|P|2.5.1"


def obx(value: str, kind: str = "NM", *, code: str = "2160-0^Creatinine^LN", sub: str = "", unit: str = "umol/L",
        status: str = "F", at: str = "", number: str = "1") -> str:  # fmt: skip
    """An OBX with one value."""
    return f"OBX|{number}|{kind}|{code}|{sub}|{value}|{unit}|||||{status}|||{at}"


def items(*lines: str, context: Context = CONTEXT, end: str = "\r") -> list[Item]:
    """Everything read of a file of these segments."""
    return of_bytes(end.join(lines).encode(), context)


def of_bytes(content: bytes, context: Context = CONTEXT) -> list[Item]:
    """Everything read of these bytes."""
    return list(IMPORTER.read(Content.of(content, "request"), context))


def result(*lines: str, context: Context = CONTEXT) -> list[Item]:
    """The items of the OBX of a result message."""
    return [item for item in items(MSH, PID, OBR, *lines, context=context) if item.kind == "OBX"]


def fact(*lines: str, context: Context = CONTEXT) -> FactDraft:
    """The only fact of a result message's only OBX."""
    (item,) = result(*lines, context=context)
    assert len(item.facts) == 1, item
    return item.facts[0]


def fates(found: list[Item]) -> dict[str, str]:
    """What became of each item, by its place: a reject's reason, why it was not used, or what is written."""
    return {
        item.where: item.reject.reason if item.reject
        else item.not_used or ("patient" if item.patient else "merge" if item.merge else f"{len(item.facts)} facts")
        for item in found
    }  # fmt: skip
