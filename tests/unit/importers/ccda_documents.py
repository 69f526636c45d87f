"""Small C-CDA documents for tests: say only what the test is about."""

from datetime import UTC, datetime

from twin.importers.base import Context, Item
from twin.importers.ccda import IMPORTER
from twin.importers.content import Content
from twin.record.fact import FactDraft

CONTEXT = Context(now=datetime(2026, 11, 22, tzinfo=UTC))
LOINC = "2.16.840.1.113883.6.1"
SNOMED = "2.16.840.1.113883.6.96"
RXNORM = "2.16.840.1.113883.6.88"
TEMPLATE = "2.16.840.1.113883.10.20.22.4."
NAMESPACES = (
    'xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:sdtc="urn:hl7-org:sdtc"'
)
PERSON = """<recordTarget><patientRole><id root="1.2.3" extension="7"/><patient>
  <name use="L"><given>Frieda</given><family>Prüfung</family></name>
  <administrativeGenderCode code="F"/><birthTime value="19600504"/></patient></patientRole></recordTarget>"""


def document(*sections: str, person: str = PERSON, made: str = "20200301", header: str = "") -> str:
    """A document of these sections; `made` is its time, empty for none."""
    time = f'<effectiveTime value="{made}"/>' if made else ""
    parts = "".join(f"<component>{each}</component>" for each in sections)
    body = f"<component><structuredBody>{parts}</structuredBody></component>"
    return f"<ClinicalDocument {NAMESPACES}>{time}{person}{header}{body}</ClinicalDocument>"


def section(code: str, *statements: str, text: str = "") -> str:
    """A section by its LOINC code, with one entry a statement."""
    entries = "".join(f"<entry>{each}</entry>" for each in statements)
    narrative = f"<text>{text}</text>" if text else ""
    return f'<section><code code="{code}" codeSystem="{LOINC}"/>{narrative}{entries}</section>'


def statement(name: str, template: str, inside: str, attributes: str = "") -> str:
    """A clinical statement that was made (moodCode EVN) with a C-CDA template."""
    mood = "" if "moodCode" in attributes else ' moodCode="EVN"'
    return f'<{name}{mood} {attributes}><templateId root="{TEMPLATE}{template}"/>{inside}</{name}>'


def at(time: str, *, tag: str = "effectiveTime") -> str:
    """A point in time."""
    return f'<{tag} value="{time}"/>'


def during(low: str = "", high: str = "") -> str:
    """A time from low to high; one that starts with `?` is a null flavor."""
    ends = "".join(
        f'<{name} nullFlavor="{time[1:]}"/>' if time.startswith("?") else f'<{name} value="{time}"/>'
        for name, time in (("low", low), ("high", high))
        if time
    )
    return f"<effectiveTime>{ends}</effectiveTime>"


def result(value: str, *, code: str = "2160-0", time: str = "20200201", more: str = "", attributes: str = "") -> str:
    """A result observation with this value element."""
    inside = f'<code code="{code}" codeSystem="{LOINC}"/>{at(time) if time else ""}{value}{more}'
    return statement("observation", "2", inside, attributes)


def problem(code: str = "44054006", *, time: str = "", more: str = "", attributes: str = "") -> str:
    """A problem observation of a SNOMED CT code."""
    value = f'<value xsi:type="CD" code="{code}" codeSystem="{SNOMED}" displayName="a disease"/>'
    return statement("observation", "4", f"{time}{value}{more}", attributes)


def concern(inner: str, *, status: str = "active", attributes: str = "") -> str:
    """A problem concern act around an observation."""
    held = f'<statusCode code="{status}"/><entryRelationship typeCode="SUBJ">{inner}</entryRelationship>'
    return statement("act", "3", held, attributes)


def items(content: str | bytes, context: Context = CONTEXT) -> list[Item]:
    """Every item of a document."""
    given = content.encode() if isinstance(content, str) else content
    return list(IMPORTER.read(Content.of(given, "summary.xml"), context))


def facts(content: str | bytes) -> list[FactDraft]:
    """Every fact of a document."""
    return [fact for item in items(content) for fact in item.facts]


def fact(code: str, *statements: str, text: str = "", made: str = "20200301") -> FactDraft:
    """The one fact of a section."""
    (only,) = facts(document(section(code, *statements, text=text), made=made))
    return only


RESULTS, PROBLEMS, SOCIAL, MEDICATIONS = "30954-2", "11450-4", "29762-2", "10160-0"
ALLERGIES, PROCEDURES, FAMILY, ENCOUNTERS = "48765-2", "47519-4", "10157-6", "46240-8"
