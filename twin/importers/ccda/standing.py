"""Whether a statement still stands: refuted, over, running, cancelled - in the words of FHIR's statuses."""

from collections.abc import Mapping
from types import MappingProxyType

from lxml import etree

from twin.importers.ccda.around import Around
from twin.importers.ccda.markup import attribute, child, children
from twin.importers.ccda.templates import STATUSES, roots_of
from twin.importers.ccda.times import Span

_TOLD: Mapping[str, str] = MappingProxyType(
    {
        # Problem Status value set 2.16.840.1.113883.3.88.12.80.68 and CCD 1.0 status values, SNOMED CT
        "55561003": "active",
        "73425007": "inactive",
        "413322009": "resolved",
        "277022003": "remission",
        "246455001": "recurrence",
        "421139008": "inactive",  # on hold / no longer active, CCD 1.0 medication status
    }
)
_OBSERVED = MappingProxyType({"completed": "final", "": "final", "active": "preliminary", "new": "preliminary"})
_PERFORMED = MappingProxyType(
    {"completed": "completed", "": "completed", "active": "in-progress", "aborted": "stopped", "cancelled": "not-done"}
)
_VISITED = MappingProxyType({"completed": "finished", "": "finished", "normal": "finished", "active": "in-progress"})
_TAKEN = MappingProxyType(
    {"": "active", "new": "active", "aborted": "stopped", "suspended": "on-hold", "held": "on-hold"}
)


def of_observation(statement: etree._Element, around: Around) -> str:
    """Return the status of a measurement; a negated one was not made."""
    return _void(statement, around, "not-done") or _OBSERVED.get(_code(statement), _code(statement))


def of_habit(statement: etree._Element, around: Around) -> str:
    """Return the status of a social history observation: one that goes on is as final as one that ended."""
    status = _void(statement, around, "refuted") or _OBSERVED.get(_code(statement), _code(statement))
    return "final" if status == "preliminary" else status


def of_procedure(statement: etree._Element, around: Around) -> str:
    """Return the status of a procedure; a negated one was not done."""
    return _void(statement, around, "not-done") or _PERFORMED.get(_code(statement), _code(statement))


def of_encounter(statement: etree._Element, around: Around) -> str:
    """Return the status of a visit."""
    return _void(statement, around, "cancelled") or _VISITED.get(_code(statement), _code(statement))


def of_problem(statement: etree._Element, around: Around, during: Span) -> str:
    """Return the status of a condition, an allergy or a relative's disease.

    Statement and status observation come before the status of the concern act around them: an act that is completed
    says only that nobody follows it up any more. A `high` with null flavor UNK is C-CDA R2.1's "resolved, not known
    when" (Problem Observation V3), unless the status observation says that it is active.
    """
    void = _void(statement, around, "refuted")
    if void or _code(statement) in ("aborted", "cancelled"):
        return void or "refuted"
    if during.end is not None:
        return "completed"
    told = _told(statement)
    if told:
        return told
    if during.is_over:
        return "resolved"
    return {"completed": "completed", "aborted": "inactive", "suspended": "inactive"}.get(around.concern, "active")


def of_medication(statement: etree._Element, around: Around, during: Span) -> str:
    """Return the status of a medicine.

    "completed" without an end means that it is over, or that the entry is (R1.1 senders use it for both): such a
    medicine is `ended-unknown`, and no model may take it as running, unless a status observation says that it is.
    """
    void = _void(statement, around, "not-taken")
    if void:
        return void
    code = _code(statement)
    if code == "completed" and during.end is None and not during.is_point:
        return "active" if _told(statement) == "active" else "ended-unknown"
    return _TAKEN.get(code, code)


def _void(statement: etree._Element, around: Around, negated: str) -> str:
    if around.is_nullified or _code(statement) == "nullified":
        return "entered-in-error"
    return negated if around.is_negated or attribute(statement, "negationInd") == "true" else ""


def _code(statement: etree._Element) -> str:
    return attribute(child(statement, "statusCode"), "code").lower()[:40]


def _told(statement: etree._Element) -> str:
    for each in children(statement, "entryRelationship"):
        inner = child(each, "observation")
        if inner is not None and STATUSES.intersection(roots_of(inner)):
            told = _TOLD.get(attribute(child(inner, "value"), "code"))
            if told:
                return told
    return ""
