"""Which of our signals, concepts and answers a source's code means."""

import pytest

from twin.record.codes import OWN_SIGNAL, answer_of, concept_of, signal_of
from twin.record.fact import Coding

SNOMED = "http://snomed.info/sct"
LOINC = "http://loinc.org"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
ATC = "http://www.whocc.no/atc"
ICD10 = "http://hl7.org/fhir/sid/icd-10-cm"


def coding(system: str, code: str, display: str = "") -> Coding:
    return Coding(system=system, code=code, display=display)


@pytest.mark.parametrize(
    ("code", "signal"), [("2160-0", "creatinine"), ("38483-4", "creatinine"), ("777-3", "platelets")]
)
def test_a_loinc_code_means_its_signal(code: str, signal: str) -> None:
    assert signal_of([coding(LOINC, code)]) == signal


def test_an_unconfirmed_code_is_not_mapped() -> None:
    assert signal_of([coding(LOINC, "77615-3")]) is None


def test_the_second_coding_counts_where_the_first_is_local() -> None:
    assert signal_of([coding("urn:local", "CREA"), coding(LOINC, "2160-0")]) == "creatinine"


def test_our_own_key_is_a_code_too() -> None:
    assert signal_of([coding(OWN_SIGNAL, "liver_stiffness")]) == "liver_stiffness"
    assert signal_of([coding(OWN_SIGNAL, "no such")]) is None


@pytest.mark.parametrize(
    ("kind", "given", "concept"),
    [
        ("condition", coding(SNOMED, "44054006"), "diabetes"),
        ("condition", coding(ICD10, "E11.9"), "diabetes"),
        ("condition", coding(ICD10, "E119"), "diabetes"),
        ("condition", coding(ICD10, "K74.60"), "cirrhosis"),
        ("condition", coding(SNOMED, "195662009"), None),
        ("medication", coding(RXNORM, "259255", "Atorvastatin 80 MG Oral Tablet"), "statin"),
        ("medication", coding(RXNORM, "316672", "Simvistatin 10 MG"), "statin"),
        ("medication", coding(ATC, "C10AA05"), "statin"),
        ("medication", coding("", "", "阿托伐他汀钙片"), "statin"),
        ("medication", coding("", "", "Nystatin 100000 UNT/ML"), None),
        ("medication", coding(RXNORM, "316049", "Hydrochlorothiazide 25 MG"), "antihypertensive"),
    ],
)
def test_a_code_means_its_concept(kind: str, given: Coding, concept: str | None) -> None:
    assert concept_of(kind, [given]) == concept  # type: ignore[arg-type]


def test_a_smoker_is_a_smoker_in_snomed_and_in_loinc() -> None:
    assert answer_of("smoking_status", [coding(SNOMED, "449868002")]) == "current"
    assert answer_of("smoking_status", [coding(LOINC, "LA18978-9")]) == "never"
    assert answer_of("smoking_status", [coding(SNOMED, "266927001")]) is None
