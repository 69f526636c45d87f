"""What part a clinical statement plays, by its template: a fact, a holder of facts, or a detail of another.

Roots of C-CDA R1.1 and R2.1 (2.16.840.1.113883.10.20.22.4, the same OIDs in both) and of CCD 1.0 (...10.20.1).
"""

from collections.abc import Mapping
from types import MappingProxyType

from lxml import etree

from twin.importers.ccda.markup import attribute, children, local
from twin.importers.ccda.sections import Section

_CCDA = "2.16.840.1.113883.10.20.22.4."
_CCD = "2.16.840.1.113883.10.20.1."

STATEMENTS = frozenset(
    {"observation", "organizer", "act", "procedure", "encounter", "substanceAdministration", "supply"}
)
"""The clinical statements of CDA that an entry may hold (POCD_MT000040.ClinicalStatement)."""
HOLDER = "holder"
USED = "used"

_FACTS: Mapping[str, str] = MappingProxyType(
    {
        f"{_CCDA}78": "smoking",  # smoking status
        f"{_CCDA}85": "tobacco",  # tobacco use
        "2.16.840.1.113883.10.20.15.3.8": "assertion",  # pregnancy observation
        f"{_CCDA}79": "death",
        f"{_CCDA}46": "relative",
        f"{_CCDA}2": "result",
        f"{_CCDA}27": "result",  # vital sign
        f"{_CCDA}4": "problem",
        f"{_CCDA}7": "allergy",
        "2.16.840.1.113883.10.20.24.3.90": "allergy",  # substance or device allergy
        f"{_CCDA}16": "medication",
        f"{_CCDA}12": "procedure",
        f"{_CCDA}13": "procedure",
        f"{_CCDA}14": "procedure",
        f"{_CCDA}49": "encounter",
        f"{_CCDA}38": "social",
        f"{_CCD}22": "relative",
        f"{_CCD}31": "result",
        f"{_CCD}28": "problem",
        f"{_CCD}18": "allergy",
        f"{_CCD}24": "medication",
        f"{_CCD}29": "procedure",
        f"{_CCD}21": "encounter",
        f"{_CCD}33": "social",
    }
)
"""Templates that state a fact, and how it is read; the first of these that a statement has decides."""
_HOLDERS = frozenset(
    {f"{_CCDA}{each}" for each in (1, 26, 45, 3, 30, 80, 34, 33, 65, 51, 35, 36)}
    | {f"{_CCD}{each}" for each in (27, 32, 35, 23)}
)
"""Organizers, and acts around a problem, an allergy, a diagnosis or a medicine."""
CONCERNS = frozenset({f"{_CCDA}3", f"{_CCDA}30", f"{_CCD}27"})
"""Acts whose status says whether anybody is still concerned about what they hold."""
STATUSES = frozenset({f"{_CCDA}6", f"{_CCDA}28", *(f"{_CCD}{each}" for each in (39, 47, 50, 51, 57))})
AGES = frozenset({f"{_CCDA}31", f"{_CCD}38"})
_USED = STATUSES | AGES
"""Details that the statement around them reads."""
_DETAILS: Mapping[str, str] = MappingProxyType(
    {
        f"{_CCDA}5": "health status",
        f"{_CCDA}8": "severity",
        f"{_CCD}55": "severity",
        f"{_CCDA}9": "reaction",
        f"{_CCD}54": "reaction",
        f"{_CCDA}145": "criticality",
        f"{_CCDA}17": "supply order",
        f"{_CCDA}18": "dispense",
        f"{_CCD}34": "supply",
        f"{_CCDA}19": "indication",
        f"{_CCDA}20": "instruction",
        f"{_CCDA}25": "precondition",
        f"{_CCDA}39": "planned act",
        f"{_CCDA}40": "planned encounter",
        f"{_CCDA}41": "planned procedure",
        f"{_CCDA}42": "planned medication",
        f"{_CCDA}43": "planned supply",
        f"{_CCDA}44": "planned observation",
        f"{_CCDA}47": "death of a relative",
        f"{_CCDA}50": "supply",
        f"{_CCDA}52": "immunization",
        f"{_CCDA}64": "comment",
        f"{_CCD}40": "comment",
        f"{_CCDA}113": "prognosis",
        f"{_CCDA}118": "act of giving",
        f"{_CCDA}122": "reference to another entry",
        f"{_CCDA}123": "drug monitoring",
        f"{_CCDA}143": "priority",
        f"{_CCDA}147": "free-text instruction",
        f"{_CCDA}202": "note",
    }
)


def roots_of(statement: etree._Element) -> tuple[str, ...]:
    """Return the template roots of a statement, in its order."""
    return tuple(attribute(each, "root") for each in children(statement, "templateId"))


def part_of(statement: etree._Element, section: Section, *, is_nested: bool) -> tuple[str, str]:
    """Return what a statement is - a reader's name, HOLDER, USED or empty - and what to call it in a report.

    `is_nested` says that it stands inside a statement that is a fact itself: only its template can make it another.
    """
    found = roots_of(statement)
    name = local(statement)
    fact = next((kind for root, kind in _FACTS.items() if root in found), None)
    if fact is not None:
        return fact, fact
    if any(root in _HOLDERS for root in found):
        return HOLDER, name
    detail = next((_DETAILS[root] for root in found if root in _DETAILS), None)
    if detail is not None:
        return "", detail
    if any(root in _USED for root in found) and is_nested:
        return USED, name
    if name == "encounter" and name not in section.reads:
        return "", "link to an encounter"
    if is_nested:
        return "", f"{name} that belongs to another entry"
    if name in section.reads:
        return _untemplated(statement, section.reads[name])
    if name == "organizer" or (name == "act" and section.reads):
        return HOLDER, name
    return "", f"{name} without a template that is known"


def _untemplated(statement: etree._Element, kind: str) -> tuple[str, str]:
    """An act that only holds procedures is a holder, not a procedure."""
    is_holder = local(statement) == "act" and any(
        local(inner) in STATEMENTS for each in children(statement, "entryRelationship") for inner in each
    )
    return (HOLDER, "act") if is_holder else (kind, kind)
