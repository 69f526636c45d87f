"""What code systems are called: the FHIR URI we use, and the other names sources give the same system."""

OWN_SIGNAL = "urn:patient-twin:signal"
"""Our own keys as codes, for what has no confirmed LOINC code (liver stiffness, measurements on CT)."""
OWN_FINDING = "urn:patient-twin:finding"
"""Keys of what is found and measured in images: ours, and under the same key what other systems send."""
LOCAL = "urn:patient-twin:local:"
"""Begin of the systems that importers give to a source's own codes."""
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

# HL7 OID registry (oid.info, hl7.org/oid); German systems: BfArM and the former DIMDI
_SAME = {
    "urn:oid:2.16.840.1.113883.6.1": LOINC,
    "urn:oid:2.16.840.1.113883.6.96": SNOMED,
    "urn:oid:2.16.840.1.113883.6.88": RXNORM,
    "urn:oid:2.16.840.1.113883.6.73": ATC,
    "http://fhir.de/CodeSystem/bfarm/atc": ATC,
    "http://fhir.de/CodeSystem/dimdi/atc": ATC,
    "urn:oid:2.16.840.1.113883.6.3": "http://hl7.org/fhir/sid/icd-10",
    "urn:oid:2.16.840.1.113883.6.90": "http://hl7.org/fhir/sid/icd-10-cm",
    "http://fhir.de/CodeSystem/bfarm/icd-10-gm": "http://hl7.org/fhir/sid/icd-10-gm",
    "http://fhir.de/CodeSystem/dimdi/icd-10-gm": "http://hl7.org/fhir/sid/icd-10-gm",
    "urn:oid:2.16.840.1.113883.6.103": "http://hl7.org/fhir/sid/icd-9-cm",
    "urn:oid:2.16.840.1.113883.6.104": "http://hl7.org/fhir/sid/icd-9-cm",
    "http://hl7.org/fhir/sid/icd-9-cm/diagnosis": "http://hl7.org/fhir/sid/icd-9-cm",
}


def same_system(system: str) -> str:
    """Return the URI that we use for a code system."""
    return _SAME.get(system, system)


def is_local(system: str) -> bool:
    """True where the code is the source's own, or only words were given."""
    return not system or system.startswith(LOCAL)
