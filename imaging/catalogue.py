"""The catalogue: every abnormality that a chest CT may show, how it is found here, and under which codes it comes in.

The keys are our own and stay. `how` says what our own code does: `measured` (a number, judged by the cut-offs of
`twin/organs/ct_cutoffs.csv`), `screened` (a finder), `imported` (never by own code) or `not_yet`. Whatever it says,
each can be taken in from DICOM SR or SEG and FHIR: `key_of` knows our own code and those of DICOM, RadLex and SNOMED CT
that mean exactly the same. Made from the list in the design; the codes' evidence stands there.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

OWN = "urn:patient-twin:finding"
DCM = ("http://dicom.nema.org/resources/ontology/DCM", "urn:oid:1.2.840.10008.2.16.4", "DCM")
RADLEX = ("http://radlex.org", "http://www.radlex.org", "urn:oid:2.16.840.1.113883.6.256", "RADLEX")
SNOMED = ("http://snomed.info/sct", "urn:oid:2.16.840.1.113883.6.96", "SCT")
How = Literal["measured", "screened", "imported", "not_yet"]
_HOW: Mapping[str, How] = {
    "measured": "measured",
    "screened": "screened",
    "imported": "imported",
    "not_yet": "not_yet",
}
_FILE = Path(__file__).parent / "data" / "findings.csv"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One row. `by` is a finder's or a measurement's key, `level` the measurement's; `limit` the detection limit.

    `rests_on` says what it was tried on, `note` how it misleads. Devices and traces of operations are no abnormality.
    """

    key: str
    place: str
    is_abnormality: bool
    how: How
    by: str
    level: str
    limit: str
    rests_on: str
    note: str
    dcm: str
    radlex: str
    snomed: str
    radelement: str


@cache
def entries() -> tuple[Entry, ...]:
    """Return every row, in the order of the list."""
    with _FILE.open(newline="", encoding="utf-8") as file:
        return tuple(_entry(row) for row in csv.DictReader(file))


def _entry(row: Mapping[str, str]) -> Entry:
    texts = {name: text for name, text in row.items() if name not in ("is_abnormality", "how")}
    return Entry(is_abnormality=row["is_abnormality"] == "yes", how=_HOW[row["how"]], **texts)


def key_of(system: str, code: str) -> str | None:
    """Return the key of a finding that came in with a code, or None when the code means none of them."""
    if system == OWN:
        return code if any(one.key == code for one in entries()) else None
    for systems, column in ((DCM, "dcm"), (RADLEX, "radlex"), (SNOMED, "snomed")):
        if system in systems:
            return _by_code(column).get(code)
    return None


@cache
def _by_code(column: str) -> Mapping[str, str]:
    return {getattr(one, column): one.key for one in entries() if getattr(one, column)}
