"""Which concept a condition, procedure, family history or medicine means, and what that concept is a kind of.

A code is looked up exactly, then by the longest prefix of its system; ICD-10 is tried in the edition named and then in
what all editions share. A medicine without a mapped code is looked up by the ingredients in its words.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from types import MappingProxyType

from twin.record.codes.rows import rows
from twin.record.codes.systems import ATC, ICD10_SYSTEMS, same_system
from twin.record.fact import Coding, FactKind

NO_CONCEPT = "-"
"""In the tables: this code means none of our concepts, whatever a shorter prefix says."""
JOINS = "+"
"""Between the keys of a code or product that means several concepts."""

# "insulin pump" is a device, "no statin" and "allergy to aspirin" are no treatment
_NOT_A_TREATMENT = re.compile(
    r"\b(?:no|not|without|never|stop(?:ped)?|discontinued?|declined|refused|allerg\w*|intoleran\w*|adverse|placebo"
    r"|pump|syringes?|needles?|lancets?|test|strips?|antibod\w*|level|swab)\b"
    r"|停用|未用|禁用|过敏|不耐受|注射器|注射笔|针头|胰岛素泵|抗体|试纸|胰岛素样",
    re.IGNORECASE,
)
_ON_THE_OUTSIDE = re.compile(
    r"\b(?:cream|ointment|oint|lotion|gel|topical|ophth\w*|eye|ear|otic|drops?|nasal|inhal\w*|spray|mdi|neb|actuat"
    r"|enema|rectal|foam|shampoo|scalp|dental|paste)\b"
    r"|乳膏|软膏|凝胶|滴眼|眼膏|眼用|滴耳|滴鼻|鼻喷|吸入|气雾|洗剂|外用|灌肠|搽剂",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Tables:
    exact: Mapping[tuple[str, str, str], str]
    prefixes: Mapping[tuple[str, str], Mapping[str, str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Ingredient:
    concept: str
    pattern: re.Pattern[str]
    is_inner: bool
    """Whether only what goes into the body counts: a steroid cream is no steroid treatment."""


@lru_cache(maxsize=65_536)
def concept_of_coding(kind: FactKind, coding: Coding) -> str | None:
    """Return the concept that one coding means, or None."""
    tables = _tables()
    system = same_system(coding.system)
    code = coding.code.strip().upper().replace(".", "") if _is_hierarchic(system) else coding.code.strip()
    for each in (system, "icd10") if system in ICD10_SYSTEMS else (system,):
        found = tables.exact.get((kind, each, code)) or _by_prefix(tables.prefixes.get((kind, each)), code)
        if found is not None:
            return None if found == NO_CONCEPT else found
    return _by_words(coding.display or coding.code) if kind == "medication" else None


@cache
def known_concepts() -> frozenset[str]:
    """Every concept that a mapping may name."""
    mapped = frozenset(row["concept"] for name in ("concepts.csv", "medicines.csv") for row in rows(name))
    parts = {part for each in mapped for part in each.split(JOINS)}
    return (mapped | parts | _parents().keys() | {up for ups in _parents().values() for up in ups}) - {NO_CONCEPT}


@lru_cache(maxsize=4_096)
def with_broader(concept: str) -> tuple[str, ...]:
    """Return the concept, its parts, and all that they are a kind of: a heart attack is coronary disease and ASCVD.

    Example:
        >>> with_broader("myocardial_infarction")
        ('myocardial_infarction', 'coronary_disease', 'ascvd')
    """
    met: dict[str, None] = {}
    waiting = [concept]
    while waiting:
        each = waiting.pop(0)
        if each not in met:
            met[each] = None
            waiting += each.split(JOINS) if JOINS in each else _parents().get(each, ())
    return tuple(met)


def with_narrower(keys: Iterable[str]) -> frozenset[str]:
    """Return the keys, and all that is a kind of one of them: an answer about pregnancy tells of pregnancy.

    Example:
        >>> sorted(with_narrower(["pregnancy"]))
        ['gestational_diabetes', 'pregnancy', 'pregnancy_status']
    """
    asked = frozenset(keys)
    return asked | {each for each in _parents() if not asked.isdisjoint(with_broader(each))}


def _is_hierarchic(system: str) -> bool:
    return system in ICD10_SYSTEMS or system in (ATC, "http://hl7.org/fhir/sid/icd-9-cm")


def _by_prefix(table: Mapping[str, str] | None, code: str) -> str | None:
    if not table:
        return None
    return next((table[code[:end]] for end in range(len(code), 0, -1) if code[:end] in table), None)


def _by_words(words: str) -> str | None:
    """The concepts of all ingredients named, in the order of the table, each once; None where it is no treatment."""
    if not words or _NOT_A_TREATMENT.search(words):
        return None
    is_outside = _ON_THE_OUTSIDE.search(words) is not None
    found = dict.fromkeys(
        each.concept
        for each in _ingredients()
        if not (is_outside and each.is_inner) and each.pattern.search(words) is not None
    )
    return JOINS.join(found) or None


@cache
def _tables() -> _Tables:
    exact: dict[tuple[str, str, str], str] = {}
    prefixes: dict[tuple[str, str], dict[str, str]] = {}
    for row in [*rows("concepts.csv"), *rows("medicines.csv")]:
        concept, kind, system = row["concept"], row["kind"], row["system"]
        for code in row["codes"].split(";"):
            if row["match"] == "exact":
                exact[kind, system, code] = concept
            elif row["match"] == "prefix":
                prefixes.setdefault((kind, system), {})[code.replace(".", "")] = concept
    return _Tables(exact=MappingProxyType(exact), prefixes=MappingProxyType(prefixes))


@cache
def _ingredients() -> tuple[_Ingredient, ...]:
    return tuple(
        _Ingredient(
            concept=row["concept"], pattern=_pattern(row["codes"].split(";")), is_inner=row["match"] == "inner_name"
        )
        for row in rows("medicines.csv")
        if row["match"] in ("name", "inner_name")
    )


def _pattern(names: list[str]) -> re.Pattern[str]:
    """Latin names as whole words (a leading `-` marks a stem, the end of a word), Chinese ones anywhere."""
    spelled = [
        name if not name.isascii() else rf"\w*{re.escape(name[1:])}\b" if name[0] == "-" else rf"\b{re.escape(name)}\b"
        for name in names
    ]
    return re.compile("|".join(spelled), re.IGNORECASE)


@cache
def _parents() -> Mapping[str, tuple[str, ...]]:
    return MappingProxyType(
        {row["concept"]: tuple(part for part in row["broader"].split(";") if part) for row in rows("broader.csv")}
    )
