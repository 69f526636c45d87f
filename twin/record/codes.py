"""Which of our signals or concepts a source's code means.

Measurements: LOINC by `signals.csv`. Conditions, medicines, procedures and family history: `concepts.csv`. Coded
answers (smoking, HBsAg): `answers.csv`. A code that stands in none of them keeps its fact, without a signal.
"""

import csv
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from twin.record.fact import Coding, FactKind
from twin.record.signal import by_loinc, signals

OWN_SIGNAL = "urn:patient-twin:signal"
"""Our own keys as codes, for what has no confirmed LOINC code (liver stiffness, measurements on CT)."""
LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
ATC = "http://www.whocc.no/atc"
ICD10_SYSTEMS = frozenset(
    {
        "http://hl7.org/fhir/sid/icd-10",
        "http://hl7.org/fhir/sid/icd-10-cm",
        "http://hl7.org/fhir/sid/icd-10-cn",
        "http://hl7.org/fhir/sid/icd-10-gm",
    }
)


def signal_of(codings: Iterable[Coding]) -> str | None:
    """Return the signal that a measurement's codings mean: the first LOINC code `signals.csv` maps, or our own key."""
    mapped = by_loinc()
    for each in codings:
        if each.system == LOINC and each.code in mapped:
            return mapped[each.code]
        if each.system == OWN_SIGNAL and each.code in signals():
            return each.code
    return None


def concept_of(kind: FactKind, codings: Iterable[Coding]) -> str | None:
    """Return the concept that a condition, medicine, procedure or family history means, the first row that matches."""
    return next((concept for each in codings if (concept := _concept(kind, each)) is not None), None)


def answer_of(signal: str, codings: Iterable[Coding]) -> str | None:
    """Return our own code for a coded answer, such as `current` for a smoker."""
    answers = _answers()
    return next((found for each in codings if (found := answers.get((signal, each.system, each.code)))), None)


@cache
def _concept(kind: FactKind, coding: Coding) -> str | None:
    exact, prefixes, names = _concepts()
    found = exact.get((kind, coding.system, coding.code))
    if found is not None:
        return found
    system = "icd10" if coding.system in ICD10_SYSTEMS else coding.system
    for prefix, concept in prefixes.get((kind, system), ()):
        if coding.code.replace(".", "").startswith(prefix.replace(".", "")):
            return concept
    words = coding.display.lower()
    return next((concept for name, concept in names.get(kind, ()) if name in words), None)


@cache
def _concepts() -> tuple[
    Mapping[tuple[str, str, str], str],
    Mapping[tuple[str, str], tuple[tuple[str, str], ...]],
    Mapping[str, tuple[tuple[str, str], ...]],
]:
    exact: dict[tuple[str, str, str], str] = {}
    prefixes: dict[tuple[str, str], tuple[tuple[str, str], ...]] = {}
    names: dict[str, tuple[tuple[str, str], ...]] = {}
    for row in _rows("concepts.csv"):
        codes = row["codes"].split(";")
        concept, kind, system = row["concept"], row["kind"], row["system"]
        pairs = tuple((code, concept) for code in codes)
        if row["match"] == "exact":
            exact.update({(kind, system, code): concept for code in codes})
        elif row["match"] == "prefix":
            prefixes[kind, system] = prefixes.get((kind, system), ()) + pairs
        else:
            names[kind] = names.get(kind, ()) + pairs
    return MappingProxyType(exact), MappingProxyType(prefixes), MappingProxyType(names)


@cache
def _answers() -> Mapping[tuple[str, str, str], str]:
    return MappingProxyType(
        {
            (row["signal"], row["system"], code): row["code"]
            for row in _rows("answers.csv")
            for code in row["answers"].split(";")
        }
    )


def _rows(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader((files("twin.record") / "data" / name).read_text(encoding="utf-8").splitlines()))
