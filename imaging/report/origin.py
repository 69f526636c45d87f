"""Whose is the report, what study is it about, when was it made, and by what device?

Times are DICOM DT text (PS3.5 6.2: YYYYMMDDHHMMSS.FFFFFF&ZZXX), cut where the file is silent: precision and offset stay
as stated, and whoever reads them decides what a time without an offset means.
"""

import re
from dataclasses import dataclass
from datetime import date

from pydicom import Dataset

from imaging import header
from imaging.sop_class import kind_name

_DATE, _TIME = re.compile(r"\d{8}"), re.compile(r"\d{2}(\d{2}(\d{2}(\.\d{1,6})?)?)?")
_STAMP = re.compile(r"\d{4}(\d{2}){0,5}(\.\d{1,6})?([+-]\d{4})?")
_OFFSET = re.compile(r"[+-]\d{4}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """The patient as the file names one. `issuer` is who gave the number, an OID where that is stated as one."""

    patient_id: str = ""
    issuer: str = ""
    issuer_is_oid: bool = False
    name: str = ""
    birth_date: date | None = None
    sex: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """What the header says of a report or a segmentation; empty where it is silent."""

    kind: str
    sop_class_uid: str
    sop_uid: str
    study_uid: str
    series_uid: str
    series_description: str
    patient: Person
    study_at: str
    content_at: str
    created_at: str
    """When the file was written: the time of its series or of the instance's creation."""
    offset: str
    """Offset from UTC of the times in this file, as `+0800`; empty where it is not stated."""
    manufacturer: str
    model: str
    software: str


def origin_of(dataset: Dataset, sop_class_uid: str) -> Origin:
    """Return what the header says of where a report or segmentation comes from."""
    offset = header.text(dataset, "TimezoneOffsetFromUTC") or ""
    offset = offset if _OFFSET.fullmatch(offset) else ""
    stated_class = header.text(dataset, "SOPClassUID") or sop_class_uid

    def at(what: str) -> str:
        return stamp(header.text(dataset, f"{what}Date"), header.text(dataset, f"{what}Time"), offset)

    def text(keyword: str) -> str:
        return header.text(dataset, keyword) or ""

    return Origin(
        kind=kind_name(stated_class),
        sop_class_uid=stated_class,
        sop_uid=text("SOPInstanceUID"),
        study_uid=text("StudyInstanceUID"),
        series_uid=text("SeriesInstanceUID"),
        series_description=text("SeriesDescription"),
        patient=_person(dataset),
        study_at=at("Study"),
        content_at=at("Content"),
        created_at=at("InstanceCreation") or at("Series"),
        offset=offset,
        manufacturer=text("Manufacturer"),
        model=text("ManufacturerModelName"),
        software=text("SoftwareVersions"),
    )


def stamp(day: str | None, time: str | None, offset: str) -> str:
    """Return DA and TM as one DT; empty without a date, the date alone without a readable time."""
    digits = (day or "").replace(".", "")  # YYYY.MM.DD and HH:MM:SS: the forms of ACR-NEMA (PS3.5 6.2)
    if not _DATE.fullmatch(digits):
        return ""
    clock = (time or "").replace(":", "")
    return f"{digits}{clock}{offset}" if _TIME.fullmatch(clock) else digits


def stamp_of(moment: str | None, offset: str) -> str:
    """Return a DT with the file's offset where it has none of its own; empty where it is none."""
    text = (moment or "").strip()
    if not _STAMP.fullmatch(text):
        return ""
    has_clock = len(re.split(r"[.+-]", text)[0]) > 8
    return text if not has_clock or text[-5] in "+-" else text + offset


def _person(dataset: Dataset) -> Person:
    issuer, is_oid = header.text(dataset, "IssuerOfPatientID") or "", False
    for item in dataset.get("IssuerOfPatientIDQualifiersSequence") or ():
        if header.text(item, "UniversalEntityIDType") == "ISO" and (oid := header.text(item, "UniversalEntityID")):
            issuer, is_oid = oid, True
    return Person(
        patient_id=header.text(dataset, "PatientID") or "",
        issuer=issuer,
        issuer_is_oid=is_oid,
        name=_name(header.text(dataset, "PatientName") or ""),
        birth_date=header.day(dataset, "PatientBirthDate"),
        sex=header.text(dataset, "PatientSex") or "",
    )


def _name(person_name: str) -> str:
    """Return `Family, Given Middle` of a PN (PS3.5 6.2.1): the first group of letters that is filled."""
    group = next((part for part in person_name.split("=") if part.strip(" ^")), "")
    family, _, rest = group.partition("^")
    given = " ".join(part for part in rest.split("^")[:2] if part.strip())
    return ", ".join(part.strip() for part in (family, given) if part.strip())
