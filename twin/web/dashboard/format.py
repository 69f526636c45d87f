"""How does a number, a date or a probability read on the page? Pure functions; the language is always an argument."""

from datetime import UTC, date, datetime

from twin.record.units.written import written

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_UNITS = {"a": "y", "{PackYears}": "pack-years"}
_UNITS_ZH = {"a": "岁", "{PackYears}": "包年", "/min": "次/分"}


def number(value: float | None) -> str:
    """Return a measured or computed value with about three significant figures, never in powers of ten.

    Example:
        >>> [number(x) for x in (2.3134, 41.0, 128.4, 0.0712, None)]
        ['2.31', '41', '128', '0.071', '–']
    """
    if value is None:
        return "–"
    size = abs(value)
    digits = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(p: float | None) -> str:
    """Return a probability as a whole percent; the ends are said as bounds, because 0 % and 100 % claim too much.

    Example:
        >>> [percent(p) for p in (0.634, 0.002, 0.999)]
        ['63 %', '<1 %', '>99 %']
    """
    if p is None:
        return "–"
    if p < 0.01:
        return "<1 %"
    return ">99 %" if p > 0.99 else f"{p:.0%}".replace("%", " %")


def effect(mean: float, form: str) -> str:
    """Return what a treatment is expected to do: a ratio as percent, a difference as it is, with its sign.

    Example:
        >>> [effect(0.7, "ratio"), effect(1.0087, "ratio"), effect(-9.1, "difference")]
        ['−30 %', '+0.9 %', '−9.1']
    """
    moved = (mean - 1) * 100 if form == "ratio" else mean
    sign = "−" if moved < 0 else "+"
    return f"{sign}{number(abs(round(moved, 1)))}{' %' if form == 'ratio' else ''}"


def percent_interval(low: float | None, high: float | None) -> str:
    """Return the interval of a probability as `48–77`, in whole percent; "" where there is none or it says no more."""
    if low is None or high is None or high < 0.01 or low > 0.99:
        return ""
    return f"{low * 100:.0f}–{high * 100:.0f}"


def unit(ucum: str | None, language: str) -> str:
    """Return how a canonical UCUM unit is written on a page. A unit as received is shown as it is, not by this."""
    if not ucum:
        return ""
    if language == "zh_CN" and ucum in _UNITS_ZH:
        return _UNITS_ZH[ucum]
    return _UNITS.get(ucum) or written(ucum)


def moment(value: str | date | datetime | None) -> datetime | None:
    """Return an ISO text, a date or a time as an aware time (UTC where none is said)."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def days_of(value: str | date | datetime) -> float:
    """Return a time as days since 1970, for distances between dates."""
    when = moment(value)
    if when is None:
        raise ValueError("there is no time")
    return when.timestamp() / 86_400


def day(value: str | date | datetime | None, language: str) -> str:
    """Return a date as `12 Jan 2027` or `2027年1月12日`; "–" where there is none."""
    when = moment(value)
    if when is None:
        return "–"
    if language == "zh_CN":
        return f"{when.year}年{when.month}月{when.day}日"
    return f"{when.day} {_MONTHS[when.month - 1]} {when.year}"


def short_day(value: str | date | datetime | None, language: str, today: date) -> str:
    """Return a date without its year where that is this year's: `12 Jan`, `1月12日`."""
    when = moment(value)
    if when is None or when.year != today.year:
        return day(value, language)
    return f"{when.month}月{when.day}日" if language == "zh_CN" else f"{when.day} {_MONTHS[when.month - 1]}"


def month(value: str | date | datetime | None, language: str) -> str:
    """Return a month as `Mar 2027` or `2027年3月`: a forecast date is no more precise than that."""
    when = moment(value)
    if when is None:
        return "–"
    return f"{when.year}年{when.month}月" if language == "zh_CN" else f"{_MONTHS[when.month - 1]} {when.year}"


def clock(value: datetime | None, language: str) -> str:
    """Return a date with its time of day; "–" where there is none."""
    return "–" if value is None else f"{day(value, language)} {value:%H:%M}"


def age(birth_date: date | None, today: date) -> int | None:
    """Return whole years of age; None where the birth date is not known."""
    if birth_date is None:
        return None
    return today.year - birth_date.year - ((today.month, today.day) < (birth_date.month, birth_date.day))
