"""When was that? HL7 v2 times (TS, DTM, DT) read with the message's own offset, or the sender's zone."""

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo

from twin.importers.hl7v2.grammar import NULL
from twin.record.moment import Moment, of_digits

_OFFSET = re.compile(r"([+-])(\d{2})(\d{2})$")
_NOTHING = re.compile(r"0*(?:\.0+)?")  # some systems fill a time that is not known with noughts
_UNDOTTED = re.compile(r"(\d{14})(\d{1,4})((?:[+-]\d{4})?)")  # milliseconds without their point
_LONGEST = 30  # characters; the grammar has 24
_REMEMBERED = 10_000  # times of one message


class NotATime(Exception):
    """A field that must hold a time does not; its name follows."""


class Clock:
    """Reads the times of one message. An offset that MSH-7 states holds for the times that state none (2.A.22)."""

    def __init__(self, sent: str, zone: tzinfo) -> None:
        self.zone = offset_of(sent) or zone
        self._read: dict[str, Moment | None] = {}

    def read(self, raw: str, field: str) -> Moment | None:
        """Return what a field's text means, None where it says nothing.

        Raises:
            NotATime: it says something else.
        """
        if raw in self._read:
            return self._read[raw]
        try:
            moment = self._of(raw.strip())
        except (ValueError, OverflowError):
            raise NotATime(f"{field} is not a time of the calendar") from None
        if len(self._read) < _REMEMBERED:
            self._read[raw] = moment
        return moment

    def _of(self, text: str) -> Moment | None:
        if text == NULL or _NOTHING.fullmatch(text):
            return None
        if len(text) > _LONGEST:
            raise ValueError("too long")
        if (match := _UNDOTTED.fullmatch(text)) is not None:
            text = f"{match[1]}.{match[2]}{match[3]}"
        zone = self.zone
        if len(text) > 4 and text[-5] in "+-":
            stated = offset_of(text)
            if stated is None:
                raise ValueError("no such offset")
            text, zone = text[:-5], stated
        moment = of_digits(text, zone)
        if moment.start.year < 2:  # a zone away it would leave the calendar
            raise ValueError("before the calendar")
        return moment


def offset_of(text: str) -> tzinfo | None:
    """Return the offset that a time states, None where it states none."""
    match = _OFFSET.search(text.strip())
    if match is None or int(match[2]) > 14 or int(match[3]) > 59:  # +14:00 is the farthest on earth
        return None
    ahead = timedelta(hours=int(match[2]), minutes=int(match[3]))
    return timezone(-ahead if match[1] == "-" else ahead)


def day_of(text: str) -> date | None:
    """Return the day that a birth date names as it is written: a zone does not move it.

    Raises:
        ValueError: no such day.
    """
    text = text.strip()
    if text == NULL or _NOTHING.fullmatch(text):
        return None
    return of_digits(text[:8], UTC).start.date()


def latest(*moments: Moment | None) -> datetime | None:
    """Return the latest instant of those that are stated."""
    return max((each.end for each in moments if each is not None), default=None)
