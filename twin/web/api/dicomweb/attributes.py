"""DICOM attributes as DICOM JSON (PS3.18 F.2): which may be asked for, and how they are told."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

DICOM_JSON = "application/dicom+json"
Told = dict[str, dict[str, Any]]

# keyword to tag, of what matches at each level (PS3.18 10.6.1.2.1 and 10.6.3.3)
OF_STUDY: Mapping[str, str] = MappingProxyType(
    {
        "StudyDate": "00080020", "StudyTime": "00080030", "AccessionNumber": "00080050",
        "ModalitiesInStudy": "00080061", "ReferringPhysicianName": "00080090", "StudyDescription": "00081030",
        "PatientName": "00100010", "PatientID": "00100020", "IssuerOfPatientID": "00100021",
        "PatientBirthDate": "00100030", "PatientSex": "00100040", "StudyInstanceUID": "0020000D", "StudyID": "00200010",
    }
)  # fmt: skip
OF_SERIES: Mapping[str, str] = MappingProxyType(
    {
        "Modality": "00080060", "SeriesDescription": "0008103E", "SeriesInstanceUID": "0020000E",
        "SeriesNumber": "00200011", "SeriesDate": "00080021", "SeriesTime": "00080031",
        "BodyPartExamined": "00180015", "PerformedProcedureStepStartDate": "00400244",
        "PerformedProcedureStepStartTime": "00400245",
    }
)  # fmt: skip
OF_INSTANCE: Mapping[str, str] = MappingProxyType(
    {"SOPInstanceUID": "00080018", "SOPClassUID": "00080016", "InstanceNumber": "00200013"}
)


def one(vr: str, *values: Any) -> dict[str, Any]:  # Any: text, numbers, or sequences of attributes
    """Return an attribute of these values; without any where all are None."""
    given = [value for value in values if value is not None]
    return {"vr": vr, "Value": given} if given else {"vr": vr}


def study_told(row: Any, address: str) -> Told:  # Any: a row of `store.dicomweb`
    """Return a study as QIDO-RS tells it."""
    told = _some(row.tags, OF_STUDY)
    return told | {
        "00080056": one("CS", "ONLINE"),
        "00080061": one("CS", *sorted(row.modalities)),
        "00081190": one("UR", f"{address}/studies/{row.study_uid}"),
        "0020000D": one("UI", row.study_uid),
        "00201206": one("IS", row.series),
        "00201208": one("IS", int(row.images)),
    }


def series_told(row: Any, address: str) -> Told:
    """Return a series as QIDO-RS tells it, with what it says of its study."""
    told = _some(row.tags, OF_STUDY) | _some(row.tags, OF_SERIES)
    return told | {
        "00080056": one("CS", "ONLINE"),
        "00080060": one("CS", row.modality),
        "00081190": one("UR", f"{address}/studies/{row.study_uid}/series/{row.series_uid}"),
        "0020000D": one("UI", row.study_uid),
        "0020000E": one("UI", row.series_uid),
        "00201209": one("IS", row.images),
    }


def instance_told(row: Any, address: str) -> Told:
    """Return an image as QIDO-RS tells it, with what it says of its series and study."""
    place = f"{address}/studies/{row.study_uid}/series/{row.series_uid}/instances/{row.sop_instance_uid}"
    told = _some(row.tags, OF_STUDY) | _some(row.tags, OF_SERIES)
    told |= {
        "00080016": one("UI", row.sop_class_uid),
        "00080018": one("UI", row.sop_instance_uid),
        "00080056": one("CS", "ONLINE"),
        "00081190": one("UR", place),
        "0020000D": one("UI", row.study_uid),
        "0020000E": one("UI", row.series_uid),
        "00200013": one("IS", row.instance_number),
        "00083002": one("UI", row.transfer_syntax_uid),
    }
    for tag, vr, value in (
        ("00280008", "IS", row.frames),
        ("00280010", "US", row.rows),
        ("00280011", "US", row.columns),
    ):
        if value is not None:
            told[tag] = one(vr, value)
    return told


def _some(tags: Mapping[str, Any], wanted: Mapping[str, str]) -> Told:
    return {tag: tags[tag] for tag in wanted.values() if tag in tags}
