"""What a CDA code means: its codings in FHIR's systems, and the words for it where it has no code."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

from lxml import etree

from twin.importers.ccda.markup import attribute, child, children, text_of
from twin.record.codes import ATC, LOINC, RXNORM, SNOMED
from twin.record.fact import Coding

MAX_CODINGS = 50  # of one concept; real ones have up to 8
MAX_DISPLAY = 300  # characters: a display is a name, not a story

# HL7 OID registry, with the URIs of terminology.hl7.org (FHIR R4 section 4.3.0.1)
SYSTEMS: Mapping[str, str] = MappingProxyType(
    {
        "2.16.840.1.113883.6.1": LOINC,
        "2.16.840.1.113883.6.96": SNOMED,
        "2.16.840.1.113883.6.88": RXNORM,
        "2.16.840.1.113883.6.90": "http://hl7.org/fhir/sid/icd-10-cm",
        "2.16.840.1.113883.6.3": "http://hl7.org/fhir/sid/icd-10",
        "2.16.840.1.113883.6.42": "http://hl7.org/fhir/sid/icd-9-cm",
        "2.16.840.1.113883.6.103": "http://hl7.org/fhir/sid/icd-9-cm",
        "2.16.840.1.113883.6.104": "http://hl7.org/fhir/sid/icd-9-cm",
        "2.16.840.1.113883.6.73": ATC,
        "2.16.840.1.113883.12.292": "http://hl7.org/fhir/sid/cvx",
        "2.16.840.1.113883.6.59": "http://hl7.org/fhir/sid/cvx",  # the OID that CDA releases before CVX's own used
        "2.16.840.1.113883.6.12": "http://www.ama-assn.org/go/cpt",
        "2.16.840.1.113883.6.69": "http://hl7.org/fhir/sid/ndc",
        "2.16.840.1.113883.4.9": "http://fdasis.nlm.nih.gov",
        "2.16.840.1.113883.6.8": "http://unitsofmeasure.org",
        "2.16.840.1.113883.5.4": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
        "2.16.840.1.113883.5.111": "http://terminology.hl7.org/CodeSystem/v3-RoleCode",
        "2.16.840.1.113883.5.83": "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation",
    }
)
_NAMED: Mapping[str, str] = MappingProxyType(
    {
        "loinc": LOINC,
        "snomed": SNOMED,
        "snomedct": SNOMED,
        "rxnorm": RXNORM,
        "icd10": "http://hl7.org/fhir/sid/icd-10",
        "icd10cm": "http://hl7.org/fhir/sid/icd-10-cm",
        "icd9": "http://hl7.org/fhir/sid/icd-9-cm",
        "icd9cm": "http://hl7.org/fhir/sid/icd-9-cm",
        "cpt": "http://www.ama-assn.org/go/cpt",
        "cpt4": "http://www.ama-assn.org/go/cpt",
    }
)
"""Systems by the name that stands beside a code, for codes that came without an OID."""
_OID = re.compile(r"^[0-2](\.\d+)+$")
ASSERTION = Coding(system=SYSTEMS["2.16.840.1.113883.5.4"], code="ASSERTION")


@dataclass(frozen=True, kw_only=True)
class Narrative:
    """The human-readable texts of a document, which its entries point into by `#id`."""

    root: etree._Element
    _read: dict[str, str] = field(default_factory=dict, repr=False)

    def text(self, reference: str) -> str:
        """Return the text that a reference points to, empty where it points nowhere."""
        name = reference.strip().removeprefix("#")
        if name not in self._read:
            self._read[name] = text_of(self._places.get(name))
        return self._read[name]

    @cached_property
    def _places(self) -> dict[str, etree._Element]:
        found: dict[str, etree._Element] = {}
        for each in self.root.xpath("//*[@ID]"):
            found.setdefault(str(each.get("ID")), each)
        return found


@dataclass(frozen=True, kw_only=True, slots=True)
class Concept:
    """A coded meaning: codings in the order received, and the source's own words."""

    codings: tuple[Coding, ...] = ()
    words: str = ""

    def __bool__(self) -> bool:
        return bool(self.codings or self.words)

    @property
    def coding(self) -> Coding:
        """The first coding; without one, a coding of words alone."""
        return self.codings[0] if self.codings else Coding(system="", code="", display=self.words[:MAX_DISPLAY])

    @property
    def others(self) -> tuple[Coding, ...]:
        """Every further coding."""
        return self.codings[1:]

    def is_assertion(self) -> bool:
        """True where the code says only that the value is asserted (HL7 ActCode ASSERTION)."""
        return bool(self.codings) and self.coding.code == ASSERTION.code and self.coding.system == ASSERTION.system


NOTHING = Concept()


def concept(element: etree._Element | None, narrative: Narrative) -> Concept:
    """Return what a CD, CE, CV or CO means; a null flavor leaves its translations and its words."""
    if element is None:
        return NOTHING
    words = words_of(child(element, "originalText"), narrative) or attribute(element, "displayName")
    found = tuple(
        coding
        for each in (element, *element.iterdescendants("{*}translation"))
        if (coding := _coding(each, words)) is not None
    )
    return Concept(codings=tuple(dict.fromkeys(found))[:MAX_CODINGS], words=words)


def words_of(element: etree._Element | None, narrative: Narrative) -> str:
    """Return the text of an ED: its own, else what it refers to in the narrative."""
    if element is None:
        return ""
    return text_of(element) or narrative.text(attribute(child(element, "reference"), "value"))


def statement_words(statement: etree._Element, narrative: Narrative) -> str:
    """Return the words that a whole statement points to."""
    return next((words for each in children(statement, "text") if (words := words_of(each, narrative))), "")


def system_of(oid: str, name: str = "") -> str:
    """Return the FHIR URI of a code system by its OID; without one, by the name beside it."""
    if oid in SYSTEMS:
        return SYSTEMS[oid]
    if _OID.match(oid):
        return f"urn:oid:{oid}"
    plain = "".join(letter for letter in name.lower() if letter.isalnum())
    return _NAMED.get(plain) or f"urn:patient-twin:local:{plain[:60] or 'ccda'}"


def _coding(element: etree._Element, words: str) -> Coding | None:
    code = attribute(element, "code")
    if not code:
        return None
    return Coding(
        system=system_of(attribute(element, "codeSystem"), attribute(element, "codeSystemName")),
        code=code[:MAX_DISPLAY],
        display=(attribute(element, "displayName") or words)[:MAX_DISPLAY],
    )
