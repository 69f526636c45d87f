"""Whom a record's scores are not for: children, pregnancy, a transplanted liver; what is asked by hand is not asked."""

from datetime import date

import pytest

from tests.unit.forecast.timelines import NOW, ago, fact, history_of, table, timeline
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
OF_THE_OWN_LIVER = ("fib4", "apri", "albi", "malbi", "nafld_fs", "fli", "hsi")
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


@pytest.mark.parametrize("key", [*OF_THE_OWN_LIVER, *OF_HEART_AND_KIDNEY])
def test_pregnancy_is_named_as_what_a_score_is_not_for(key: str) -> None:
    pregnant = timeline((*LABS, *history_of("pregnancy", months=3)))
    assert said(key, pregnant) == ("outside_population", "pregnancy")


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
