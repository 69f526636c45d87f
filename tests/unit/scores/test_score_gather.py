"""Where inputs of a score stand in a record: signals, codes, concepts, site settings; today and through the past."""

import pytest

from tests.unit.forecast.timelines import NOW, ago, fact, history_of, table, timeline
from twin.organs.rule_tables import score_or_table
from twin.record.timeline import Timeline
from twin.scores import score
from twin.scores.gather import Site, answer_at
from twin.scores.history import history

LABS = table("""
months_ago         30   12    0
ast                40   44   48
alt                36   40   41
platelets         230  210  190
albumin            42   41   40
bilirubin_total    12   20   40
inr               1.0  1.1  1.2
bmi                27   27   27
""")
SMOKER = (fact(90, "smoking_status", ago(40), code="former"), fact(91, "smoking_status", ago(6), code="current"))
FINDINGS = (
    fact(92, "ascites", ago(6), code="mild"),
    fact(93, "hepatic_encephalopathy", ago(6), code="none"),
)
NODULE = (
    fact(94, "nodule_type", ago(1), code="ground_glass"),
    fact(95, "nodule_count", ago(1), code="single"),
    fact(96, "nodule_mean_diameter", ago(1), 7.0),
)


def agree(key: str, known: Timeline, site: Site) -> dict[str, float]:
    """What is said today, which is the last of what was said through the past."""
    answer, _ = answer_at(score_or_table(key), known, NOW, site)
    past = history(score_or_table(key), known, site)
    assert past[-1][1] == pytest.approx(dict(answer.outputs), rel=1e-12)
    return dict(answer.outputs)


def used(key: str, known: Timeline, name: str) -> object:
    _, found = answer_at(score_or_table(key), known, NOW, {})
    return next(item.value for item in found if item.item.key == name)


@pytest.mark.parametrize(("concept", "counts"), [("diabetes", 1.0), ("prediabetes", 1.0), ("hypertension", 0.0)])
def test_any_of_several_concepts_is_enough(concept: str, counts: float) -> None:
    known = timeline((*LABS, *history_of(concept)))
    assert used("nafld_fs", known, "dm_or_ifg") == counts
    assert agree("nafld_fs", known, {})


def test_coded_findings_reach_the_formula_as_their_points() -> None:
    known = timeline((*LABS, *FINDINGS))
    assert used("child_pugh", known, "ascites") == "mild"
    assert agree("child_pugh", known, {})["points"] == 7  # bilirubin 40 umol/L is 2.3 mg/dL: 2 points; ascites 2


def test_child_pugh_has_no_past_before_its_findings() -> None:
    past = history(score("child_pugh"), timeline((*LABS, *FINDINGS)), {})
    assert [at for at, _ in past] == [NOW]


def test_a_coded_finding_that_is_not_recorded_is_missing() -> None:
    answer, _ = answer_at(score("child_pugh"), timeline(LABS), NOW, {})
    assert (answer.absent, answer.detail) == ("missing_input", "ascites")


@pytest.mark.parametrize(("key", "name", "told"), [("mayo_nodule", "ever_smoker", 1.0), ("pce", "smoking", 1.0)])
def test_a_smoking_status_may_be_one_of_several(key: str, name: str, told: float) -> None:
    assert used(key, timeline(SMOKER), name) == told
    assert used(key, timeline(SMOKER[:1]), name) == (1.0 if name == "ever_smoker" else 0.0)
    assert used(key, timeline(()), name) is None


def test_conditions_are_gathered_as_codes_and_each_counts_once() -> None:
    known = timeline((*LABS, *history_of("stroke", "tia", "diabetes", "diabetic_complication")))
    told = used("charlson", known, "conditions")
    assert isinstance(told, str)
    assert sorted(told.split()) == ["cerebrovascular", "diabetes", "diabetes_complicated"]
    answer, _ = answer_at(score("charlson"), known, NOW, {})
    assert answer.outputs == {"index": 3, "age_adjusted": 5}  # 64 years: 2 points


def test_nothing_recorded_is_an_index_of_nothing() -> None:
    answer, _ = answer_at(score("charlson"), timeline(LABS), NOW, {})
    assert answer.outputs["index"] == 0


def test_a_woman_is_one_where_the_formula_asks_for_women() -> None:
    known = timeline(LABS)
    flag = {"female": 1.0, "male": 0.0}[known.patient.sex]
    expected = 8 * 41 / 48 + 27 + 2 * flag
    assert agree("hsi", known, {})["value"] == pytest.approx(expected, abs=1e-9)


LIPIDS = table("""
months_ago           12    0
sbp                 130  140
total_cholesterol   5.5  5.6
hdl_c               1.3  1.2
""")


@pytest.mark.parametrize("region", ["low", "very_high"])
def test_risk_region_is_a_setting_of_the_site(region: str) -> None:
    known = timeline((*LIPIDS, *SMOKER))
    assert 0 < agree("score2", known, {"score2_region": region})["risk"] < 1
    assert answer_at(score("score2"), known, NOW, {})[0].detail == "region"
    assert history(score("score2"), known, {}) == ()


def test_a_nodule_on_record_finds_its_row() -> None:
    answer, _ = answer_at(score_or_table("fleischner2017"), timeline(NODULE), NOW, {})
    assert (answer.category, answer.named["months"]) == ("ct", (6, 12))


def test_a_guideline_s_exclusion_is_named() -> None:
    answer, _ = answer_at(score_or_table("fleischner2017"), timeline((*NODULE, *history_of("cancer"))), NOW, {})
    assert (answer.absent, answer.detail) == ("outside_population", "cancer")


def test_kidney_grid_rests_on_the_equation_of_creatinine() -> None:
    known = timeline(
        table("""
months_ago    6    0
creatinine  150  160
urine_acr    40   45
""")
    )
    answer, found = answer_at(score_or_table("kdigo"), known, NOW, {})
    assert answer.named["a"] == "A2"
    assert found[0].where is not None and found[0].where.key == "ckdepi"
