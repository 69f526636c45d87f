"""The traps that `formulas.md` names: where public code is known to go wrong, or a reader easily does."""

from math import exp, log, sqrt

import numpy as np
import pytest

from tests.score_examples import EXAMPLES
from twin.answering import everything, formula
from twin.answering.lines import answer_line
from twin.scores import Answer, Score, calculate, score
from twin.scores.coefficients import coefficients


def ask(key: str, **changed: object) -> Answer:
    return calculate(formula(key), EXAMPLES[key] | changed)


def value(key: str, output: str = "value", **changed: object) -> float:
    return ask(key, **changed).outputs[output]


def places(asked: Score, name: str) -> set[str]:
    return {where.key for item in asked.inputs if item.key == name for where in item.find}


# Liver


@pytest.mark.parametrize(("age", "category"), [(64.9, "indeterminate"), (65, "low")])
def test_fib4_rules_out_up_to_2_from_65_years_on(age: float, category: str) -> None:
    answer = calculate(score("fib4"), {"age": age, "ast": 36, "alt": 36, "platelets": 240})
    assert answer.outputs["value"] == pytest.approx(1.62, abs=0.01)
    assert answer.category == category


def test_apri_shows_the_upper_limit_it_assumed() -> None:
    line = answer_line({"score": "apri", "inputs": {"ast": 80, "platelets": 100}})
    assert (line["outputs"], line["assumed"]) == ({"value": pytest.approx(2.0, abs=1e-12)}, {"ast_uln": 40.0})


@pytest.mark.parametrize(("age", "category"), [(64.9, "indeterminate"), (65, "low")])
def test_nafld_score_rules_out_up_to_0_12_from_65_years_on(age: float, category: str) -> None:
    person = {"age": age, "bmi": 27, "dm_or_ifg": 0, "ast": 40, "alt": 40, "platelets": 180, "albumin_gdl": 4.2}
    answer = calculate(score("nafld_fs"), person)
    assert -1.455 < answer.outputs["value"] < 0.12
    assert answer.category == category


@pytest.mark.parametrize(
    ("creatinine", "sodium", "early", "late"), [(1.0, 128, 22, 21), (1.2, 133, 18, 19), (2.1, 125, 29, 28)]
)
def test_meld_na_rounds_meld_before_sodium_enters(creatinine: float, sodium: float, early: int, late: int) -> None:
    meld = 9.57 * log(creatinine) + 3.78 * log(2.0) + 11.2 * log(1.5) + 6.43
    assert round(meld + (1.32 - 0.033 * meld) * (137 - sodium)) == late
    found = value("meld_na", "score", bilirubin=2.0, creatinine=creatinine, inr=1.5, dialysis=0, sodium=sodium)
    assert found == early


def test_meld_na_is_not_the_formula_of_2008() -> None:
    """MELD 9 and a sodium of 126: the older formula, 9 - 126 - 0.025 x 9 x 14 + 140, gives 20."""
    person = {"bilirubin": 1.2, "creatinine": 1.0, "inr": 1.2, "dialysis": 0}
    assert value("meld", "score", **person) == 9
    assert value("meld_na", "score", **person, sodium=126) == 9


def test_low_meld_takes_no_sodium() -> None:
    person = {"bilirubin": 1.0, "creatinine": 1.0, "inr": 1.3, "dialysis": 0}
    assert value("meld_na", "score", **person, sodium=120) == value("meld", "score", **person) == 9


@pytest.mark.parametrize("key", ["meld", "meld_na", "meld3"])
@pytest.mark.parametrize(("name", "given"), [("inr", 0), ("bilirubin", -1), ("creatinine", 0)])
def test_a_floor_holds_for_possible_values_only(key: str, name: str, given: float) -> None:
    assert ask(key, **{name: given}).absent == "impossible_value"
    assert ask(key, inr=0.8, bilirubin=0.4, creatinine=0.5).absent is None
    assert not ask(key, inr=0.8, bilirubin=0.4, creatinine=0.5).caution


@pytest.mark.parametrize(("key", "cap"), [("meld", 4.0), ("meld_na", 4.0), ("meld3", 3.0)])
def test_dialysis_sets_creatinine_to_the_cap(key: str, cap: float) -> None:
    on_dialysis = value(key, "score", creatinine=1.2, dialysis=1)
    assert on_dialysis == value(key, "score", creatinine=cap, dialysis=0)
    assert on_dialysis == value(key, "score", creatinine=cap + 3, dialysis=0)


def test_albi_takes_the_published_0_085() -> None:
    found = value("albi", "score", albumin_gl=38, bilirubin_umol=20)
    assert found == pytest.approx(0.66 * log(20, 10) - 0.085 * 38, abs=1e-9)
    assert abs(found - (0.66 * log(20, 10) - 0.0852 * 38)) > 0.005


@pytest.mark.parametrize(("albumin", "grade"), [(45, "1"), (38, "2a"), (36, "2b"), (22, "3")])
def test_modified_albi_splits_the_second_grade(albumin: float, grade: str) -> None:
    assert ask("malbi", albumin_gl=albumin, bilirubin_umol=20).named == {"grade": grade}


@pytest.mark.parametrize("name", ["ascites", "encephalopathy"])
def test_child_pugh_never_guesses_a_finding_from_bloods(name: str) -> None:
    assert ask("child_pugh", **{name: None}).absent == "missing_input"
    assert places(score("child_pugh"), name) <= {"ascites", "hepatic_encephalopathy"}


@pytest.mark.parametrize(
    ("bilirubin", "albumin", "inr", "points"),
    [(1.9, 3.6, 1.69, 5), (2.0, 3.5, 1.7, 8), (3.0, 2.8, 2.3, 8), (3.1, 2.79, 2.31, 11)],
)
def test_child_pugh_ends_belong_to_the_middle(bilirubin: float, albumin: float, inr: float, points: int) -> None:
    person = {"bilirubin": bilirubin, "albumin": albumin, "inr": inr, "ascites": "none", "encephalopathy": "none"}
    assert value("child_pugh", "points", **person) == points


@pytest.mark.parametrize(("platelets", "points"), [(200, 0), (199.9, 6), (100, 6), (99.9, 9)])
def test_page_b_counts_platelets_from_the_round_number_on(platelets: float, points: int) -> None:
    assert value("page_b", "points", age=25, male=0, platelets=platelets) == points


@pytest.mark.parametrize(("albumin", "points"), [(40, 0), (39.9, 1), (35, 1), (34.9, 2), (30, 2), (29.9, 3)])
def test_modified_page_b_counts_albumin_from_the_round_number_on(albumin: float, points: int) -> None:
    assert value("mpage_b", "points", age=25, male=0, platelets=300, albumin_gl=albumin) == points


def test_galad_converts_arbitrary_units_of_pivka() -> None:
    person = EXAMPLES["galad"]
    in_mau = calculate(score("galad"), person | {"dcp": person["dcp"] * 54.3}, {"dcp": "m[arb'U]/mL"})
    assert in_mau.outputs["z"] == pytest.approx(value("galad", "z"), abs=1e-9)


@pytest.mark.parametrize(
    ("alt", "band"), [(200, "hepatocellular"), (199.9, "mixed"), (80.1, "mixed"), (80, "cholestatic")]
)
def test_r_factor_bands_include_5_and_2(alt: float, band: str) -> None:
    person = {"alt": alt, "alt_uln": 40, "alp": 120, "alp_uln": 120}
    assert calculate(score("r_factor"), person).category == band


def test_mayo_survival_falls_year_by_year_and_meets_its_baseline() -> None:
    person = EXAMPLES["mayo_pbc_survival"]
    years = list(calculate(score("mayo_pbc_survival"), person).outputs.values())
    assert years == sorted(years, reverse=True)
    risk = value("mayo_pbc_original", "R", **person)
    assert years[4] == pytest.approx(0.774 ** exp(risk - 5.07), abs=1e-12)


# Heart and vessels


def test_prevent_outside_the_usa_runs_full_with_deprivation_missing() -> None:
    table = coefficients("prevent")["full_10yr"]["female_total_cvd"]
    known = calculate(score("prevent"), EXAMPLES["prevent"] | {"model": "full", "sdi_decile": 2}).outputs["total_cvd"]
    missing = calculate(score("prevent"), EXAMPLES["prevent"] | {"model": "full"}).outputs["total_cvd"]
    assert log(missing / (1 - missing)) - log(known / (1 - known)) == pytest.approx(table["sdi_missing"], abs=1e-9)


def test_prevent_clamps_are_no_caution() -> None:
    assert not ask("prevent", sbp=95, egfr=20, bmi=38).caution


def test_china_par_is_reconstructed_not_printed_and_says_so() -> None:
    asked = score("china_par")
    assert asked.verification == "reconstructed"
    assert any("reconstructed" in warning for warning in asked.warnings)
    assert coefficients("china_par")["female"]["s0"] == 0.985276  # printed: 0.99, which is 30 % off in women


@pytest.mark.parametrize(
    ("key", "age", "risk", "category"),
    [
        ("score2", 49, 0.03, "high"),
        ("score2", 50, 0.03, "low to moderate"),
        ("score2_op", 70, 0.074, "low to moderate"),
    ],
)
def test_score2_bands_depend_on_age(key: str, age: float, risk: float, category: str) -> None:
    assert score(key).category({"risk": risk}, {"age": age}) == category


def test_score2_names_that_it_has_no_term_for_diabetes() -> None:
    assert "diabetes" in score("score2").confounders
    assert "dm" not in {item.key for item in score("score2").inputs}


def test_score2_takes_mmol_and_ldl_takes_mg_where_no_unit_is_told() -> None:
    assert {item.unit for item in score("score2").inputs if item.key in ("tc", "hdl")} == {"mmol/L"}
    assert {item.unit for item in score("ldl").inputs} == {"mg/dL"}


@pytest.mark.parametrize(("tg", "keys"), [(399.9, {"sampson", "friedewald"}), (400, {"sampson"})])
def test_friedewald_is_left_out_from_400_on_and_sampson_stays(tg: float, keys: set[str]) -> None:
    answer = ask("ldl", tg=tg)
    assert set(answer.outputs) == keys
    assert not answer.caution


def test_more_hdl_than_cholesterol_is_impossible() -> None:
    assert (ask("ldl", tc=40, hdl=60).absent, ask("ldl", tc=40, hdl=60).detail) == ("impossible_value", "hdl")


def test_mesa_without_calcium_is_another_model_not_calcium_of_zero() -> None:
    assert value("mesa_chd", "risk", cac=None) > value("mesa_chd", "risk", cac=0)


def test_pressure_upside_down_is_impossible() -> None:
    assert ask("map_pp", sbp=80, dbp=120).absent == "impossible_value"


@pytest.mark.parametrize(("age", "points"), [(64, 0), (65, 1), (74, 1), (75, 2)])
def test_stroke_points_of_2024_leave_sex_out(age: int, points: int) -> None:
    person = {"age": age, "chf": 0, "htn": 0, "dm": 0, "stroke_tia_te": 0, "vascular": 0}
    assert calculate(score("cha2ds2_va"), person).outputs == {"points": points}
    assert calculate(score("cha2ds2_vasc"), person | {"sex": "female"}).outputs == {"points": points + 1}


# Kidney


def test_kfre_takes_mg_per_mmol_by_its_factor() -> None:
    person = EXAMPLES["kfre4"] | {"uacr_mgg": 10}
    in_mmol = calculate(score("kfre4"), person, {"uacr_mgg": "mg/mmol"}).outputs["risk"]
    assert in_mmol == pytest.approx(value("kfre4", "risk", uacr_mgg=88.4), abs=1e-12)


def test_ckdepi_without_sex_is_absent() -> None:
    assert ask("ckdepi", sex="x").absent == "bad_code"


# Lung


def test_brock_reads_the_words_of_the_record_as_those_of_the_paper() -> None:
    for ours, paper in (("part_solid", "part-solid"), ("ground_glass", "non-solid")):
        assert value("brock_full_spiculation", "p", nodule_type=ours) == value(
            "brock_full_spiculation", "p", nodule_type=paper
        )


def test_brock_agrees_with_the_uncentred_table() -> None:
    """Uthoff 2019 prints the same model with the intercept 0.2761 and nothing centred."""
    person = {"age": 70, "female": 1, "fh_lung": 0, "emphysema": 1, "diameter_mm": 9, "nodule_type": "solid"}
    person |= {"upper_lobe": 1, "count": 2, "spiculation": 1}
    centred = -6.7892 - 0.0287 * 62 + 5.3854 * 1.58113883 + 0.0824 * 4
    logit = 0.2761 + 0.0287 * 70 + 0.6011 + 0.2953 - 5.3854 / sqrt(0.9) + 0.6581 - 0.0824 * 2 + 0.7729
    assert centred == pytest.approx(0.2761, abs=1e-3)
    assert value("brock_full_spiculation", "p", **person) == pytest.approx(1 / (1 + exp(-logit)), abs=1e-4)


def test_mayo_constant_is_not_the_typing_error() -> None:
    person = {"age": 0, "ever_smoker": 0, "prior_cancer": 0, "diameter_mm": 10, "spiculation": 0, "upper_lobe": 0}
    found = value("mayo_nodule", "p", **person)
    assert log(found / (1 - found)) == pytest.approx(-6.8272 + 1.274, abs=1e-9)


def test_who_smokes_still_has_stopped_for_no_time() -> None:
    assert value("plcom2012", "p", current_smoker=1, quit_years=None) == value(
        "plcom2012", "p", current_smoker=1, quit_years=0
    )
    assert (ask("plcom2012", quit_years=None).absent, ask("plcom2012", quit_years=None).detail) == (
        "missing_input",
        "quit_years",
    )


@pytest.mark.parametrize(
    ("d2", "absent"), [(10, "no_growth"), (9, "no_growth"), (10.77, "no_growth"), (10.78, None), (14, None)]
)
def test_doubling_time_needs_a_quarter_more_of_volume(d2: float, absent: str | None) -> None:
    answer = calculate(formula("vdt_diameter"), {"d1": 10, "d2": d2, "days": 120})
    assert answer.absent == absent


@pytest.mark.parametrize(
    ("days", "band"),
    [(399, "suspicious"), (400, "indeterminate"), (600, "indeterminate"), (601, "likely benign")],
)
def test_doubling_time_bands_of_the_bts(days: float, band: str) -> None:
    assert calculate(formula("vdt_volume"), {"v1": 100, "v2": 200, "days": days}).category == band


# Pancreas and glucose


def test_fasting_scores_are_fed_by_fasting_signals_only() -> None:
    assert places(score("homa_ir"), "glucose_mmol") == {"glucose_fasting"}
    assert places(score("homa_ir"), "insulin") == {"insulin_fasting"}
    assert places(score("tyg"), "glucose_mgdl") == {"glucose_fasting"}


def test_tyg_halves_inside_the_logarithm() -> None:
    assert value("tyg", tg_mgdl=150, glucose_mgdl=100) == pytest.approx(log(7500), abs=1e-12)


def test_average_glucose_and_ifcc_take_both_scales_of_hba1c() -> None:
    in_percent = calculate(score("eag"), {"hba1c": 7.0}).outputs
    in_mmol = calculate(score("eag"), {"hba1c": 53.0}, {"hba1c": "mmol/mol"}).outputs
    assert in_mmol["mg_dl"] == pytest.approx(in_percent["mg_dl"], abs=0.1)
    assert value("ngsp", ifcc_mmol_mol=in_percent["ifcc_mmol_mol"]) == pytest.approx(7.0, abs=0.01)


@pytest.mark.parametrize(
    ("sex", "waist", "points"),
    [("male", 93.9, 0), ("male", 94, 3), ("male", 102, 3), ("male", 102.1, 4), ("female", 79.9, 0), ("female", 80, 3),
     ("female", 88, 3), ("female", 88.1, 4)],
)  # fmt: skip
def test_findrisc_waist_differs_by_sex(sex: str, waist: float, points: int) -> None:
    assert value("findrisc", "points", age=40, bmi=20, sex=sex, waist_cm=waist) == points


@pytest.mark.parametrize("left_out", ["endpac", "qrisk3", "who_cvd", "martin_hopkins", "mesa_percentile"])
def test_what_has_no_confirmed_table_or_no_licence_is_not_answered(left_out: str) -> None:
    assert answer_line({"score": left_out, "inputs": {}})["absent"] == "unknown_score"


# General and genetics


@pytest.mark.parametrize(
    ("conditions", "index"),
    [(["diabetes", "diabetes_complicated"], 2), (["mild_liver", "moderate_severe_liver"], 3),
     (["solid_tumor", "metastatic"], 6), (["mi", "mi"], 1), ([], 0)],
)  # fmt: skip
def test_charlson_counts_the_severer_form_alone(conditions: list[str], index: int) -> None:
    assert value("charlson", "index", age=40, conditions=conditions) == index


@pytest.mark.parametrize(("age", "points"), [(49, 0), (50, 1), (59, 1), (60, 2), (70, 3), (79, 3), (80, 4), (95, 4)])
def test_charlson_ages_by_decades_from_the_round_birthday_on(age: int, points: int) -> None:
    assert value("charlson", "age_adjusted", age=age, conditions=[]) == points


def test_polygenic_score_keeps_the_mean_hazard_of_a_population() -> None:
    z = np.random.default_rng(7).standard_normal(200_000)
    risks = np.array([0.08])
    combined = score("combine_prs").formula(risk=risks, z=z, log_hr_per_sd=np.array([0.3]))
    assert np.mean(-np.log1p(-combined)) == pytest.approx(-log(1 - 0.08), rel=0.01)


def test_polygenic_score_beyond_three_sd_counts_as_three_and_is_no_caution() -> None:
    person = {"risk": 0.08, "log_hr_per_sd": 0.5364934}
    far = calculate(score("combine_prs"), person | {"z": 6})
    assert far.outputs == calculate(score("combine_prs"), person | {"z": 3}).outputs
    assert not far.caution


def test_polygenic_score_never_lifts_a_risk_past_certainty() -> None:
    """Multiplying risks would: 0.9 x 1.71 ** 3 is 4.5."""
    assert value("combine_prs", "risk", risk=0.9, z=3, log_hr_per_sd=log(1.71)) < 1


def test_hsd17b13_counts_the_t_not_the_protective_insertion() -> None:
    protected = calculate(score("liver_risk_alleles"), {"pnpla3": 0, "tm6sf2": 0, "hsd17b13": 0}).outputs
    assert protected == {"count": 0, "or_cirrhosis": 1.0, "or_hcc": 1.0}
    assert value("liver_risk_alleles", "or_cirrhosis", pnpla3=2, tm6sf2=1, hsd17b13=2) == 12


def test_percentile_is_half_at_the_mean() -> None:
    assert ask("prs_percentile", prs=0.4).outputs == {"z": 0.0, "percentile": 50.0}


def test_log_normal_limits_are_not_symmetric() -> None:
    outputs = calculate(score("rcv"), {"cvi_pct": 30, "cva_pct": 10}).outputs
    assert outputs["rcv_log_up_pct"] > outputs["rcv_normal_pct"] > -outputs["rcv_log_down_pct"]


def test_what_was_recalled_is_not_presented_as_verified() -> None:
    recalled = {
        "malbi",
        "mayo_pbc_survival",
        "mayo_pbc_updated",
        "prs_hfc",
        "brock_parsimonious_spiculation",
        "ct_pdff",
    }
    assert {asked.key for asked in everything() if asked.verification == "unverified"} == recalled
