"""Which kinds of DICOM reports and segmentations are there, and which of them are read?

Source: DICOM PS3.4 B.5 (SOP classes and their names), PS3.6 annex A.
"""

from types import MappingProxyType

from pydicom.uid import UID

_REPORTS = "1.2.840.10008.5.1.4.1.1.88."
READ_REPORTS = MappingProxyType(
    {
        f"{_REPORTS}11": "Basic Text SR",
        f"{_REPORTS}22": "Enhanced SR",
        f"{_REPORTS}33": "Comprehensive SR",
        f"{_REPORTS}34": "Comprehensive 3D SR",
        f"{_REPORTS}35": "Extensible SR",
    }
)
READ_SEGMENTATIONS = MappingProxyType(
    {
        "1.2.840.10008.5.1.4.1.1.66.4": "Segmentation",
        "1.2.840.10008.5.1.4.1.1.66.7": "Label Map Segmentation",
    }
)
_OTHER_SEGMENTATIONS = MappingProxyType(
    {
        "1.2.840.10008.5.1.4.1.1.66.5": "Surface Segmentation",
        "1.2.840.10008.5.1.4.1.1.66.8": "Height Map Segmentation",
    }
)


def is_kind(sop_class_uid: str) -> bool:
    """Say whether this is the SOP class of a report or segmentation, read here or not."""
    return sop_class_uid.startswith(_REPORTS) or sop_class_uid in READ_SEGMENTATIONS | _OTHER_SEGMENTATIONS


def is_read(sop_class_uid: str) -> bool:
    """Say whether reports or segmentations of this SOP class are read.

    Computer-aided detection (mammography, chest, colon), radiation dose, procedure logs, key objects are not: their
    trees follow other templates, in which a number is not a measurement of the patient that a reader stands for.
    """
    return sop_class_uid in READ_REPORTS or sop_class_uid in READ_SEGMENTATIONS


def kind_name(sop_class_uid: str) -> str:
    """Return the name of a SOP class as a person knows it; the UID where nobody does."""
    named = READ_REPORTS | READ_SEGMENTATIONS | _OTHER_SEGMENTATIONS
    return named.get(sop_class_uid) or str(UID(sop_class_uid).name).removesuffix(" Storage")
