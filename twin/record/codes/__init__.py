"""Which of our signals or concepts a source's code means.

Measurements: LOINC by `signals.csv` and `loinc_more.csv`; local laboratory names by `names.csv`. Conditions,
procedures and family history: `concepts.csv`; medicines: `medicines.csv`; what is broader than what: `broader.csv`.
Coded answers (smoking, HBsAg): `answers.csv`. What the site has said itself stands above all of them. A code that
stands in none keeps its fact, without a signal.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from types import MappingProxyType

from twin.record.codes.concepts import concept_of_coding, known_concepts
from twin.record.codes.names import signal_by_name
from twin.record.codes.rows import rows
from twin.record.codes.systems import ATC, ICD10_SYSTEMS, LOINC, OWN_FINDING, OWN_SIGNAL, RXNORM, SNOMED, same_system
from twin.record.fact import Coding, FactKind
from twin.record.local import NO_LOCAL, LocalMapping
from twin.record.signal import by_loinc, signals

__all__ = [
    "ATC",
    "ICD10_SYSTEMS",
    "LOINC",
    "OWN_FINDING",
    "OWN_SIGNAL",
    "RXNORM",
    "SNOMED",
    "answer_of",
    "concept_of",
    "is_known_key",
    "loinc_signals",
    "signal_of",
]


def signal_of(
    codings: Iterable[Coding], *, unit: str | None = None, source: str = "", local: LocalMapping = NO_LOCAL
) -> str | None:
    """Return the signal that a measurement's codings mean: the first one that anything maps.

    `unit` is the unit as received: some local names mean a signal only in its usual units (WBC in blood or in urine).
    """
    given = tuple(codings)
    mapped = loinc_signals()
    for each in given:
        said = local.key_of(source, each.system, each.code)
        if said in signals():
            return said
    for each in given:
        system = same_system(each.system)
        if system == LOINC and each.code in mapped:
            return mapped[each.code]
        if system == OWN_SIGNAL and each.code in signals():
            return each.code
    return next((found for each in given if (found := signal_by_name(each, unit)) is not None), None)


def concept_of(
    kind: FactKind, codings: Iterable[Coding], *, source: str = "", local: LocalMapping = NO_LOCAL
) -> str | None:
    """Return the concept that a condition, medicine, procedure or family history means: the first coding that has one.

    A code or combination product that means several has their keys joined by `+` (`cirrhosis+alcohol_liver_disease`).
    """
    given = tuple(codings)
    for each in given:
        said = local.key_of(source, each.system, each.code)
        if said in known_concepts():
            return said
    return next((concept for each in given if (concept := concept_of_coding(kind, each)) is not None), None)


def answer_of(signal: str, codings: Iterable[Coding]) -> str | None:
    """Return our own code for a coded answer, such as `current` for a smoker."""
    answers = _answers()
    return next(
        (found for each in codings if (found := answers.get((signal, same_system(each.system), each.code)))), None
    )


def is_known_key(key: str) -> bool:
    """True for the key of a signal or of a concept."""
    return key in signals() or key in known_concepts()


@cache
def loinc_signals() -> Mapping[str, str]:
    """LOINC code to signal key: the codes of `signals.csv`, and those of `loinc_more.csv` that mean the same."""
    more = {row["loinc"]: row["signal"] for row in rows("loinc_more.csv")}
    return MappingProxyType(more | dict(by_loinc()))


@cache
def _answers() -> Mapping[tuple[str, str, str], str]:
    return MappingProxyType(
        {
            (row["signal"], row["system"], code): row["code"]
            for row in rows("answers.csv")
            for code in row["answers"].split(";")
        }
    )
