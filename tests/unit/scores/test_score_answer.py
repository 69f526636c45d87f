from datetime import datetime

import pytest

from twin.errors import UnknownKey
from twin.scores import calculate, score

FIB4 = {"age": 55, "ast": 40, "alt": 36, "platelets": 200}


def test_unit_of_another_analyte_is_refused() -> None:
    answer = calculate(score("fib4"), FIB4, {"platelets": "U/L"})
    assert (answer.absent, answer.detail) == ("bad_unit", "platelets")


def test_spelling_of_a_unit_is_understood() -> None:
    assert calculate(score("fib4"), FIB4, {"platelets": "K/uL"}).outputs == calculate(score("fib4"), FIB4).outputs


def test_value_is_converted_into_the_unit_of_the_formula() -> None:
    in_si = calculate(score("ckdepi"), {"sex": "male", "age": 61, "scr": 88.4}, {"scr": "umol/L"})
    in_mg = calculate(score("ckdepi"), {"sex": "male", "age": 61, "scr": 1.0}, {"scr": "mg/dL"})
    assert in_si.outputs["cr_2021"] == pytest.approx(in_mg.outputs["cr_2021"], rel=1e-12)


def test_unit_of_a_name_that_is_no_input_has_no_meaning() -> None:
    assert calculate(score("fib4"), FIB4, {"height": "furlong"}).absent is None


@pytest.mark.parametrize("unit", ["a", "years"])
def test_age_in_years_is_understood(unit: str) -> None:
    assert calculate(score("fib4"), FIB4, {"age": unit}).absent is None


def test_age_in_months_is_refused() -> None:
    assert calculate(score("fib4"), FIB4, {"age": "mo"}).absent == "bad_unit"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1, 10**400, 20_000])
def test_impossible_number_makes_the_answer_absent(value: float) -> None:
    assert calculate(score("fib4"), FIB4 | {"ast": value}).absent == "impossible_value"


@pytest.mark.parametrize("value", ["40", True, [40], datetime(2026, 1, 1)])
def test_what_is_not_a_number_is_refused(value: object) -> None:
    assert calculate(score("fib4"), FIB4 | {"ast": value}).absent == "bad_code"


@pytest.mark.parametrize(("value", "absent"), [(1, None), (False, None), (2, "bad_code"), ("yes", "bad_code")])
def test_yes_or_no_is_one_or_zero(value: object, absent: str | None) -> None:
    answer = calculate(score("kfre4"), {"age": 60, "male": value, "egfr": 40, "uacr_mgg": 30})
    assert answer.absent == absent


def test_default_is_named_as_assumed() -> None:
    assert calculate(score("apri"), {"ast": 40, "platelets": 200}).assumed == ("ast_uln",)
    assert calculate(score("apri"), {"ast": 40, "ast_uln": 35, "platelets": 200}).assumed == ()


def test_equation_without_its_marker_is_left_out() -> None:
    answer = calculate(score("ckdepi"), {"sex": "female", "age": 50, "scr": 0.8, "scys": None})
    assert set(answer.outputs) == {"cr_2021"}


def test_no_marker_at_all_is_a_missing_input() -> None:
    answer = calculate(score("ckdepi"), {"sex": "female", "age": 50})
    assert (answer.absent, answer.detail) == ("missing_input", "scr, scys")


def test_last_completed_year_counts_whole() -> None:
    person = {"age": 79.9, "sex": "male", "total_c": 200, "hdl_c": 50, "sbp": 130, "bp_tx": 0, "dm": 0}
    person |= {"smoking": 0, "egfr": 80, "bmi": 25, "statin": 0}
    assert calculate(score("prevent"), person).absent is None
    assert calculate(score("prevent"), person | {"age": 80}).absent == "outside_population"


def test_category_of_a_wide_range_of_people() -> None:
    assert calculate(score("fib4"), FIB4).category == "indeterminate"
    assert calculate(score("fib4"), FIB4 | {"age": 66}).category == "indeterminate"
    assert calculate(score("fib4"), FIB4 | {"platelets": 400}).category == "low"
    assert calculate(score("fib4"), FIB4 | {"platelets": 100}).category == "high"
    assert calculate(score("apri"), {"ast": 100, "platelets": 100}).category == "high"
    assert calculate(score("apri"), {"ast": 40, "platelets": 300}).category == "low"
    assert calculate(score("apri"), {"ast": 40, "platelets": 100}).category == "indeterminate"
    assert calculate(score("bmi"), {"weight_kg": 60, "height_cm": 170}).category == "normal"
    assert calculate(score("bmi"), {"weight_kg": 160, "height_cm": 170}).category == "obese"
    assert calculate(score("ckdepi"), {"sex": "male", "age": 50, "scr": 0.9}).category == "G1"
    assert calculate(score("ckdepi"), {"sex": "male", "age": 50, "scr": 9.0}).category == "G5"
    albi = {"albumin_gl": 45, "bilirubin_umol": 8}
    assert calculate(score("albi"), albi).category == "grade 1"


@pytest.mark.parametrize(("age", "category"), [(40, "low"), (58, "medium"), (72, "high")])
def test_china_par_classes_follow_the_guideline(age: int, category: str) -> None:
    person = {"sex": "female", "age": age, "sbp": 140, "bp_tx": 0, "total_c_mgdl": 210, "hdl_c_mgdl": 55}
    person |= {"waist_cm": 80, "smoking": 0, "dm": 0, "north": 1, "urban": 1, "family_history": 0}
    assert calculate(score("china_par"), person).category == category


def test_larger_waist_lowers_the_risk_of_men_as_published_and_a_warning_travels_with_it() -> None:
    person = {"sex": "male", "age": 58, "sbp": 140, "bp_tx": 0, "total_c_mgdl": 210, "hdl_c_mgdl": 45}
    person |= {"smoking": 0, "dm": 0, "north": 1, "urban": 1, "family_history": 0}
    wide = calculate(score("china_par"), person | {"waist_cm": 110}).outputs["risk_percent"]
    assert wide < calculate(score("china_par"), person | {"waist_cm": 80}).outputs["risk_percent"]
    assert any("waist" in warning for warning in score("china_par").warnings)


def test_meld_floors_hold_for_possible_values_only() -> None:
    person = {
        "sex": "male",
        "bilirubin": 0.3,
        "creatinine": 0.5,
        "inr": 0.9,
        "sodium": 140,
        "albumin": 4.5,
        "dialysis": 0,
    }
    assert calculate(score("meld3"), person).outputs == {"score": 6}
    assert calculate(score("meld3"), person | {"inr": 0}).absent == "impossible_value"


def test_unknown_score_is_an_error_by_name() -> None:
    with pytest.raises(UnknownKey, match="no score 'fib5'"):
        score("fib5")
