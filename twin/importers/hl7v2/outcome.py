"""What became of one segment, before it is an item: something to write, a refusal, or a reason why it isn't used."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

from twin.importers.base import MergeDraft, PatientDraft
from twin.importers.hl7v2.codes import LONGEST
from twin.record.fact import Coding, FactDraft

_LONGEST_KEY = 300  # characters; at four bytes each still short of what an index takes
_LONGEST_WORDS = 2_000  # characters of a code's words


class Entry(NamedTuple):
    """What a segment states: its stable name in the source, its content (what a correction changes), and the facts."""

    key: str
    content: str
    facts: tuple[FactDraft, ...] = ()
    patient: PatientDraft | None = None
    merge: MergeDraft | None = None
    aliases: tuple[str, ...] = ()
    version_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """A segment that should have been read and can't be."""

    reason: str
    detail: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Unused:
    """A segment, sound or not, that the twin has no use for, and why."""

    reason: str


Outcome = Entry | Refused | Unused


def name_of(*parts: str) -> str:
    """Return a key of these parts; one too long to be found by is shortened to its SHA-256."""
    key = "/".join(parts)
    if len(key) <= _LONGEST_KEY:
        return key
    return f"{parts[0]}#{sha256(key.encode()).hexdigest()}"


def too_long(codes: Iterable[Coding], *texts: str | None) -> Refused | None:
    """Return the refusal of codes and names longer than any that are real, None where they are sound."""
    for each in codes:
        if len(each.code) > LONGEST or len(each.system) > LONGEST or len(each.display) > _LONGEST_WORDS:
            return Refused(
                reason="invalid", detail=f"a code over {LONGEST} or its words over {_LONGEST_WORDS} characters"
            )
    if any(text is not None and len(text) > LONGEST for text in texts):
        return Refused(reason="invalid", detail=f"a unit or number over {LONGEST} characters")
    return None
