"""FHIR R4's primitive types (hl7.org/fhir/R4/datatypes.html): what breaks the rule of its type is refused.

Numbers stay the text they were written in. `null` stands for an element that is not there.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, InstanceOf, Strict, StringConstraints

from twin.importers.fhir.scan import Number
from twin.record.moment import Moment, of_parts

LONGEST_STRING = 1_048_576  # R4 datatypes, string: "SHALL NOT exceed 1 MB in size"
# R4 datatypes, dateTime: year, year-month, date, or date and time with seconds and a zone.
_DATE_TIME = re.compile(
    r"^(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T\d{2}:\d{2}:(\d{2})(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2}))?)?)?$", re.ASCII
)
_INTEGER = re.compile(r"^(?:0|-?[1-9]\d*)$", re.ASCII)


def read_moment(value: object) -> Moment:
    """Return what a FHIR date, dateTime or instant means.

    Raises:
        ValueError: it is not a FHIR dateTime, or no such day exists.
    """
    if isinstance(value, Moment):
        return value
    if not isinstance(value, str):
        raise ValueError("not a FHIR dateTime")
    return _moment(value)


@lru_cache(maxsize=4096)  # the results of a visit share their times
def _moment(text: str) -> Moment:
    match = _DATE_TIME.match(text)
    if match is None:
        raise ValueError("not a FHIR dateTime")
    year, month, day, seconds = match.groups()
    if seconds is None:
        return of_parts(int(year), int(month) if month else None, int(day) if day else None)
    if seconds == "60":  # a leap second, which FHIR's grammar allows; the clocks here have none
        text = f"{text[:17]}59{text[19:]}"
    try:
        moment = datetime.fromisoformat(text).astimezone(UTC)
    except OverflowError:
        raise ValueError("beyond the calendar") from None
    return Moment(start=moment, end=moment)


def _instant(value: object) -> Moment:
    if isinstance(value, str) and "T" not in value:
        raise ValueError("not a FHIR instant")
    return read_moment(value)


def _date(value: object) -> date:
    if isinstance(value, str) and "T" in value:
        raise ValueError("not a FHIR date")
    return read_moment(value).start.date()


def _written(value: str) -> str:
    read_moment(value)
    return value


def _decimal(value: object) -> str:
    if not isinstance(value, Number):
        raise ValueError("not a JSON number")
    return value.text


def _integer(value: object) -> str:
    text = _decimal(value)
    if _INTEGER.match(text) is None:
        raise ValueError("not an integer")
    return text


def _at_least(bound: int) -> Callable[[object], str]:
    def check(value: object) -> str:
        text = _integer(value)
        if Number(text) < bound:
            raise ValueError(f"not an integer from {bound}")
        return text

    return check


FhirMoment = Annotated[InstanceOf[Moment], BeforeValidator(read_moment)]
FhirInstant = Annotated[InstanceOf[Moment], BeforeValidator(_instant)]
FhirDate = Annotated[date, BeforeValidator(_date)]
FhirDateTimeAsWritten = Annotated[str, AfterValidator(_written)]
FhirDecimal = Annotated[str, BeforeValidator(_decimal)]
FhirInteger = Annotated[str, BeforeValidator(_integer)]
FhirPositiveInt = Annotated[str, BeforeValidator(_at_least(1))]
FhirUnsignedInt = Annotated[str, BeforeValidator(_at_least(0))]
FhirBoolean = Annotated[bool, Strict()]
FhirString = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_STRING)]
FhirCode = Annotated[str, StringConstraints(pattern=r"^[^\s]+(\s[^\s]+)*$")]
FhirUri = Annotated[str, StringConstraints(pattern=r"^\S+$")]
FhirId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9\-.]{1,64}$")]
FhirTime = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?$")]
