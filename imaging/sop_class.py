"""Which kind of DICOM object is a file, by its first bytes, and is it a report or segmentation that is read?

Every process asks this of every file, so nothing heavier than the standard library is loaded for it.

Source: DICOM PS3.10 section 7.1 (preamble and file meta information, always explicit little endian), PS3.4 B.5 (SOP
classes and their names), PS3.6 annex A.
"""

import struct
from types import MappingProxyType

SOP_CLASS_UID, TRANSFER_SYNTAX_UID = 0x0002, 0x0010  # element numbers of group 0002
_LONG_VRS = frozenset({b"OB", b"OW", b"OF", b"OD", b"OL", b"OV", b"SQ", b"UN", b"UC", b"UR", b"UT", b"SV", b"UV"})

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


def is_report(head: bytes) -> bool:
    """Say by the first bytes of a file whether it is a DICOM report or segmentation of any kind, read here or not."""
    uid = sop_class_uid(head)
    return uid.startswith(_REPORTS) or uid in READ_SEGMENTATIONS | _OTHER_SEGMENTATIONS


def sop_class_uid(head: bytes) -> str:
    """Return the SOP class that the file meta information names (0002,0002); empty where there is none."""
    return meta_of(head)[0].get(SOP_CLASS_UID, "")


def is_read(uid: str) -> bool:
    """Say whether reports or segmentations of this SOP class are read.

    Computer-aided detection (mammography, chest, colon), radiation dose, procedure logs, key objects are not: their
    trees follow other templates, in which a number is not a measurement of the patient that a reader stands for.
    """
    return uid in READ_REPORTS or uid in READ_SEGMENTATIONS


def kind_name(uid: str) -> str:
    """Return the name of a SOP class as a person knows it; the UID where nobody does."""
    named = (READ_REPORTS | READ_SEGMENTATIONS | _OTHER_SEGMENTATIONS).get(uid)
    if named is None:
        from pydicom.uid import UID  # the names of all others, loaded only where one is asked for

        named = str(UID(uid).name).removesuffix(" Storage")
    return named


def meta_of(head: bytes) -> tuple[dict[int, str], int]:
    """Return the text elements of group 0002 by element number, and where the data set begins."""
    found: dict[int, str] = {}
    at = 132
    if head[128:132] != b"DICM":
        return found, at
    while len(head) >= at + 8 and head[at : at + 2] == b"\x02\x00":
        element, vr, length = struct.unpack_from("<H2sH", head, at + 2)
        at += 8
        if vr in _LONG_VRS:
            if len(head) < at + 4:
                break
            (length,) = struct.unpack_from("<I", head, at)
            at += 4
        if vr == b"UI":
            found[element] = head[at : at + length].decode("ascii", "replace").strip("\0 ")
        at += length
    return found, at
