"""What does a message say of itself? MSH: sender, time, type, version."""

import re
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from twin.importers.hl7v2.clock import Clock, NotATime
from twin.importers.hl7v2.grammar import Delimiters, NotHL7, Segment
from twin.record.moment import Moment

_TAKEN = re.compile(r"2\.[1-8](?:\.\d){0,2}")
_NAMED = re.compile(r"[0-9A-Za-z.]{1,12}")


class WrongVersion(Exception):
    """A version that is not taken; its name follows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Header:
    """The parts of MSH that the other segments are read by."""

    segment: Segment
    sender: str
    """The facility, or the application where no facility is named: whose local codes and numbers these are."""
    type: str
    event: str
    control_id: str
    clock: Clock = field(repr=False)
    sent: Moment | None
    note: str = ""
    """How the message was read where it did not say so itself."""

    @property
    def sent_at(self) -> datetime | None:
        """MSH-7, None where it isn't stated or no time."""
        return self.sent.end if self.sent else None

    @property
    def message_name(self) -> str:
        """What tells this message from all others of its sender (MSH-3, MSH-4, MSH-10)."""
        return "|".join((self.segment.text(3), self.segment.text(4), self.control_id))


def header_of(line: str, codec: str, where: str, zone: tzinfo) -> Header:
    """Return what an MSH line says.

    Raises:
        NotHL7: the delimiters can't be made out, or there is no message type.
        WrongVersion: not HL7 v2.1 to v2.8.
    """
    segment = Segment.of(line, Delimiters.of(line, codec), where)
    version = segment.text(12)
    if version and not _TAKEN.fullmatch(version):
        raise WrongVersion(f"HL7 {version if _NAMED.fullmatch(version) else 'of an unnamed version'}; v2.1 to v2.8 are")
    kind = segment.components(9)
    if not kind or not kind[0]:
        raise NotHL7("MSH-9 names no message type")
    clock = Clock(segment.text(7), zone)
    notes = [] if version else ["no version stated, read as v2"]
    if codec == "latin-1":
        notes.append("no character set stated and not UTF-8, read as ISO 8859-1")
    try:
        sent = clock.read(segment.text(7), "MSH-7")
    except NotATime:
        sent = None
        notes.append("MSH-7 is not a time")
    return Header(
        segment=segment,
        sender=segment.text(4) or segment.text(3),
        type=kind[0].upper(),
        event=kind[1].upper() if len(kind) > 1 else "",
        control_id=segment.text(10),
        clock=clock,
        sent=sent,
        note="; ".join(notes),
    )
