"""What does a coded field mean? CE / CWE / CNE and assigning authorities as FHIR systems (HL7 tables 0396 and 0301)."""

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from twin.importers.hl7v2.grammar import NULL, Delimiters, components, part, subcomponents
from twin.record.fact import Coding
from twin.record.timeline import Identifier

LOCAL = "urn:patient-twin:local:"
LONGEST = 200  # characters of a name that others find something by; real ones stay below 60

# HL7 table 0396 to FHIR systems: terminology.hl7.org/ConceptMap-v2-0396 and hl7.org/fhir/R4/terminologies-systems.html
SYSTEMS: Mapping[str, str] = MappingProxyType(
    {
        "LN": "http://loinc.org",
        "LOINC": "http://loinc.org",
        "SCT": "http://snomed.info/sct",
        "SNM": "http://snomed.info/sct",
        "SNOMED": "http://snomed.info/sct",
        "SNOMED-CT": "http://snomed.info/sct",
        "I10": "http://hl7.org/fhir/sid/icd-10",
        "ICD10": "http://hl7.org/fhir/sid/icd-10",
        "ICD-10": "http://hl7.org/fhir/sid/icd-10",
        "I10C": "http://hl7.org/fhir/sid/icd-10-cm",
        "ICD10CM": "http://hl7.org/fhir/sid/icd-10-cm",
        "ICD-10-CM": "http://hl7.org/fhir/sid/icd-10-cm",
        "I10P": "http://www.cms.gov/Medicare/Coding/ICD10",
        "I9": "http://hl7.org/fhir/sid/icd-9-cm",
        "I9C": "http://hl7.org/fhir/sid/icd-9-cm",
        "I9CDX": "http://hl7.org/fhir/sid/icd-9-cm",
        "ICD9": "http://hl7.org/fhir/sid/icd-9-cm",
        "ICD-9": "http://hl7.org/fhir/sid/icd-9-cm",
        "ICD-9-CM": "http://hl7.org/fhir/sid/icd-9-cm",
        "RXNORM": "http://www.nlm.nih.gov/research/umls/rxnorm",
        "NDC": "http://hl7.org/fhir/sid/ndc",
        "CVX": "http://hl7.org/fhir/sid/cvx",
        "ATC": "http://www.whocc.no/atc",
        "WC": "http://www.whocc.no/atc",
        "C4": "http://www.ama-assn.org/go/cpt",
        "CPT": "http://www.ama-assn.org/go/cpt",
        "CPT4": "http://www.ama-assn.org/go/cpt",
        "DCM": "http://dicom.nema.org/resources/ontology/DCM",
        "UCUM": "http://unitsofmeasure.org",
        "CDCREC": "urn:oid:2.16.840.1.113883.6.238",
    }
)
_TABLE = re.compile(r"HL7-?(\d{4})")
_OID = re.compile(r"[0-2](?:\.\d+){2,}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_SENDERS_OWN = frozenset({"", "L", "LOCAL"})


def local(name: str) -> str:
    """Return the system that stands for a name only its sender knows."""
    return LOCAL + ("_".join(name.replace("|", " ").split()) or "hl7v2")


@lru_cache(maxsize=4_096)
def system_of(name: str, sender: str) -> str:
    """Return the FHIR system of a coding system's name (HL7 table 0396); `L` is the sender's own."""
    upper = name.strip().upper()
    if upper in _SENDERS_OWN:
        return local(sender)
    if upper in SYSTEMS:
        return SYSTEMS[upper]
    if (table := _TABLE.fullmatch(upper)) is not None:
        return f"http://terminology.hl7.org/CodeSystem/v2-{table[1]}"
    if _OID.fullmatch(upper):
        return f"urn:oid:{upper}"
    return name.strip() if upper.startswith(("HTTP://", "HTTPS://", "URN:")) else local(name)


def codings(raw: str, marks: Delimiters, sender: str, by: str = "") -> tuple[Coding, ...]:
    """Return the codings of one CE, CWE or CNE, the first stated first; a text alone is a coding without a code.

    `by` names the coding system where the field itself names none (DG1-2, PR1-2).
    """
    if not raw:
        return ()
    return _codings(raw, marks, sender, by) if len(raw) > LONGEST else _remembered(raw, marks, sender, by)


def _codings(raw: str, marks: Delimiters, sender: str, by: str) -> tuple[Coding, ...]:
    said = components(raw, marks, whole=True)  # a coded element has no subcomponents: an & is a part of its words
    text = part(said, 9)
    found: list[Coding] = []
    for first in (1, 4, 10):  # identifier, alternate identifier, second alternate identifier
        code, display = part(said, first), part(said, first + 1)
        if not code and not display:
            continue
        stated = part(said, first + 2)
        if not stated and first + 2 <= 6:  # an OID may stand alone (CWE-14, CWE-17)
            stated = part(said, {1: 14, 4: 17}[first])
        system = system_of(stated or (by if first == 1 else ""), sender) if code else ""
        found.append(Coding(system=system, code=code, display=display or text))
    if not found and text:
        found.append(Coding(system="", code="", display=text))
    return tuple(found)


_remembered = lru_cache(maxsize=8_192)(_codings)  # a laboratory has some hundred codes


def known_first(found: tuple[Coding, ...]) -> tuple[Coding, tuple[Coding, ...]]:
    """Return one coding, of a system that others know where there is one, and the rest."""
    if len(found) == 1:
        return found[0], ()
    chosen = next((each for each in found if each.code and not each.system.startswith(LOCAL)), found[0])
    return chosen, tuple(each for each in found if each is not chosen)


def authority(namespace: str, universal: str, kind: str, sender: str) -> str:
    """Return the system of an assigning authority (HD): OID, UUID or URI where stated, else its local name."""
    kind = kind.upper()
    if universal:
        if kind in ("", "ISO") and _OID.fullmatch(universal):
            return f"urn:oid:{universal}"
        if kind in ("UUID", "GUID") or _UUID.fullmatch(universal):
            return f"urn:uuid:{universal.lower()}"
        if kind == "URI" or universal.lower().startswith(("http://", "https://", "urn:")):
            return universal
    return local(namespace or universal or sender)


def identifier(raw: str, marks: Delimiters, sender: str) -> Identifier | None:
    """Return one identifier (CX) with its system and type (HL7 table 0203), None where it has no value."""
    said = components(raw, marks)
    value, kind = part(said, 1), part(said, 5)
    if not value:
        return None
    named = [each if each != NULL else "" for each in subcomponents(raw, 4, marks)] + ["", "", ""]
    system = authority(named[0], named[1], named[2], sender)
    if not any(named[:2]) and kind not in _OF_THE_FACILITY:
        system = f"{system}:{kind}"  # without an authority a licence and a record number would look alike
    return Identifier(system=system, value=value, kind=kind)


_OF_THE_FACILITY = frozenset({"", "MR", "PI", "PT", "PN"})


def entity(raw: str, marks: Delimiters) -> str:
    """Return an entity identifier (EI: order, document, diagnosis) with who gave it out, "" where there is none."""
    if not raw or raw.isalnum():
        return raw
    said = components(raw, marks)
    value = part(said, 1)
    return "^".join((value, part(said, 3) or part(said, 2))).rstrip("^") if value else ""
