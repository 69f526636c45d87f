"""When a CDA statement was true: TS, IVL_TS and the bounds of a medicine's times (CDA R2 data types)."""

from dataclasses import dataclass
from datetime import UTC as _UTC
from datetime import datetime, time, timedelta, tzinfo

from lxml import etree

from twin.importers.ccda.markup import XSI, attribute, child, children, name_in
from twin.record.moment import Moment, of_digits

_WIDTHS = {"s": 1, "min": 60, "h": 3600, "d": 86_400, "wk": 604_800}  # UCUM units of a width, in seconds
_FREQUENCIES = frozenset({"PIVL_TS", "EIVL_TS"})
_SHAPE = "not an HL7 time stamp"


class BadTime(Exception):
    """A time that can't be read: `reason` is that of the reject."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """From when to when. `is_over` says that it ended, `end` when, where that is known."""

    start: Moment | None = None
    end: Moment | None = None
    is_over: bool = False
    is_point: bool = False
    stated: str = ""
    """The first stated time, as received: part of a statement's identity."""

    @property
    def first(self) -> Moment | None:
        """The earliest time at which it was true; of what only its end is known, the end."""
        return self.start or self.end


NEVER = Span()


def moment(element: etree._Element | None, zone: tzinfo) -> Moment | None:
    """Return what a TS means, None where it is absent or has a null flavor.

    Raises:
        BadTime: `invalid` where it is no time stamp, `impossible_date` where there is no such day.
    """
    digits = attribute(element, "value")
    if not digits:
        return None
    try:
        return of_digits(digits, zone)
    except (ValueError, OverflowError) as error:
        wrong = str(error) == _SHAPE
        raise BadTime(
            "invalid" if wrong else "impossible_date", f"{_SHAPE}" if wrong else "no such day or hour"
        ) from None


def span(element: etree._Element | None, zone: tzinfo) -> Span:
    """Return what an effectiveTime (TS or IVL_TS) means.

    Raises:
        BadTime: as `moment`.
    """
    if element is None:
        return NEVER
    low, high, center = child(element, "low"), child(element, "high"), child(element, "center")
    start, end = moment(low, zone), moment(high, zone)
    stated = attribute(low, "value")
    if start is None and end is None and center is not None:
        start, stated = moment(center, zone), attribute(center, "value")
    if start is None and end is None:
        start, stated = moment(element, zone), attribute(element, "value")
        if high is None:
            return Span(start=start, is_point=start is not None, stated=stated)
    if start is not None and end is None:
        end = _after(start, child(element, "width"))
    return Span(
        start=start,
        end=end,
        is_over=end is not None or attribute(high, "nullFlavor") == "UNK",
        stated=stated or attribute(high, "value"),
    )


def bounds(statement: etree._Element, zone: tzinfo) -> Span:
    """Return from when to when a medicine is taken: the effectiveTime that is no frequency (PIVL_TS, EIVL_TS).

    Raises:
        BadTime: as `moment`.
    """
    for each in children(statement, "effectiveTime"):
        if (each.get(name_in(XSI, "type")) or "").rpartition(":")[2] not in _FREQUENCIES:
            return span(each, zone)
    return NEVER


def end_of(element: etree._Element | None, stated: Moment, zone: tzinfo) -> datetime:
    """Return the last instant a document's time can mean: of a bare day, its last second in `zone`."""
    if len(attribute(element, "value")) != len("YYYYMMDD"):
        return stated.end
    return datetime.combine(stated.start.date(), time(23, 59, 59), tzinfo=zone).astimezone(_UTC)


def _after(start: Moment, width: etree._Element | None) -> Moment | None:
    seconds = _WIDTHS.get(attribute(width, "unit"))
    try:
        count = float(attribute(width, "value"))
        if seconds is None:
            return None
        end = start.start + timedelta(seconds=seconds * count)
    except (ValueError, OverflowError):
        return None
    return Moment(start=end, end=end)
