"""Are these two records one person? A score, a grade and what speaks for and against, from demographics alone.

Each part of the demographics adds its weight of evidence log2(m / u): m is how often the part looks so in two records
of one person, u how often in records of two people (Fellegi and Sunter 1969, A theory for record linkage, J Am Stat
Assoc 64:1183). The m and u below are house values: no file of known pairs stands behind them, so the score orders a
review list and never links anybody by itself. It misleads where names are few (a village of Wangs), where birth dates
are made up (1 January), and for twins, who share all but the given name and therefore lose `TWINS`.
"""

from dataclasses import dataclass
from datetime import date
from itertools import product
from math import log2
from typing import Literal

from twin.record.person_name import compare, parse
from twin.record.timeline import Identifier, Sex

Grade = Literal["certain", "probable", "possible", "certainly-not"]
"""FHIR R4 value set match-grade (hl7.org/fhir/R4/valueset-match-grade)."""

PRIOR = -16.0  # bits, house value: one other record in about 65,000 is this person's
TWINS = -3.0  # bits, house value: one birth in thirty is a twin's, so an equal birthday in a family proves less
CERTAIN, PROBABLE, POSSIBLE = 0.999, 0.70, 0.05  # house values: a typing error in a name is never "certain"

# House values (m, u) by part and level. A birth date is one of some 29,000 (80 years); the other u follow from that or
# from the common size of names: a frequent family name is shared by one in a hundred.
_LEVELS: dict[str, dict[str, tuple[float, float]]] = {
    "family": {
        "same": (0.90, 0.010), "close": (0.05, 0.010), "swapped": (0.02, 0.001), "different": (0.05, 0.98),
    },
    "given": {
        "same": (0.85, 0.020), "close": (0.06, 0.020), "initial": (0.05, 0.050), "swapped": (0.02, 0.001),
        "different": (0.05, 0.96),
    },
    "birth_date": {
        "same": (0.93, 1 / 29_000), "day_month_swapped": (0.01, 1 / 29_000), "one_digit": (0.03, 0.001),
        "year_only": (0.02, 0.003), "different": (0.02, 0.98),
    },
    "sex": {"same": (0.98, 0.5), "different": (0.02, 0.5)},
    "identifier": {"same": (0.95, 1e-6), "same_number": (0.20, 0.002), "different": (0.004, 1.0)},
}  # fmt: skip
PERSONAL_KINDS = ("SS", "NI", "NN", "PPN", "DL")  # HL7 table 0203, NNxxx by its beginning: one number a person


@dataclass(frozen=True, kw_only=True, slots=True)
class Demographics:
    """What a record says of the person."""

    name: str
    sex: Sex
    birth_date: date | None
    identifiers: tuple[Identifier, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One part compared: how well it agrees, and its weight of evidence in bits (above 0 speaks for one person)."""

    field: str
    level: str
    weight: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Match:
    """How likely two records are one person (`score`, 0..1), and why."""

    score: float
    grade: Grade
    evidence: tuple[Part, ...]


def match(one: Demographics, other: Demographics) -> Match:
    """Return how likely two records are one person."""
    family, given = compare(parse(one.name), parse(other.name))
    parts = [
        _part("family", family),
        _part("given", given),
        _part("birth_date", _birth_date(one.birth_date, other.birth_date)),
        _part("sex", _sex(one.sex, other.sex)),
    ]
    if shared := _identifiers(one.identifiers, other.identifiers):
        parts.append(_part("identifier", shared))
    if (family, given, parts[2].level) == ("same", "different", "same"):
        parts.append(Part(field="twins", level="possible", weight=TWINS))
    bits = PRIOR + sum(part.weight for part in parts)
    score = 1 / (1 + 2**-bits)
    return Match(score=score, grade=grade_of(score), evidence=tuple(parts))


def grade_of(score: float) -> Grade:
    """Return the grade of a score."""
    if score >= CERTAIN:
        return "certain"
    if score >= PROBABLE:
        return "probable"
    return "possible" if score >= POSSIBLE else "certainly-not"


def near_dates(day: date) -> frozenset[date]:
    """Return the dates that a slip of the hand makes of this one: day and month swapped, or one digit off."""
    text = day.isoformat()
    digits = [place for place, sign in enumerate(text) if sign.isdigit()]
    spelled = {text[:place] + digit + text[place + 1 :] for place, digit in product(digits, "0123456789")}
    spelled.add(f"{text[:4]}-{text[8:]}-{text[5:7]}")
    return frozenset(found for each in spelled if (found := _as_date(each)) is not None) - {day}


def _part(field: str, level: str) -> Part:
    known = _LEVELS[field].get(level)  # missing and not comparable speak neither for nor against
    return Part(field=field, level=level, weight=log2(known[0] / known[1]) if known else 0.0)


def _birth_date(one: date | None, other: date | None) -> str:
    if one is None or other is None:
        return "missing"
    if one == other:
        return "same"
    if (one.year, one.month, one.day) == (other.year, other.day, other.month):
        return "day_month_swapped"
    if sum(a != b for a, b in zip(one.isoformat(), other.isoformat(), strict=True)) == 1:
        return "one_digit"
    is_first = (1, 1) in ((one.month, one.day), (other.month, other.day))
    return "year_only" if one.year == other.year and is_first else "different"


def _sex(one: Sex, other: Sex) -> str:
    if "unknown" in (one, other):
        return "missing"
    return "same" if one == other else "different"


def _identifiers(one: tuple[Identifier, ...], other: tuple[Identifier, ...]) -> str | None:
    """How the identifiers agree; None where they say nothing: a person may have many record numbers."""
    pairs = list(product(one, other))
    if any((a.system, a.value) == (b.system, b.value) for a, b in pairs):
        return "same"
    if any(a.kind == b.kind != "" and a.value == b.value for a, b in pairs):
        return "same_number"
    is_other = any((a.system, a.kind) == (b.system, b.kind) and a.kind.startswith(PERSONAL_KINDS) for a, b in pairs)
    return "different" if is_other else None


def _as_date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
