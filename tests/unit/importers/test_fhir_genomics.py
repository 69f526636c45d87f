"""Variants of Genomics Reporting: which one by dbSNP, in which allelic state, absent told apart from not read."""

from typing import Any

import pytest

from tests.unit.importers.fhir_reading import facts
from twin.importers.fhir.genomics import DBSNP

LOINC = "http://loinc.org"
PRESENT, ABSENT, NO_CALL, INDETERMINATE = "LA9633-4", "LA9634-2", "LA18198-4", "LA11883-8"
HETEROZYGOUS, HOMOZYGOUS = "LA6706-1", "LA6705-3"


def answer(code: str, system: str = LOINC, display: str = "") -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code} | ({"display": display} if display else {})]}


def part(code: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"code": answer(code), "valueCodeableConcept": value}


def variant(presence: str | None, *parts: dict[str, Any]) -> dict[str, Any]:
    value = {"valueCodeableConcept": answer(presence)} if presence else {}
    return {
        "resourceType": "Observation", "id": "v", "status": "final", "code": answer("69548-6"), **value,
        "subject": {"reference": "Patient/p1"}, "effectiveDateTime": "2022-06-08", "component": list(parts),
    }  # fmt: skip


RS = part("81255-2", answer("rs429358", "https://www.ncbi.nlm.nih.gov/snp/"))
GENE = part("48018-6", answer("HGNC:613", "http://www.genenames.org", "APOE"))
CHANGE = part("48004-6", answer("NM_000041.4:c.388T>C", "http://varnomen.hgvs.org"))


def state(code: str) -> dict[str, Any]:
    return part("53034-5", answer(code))


def test_a_variant_is_coded_by_dbsnp_and_its_value_is_the_allelic_state() -> None:
    first, *parts = facts(variant(PRESENT, RS, GENE, CHANGE, state(HETEROZYGOUS)))
    assert (first.coding.system, first.coding.code) == (DBSNP, "rs429358")
    assert first.coding.display == "APOE NM_000041.4:c.388T>C"
    assert [each.code for each in first.other_codings] == ["69548-6"]
    assert (first.value_kind, first.value) == ("code", "heterozygous")
    assert first.value_coding is not None and first.value_coding.code == HETEROZYGOUS
    assert [(each.part, each.coding.code) for each in parts] == [
        ("component[0]", "81255-2"),
        ("component[1]", "48018-6"),
        ("component[2]", "48004-6"),
        ("component[3]", "53034-5"),
    ]


@pytest.mark.parametrize(
    ("presence", "states", "kind", "value"),
    [
        (PRESENT, [HOMOZYGOUS], "code", "homozygous"),
        (None, [HETEROZYGOUS], "code", "heterozygous"),
        (PRESENT, [], "code", "present"),
        (PRESENT, ["LA0-0"], "code", "present"),
        (ABSENT, [HOMOZYGOUS], "code", "absent"),
        (INDETERMINATE, [], "code", "indeterminate"),
        (NO_CALL, [HOMOZYGOUS], "none", None),
        (None, [], "none", None),
    ],
)
def test_absent_and_not_read_are_never_an_allele(
    presence: str | None, states: list[str], kind: str, value: str
) -> None:
    first = facts(variant(presence, RS, *map(state, states)))[0]
    assert (first.value_kind, first.value) == (kind, value)


@pytest.mark.parametrize(
    ("stated", "code"), [("rs7412", "rs7412"), ("RS7412", "rs7412"), ("7412", "rs7412"), ("COSM1", "69548-6")]
)
def test_a_dbsnp_number_is_read_as_it_is_written_in_reports(stated: str, code: str) -> None:
    by_text = {"code": answer("81255-2"), "valueString": stated}
    for each in (by_text, part("81255-2", answer(stated, "urn:x")), part("81255-2", {"text": stated})):
        assert facts(variant(PRESENT, each))[0].coding.code == code


@pytest.mark.parametrize(
    ("number", "stated", "presence", "value"),
    [
        ("rs429358", "C", PRESENT, "heterozygous"),
        ("rs429358", "c", PRESENT, "heterozygous"),
        ("rs429358", "G", PRESENT, "other_allele"),
        ("rs429358", "G", ABSENT, "other_allele"),  # nobody said that ours is absent
        ("rs429358", "CA", PRESENT, "heterozygous"),
        ("rs99999999", "G", PRESENT, "heterozygous"),  # not of the panel: nothing is counted
    ],
)
def test_another_allele_of_the_same_number_is_not_taken_for_ours(
    number: str, stated: str, presence: str, value: str
) -> None:
    alt = {"code": answer("69551-0"), "valueString": stated}
    named = part("81255-2", answer(number, "https://www.ncbi.nlm.nih.gov/snp/"))
    first = facts(variant(presence, named, alt, state(HETEROZYGOUS)))[0]
    assert (first.coding.code, first.value) == (number, value)


def test_a_variant_without_a_number_keeps_the_code_of_the_assessment() -> None:
    first = facts(variant(PRESENT, CHANGE, state(HOMOZYGOUS)))[0]
    assert (first.coding.code, first.value, first.other_codings) == ("69548-6", "homozygous", ())
