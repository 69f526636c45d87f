"""Whom a record's scores are not for: children, pregnancy, a transplanted liver; what is asked by hand is not asked."""

from datetime import date, timedelta

import pytest

from tests.unit.forecast.timelines import NOW, ago, fact, history_of, table, timeline
from twin.record.fact import Fact
from twin.record.timeline import Timeline
from twin.scores import SCORES, calculate, score
from twin.scores.gather import answer_at
from twin.scores.history import history

LABS = table("""
months_ago          24   12    0
ast                 40   44   48
alt                 36   40   41
ggt                 40   44   48
platelets          230  210  190
albumin             42   41   40
bilirubin_total     12   20   40
creatinine          90   92   95
sodium             139  138  137
inr                1.0  1.1  1.2
triglycerides      1.5  1.6  1.7
glucose_fasting    5.0  5.1  5.2
insulin_fasting      8    9   10
weight              60   61   62
height             165  165  165
waist               80   81   82
urine_acr           30   35   40
sbp                130  132  134
total_cholesterol  5.5  5.6  5.7
hdl_c              1.3  1.2  1.2
""")
FINDINGS = (fact(92, "ascites", ago(25), code="mild"), fact(93, "hepatic_encephalopathy", ago(25), code="none"))
WITHOUT_AGE = (
    "apri", "albi", "malbi", "meld", "meld_na", "meld3", "child_pugh", "fli", "hsi", "homa_ir", "bmi",
)  # fmt: skip
OF_THE_OWN_LIVER = ("fib4", "apri", "albi", "malbi", "nafld_fs", "fli", "hsi", "amap")
OF_HEPATITIS_B = ("page_b", "mpage_b")
OF_HEART_AND_KIDNEY = (
    "prevent", "pce", "score2", "score2_op", "china_par", "framingham2008", "framingham2008_bmi", "kfre4",
)  # fmt: skip
TURNS_18_BETWEEN = date(2008, 5, 22)  # 18 half a year before NOW


def said(key: str, known: Timeline) -> tuple[str | None, str]:
    answer, _ = answer_at(score(key), known, NOW, {})
    return answer.absent, answer.detail


@pytest.mark.parametrize("key", WITHOUT_AGE)
def test_a_child_gets_no_adult_score_and_the_age_is_named(key: str) -> None:
    child = timeline((*LABS, *FINDINGS), born=date(2014, 3, 1))
    assert said(key, child) == ("outside_population", "age")
    assert history(score(key), child, {}) == ()


@pytest.mark.parametrize("key", WITHOUT_AGE)
def test_the_past_of_a_score_begins_where_childhood_ends(key: str) -> None:
    known = timeline((*LABS, *FINDINGS), born=TURNS_18_BETWEEN)
    answer, _ = answer_at(score(key), known, NOW, {})
    past = history(score(key), known, {})
    assert answer.absent is None
    assert [at for at, _ in past] == [NOW]
    assert past[0][1] == pytest.approx(dict(answer.outputs), rel=1e-12)


@pytest.mark.parametrize("key", WITHOUT_AGE)
def test_who_is_not_known_to_be_a_child_gets_the_score(key: str) -> None:
    unknown = timeline((*LABS, *FINDINGS), born=None)
    assert said(key, unknown)[0] is None
    assert len(history(score(key), unknown, {})) == 3


def test_inputs_by_hand_are_not_asked_for_an_age() -> None:
    assert calculate(score("bmi"), {"weight_kg": 20, "height_cm": 115}).outputs["value"] == pytest.approx(
        15.12, abs=0.01
    )


def test_a_score_asks_for_the_age_in_one_way_only() -> None:
    limited = [each for each in SCORES if each.min_age is not None]
    assert {each.key for each in limited} == set(WITHOUT_AGE)
    assert not [each.key for each in limited if any(item.key == "age" for item in each.inputs)]


@pytest.mark.parametrize("key", [*OF_THE_OWN_LIVER, *OF_HEART_AND_KIDNEY, *OF_HEPATITIS_B, "bmi", "galad", "mesa_chd"])
def test_pregnancy_is_named_as_what_a_score_is_not_for(key: str) -> None:
    pregnant = timeline((*LABS, *history_of("pregnancy", months=3)))
    assert said(key, pregnant) == ("outside_population", "pregnancy")


def test_pregnancy_told_as_an_answer_is_seen_too() -> None:
    pregnant = timeline((*LABS, fact(901, "pregnancy_status", ago(3), code="pregnant")))
    assert said("fib4", pregnant) == ("outside_population", "pregnancy")
    asked_again = timeline((*pregnant.facts, fact(902, "pregnancy_status", ago(1), code="not_pregnant")))
    assert said("fib4", asked_again)[0] is None


@pytest.mark.parametrize("key", OF_HEPATITIS_B)
def test_a_score_for_hepatitis_b_asks_for_hepatitis_b(key: str) -> None:
    assert said(key, timeline(LABS)) == ("missing_input", "hbv")
    assert history(score(key), timeline(LABS), {}) == ()
    infected = timeline((*LABS, *history_of("hbv", months=18)))
    assert said(key, infected)[0] is None
    assert [at for at, _ in history(score(key), infected, {})] == [ago(12), NOW]
    carrier = timeline((*LABS, fact(901, "hbsag", ago(18), code="positive")))
    assert said(key, carrier)[0] is None
    healed = timeline((*carrier.facts, fact(902, "hbsag", ago(6), code="negative")))
    assert said(key, healed) == ("missing_input", "hbv")


@pytest.mark.parametrize("key", ["meld", "meld_na", "meld3"])
def test_dialysis_of_years_ago_moves_no_meld_and_that_of_this_week_does(key: str) -> None:
    def value(*facts: Fact) -> float:
        answer, _ = answer_at(score(key), timeline((*LABS, *facts)), NOW, {})
        return answer.outputs["score"]

    sessions = [fact(900 + n, "dialysis", NOW - timedelta(days=n), kind="procedure") for n in (2, 5)]
    long_ago = fact(910, "dialysis", ago(60), kind="procedure")
    assert value(long_ago) == value() == value(sessions[0])
    assert value(*sessions) > value() + 5
    past = dict(history(score(key), timeline((*LABS, *sessions)), {}))
    assert past[NOW]["score"] == value(*sessions)
    assert past[ago(12)]["score"] < value(*sessions) - 5


@pytest.mark.parametrize("key", ["ckdepi", "kfre4"])
def test_kidneys_that_need_dialysis_have_no_estimate_and_those_that_recovered_do(key: str) -> None:
    assert said(key, timeline((*LABS, *history_of("dialysis", months=6)))) == ("outside_population", "dialysis")
    once = timeline((*LABS, *history_of("dialysis", months=60, kind="procedure")))
    assert said(key, once)[1] != "dialysis"
    grafted = timeline(
        (*LABS, *history_of("dialysis", months=60), *history_of("kidney_transplant", months=30, start=950))
    )
    assert said("ckdepi", grafted)[0] is None
    assert said("kfre4", grafted) == ("outside_population", "kidney_transplant")


@pytest.mark.parametrize("key", OF_THE_OWN_LIVER)
def test_a_transplanted_liver_is_named_and_its_past_ends_there(key: str) -> None:
    known = timeline((*LABS, *history_of("liver_transplant", months=18)))
    assert said(key, known) == ("outside_population", "liver_transplant")
    assert [at for at, _ in history(score(key), known, {})] == [ago(24)]


@pytest.mark.parametrize("key", OF_THE_OWN_LIVER)
def test_a_pregnancy_that_ended_is_no_hindrance(key: str) -> None:
    over = fact(900, "pregnancy", ago(18), kind="condition", ended_at=ago(10))
    known = timeline((*LABS, over))
    assert said(key, known)[0] is None
    assert [at for at, _ in history(score(key), known, {})] == [ago(24), NOW]


def test_a_pregnancy_without_an_end_on_record_does_not_hold_for_ever() -> None:
    known = timeline((*LABS, *history_of("pregnancy", months=13)))
    assert said("fib4", known)[0] is None
    assert [at for at, _ in history(score("fib4"), known, {})] == [ago(24), NOW]


@pytest.mark.parametrize("key", ["eag", "ngsp", "hsi", "tyg"])
def test_a_formula_with_fitted_numbers_and_one_source_is_not_called_verified(key: str) -> None:
    assert score(key).verification == "single_source"


@pytest.mark.parametrize(("bands", "category"), [("china", "obese"), ("who", "overweight")])
def test_a_site_chooses_the_bands_of_body_mass_index(bands: str, category: str) -> None:
    heavy = timeline(table("months_ago 0\nweight 85\nheight 172"))
    answer, _ = answer_at(score("bmi"), heavy, NOW, {"bmi_bands": bands})
    assert (answer.category, answer.outputs["value"]) == (category, pytest.approx(28.73, abs=0.01))
    assert answer.assumed == ()
