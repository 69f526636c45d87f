"""Whom a document is about, and when it was made."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo

from lxml import etree

from twin.importers.base import PatientDraft, Subject
from twin.importers.ccda.codes import Narrative
from twin.importers.ccda.markup import attribute, child, children, local, text_of
from twin.importers.ccda.times import BadTime, end_of, moment
from twin.record.moment import Moment
from twin.record.timeline import Identifier, Sex

MAX_KEY = 200  # characters of an identifier within a key; a longer one is hashed
_KNOWN_ROOTS = {"2.16.840.1.113883.4.1": "http://hl7.org/fhir/sid/us-ssn"}  # FHIR R4, identifier systems
_SEXES: dict[str, Sex] = {"M": "male", "F": "female"}  # HL7 AdministrativeGender; UN is undifferentiated


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """What holds for every entry: the patient, the document's time, the clock it is read by, its texts."""

    root: etree._Element
    zone: tzinfo
    narrative: Narrative
    targets: tuple[etree._Element, ...] = ()
    patient_key: str = ""
    subject: Subject | None = None
    made: Moment | None = None
    sent_at: datetime | None = None
    name: str = ""
    is_two_patients: bool = False


def document_of(root: etree._Element, zone: tzinfo, patient: str | None) -> Document:
    """Return the header of a document or of a piece of one. `patient` is whom a person named for pieces without one."""
    targets = (root,) if local(root) == "recordTarget" else tuple(children(root, "recordTarget"))
    made, sent_at = _made(child(root, "effectiveTime"), zone) if local(root) == "ClinicalDocument" else (None, None)
    whose = {identifiers_of(each) or (_described(each),) for each in targets}
    subject = Subject(keys=keys_of(targets[0]), identifiers=identifiers_of(targets[0])) if targets else None
    own = child(root, "setId")
    return Document(
        root=root,
        zone=zone,
        narrative=Narrative(root=root),
        targets=targets,
        patient_key=subject.keys[0] if subject else f"named/{patient}" if patient else "",
        subject=subject,
        made=made,
        sent_at=sent_at,
        name=identity(own if own is not None else child(root, "id")),
        is_two_patients=len(whose) > 1,
    )


def identity(element: etree._Element | None) -> str:
    """Return an instance identifier (II) as text, empty where it has a null flavor or no root."""
    root = attribute(element, "root")
    if not root or attribute(element, "nullFlavor"):
        return ""
    text = f"{root}^{attribute(element, 'extension')}".rstrip("^")
    return text if len(text) <= MAX_KEY else hashlib.sha256(text.encode()).hexdigest()


def identifiers_of(target: etree._Element) -> tuple[Identifier, ...]:
    """Return a patient's identifiers, those without value left out."""
    found = []
    for each in children(child(target, "patientRole"), "id"):
        root, extension = attribute(each, "root"), attribute(each, "extension")
        if not root or attribute(each, "nullFlavor"):
            continue
        if extension:
            found.append(Identifier(system=_KNOWN_ROOTS.get(root, f"urn:oid:{root}"), value=extension))
        else:
            found.append(Identifier(system="urn:ietf:rfc3986", value=root))
    return tuple(dict.fromkeys(found))


def keys_of(target: etree._Element) -> tuple[str, ...]:
    """Return the names by which a document's entries know its patient; without identifiers, a digest of the header."""
    names = tuple(f"patient/{each.system}|{each.value}" for each in identifiers_of(target))
    return tuple(_bounded(each) for each in names) or (f"patient/#{_described(target)}",)


def patient_of(target: etree._Element) -> PatientDraft:
    """Return the patient a recordTarget describes.

    Raises:
        BadTime: the birth time can't be read.
    """
    person = child(target, "patientRole", "patient")
    return PatientDraft(
        name=_name(children(person, "name")),
        sex=_SEXES.get(attribute(child(person, "administrativeGenderCode"), "code"), "unknown"),
        birth_date=_birth_date(child(person, "birthTime")),
        identifiers=identifiers_of(target),
    )


def death_of(target: etree._Element, document: Document) -> tuple[Moment, bool] | None:
    """Return when the patient died and whether that is said, or the document's time where only the death is told.

    Raises:
        BadTime: the time of death can't be read.
    """
    person = child(target, "patientRole", "patient")
    died = moment(child(person, "sdtc:deceasedTime"), document.zone)
    if died is not None:
        return died, True
    is_dead = attribute(child(person, "sdtc:deceasedInd"), "value") == "true"
    return (document.made, False) if is_dead and document.made is not None else None


def _birth_date(element: etree._Element | None) -> date | None:
    """The day as it stands; a birth day has no zone, and a year alone is no day."""
    digits = attribute(element, "value")
    born = moment(element, UTC)
    if born is None or len(digits) < len("YYYYMMDD"):
        return None
    return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))


def _name(names: list[etree._Element]) -> str:
    stated = [each for each in names if not attribute(each, "nullFlavor")]
    if not stated:
        return ""
    chosen = min(stated, key=lambda each: "L" not in attribute(each, "use").split())
    family = " ".join(text_of(each) for each in children(chosen, "family"))
    given = " ".join(text_of(each) for each in children(chosen, "given"))
    return ", ".join(part for part in (family, given) if part) or text_of(chosen, MAX_KEY)


def _described(target: etree._Element) -> str:
    words = "|".join((text_of(target), *(str(each.get("value", "")) for each in target.iter("{*}birthTime"))))
    return hashlib.sha256(words.encode()).hexdigest()


def _bounded(key: str) -> str:
    return key if len(key) <= MAX_KEY else f"patient/#{hashlib.sha256(key.encode()).hexdigest()}"


def _made(element: etree._Element | None, zone: tzinfo) -> tuple[Moment | None, datetime | None]:
    try:
        made = moment(element, zone)
        return (made, end_of(element, made, zone)) if made is not None else (None, None)
    except (BadTime, OverflowError):
        return None, None
