"""The catalogue: every abnormality that a chest CT may show, how it is found here, and under which codes it comes in.

The keys are our own and stay. `how` says what our own code does: `measured` (a number, judged by the cut-offs of
`twin/organs/ct_cutoffs.csv`), `screened` (a finder) or `imported` (not by own code). Whatever it says, each can be
taken in from DICOM SR or SEG and FHIR: by our own code, by those of DICOM, RadLex and SNOMED CT that mean exactly the
same, or by an exact name. Made from the list in the design; the codes' evidence stands there, the names are our choice.
"""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from imaging.site import places_of, regions_of

OWN = "urn:patient-twin:finding"
DCM = ("http://dicom.nema.org/resources/ontology/DCM", "urn:oid:1.2.840.10008.2.16.4", "DCM")
RADLEX = ("http://radlex.org", "http://www.radlex.org", "urn:oid:2.16.840.1.113883.6.256", "RADLEX")
SNOMED = ("http://snomed.info/sct", "urn:oid:2.16.840.1.113883.6.96", "SCT")
How = Literal["measured", "screened", "imported"]
_HOW: Mapping[str, How] = {"measured": "measured", "screened": "screened", "imported": "imported"}
_FILE = Path(__file__).parent / "data" / "findings.csv"
_BETWEEN_WORDS = re.compile(r"[\s_\-/,()]+")
_DENIES = re.compile(
    r"\b(?:no|not(?! otherwise)|non|without|absent|absence|negative|denied|free of|ruled out)\b|未见|无|没有",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One row. `by` is a finder's or a measurement's key, `level` the measurement's; `limit` the detection limit.

    `rests_on` says what it was tried on, `note` how it misleads. Devices and traces of operations are no abnormality.
    `bare_names` are those that mean this only at its own place: a nodule is one of the lung, the thyroid, the skin.
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
    names: tuple[str, ...]
    bare_names: tuple[str, ...]

    @property
    def places(self) -> frozenset[str]:
        """Where in the body it is; empty where it may be anywhere."""
        return frozenset() if self.place == "any" else frozenset(self.place.split("|"))


@cache
def entries() -> tuple[Entry, ...]:
    """Return every row, in the order of the list."""
    with _FILE.open(newline="", encoding="utf-8") as file:
        return tuple(_entry(row) for row in csv.DictReader(file))


def _entry(row: Mapping[str, str]) -> Entry:
    names, bare = (tuple(filter(None, row[column].split("|"))) for column in ("names", "bare_names"))
    texts = {name: row[name] for name in row if name not in ("is_abnormality", "how", "names", "bare_names")}
    return Entry(
        is_abnormality=row["is_abnormality"] == "yes", how=_HOW[row["how"]], names=names, bare_names=bare, **texts
    )


def key_of(system: str, code: str) -> str | None:
    """Return the key of a finding that came in with a code, or None when the code means none of them."""
    if system == OWN:
        return code if any(one.key == code for one in entries()) else None
    for systems, column in ((DCM, "dcm"), (RADLEX, "radlex"), (SNOMED, "snomed")):
        if system in systems:
            return _by_code(column).get(code)
    return None


def key_named(name: str, places: frozenset[str] = frozenset()) -> str | None:
    """Return the key of a finding by its exact name, case and hyphens apart; None for any other words.

    Args: places: where in the body it is said to be (`imaging.site`), without which a bare name means nothing.
    """
    words = _plain(name)
    found = _by_name().get(words)
    if found is None and places:
        found = next((key for key, own in _by_bare_name().get(words, ()) if own & places), None)
    return found


def denies(words: str) -> bool:
    """Whether words say that something is not there: they then name no finding, whatever code stands beside them."""
    return _DENIES.search(words) is not None


def key_for(system: str, code: str, name: str, places: frozenset[str] = frozenset()) -> str | None:
    """Return the key of a coded finding, by its code, else by its name; None where its name or place contradicts it."""
    if denies(name):
        return None
    key = key_of(system, code) or key_named(name, places)
    if key is None:
        return None
    own, stated = regions_of(_by_key()[key].places), regions_of(places)
    return key if not (own and stated) or own & stated else None


def places_named(system: str, code: str, name: str) -> frozenset[str]:
    """Return where in the body a site is, in the words of the column `place`; empty where the site is not known."""
    return places_of(code if system in SNOMED else "", _plain(name))


def _plain(name: str) -> str:
    return _BETWEEN_WORDS.sub(" ", name.casefold()).strip()


@cache
def _by_key() -> Mapping[str, Entry]:
    return {one.key: one for one in entries()}


@cache
def _by_code(column: str) -> Mapping[str, str]:
    return {getattr(one, column): one.key for one in entries() if getattr(one, column)}


@cache
def _by_name() -> Mapping[str, str]:
    bare = {_plain(name) for one in entries() for name in one.bare_names}
    named = {_plain(name): one.key for one in entries() for name in (one.key, *one.names)}
    return {name: key for name, key in named.items() if name not in bare}


@cache
def _by_bare_name() -> Mapping[str, tuple[tuple[str, frozenset[str]], ...]]:
    found: dict[str, tuple[tuple[str, frozenset[str]], ...]] = {}
    for one in entries():
        for name in map(_plain, one.bare_names):
            found[name] = (*found.get(name, ()), (one.key, one.places))
    return found
