"""What does this FHIR server do? Routes, CapabilityStatement and OpenAPI are all made from this list.

Sources: hl7.org/fhir/R4/http.html, hl7.org/fhir/R4/search.html, hl7.org/fhir/R4/operationslist.html.
"""

from dataclasses import dataclass
from typing import Literal

from twin.importers.fhir.readers import READERS
from twin.importers.fhir.version import TYPES
from twin.store.api_tokens import Scope

KINDS = tuple(sorted(TYPES - {"Bundle"}))
"""Types that are kept and can be read back; a Bundle is opened, not kept."""
FACT_KINDS = ("Patient", *sorted(READERS))
"""Types from which the twin takes facts (or, of Patient, who somebody is)."""
MOST_COUNT, USUAL_COUNT = 200, 50  # resources a page

ParamType = Literal["token", "date", "reference", "string", "uri"]
Level = Literal["system", "type", "instance"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Interaction:
    """One thing a client may do: its code in FHIR's value sets, and the request that asks for it."""

    code: str
    level: Level
    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str
    scope: Scope | None
    says: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """An operation, told in the CapabilityStatement by its definition."""

    name: str
    kind: str | None
    definition: str
    requests: tuple[Interaction, ...]
    says: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Param:
    """A search parameter, for the types that have it."""

    name: str
    type: ParamType
    kinds: tuple[str, ...]
    says: str


INTERACTIONS: tuple[Interaction, ...] = (
    Interaction(code="transaction", level="system", method="POST", path="", scope="fhir.write",
                says="Take a bundle whole or not at all (transaction), or entry by entry (batch)."),
    Interaction(code="search-type", level="type", method="GET", path="/{kind}", scope="fhir.read",
                says="Search the standing versions of a type."),
    Interaction(code="search-type", level="type", method="POST", path="/{kind}/_search", scope="fhir.read",
                says="Search with the parameters in a form, where an address must not hold them."),
    Interaction(code="create", level="type", method="POST", path="/{kind}", scope="fhir.write",
                says="Take one resource; with If-None-Exist only where none bears that identifier."),
    Interaction(code="update", level="type", method="PUT", path="/{kind}", scope="fhir.write",
                says="Take one resource as the one that bears an identifier (conditional update)."),
    Interaction(code="read", level="instance", method="GET", path="/{kind}/{logical_id}", scope="fhir.read",
                says="Read a resource as it came."),
    Interaction(code="update", level="instance", method="PUT", path="/{kind}/{logical_id}", scope="fhir.write",
                says="Take one resource under its id; with If-Match only on that version."),
    Interaction(code="history-instance", level="instance", method="GET", path="/{kind}/{logical_id}/_history",
                scope="fhir.read", says="List every version that came, the newest first."),
    Interaction(code="vread", level="instance", method="GET", path="/{kind}/{logical_id}/_history/{version_id}",
                scope="fhir.read", says="Read one version as it came."),
)  # fmt: skip

CAPABILITIES = Interaction(
    code="capabilities", level="system", method="GET", path="/metadata", scope=None, says="What this server does."
)

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        name="match", kind="Patient", definition="http://hl7.org/fhir/OperationDefinition/Patient-match",
        says="Who may this person be? Answers with score and grade; nothing is linked.",
        requests=(Interaction(code="match", level="type", method="POST", path="/Patient/$match", scope="fhir.read",
                              says="Parameters with resource, count, onlyCertainMatches."),),
    ),
    Operation(
        name="everything", kind="Patient", definition="http://hl7.org/fhir/OperationDefinition/Patient-everything",
        says="Every kept resource of a patient, of the records merged into this one too.",
        requests=(Interaction(code="everything", level="instance", method="GET",
                              path="/Patient/{logical_id}/$everything", scope="fhir.read",
                              says="Narrowed by start, end, _since, _type; in pages of _count."),),
    ),
    Operation(
        name="import", kind=None, definition="urn:patient-twin:operation:import",
        says="Import a file of any size: NDJSON in the body, or files that are fetched from allowed hosts.",
        requests=(
            Interaction(code="import", level="system", method="POST", path="/$import", scope="fhir.write",
                        says="Start; the answer names the address at which it can be watched."),
            Interaction(code="import-status", level="system", method="GET", path="/$import/{import_id}",
                        scope="fhir.write", says="How far it has come (202), or what became of it (200)."),
            Interaction(code="import-cancel", level="system", method="DELETE", path="/$import/{import_id}",
                        scope="fhir.write", says="End it at its next checkpoint."),
        ),
    ),
)  # fmt: skip

_DATED = tuple(sorted(READERS))
_CODED = tuple(sorted(READERS.keys() - {"Encounter", "ImagingStudy"}))
_SUBJECT = tuple(sorted(READERS.keys() - {"AllergyIntolerance", "FamilyMemberHistory"}))

PARAMS: tuple[Param, ...] = (
    Param(name="_id", type="token", kinds=KINDS, says="The id by which a resource is read."),
    Param(name="_lastUpdated", type="date", kinds=KINDS, says="When this system recorded the version that stands."),
    Param(name="_source", type="uri", kinds=KINDS, says="The source that sent it, as named when it was sent."),
    Param(name="identifier", type="token", kinds=KINDS, says="A business identifier: system|value, |value or value."),
    Param(name="patient", type="reference", kinds=KINDS,
          says="The patient, by a source's id or this system's; merged records are one. patient.identifier too."),
    Param(name="subject", type="reference", kinds=_SUBJECT, says="As patient. subject.identifier too."),
    Param(name="code", type="token", kinds=_CODED,
          says="A code of the resource or of one of its components, in any of its codings."),
    Param(name="date", type="date", kinds=_DATED, says="When one of the facts made of the resource was true."),
    Param(name="onset-date", type="date", kinds=("Condition",), says="As date."),
    Param(name="authoredon", type="date", kinds=("MedicationRequest",), says="As date."),
    Param(name="effective", type="date", kinds=("MedicationStatement",), says="As date."),
    Param(name="started", type="date", kinds=("ImagingStudy",), says="As date."),
    Param(name="name", type="string", kinds=("Patient",), says="A word of the patient's name begins so."),
    Param(name="family", type="string", kinds=("Patient",), says="A word of the family name begins so."),
    Param(name="given", type="string", kinds=("Patient",), says="A word of the given names begins so."),
    Param(name="birthdate", type="date", kinds=("Patient",), says="The birth date."),
    Param(name="gender", type="token", kinds=("Patient",), says="male, female or unknown (other is kept as unknown)."),
)  # fmt: skip

DATE_NAMES = frozenset({"date", "onset-date", "authoredon", "effective", "started"})


def params_of(kind: str) -> tuple[Param, ...]:
    """Return the search parameters of a type."""
    return tuple(each for each in PARAMS if kind in each.kinds)
