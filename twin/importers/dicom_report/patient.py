"""Whose report is it? The patient of a DICOM header."""

from types import MappingProxyType

from twin.importers.base import Item, PatientDraft
from twin.importers.dicom_report.source import File, digest
from twin.record.timeline import Sex

_SEXES: MappingProxyType[str, Sex] = MappingProxyType({"M": "male", "F": "female"})  # PS3.3 C.7.1.1; O is neither


def patient_item(file: File) -> Item | None:
    """Return the patient a file names by a number; None where it carries none: a name alone identifies nobody."""
    who = file.origin.patient
    if not file.identifiers:
        return None
    born = who.birth_date.isoformat() if who.birth_date else None
    return Item(
        key=file.patient_key,
        fingerprint=digest([who.name, born, who.sex, file.patient_key]),
        kind="Patient",
        where="(0010,0020)",
        aliases=(file.patient_key,),
        patient=PatientDraft(
            name=who.name,
            sex=_SEXES.get(who.sex.upper(), "unknown"),
            birth_date=who.birth_date,
            identifiers=file.identifiers,
        ),
        version_at=file.version_at,
        body=file.body,
    )
