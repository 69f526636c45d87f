"""Which stretch of time does `ge2020-03` mean? R4 search.html#date: a prefix, and a date as exact as it was written."""

import calendar
import re
from datetime import UTC, datetime, timedelta

from twin.store.resource_search import Prefix, When

_DATE = re.compile(
    r"(?P<prefix>eq|ne|gt|ge|lt|le|sa|eb|ap)?(?P<year>\d{4})(?:-(?P<month>\d{2})(?:-(?P<day>\d{2})"
    r"(?:T(?P<hour>\d{2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?P<fraction>\.\d{1,9})?)?"
    r"(?P<zone>Z|[+ -]\d{2}:\d{2})?)?)?)?",
    re.ASCII,
)
_LAST = datetime.max.replace(tzinfo=UTC)
_ABOUT = 0.1  # R4 search.html#prefix, ap: "10% of the gap between now and the date"


def when(value: str, now: datetime) -> When:
    """Return the stretch of time that a value of a date parameter means; without a zone it is UTC's.

    Raises:
        ValueError: it is no date, or no such day exists.
    """
    match = _DATE.fullmatch(value)
    if match is None:
        raise ValueError("not a FHIR date")
    low = _low(match)
    high = _high(match, low)
    prefix: Prefix = match["prefix"] or "eq"  # type: ignore[assignment]  # the pattern names them
    if prefix == "ap":
        margin = abs(now - low) * _ABOUT
        low, high = _moved(low, -margin), _moved(high, margin)
    return When(prefix=prefix, low=low, high=high)


def _low(match: re.Match[str]) -> datetime:
    day = datetime(int(match["year"]), int(match["month"] or 1), int(match["day"] or 1), tzinfo=UTC)
    if match["hour"] is None:
        return day
    at = day.replace(
        hour=int(match["hour"]), minute=int(match["minute"]), second=min(int(match["second"] or 0), 59),
        microsecond=int(float(match["fraction"] or 0) * 1_000_000),
    )  # fmt: skip
    zone = match["zone"]
    if zone in (None, "Z"):
        return at
    ahead = timedelta(hours=int(zone[1:3]), minutes=int(zone[4:]))
    return _moved(at, ahead if zone[0] == "-" else -ahead)


def _high(match: re.Match[str], low: datetime) -> datetime:
    if match["fraction"] is not None:
        digits = len(match["fraction"]) - 1
        return _moved(low, timedelta(microseconds=max(1, 10 ** (6 - min(digits, 6)))))
    if match["second"] is not None:
        return _moved(low, timedelta(seconds=1))
    if match["hour"] is not None:
        return _moved(low, timedelta(minutes=1))
    if match["day"] is not None:
        return _moved(low, timedelta(days=1))
    if match["month"] is not None:
        return _moved(low, timedelta(days=calendar.monthrange(low.year, low.month)[1]))
    return _moved(low, timedelta(days=366 if calendar.isleap(low.year) else 365))


def _moved(moment: datetime, by: timedelta) -> datetime:
    """Return a moment moved; at the ends of the calendar it stays there."""
    try:
        return moment + by
    except OverflowError:
        return _LAST if by > timedelta(0) else datetime.min.replace(tzinfo=UTC)
