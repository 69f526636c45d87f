"""A finding that another system sends is known by our own code and by codes that mean exactly the same."""

import pytest

from imaging.catalogue import DCM, OWN, RADLEX, SNOMED, Entry, entries, key_of


@pytest.mark.parametrize("row", entries(), ids=lambda row: row.key)
def test_a_finding_comes_in_under_each_of_its_codes(row: Entry) -> None:
    told = [(OWN, row.key), (DCM[0], row.dcm), (RADLEX[0], row.radlex), (SNOMED[0], row.snomed)]
    assert {key_of(system, code) for system, code in told if code} == {row.key}


@pytest.mark.parametrize("system", [OWN, DCM[0], SNOMED[0], "http://loinc.org"])
def test_a_code_that_means_none_of_them_has_no_key(system: str) -> None:
    assert key_of(system, "000000") is None
