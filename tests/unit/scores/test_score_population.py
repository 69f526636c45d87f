import numpy as np
import pandas as pd
import pytest

from twin.scores import answer_table, calculate, score

FIB4 = {"age": [55, 30, 12, 60], "ast": [40.0, 40, 40, np.nan], "alt": [36, 36, 36, 36], "platelets": [200] * 4}


def test_each_row_has_its_value_caution_or_reason() -> None:
    answers = answer_table(score("fib4"), FIB4)
    assert answers.outputs["value"][:2] == pytest.approx([55 * 40 / 1200, 30 * 40 / 1200], rel=1e-12)
    assert np.isnan(answers.outputs["value"][2:]).all()
    assert list(answers.caution) == [False, True, False, False]
    assert list(answers.absent) == [None, None, "outside_population", "missing_input"]


def test_one_value_stands_for_everybody() -> None:
    kidneys = {"age": [60, 70], "male": 1, "egfr": np.array([40.0, 20.0]), "uacr_mgg": 300, "years": 2}
    answers = answer_table(score("kfre4"), kidneys)
    alone = [calculate(score("kfre4"), kidneys | {"age": age, "egfr": egfr}) for age, egfr in ((60, 40), (70, 20))]
    assert list(answers.outputs["risk"]) == [answer.outputs["risk"] for answer in alone]


def test_units_of_columns_are_converted_and_foreign_ones_refused() -> None:
    people = {"sex": ["male", "female"], "age": [61, 61], "scr": np.array([88.4, 70.0])}
    answers = answer_table(score("ckdepi"), people, {"scr": "umol/L"})
    alone = calculate(score("ckdepi"), {"sex": "female", "age": 61, "scr": 70.0}, {"scr": "umol/L"})
    assert answers.outputs["cr_2021"][1] == alone.outputs["cr_2021"]
    assert list(answer_table(score("ckdepi"), people, {"scr": "U/L"}).absent) == ["bad_unit", "bad_unit"]


def test_rows_with_and_without_an_optional_input_take_their_own_model() -> None:
    people = {"sex": "male", "race": "chinese", "age": 60, "total_c": 190, "hdl_c": 50, "lipid_med": 0, "sbp": 130}
    people |= {"bp_tx": 0, "smoking": 0, "dm": 0, "fh_mi": 0}
    answers = answer_table(score("mesa_chd"), people | {"cac": [None, 300, 0]})
    alone = [calculate(score("mesa_chd"), people | {"cac": cac}).outputs["risk"] for cac in (None, 300, 0)]
    assert list(answers.outputs["risk"]) == alone
    assert len(set(alone)) == 3


def test_rows_may_ask_for_different_models() -> None:
    people = {"sex": "female", "age": [50, 50, 65], "total_c": 200, "hdl_c": 50, "sbp": 130, "bp_tx": 0, "dm": 0}
    people |= {"smoking": 0, "egfr": 90, "bmi": 25, "statin": 0, "years": [10, 30, 30]}
    answers = answer_table(score("prevent"), people)
    assert answers.outputs["ascvd"][0] < answers.outputs["ascvd"][1]
    assert list(answers.absent) == [None, None, "outside_population"]


def test_a_data_frame_s_columns_are_taken() -> None:
    frame = pd.DataFrame({"weight_kg": [70.0, None], "height_cm": [175, 180]})
    answers = answer_table(score("bmi"), {name: frame[name] for name in frame})
    assert list(answers.absent) == [None, "missing_input"]


def test_lists_of_codes_are_a_column() -> None:
    answers = answer_table(score("charlson"), {"age": [40, 72], "conditions": [[], ["mi", "chf"]]})
    assert list(answers.outputs["age_adjusted"]) == [0, 5]


def test_columns_of_different_lengths_are_an_error() -> None:
    with pytest.raises(ValueError, match=r"different lengths: \[1, 2\]"):
        answer_table(score("bmi"), {"weight_kg": [70], "height_cm": [170, 175]})


def test_an_empty_table_has_no_answers() -> None:
    assert len(answer_table(score("bmi"), {"weight_kg": [], "height_cm": []}).absent) == 0
