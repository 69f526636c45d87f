"""Which section of a document is which, and whether the record has a kind of fact for what stands in it.

Section codes are LOINC; template roots are those of C-CDA R1.1 and R2.1 (the same OIDs, with an extension in R2.1),
of CCD 1.0 (2.16.840.1.113883.10.20.1) and of IHE PCC (1.3.6.1.4.1.19376.1.5.3.1).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from lxml import etree

from twin.importers.ccda.markup import SHELL, attribute, child, children, name_in

_CCDA = "2.16.840.1.113883.10.20.22.2."
_CCD = "2.16.840.1.113883.10.20.1."
_IHE = "1.3.6.1.4.1.19376.1.5.3.1.3."
IS_LOOSE = name_in(SHELL, "loose")
"""An attribute of the section that our bodies put around an entry that came without one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """A kind of section. `reads` says what an entry without a known template is, by its element's name;

    `unused` says why none of its entries becomes a fact.
    """

    name: str
    codes: tuple[str, ...] = ()
    templates: tuple[str, ...] = ()
    reads: Mapping[str, str] = field(default_factory=dict)
    unused: str | None = None


def section_of(element: etree._Element) -> Section:
    """Return which section an element is, by its LOINC code, else by a template; an unknown one by its own code.

    The code decides where the two differ: templates are copied from section to section, codes are shown to people.
    """
    if element.get(IS_LOOSE):
        return LOOSE
    code = attribute(child(element, "code"), "code")
    found = _BY_CODE.get(code)
    for each in children(element, "templateId"):
        found = found or _BY_TEMPLATE.get(attribute(each, "root"))
    if found is not None:
        return found
    named = code if code.replace("-", "").isalnum() and len(code) <= 20 else ""
    name = f"unknown section {named}" if named else "section without a code"
    return Section(name=name, unused=f"{name}: not known to this importer")


LOOSE = Section(name="no section")
"""Where an entry stands that came without its section: its own template says what it is."""

_PROBLEM = {"observation": "problem"}
_DONE = {"procedure": "procedure", "observation": "procedure", "act": "procedure"}
_TAKEN = {"substanceAdministration": "medication"}

READ = (
    Section(name="problems", codes=("11450-4",), templates=(f"{_CCDA}5", f"{_CCDA}5.1", f"{_CCD}11"), reads=_PROBLEM),
    Section(name="past illness", codes=("11348-0",), templates=(f"{_CCDA}20", f"{_IHE}8"), reads=_PROBLEM),
    Section(name="admission diagnosis", codes=("46241-6", "42347-5"), templates=(f"{_CCDA}43",), reads=_PROBLEM),
    Section(name="discharge diagnosis", codes=("11535-2", "78375-3"), templates=(f"{_CCDA}24",), reads=_PROBLEM),
    Section(name="preoperative diagnosis", codes=("10219-4",), templates=(f"{_CCDA}34",), reads=_PROBLEM),
    Section(name="postoperative diagnosis", codes=("10218-6",), templates=(f"{_CCDA}35",), reads=_PROBLEM),
    Section(name="postprocedure diagnosis", codes=("59769-0",), templates=(f"{_CCDA}36",), reads=_PROBLEM),
    Section(name="complications", codes=("55109-3",), templates=(f"{_CCDA}37",), reads=_PROBLEM),
    Section(name="procedure findings", codes=("59776-5",), templates=(f"{_CCDA}28",)),
    Section(
        name="results",
        codes=("30954-2",),
        templates=(f"{_CCDA}3", f"{_CCDA}3.1", f"{_CCD}14"),
        reads={"observation": "result"},
    ),
    Section(
        name="vital signs",
        codes=("8716-3",),
        templates=(f"{_CCDA}4", f"{_CCDA}4.1", f"{_CCD}16"),
        reads={"observation": "result"},
    ),
    Section(name="medications", codes=("10160-0",), templates=(f"{_CCDA}1", f"{_CCDA}1.1", f"{_CCD}8"), reads=_TAKEN),
    Section(name="medications administered", codes=("29549-3",), templates=(f"{_CCDA}38",), reads=_TAKEN),
    Section(
        name="discharge medications",
        codes=("10183-2", "75311-1"),
        templates=(f"{_CCDA}11", f"{_CCDA}11.1"),
        reads=_TAKEN,
    ),
    Section(name="admission medications", codes=("42346-7",), templates=(f"{_CCDA}44",), reads=_TAKEN),
    Section(name="anesthesia", codes=("59774-0",), templates=(f"{_CCDA}25",)),
    Section(name="procedures", codes=("47519-4",), templates=(f"{_CCDA}7", f"{_CCDA}7.1", f"{_CCD}12"), reads=_DONE),
    Section(
        name="medical equipment",
        codes=("46264-8",),
        templates=(f"{_CCDA}23", f"{_CCD}7"),
        reads={"procedure": "procedure"},
    ),
    Section(
        name="allergies",
        codes=("48765-2",),
        templates=(f"{_CCDA}6", f"{_CCDA}6.1", f"{_CCD}2"),
        reads={"observation": "allergy"},
    ),
    Section(
        name="social history",
        codes=("29762-2",),
        templates=(f"{_CCDA}17", f"{_CCD}15"),
        reads={"observation": "social"},
    ),
    Section(
        name="family history",
        codes=("10157-6",),
        templates=(f"{_CCDA}15", f"{_CCD}4"),
        reads={"observation": "relative"},
    ),
    Section(
        name="encounters",
        codes=("46240-8",),
        templates=(f"{_CCDA}22", f"{_CCDA}22.1", f"{_CCD}3"),
        reads={"encounter": "encounter"},
    ),
)

_NO_KIND = "the record has no kind of fact for it"
_PLANNED = "planned or wished for, not known to be done"
_SAID_ELSEWHERE = "an account in words, or of what other sections hold"

UNUSED = tuple(
    Section(name=name, codes=tuple(codes.split()), templates=tuple(templates.split()), unused=f"{name}: {why}")
    for name, codes, templates, why in (
        ("immunizations", "11369-6", f"{_CCDA}2 {_CCDA}2.1 {_CCD}6", _NO_KIND),
        ("functional status", "47420-5", f"{_CCDA}14 {_CCD}5", _NO_KIND),
        ("mental status", "10190-7", f"{_CCDA}56", _NO_KIND),
        ("advance directives", "42348-3", f"{_CCDA}21 {_CCDA}21.1 {_CCD}1", _NO_KIND),
        ("payers", "48768-6", f"{_CCDA}18 {_CCD}9", _NO_KIND),
        ("instructions", "69730-0", f"{_CCDA}45", _NO_KIND),
        ("nutrition", "61144-2", f"{_CCDA}57", _NO_KIND),
        ("care teams", "85847-2", f"{_CCDA}500", _NO_KIND),
        ("purpose", "48764-5", f"{_CCD}13", _NO_KIND),
        ("discharge diet", "42344-2", f"{_IHE}33", _NO_KIND),
        ("plan of treatment", "18776-5", f"{_CCDA}10 {_CCD}10", _PLANNED),
        ("planned procedure", "59772-4", f"{_CCDA}30", _PLANNED),
        ("goals", "61146-7", f"{_CCDA}60", _PLANNED),
        ("interventions", "62387-6", "2.16.840.1.113883.10.20.21.2.3", _PLANNED),
        ("reason for referral", "42349-1", f"{_IHE}1", _PLANNED),
        ("health concerns", "75310-3", f"{_CCDA}58", _SAID_ELSEWHERE),
        ("health status evaluations", "11383-7", f"{_CCDA}61", _SAID_ELSEWHERE),
        ("assessment and plan", "51847-2", f"{_CCDA}9", _SAID_ELSEWHERE),
        ("assessment", "51848-0", f"{_CCDA}8", _SAID_ELSEWHERE),
        ("general history", "11329-0", f"{_CCDA}39", _SAID_ELSEWHERE),
        ("reason for visit", "29299-5", f"{_CCDA}12", _SAID_ELSEWHERE),
        ("chief complaint", "10154-3 46239-0", f"{_CCDA}13 1.3.6.1.4.1.19376.1.5.3.1.1.13.2.1", _SAID_ELSEWHERE),
        ("history of present illness", "10164-2", f"{_IHE}4", _SAID_ELSEWHERE),
        ("review of systems", "10187-3", f"{_IHE}18", _SAID_ELSEWHERE),
        ("physical examination", "29545-1", "2.16.840.1.113883.10.20.2.10", _SAID_ELSEWHERE),
        ("general status", "10210-3", "2.16.840.1.113883.10.20.2.5", _SAID_ELSEWHERE),
        ("objective", "61149-1", "2.16.840.1.113883.10.20.21.2.1", _SAID_ELSEWHERE),
        ("subjective", "61150-9", "2.16.840.1.113883.10.20.21.2.2", _SAID_ELSEWHERE),
        ("hospital course", "8648-8", f"{_IHE}5 {_CCDA}64", _SAID_ELSEWHERE),
        ("hospital consultations", "18841-7", f"{_CCDA}42", _SAID_ELSEWHERE),
        ("discharge instructions", "8653-8", f"{_CCDA}41", _SAID_ELSEWHERE),
        ("discharge physical", "10184-0", f"{_IHE}26", _SAID_ELSEWHERE),
        ("discharge studies", "11493-4", f"{_CCDA}16", _SAID_ELSEWHERE),
        ("notes", "11488-4 34746-8 11506-3 34117-2 28570-0", f"{_CCDA}65", _SAID_ELSEWHERE),
        ("procedure indications", "59768-2", f"{_CCDA}29", _SAID_ELSEWHERE),
        ("procedure description", "29554-3", f"{_CCDA}27", _SAID_ELSEWHERE),
        ("procedure disposition", "59775-7", "2.16.840.1.113883.10.20.18.2.12", _SAID_ELSEWHERE),
        ("estimated blood loss", "59770-8", "2.16.840.1.113883.10.20.18.2.9", _SAID_ELSEWHERE),
        ("procedure implants", "59771-6", f"{_CCDA}40", _SAID_ELSEWHERE),
        ("specimens taken", "59773-2", f"{_CCDA}31", _SAID_ELSEWHERE),
        ("surgical drains", "11537-8", "2.16.840.1.113883.10.20.7.13", _SAID_ELSEWHERE),
        ("operative fluids", "10216-0", "2.16.840.1.113883.10.20.7.12", _SAID_ELSEWHERE),
        ("surgical procedure", "10223-6", "2.16.840.1.113883.10.20.7.14", _SAID_ELSEWHERE),
        ("DICOM object catalog", "", "2.16.840.1.113883.10.20.6.1.1", _SAID_ELSEWHERE),
        ("imaging findings", "", "2.16.840.1.113883.10.20.6.1.2", _SAID_ELSEWHERE),
    )
)

_BY_CODE = MappingProxyType({code: each for each in (*READ, *UNUSED) for code in each.codes})
_BY_TEMPLATE = MappingProxyType({root: each for each in (*READ, *UNUSED) for root in each.templates})
