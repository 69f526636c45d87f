"""A finding that another system sends is known by our own code and by codes that mean exactly the same."""

import pytest

from imaging.catalogue import DCM, OWN, RADLEX, SNOMED, Entry, entries, key_for, key_named, key_of
from imaging.site import places_of, regions_of


@pytest.mark.parametrize("row", entries(), ids=lambda row: row.key)
def test_a_finding_comes_in_under_each_of_its_codes(row: Entry) -> None:
    told = [(OWN, row.key), (DCM[0], row.dcm), (RADLEX[0], row.radlex), (SNOMED[0], row.snomed)]
    assert {key_of(system, code) for system, code in told if code} == {row.key}


@pytest.mark.parametrize("system", [OWN, DCM[0], SNOMED[0], "http://loinc.org"])
def test_a_code_that_means_none_of_them_has_no_key(system: str) -> None:
    assert key_of(system, "000000") is None


@pytest.mark.parametrize("row", entries(), ids=lambda row: row.key)
def test_a_finding_comes_in_under_each_of_its_names(row: Entry) -> None:
    names = {row.key.replace("_", " "), *row.names} - set(row.bare_names)
    assert {key_named(name.upper().replace(" ", "-")) for name in names} <= {row.key}
    assert {key_named(name, row.places) for name in row.bare_names if row.places} <= {row.key}
    assert {key_named(name) for name in row.bare_names} <= {None}


def test_every_finding_has_a_code_or_a_name_that_others_can_send() -> None:
    unnamed = [row.key for row in entries() if not (row.dcm or row.radlex or row.snomed or row.names or row.places)]
    assert all(key_named(key) == key for key in unnamed)


def test_no_name_means_two_findings() -> None:
    names = [name.casefold().replace("-", " ") for row in entries() for name in row.names]
    assert len(names) == len(set(names))
    assert not set(names) & {name for row in entries() for name in row.bare_names}


def test_a_place_in_another_part_of_the_body_contradicts_a_code() -> None:
    code = next(row.snomed for row in entries() if row.key == "liver_mass")
    stated = {place: key_for(SNOMED[0], code, "", frozenset({place})) for place in ("abdomen", "lung", "elsewhere")}
    assert stated == {"abdomen": "liver_mass", "lung": None, "elsewhere": None}


def test_a_site_is_known_by_code_by_name_and_on_either_side() -> None:
    told = [places_of("39607008", ""), places_of("", "left lung"), places_of("", "right kidney"), places_of("", "moon")]
    assert told == [{"lung"}, {"lung"}, {"abdomen"}, frozenset()]


@pytest.mark.parametrize("row", entries(), ids=lambda row: row.key)
def test_every_row_lies_in_a_known_part_of_the_body(row: Entry) -> None:
    assert row.place == "any" or regions_of(row.places)
