"""What a date of less than full precision can mean: its first and its last instant."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

# HL7 v2 TS / DTM (chapter 2A) and CDA TS share a grammar: YYYY[MM[DD[HH[MM[SS[.S[S[S[S]]]]]]]]][+/-ZZZZ]
_DIGITS = re.compile(r"^(\d{4})(\d{2})?(\d{2})?(\d{2})?(\d{2})?(\d{2})?(?:\.(\d{1,9}))?([+-]\d{4}|Z)?$")


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """The first and the last instant that a stated time can mean (a bare year means a whole year)."""

    start: datetime
    end: datetime

    @property
    def is_exact(self) -> bool:
        """True where one instant, or one day, was stated."""
        return self.start == self.end

    @property
    def until(self) -> datetime | None:
        """Its last instant where only a year or a month was stated; None where it `is_exact`."""
        return None if self.is_exact else self.end


def of_parts(year: int, month: int | None, day: int | None) -> Moment:
    """Return what a year, a month or a day means. A day is its midnight in UTC: dates carry no zone.

    Raises:
        ValueError: there is no such day.
    """
    start = datetime(year, month or 1, day or 1, tzinfo=UTC)
    if day is not None:
        return Moment(start=start, end=start)
    following = (
        (start.replace(day=1) + timedelta(days=32)).replace(day=1) if month else start.replace(year=start.year + 1)
    )
    return Moment(start=start, end=following - timedelta(seconds=1))


def of_digits(text: str, zone: tzinfo) -> Moment:
    """Return what an HL7 v2 or CDA time stamp means; a clock time without an offset is read in `zone`.

    Raises:
        ValueError: not such a time stamp, or no such day or hour.
    """
    match = _DIGITS.match(text.strip())
    if match is None:
        raise ValueError("not an HL7 time stamp")
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    if hour is None:
        return of_parts(int(year), int(month) if month else None, int(day) if day else None)
    stated = datetime(
        int(year), int(month), int(day), int(hour), int(minute or 0), int(second or 0),
        int((fraction or "0").ljust(6, "0")[:6]),
    )  # fmt: skip
    if offset is None:
        moment = stated.replace(tzinfo=zone)
    elif offset == "Z":
        moment = stated.replace(tzinfo=UTC)
    else:
        moment = datetime.strptime(stated.strftime("%Y%m%d%H%M%S.%f") + offset, "%Y%m%d%H%M%S.%f%z")
    moment = moment.astimezone(UTC)
    return Moment(start=moment, end=moment)
