"""What does the text of a date or time in a table mean?"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache

from twin.record.moment import Moment, of_digits, of_parts

ReadTime = Callable[[str], Moment]
_ISO = re.compile(r"^(\d{4})(?:-(\d{2})(?:-(\d{2})([T ]\d{2}:\d{2}.*)?)?)?$", re.ASCII)
_CHINESE = re.compile(
    r"^(\d{4})\s*年(?:\s*(\d{1,2})\s*月(?:\s*(\d{1,2})\s*日?)?)?"
    r"(?:\s*(\d{1,2})\s*[时點点:\uff1a]\s*(?:(\d{1,2})\s*分?)?(?:[:\uff1a]?\s*(\d{1,2})\s*秒?)?)?$",
    re.ASCII,
)
_SERIAL = re.compile(r"^\d{2,7}(\.\d+)?$", re.ASCII)
_EXCEL_EPOCH = datetime(1899, 12, 30)  # day 0 of the 1900 date system for serials after its false 29 February 1900
_EXCEL_FIRST, _EXCEL_LAST = 61, 2_958_466  # 1 March 1900 to 31 December 9999
_REMEMBERED = 65_536  # times repeat: all results of a specimen share theirs


def reader(formats: tuple[str, ...], zone: tzinfo) -> ReadTime:
    """Return what reads a time of these formats; ISO 8601 is always tried first.

    A clock time of exactly midnight is read as the day: spreadsheets and databases write days like that.
    What is returned raises ValueError where no format fits or there is no such day.
    """
    ways = (_iso, *(_NAMED.get(each) or _pattern(each) for each in formats if each != "iso"))

    @lru_cache(maxsize=_REMEMBERED)
    def read(text: str) -> Moment:
        stated = text.strip()
        for way in ways:
            try:
                found = way(stated, zone)
            except (ValueError, OverflowError):
                continue
            if found is not None:
                return found
        raise ValueError("a date of another form")

    return read


def day_of(text: str, formats: tuple[str, ...]) -> date | None:
    """Return the day a text states, whatever its clock time, None where it states no whole day."""
    stated = re.sub(r"(Z|[+-]\d{2}:?\d{2})$", "", text.strip()) if "T" in text else text.strip()
    try:
        found = reader_in_utc(formats)(stated)
    except ValueError:
        return None
    return found.start.date() if found.is_exact else None


@lru_cache(maxsize=64)
def reader_in_utc(formats: tuple[str, ...]) -> ReadTime:
    """Return the reader of days, which have no zone."""
    return reader(formats, UTC)


def _iso(text: str, zone: tzinfo) -> Moment | None:
    match = _ISO.match(text)
    if match is None:
        return None
    year, month, day, clock = match.groups()
    if clock is None:
        return of_parts(int(year), int(month) if month else None, int(day) if day else None)
    return _at(datetime.fromisoformat(text), zone)


def _chinese(text: str, zone: tzinfo) -> Moment | None:
    match = _CHINESE.match(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part) if part else None for part in match.groups())
    assert year is not None
    if hour is None or month is None or day is None:
        return of_parts(year, month, day)
    return _at(datetime(year, month, day, hour, minute or 0, second or 0), zone)


def _excel(text: str, zone: tzinfo) -> Moment | None:
    if not _SERIAL.match(text) or not _EXCEL_FIRST <= float(text) < _EXCEL_LAST:
        return None
    seconds = round(float(text) * 86_400)
    return _at(_EXCEL_EPOCH + timedelta(seconds=seconds), zone)


def _pattern(pattern: str) -> Callable[[str, tzinfo], Moment | None]:
    has_month = any(each in pattern for each in ("%m", "%b", "%B"))
    has_day = any(each in pattern for each in ("%d", "%j"))

    def way(text: str, zone: tzinfo) -> Moment | None:
        found = datetime.strptime(text, pattern)
        if "%j" not in pattern and not (has_month and has_day):
            return of_parts(found.year, found.month if has_month else None, None)
        return _at(found, zone)

    return way


def _at(stated: datetime, zone: tzinfo) -> Moment:
    if stated.tzinfo is None and stated.time() == time.min:
        return of_parts(stated.year, stated.month, stated.day)
    exact = (stated if stated.tzinfo else stated.replace(tzinfo=zone)).astimezone(UTC)
    return Moment(start=exact, end=exact)


_NAMED: dict[str, Callable[[str, tzinfo], Moment | None]] = {
    "chinese": _chinese,
    "digits": of_digits,
    "excel": _excel,
}
