"""What concept is meant? Coded entries of DICOM, with the SNOMED-RT codes of old files understood as SNOMED CT.

Source: DICOM PS3.3 section 8 (coded entry), PS3.16 annex O (SNOMED-RT to SNOMED CT, as pydicom carries it).
"""

from dataclasses import dataclass

from pydicom import Dataset
from pydicom.sr.coding import snomed_mapping

from imaging import header

_SNOMED_RT = frozenset({"SRT", "SNM3", "99SDM"})  # three designators of the same old codes (PS3.16 8, table 8-1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Code:
    """A code as received. `scheme` is the coding scheme designator, `scheme_uid` its OID where the file states it."""

    value: str
    scheme: str
    meaning: str = ""
    scheme_uid: str = ""
    snomed_ct: str = ""
    """The SNOMED CT code of the same concept, where `scheme` is SNOMED CT or its predecessor."""

    @property
    def key(self) -> tuple[str, str]:
        """What two spellings of one concept share."""
        return ("SCT", self.snomed_ct) if self.snomed_ct else (self.scheme, self.value)


def code_of(parent: Dataset, sequence: str, scheme_uids: dict[str, str]) -> Code | None:
    """Return the first code of a code sequence, None where it is empty or has neither value nor meaning."""
    items = parent.get(sequence)
    if not items:
        return None
    item = items[0]
    value = next((v for k in ("CodeValue", "LongCodeValue", "URNCodeValue") if (v := header.text(item, k))), "")
    meaning = header.text(item, "CodeMeaning") or ""
    scheme = header.text(item, "CodingSchemeDesignator") or ""
    if not value and not meaning:
        return None
    snomed_ct = value if scheme == "SCT" else ""
    if scheme in _SNOMED_RT:
        snomed_ct = snomed_mapping["SRT"].get(value, "")
    return Code(
        value=value, scheme=scheme, meaning=meaning, scheme_uid=scheme_uids.get(scheme, ""), snomed_ct=snomed_ct
    )


def scheme_uids(dataset: Dataset) -> dict[str, str]:
    """Return the OIDs of coding schemes that the file itself identifies (0008,0110), by designator."""
    found = {}
    for item in dataset.get("CodingSchemeIdentificationSequence") or ():
        designator, uid = header.text(item, "CodingSchemeDesignator"), header.text(item, "CodingSchemeUID")
        if designator and uid:
            found[designator] = uid
    return found
