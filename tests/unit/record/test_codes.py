"""Which of our signals, concepts and answers a source's code means."""

import pytest

from twin.organs import ORGANS
from twin.organs.base import Need, Population
from twin.record.codes import OWN_SIGNAL, answer_of, concept_of, loinc_signals, signal_of
from twin.record.codes.concepts import known_concepts, with_broader
from twin.record.codes.names import normal
from twin.record.codes.rows import rows
from twin.record.fact import Coding
from twin.record.local import LocalMapping
from twin.record.signal import by_loinc, signals
from twin.record.units import conversion
from twin.scores import SCORES

SNOMED = "http://snomed.info/sct"
LOINC = "http://loinc.org"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
ATC = "http://www.whocc.no/atc"
ICD10 = "http://hl7.org/fhir/sid/icd-10-cm"
ICD9 = "http://hl7.org/fhir/sid/icd-9-cm"


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
        ("condition", coding(SNOMED, "44054006"), "diabetes_type_2"),
        ("condition", coding("urn:oid:2.16.840.1.113883.6.96", "44054006"), "diabetes_type_2"),
        ("condition", coding(ICD10, "E11.9"), "diabetes_type_2"),
        ("condition", coding(ICD10, "e119"), "diabetes_type_2"),
        ("condition", coding("http://hl7.org/fhir/sid/icd-10-cn", "E10.900x001"), "diabetes_type_1"),
        ("condition", coding(ICD10, "E11.22"), "diabetes_type_2+diabetic_complication+ckd"),
        ("condition", coding("http://hl7.org/fhir/sid/icd-10", "E11.2"), "diabetes_type_2+diabetic_complication"),
        ("condition", coding(ICD10, "K74.60"), "cirrhosis"),
        ("condition", coding(ICD10, "K70.30"), "cirrhosis+alcohol_liver_disease"),
        ("condition", coding(ICD10, "C22.0"), "hcc"),
        ("condition", coding(ICD10, "C44.1"), "skin_cancer_nonmelanoma"),
        ("condition", coding(ICD10, "I12.9"), "hypertension+ckd"),
        ("condition", coding("http://hl7.org/fhir/sid/icd-10", "I12.9"), "hypertension"),
        ("condition", coding(ICD10, "Z22.50"), None),
        ("condition", coding(ICD9, "250.00"), "diabetes_type_2"),
        ("condition", coding(ICD9, "25001"), "diabetes_type_1"),
        ("condition", coding(ICD9, "5712"), "cirrhosis+alcohol_liver_disease"),
        ("condition", coding(SNOMED, "195662009"), None),
        ("medication", coding(RXNORM, "259255", "Atorvastatin 80 MG Oral Tablet"), "statin"),
        ("medication", coding(RXNORM, "83367"), "statin"),
        ("medication", coding(RXNORM, "316672", "Simvistatin 10 MG"), "statin"),
        ("medication", coding(ATC, "C10AA05"), "statin"),
        ("medication", coding(ATC, "C10BA02"), "statin+ezetimibe"),
        ("medication", coding(ATC, "C09DA01"), "arb+diuretic"),
        ("medication", coding("", "", "阿托伐他汀钙片"), "statin"),
        ("medication", coding("", "", "恩替卡韦分散片"), "antiviral_hbv"),
        ("medication", coding("", "", "甘精胰岛素注射液"), "insulin"),
        ("medication", coding("", "", "恩格列净片"), "sglt2_inhibitor"),
        ("medication", coding("", "", "吡格列酮片"), "glitazone"),
        ("medication", coding("", "", "Amlodipine 5 MG / Atorvastatin 10 MG"), "statin+calcium_channel_blocker"),
        ("medication", coding(RXNORM, "316049", "Hydrochlorothiazide 25 MG"), "thiazide"),
        ("medication", coding("", "", "Prednisone 5 MG Oral Tablet"), "corticosteroid"),
    ],
)
def test_a_code_means_its_concept(kind: str, given: Coding, concept: str | None) -> None:
    assert concept_of(kind, [given]) == concept  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "words",
    [
        "Nystatin 100000 UNT/ML", "Sodium Chloride 0.9 %", "Insulin pump", "insulin syringe 1 ML", "No statin",
        "aspirin allergy", "胰岛素注射器", "阿司匹林过敏", "Hydrocortisone 10 MG/ML Topical Cream", "氢化可的松乳膏",
        "prednisolone acetate 1% ophth. susp.", "Imipenem / Cilastatin 500 MG", "Magnesium Sulfate", "vial",
    ],
)  # fmt: skip
def test_words_that_name_no_treatment_mean_none(words: str) -> None:
    assert concept_of("medication", [coding("", "", words)]) is None


def test_what_is_narrow_is_also_what_is_broad() -> None:
    assert with_broader("myocardial_infarction") == ("myocardial_infarction", "coronary_disease", "ascvd")
    assert {"cirrhosis", "alcohol_liver_disease", "chronic_liver_disease"} <= set(
        with_broader("cirrhosis+alcohol_liver_disease")
    )
    assert with_broader("creatinine") == ("creatinine",)


def test_every_concept_that_scores_and_organs_ask_for_can_be_met() -> None:
    asked = {need.concept for organ in ORGANS for line in organ.thresholds for need in needs(line.population)}
    asked |= {where.key for score in SCORES for item in score.inputs for where in item.find if where.kind == "concept"}
    asked |= {concept for score in SCORES for concept in (*score.excludes, *score.confounders)}
    assert asked - {""} <= known_concepts()


def needs(population: Population) -> tuple[Need, ...]:
    return (*population.all_of, *population.any_of, *population.none_of)


def test_every_row_of_a_mapping_has_its_source() -> None:
    for table in ("concepts.csv", "medicines.csv", "names.csv", "loinc_more.csv", "answers.csv", "molar_mass.csv"):
        assert all(row["source"].strip() for row in rows(table)), table
    assert all(row["seen_in"].strip() for row in rows("unit_spellings.csv"))


def test_a_name_means_one_signal_only() -> None:
    met: dict[str, str] = {}
    for row in rows("names.csv"):
        for name in row["names"].split(";"):
            assert met.setdefault(normal(name), row["signal"]) == row["signal"], name


def test_names_and_further_codes_lead_to_signals() -> None:
    for row in rows("names.csv"):
        meant = signals()[row["signal"]]
        assert all(conversion(unit, meant) for unit in row["only_in"].split(";") if unit), row["signal"]
    further = {row["loinc"] for row in rows("loinc_more.csv")}
    assert not further & by_loinc().keys()
    assert {loinc_signals()[code] for code in further} <= signals().keys()


@pytest.mark.parametrize(
    ("name", "unit", "signal"),
    [
        ("SGPT", "U/L", "alt"), ("谷丙转氨酶", "单位/升", "alt"), ("丙氨酸氨基转移酶（ALT）", "U/L", "alt"),
        ("肌酐", "μmol/L", "creatinine"), ("总胆红素", "μmol/L", "bilirubin_total"),
        ("血小板计数", "10^9/L", "platelets"),
        ("糖化血红蛋白", "%", "hba1c"), ("低密度脂蛋白胆固醇", "mmol/L", "ldl_c"), ("收缩压", "mmHg", "sbp"),
        ("空腹血糖", "mmol/L", "glucose_fasting"), ("随机血糖", "mmol/L", "glucose"),
        ("GLU", "mmol/L", None), ("葡萄糖", "mmol/L", None), ("尿肌酐", "umol/L", None),
        ("WBC", "10^9/L", "wbc"), ("WBC", "G/L", "wbc"), ("WBC", "/uL", None), ("WBC", None, None),
        ("PT", "s", "prothrombin_time"), ("PT", "%", None), ("ALT:AST", "U/L", None),
    ],
)  # fmt: skip
def test_a_local_name_means_its_signal_where_it_leaves_no_doubt(
    name: str, unit: str | None, signal: str | None
) -> None:
    assert signal_of([coding("urn:patient-twin:local:lis", name)], unit=unit) == signal
    assert signal_of([coding("", "", name)], unit=unit) == signal


def test_a_name_counts_only_where_the_code_is_the_sources_own() -> None:
    assert signal_of([coding(LOINC, "99999-9", "ALT")], unit="U/L") is None


def test_what_the_site_says_stands_above_the_tables() -> None:
    said = LocalMapping(codes={("lis", LOINC, "2160-0"): "cystatin_c", ("", "x", "7"): "hbv"}, version="1")
    assert signal_of([coding(LOINC, "2160-0")], source="lis", local=said) == "cystatin_c"
    assert signal_of([coding(LOINC, "2160-0")], source="other", local=said) == "creatinine"
    assert concept_of("condition", [coding("x", "7")], source="any", local=said) == "hbv"
    assert signal_of([coding("x", "7")], local=said) is None


def test_a_smoker_is_a_smoker_in_snomed_and_in_loinc() -> None:
    assert answer_of("smoking_status", [coding(SNOMED, "449868002")]) == "current"
    assert answer_of("smoking_status", [coding(LOINC, "LA18978-9")]) == "never"
    assert answer_of("smoking_status", [coding(SNOMED, "266927001")]) is None
