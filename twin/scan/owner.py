"""Whom does a series name, and can that be the patient somebody says it is?"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

_SEX = {"M": "male", "F": "female", "O": "other"}  # PS3.3 C.7.1.1, Patient's Sex
_TWO = ("male", "female")


@dataclass(frozen=True, kw_only=True)
class Told:
    """Whom a series names (PS3.3 C.7.1.1); None where it doesn't say. `sex` is male, female or other."""

    name: str | None
    number: str | None
    birth_date: date | None
    sex: str | None


def told(tags: Mapping[str, Any]) -> Told:
    """Return whom the tags of a series (DICOM JSON, PS3.18 F.2) name."""
    name, number, born, sex = (
        (tags.get(tag, {}).get("Value") or [None])[0] for tag in ("00100010", "00100020", "00100030", "00100040")
    )
    if isinstance(name, Mapping):
        name = " / ".join(" ".join(str(each).replace("^", " ").split()) for each in name.values() if each)
    return Told(
        name=name or None,
        number=str(number).strip() or None if number is not None else None,
        birth_date=_day(str(born)),
        sex=_SEX.get(str(sex).strip().upper()) if sex else None,
    )


def contradictions(says: Told, birth_date: date | None, sex: str) -> tuple[Literal["birth_date", "sex"], ...]:
    """Return in what a series and a patient can't be the same person's: both say it, and differently."""
    found: list[Literal["birth_date", "sex"]] = []
    if says.birth_date is not None and birth_date is not None and says.birth_date != birth_date:
        found.append("birth_date")
    if says.sex in _TWO and sex in _TWO and says.sex != sex:
        found.append("sex")
    return tuple(found)


def _day(text: str) -> date | None:
    try:
        return datetime.strptime(text.strip(), "%Y%m%d").date()  # PS3.5 6.2, DA
    except ValueError:
        return None
