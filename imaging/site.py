"""Where in the body is a site that another system names, as far as the catalogue of findings tells places apart?

`data/finding_sites.csv` lists sites that a CT of the chest shows, with the SNOMED CT codes that DICOM PS3.16 gives
them, and a few beyond it, so that a finding elsewhere is not taken for one of the chest.
"""

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path

_FILE = Path(__file__).parent / "data" / "finding_sites.csv"
_SIDES = ("right ", "left ", "both ")
_REGIONS: Mapping[str, frozenset[str]] = {  # readers name a neighbour: an effusion "in the left lung", an embolus too
    **dict.fromkeys(("lung", "airway", "pleura", "heart", "mediastinum", "chest_wall"), frozenset({"chest"})),
    **dict.fromkeys(("great_vessel", "bone", "diaphragm"), frozenset({"chest", "abdomen"})),
    "abdomen": frozenset({"abdomen"}),
    "neck": frozenset({"neck"}),
    "elsewhere": frozenset({"elsewhere"}),
}


def places_of(snomed: str, name: str) -> frozenset[str]:
    """Return the places of a site by its SNOMED CT code, else by its exact name in small letters; empty: not known."""
    found = _by_code().get(snomed) if snomed else None
    if found is None:
        side = next((each for each in _SIDES if name.startswith(each)), "")
        found = _by_name().get(name) or _by_name().get(name.removeprefix(side))
    return frozenset() if found is None else frozenset({found})


def regions_of(places: frozenset[str]) -> frozenset[str]:
    """Return the parts of the body that places lie in; two that share none contradict each other."""
    return frozenset(region for place in places for region in _REGIONS[place])


@cache
def _by_code() -> Mapping[str, str]:
    return {row["snomed"]: row["place"] for row in _rows() if row["snomed"]}


@cache
def _by_name() -> Mapping[str, str]:
    return {
        name.casefold(): row["place"]
        for row in _rows()
        for name in (row["name"], *row["other_names"].split("|"))
        if name
    }


@cache
def _rows() -> tuple[dict[str, str], ...]:
    with _FILE.open(newline="", encoding="utf-8") as file:
        return tuple(csv.DictReader(file))
