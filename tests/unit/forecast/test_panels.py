"""The panels of signals, scores and thresholds, on small tables."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from tests.unit.forecast.timelines import FALLING_PLATELETS, NOW, ago, fact, history_of, table, timeline
from twin.forecast.crossing import CrossingDate
from twin.forecast.crossing_panel import Crossing, crossing
from twin.forecast.following import NO_COURSE, courses, followed
from twin.forecast.futures import Futures
from twin.forecast.group import group_of
from twin.forecast.motion import motions
from twin.forecast.score_course import noise, score_course
from twin.forecast.score_panel import ScorePanel, score_panel
from twin.forecast.score_paths import moving_keys, score_paths
from twin.forecast.signal_panel import NEVER, NONE_USED, TOO_OLD, SignalPanel, signal_panel
from twin.organs import organ
from twin.record.fact import Absent
from twin.record.reference import Reference
from twin.record.timeline import Timeline
from twin.scores import score
from twin.scores.gather import answer_at, gather

ORGANS_HERE = tuple(organ(key) for key in ("liver", "vascular", "pancreas", "kidney"))


def _futures(known: Timeline) -> Futures:
    age = known.age()
    return Futures(start=known.as_of, age=age if isinstance(age, float) else None, followed=followed(courses(known)))


def _signal(key: str, known: Timeline) -> SignalPanel:
    declared = next(item for one in ORGANS_HERE for item in one.signals if item.key == key)
    return signal_panel(declared, known, courses(known).get(key, NO_COURSE))


def _score(key: str, known: Timeline) -> ScorePanel:
    declared = next(item for one in ORGANS_HERE for item in one.scores if item.key == key)
    return score_panel(declared, score_course(score(key), known, _futures(known), {}), known, {})


def _crossing(key: str, known: Timeline, *, enabled: frozenset[str] = frozenset()) -> Crossing:
    threshold = next(item for one in ORGANS_HERE for item in one.thresholds if item.key == key)
    on_score = threshold.on == "score"
    return crossing(
        threshold,
        _score(threshold.of, known) if on_score else _signal(threshold.of, known),
        score_course(score(threshold.of), known, _futures(known), {}) if on_score else None,
        known,
        _futures(known),
        enabled=enabled,
        recall_level=0.2,
        horizon_months=12,
        site={},
    )


FATTY = timeline((*table(FALLING_PLATELETS), *history_of("fatty_liver")))


# Signals


def test_every_value_is_a_point_and_only_usable_ones_are_computed_on() -> None:
    facts = (
        fact(1, "alt", ago(12), 40.0),
        fact(2, "alt", ago(9), None, quality="bad_unit", unit="mg"),
        fact(3, "alt", ago(6), 0.0),
        fact(4, "alt", ago(3), None),
        fact(5, "alt", ago(2), 44.0),
        fact(6, "alt", ago(-1), 50.0, known_at=ago(1)),
        fact(7, "alt", ago(900), 50.0),
    )
    panel = _signal("alt", timeline(facts))
    reasons = {point.fact_id: point.reason for point in panel.points}
    assert reasons == {
        1: None,
        2: "bad_unit",
        3: "not_positive",
        4: "not_numeric",
        5: None,
        6: "dated_ahead",
        7: "before_birth",
    }
    assert [point.used for point in panel.points if point.fact_id in (1, 5)] == [True, True]
    assert len(panel.fitted) == 3  # two values and today


def test_point_says_what_was_received() -> None:
    panel = _signal("alt", timeline([fact(1, "alt", ago(1), 40.0, unit="U/L", comparator="<")]))
    assert panel.points[0].received == {"value": "40.0", "unit": "U/L", "comparator": "<"}


def test_change_is_told_from_the_value_before_it_and_not_for_the_first() -> None:
    panel = _signal("creatinine", timeline(table("months_ago 3 2 1\ncreatinine 80 82 110")))
    assert [point.change for point in panel.points] == [None, "no_real_change", "changed"]


def test_wild_value_is_marked_by_its_weight() -> None:
    panel = _signal("sodium", timeline(table("months_ago 24 18 12 6 1\nsodium 140 141 140 139 118")))
    weights = [point.weight for point in panel.points]
    assert weights[:4] == [1, 1, 1, 1]
    assert weights[4] is not None
    assert weights[4] < 0.5
    assert not isinstance(panel.state, Absent)
    assert panel.state.level > 135


def test_slope_is_per_year_in_the_unit_of_the_signal() -> None:
    panel = _signal("platelets", FATTY)
    assert not isinstance(panel.state, Absent)
    assert panel.state.low80 < panel.state.level < panel.state.high80
    assert -25 < panel.state.slope_per_year < -3


def test_panel_without_a_value_says_what_is_missing() -> None:
    assert _signal("afp", FATTY).missing == NEVER.en
    unusable = timeline([fact(1, "alt", ago(3), None, quality="bad_unit")])
    assert _signal("alt", unusable).missing == NONE_USED.en
    assert _signal("alt", unusable).state == Absent(reason="missing_input")


def test_signal_not_measured_for_ten_years_is_not_foretold() -> None:
    panel = _signal("alt", timeline([fact(1, "alt", ago(121), 40.0)]))
    assert panel.missing == TOO_OLD.en
    assert panel.state == Absent(reason="stale_input")
    assert panel.forecast == ()
    assert len(panel.fitted) == 1


def test_dead_patients_have_a_past_and_no_future() -> None:
    died = timeline((*table(FALLING_PLATELETS), fact(99, "death", ago(1), kind="death", signal=None)))
    panel = _signal("platelets", died)
    assert panel.state == Absent(reason="died")
    assert panel.forecast == ()
    assert len(panel.points) == 9
    assert score_course(score("fib4"), died, _futures(died), {}).paths == Absent(reason="died")
    assert _crossing("fib4>2.67", died).status == "not_applicable"


def test_a_value_dated_after_death_is_shown_and_used_for_nothing() -> None:
    died = (*table(FALLING_PLATELETS), fact(99, "death", ago(3), kind="death", signal=None, quality="no_signal"))
    late = (fact(90, "alt", ago(1.5), 400.0), fact(91, "alt", ago(2), None, quality="bad_unit", unit="mg"))
    released = fact(92, "alt", ago(4), 51.0, known_at=ago(1))
    known = timeline((*died, *late, released))
    points = {point.fact_id: point for point in _signal("alt", known).points}
    assert (points[90].value, points[90].used) == (400.0, False)
    assert (points[90].reason, points[90].judged) == ("after_death", None)
    assert (points[91].reason, points[92].reason) == ("bad_unit", None)
    assert [fact.id for fact in known.series("alt") if fact.observed_at > ago(3)] == []
    before = timeline(each for each in (*died, released) if each.observed_at <= ago(3))
    course, of_life = (score_course(score("fib4"), each, _futures(each), {}) for each in (known, before))
    assert (course.at, course.answer, course.past) == (of_life.at, of_life.answer, of_life.past)


def test_trend_needs_half_a_year() -> None:
    assert _signal("alt", timeline(table("months_ago 4 1\nalt 40 60"))).trend is None
    trend = _signal("platelets", FATTY).trend
    assert trend is not None
    assert (trend.value_from, trend.value_to, trend.verdict) == (248, 176, "changed")


def test_one_wild_input_makes_no_trend_of_a_score() -> None:
    years = "months_ago 96 84 72 60 48 36 24 12 0"
    enzymes = "\nast 40 41 40 41 40 41 40 41 40\nplatelets 230 232 231 230 229 231 230 232 231"
    known = timeline(table(f"{years}\nalt 30 31 30 900 30 31 30 31 30{enzymes}"))
    own = _signal("alt", known).trend
    assert own is not None and (own.at_from, own.value_from) == (ago(48), 30)
    panel = _score("fib4", known)
    wild = panel.history[3]
    assert (wild.change, panel.history[4].change) == ("changed", "no_real_change")
    assert panel.trend is not None
    assert panel.trend.at_from == panel.history[4].at
    assert panel.trend.verdict == "no_real_change"


def test_reference_range_is_that_of_the_patients_sex() -> None:
    assert _signal("alt", FATTY).reference == Reference(low=7.0, high=40.0)
    assert _signal("alt", timeline(sex="male")).reference == Reference(low=9.0, high=50.0)
    assert _signal("alt", timeline(sex="unknown")).reference == Reference(low=None, high=None)


def test_panel_names_the_treatment_that_its_curve_takes_into_account() -> None:
    pressures = table("months_ago 24 12\nsbp 150 152")
    began = fact(90, "thiazide", ago(6), kind="medication")
    moved = [each for each in _signal("sbp", timeline([*pressures, began])).moved_by if each.cause == "thiazide"]
    assert [(each.since, each.signal, each.fact_id, each.per, each.form) for each in moved] == [
        (ago(6), "sbp", 90, "once", "difference")
    ]
    assert moved[0].source
    assert "thiazide" not in _causes("sbp", timeline(pressures))
    assert "thiazide" not in _causes("dbp", timeline([*table("months_ago 24\ndbp 80"), *pressures]))


def _causes(key: str, known: Timeline) -> set[str]:
    return {each.cause for each in _signal(key, known).moved_by}


def test_panel_names_what_age_is_expected_to_do_with_its_source() -> None:
    for sex, yearly in zip(("female", "male"), motions()["creatinine"].ageing, strict=True):
        age = _signal("creatinine", timeline(table("months_ago 1\ncreatinine 80"), sex=sex)).moved_by[0]
        assert (age.cause, age.per, age.form) == ("age", "year", "ratio")
        assert age.mean == pytest.approx(np.exp(yearly)) != 1
        assert (age.since, age.fact_id, age.is_unread) == (None, None, False)
        assert age.source
    assert "age" not in _causes("sodium", timeline(table("months_ago 1\nsodium 140")))


def test_panel_names_the_linked_signals_of_which_there_is_a_reading() -> None:
    unread = _signal("alt", timeline(table("months_ago 2 1\nalt 40 42\nsodium 140 141")))
    assert unread.moves_with == ()
    read = _signal("alt", timeline([fact(n, key, ago(2), motions()[key].typical) for n, key in enumerate(motions())]))
    assert read.moves_with == tuple(key for key in group_of("alt").keys if key != "alt")
    assert "sodium" not in read.moves_with


def test_panel_of_the_past_alone_names_nothing_that_moves_it() -> None:
    old = _signal("sbp", timeline([fact(1, "sbp", ago(121), 150.0), fact(2, "thiazide", ago(60), kind="medication")]))
    assert (old.moved_by, old.moves_with) == ((), ())


# Scores


def test_history_of_a_score_ends_with_its_answer_today() -> None:
    panel = _score("fib4", FATTY)
    assert len(panel.history) == 9
    assert panel.history[-1].value == panel.value
    assert panel.history[-1].at == panel.at


def test_inputs_of_a_score_name_their_facts() -> None:
    panel = _score("fib4", FATTY)
    by_key = {item.key: item for item in panel.inputs}
    assert by_key["platelets"].value == 176
    assert by_key["platelets"].fact_id == 9
    assert by_key["age"].fact_id is None


def test_assumed_input_is_shown_as_one() -> None:
    limit = next(item for item in _score("apri", FATTY).inputs if item.key == "ast_uln")
    assert (limit.value, limit.assumed) == (40.0, True)


def test_input_of_an_input_is_shown_under_it() -> None:
    known = timeline((*table("months_ago 1\ncreatinine 150\nurine_acr 300"), *history_of("ckd")))
    panel = _score("kfre4", known)
    assert {item.key for item in panel.inputs} >= {"egfr", "egfr.scr", "uacr_mgg"}
    assert panel.value is not None


def test_fan_of_a_score_starts_near_its_value_and_widens() -> None:
    panel = _score("fib4", FATTY)
    first, last = panel.forecast[0], panel.forecast[-1]
    assert first["median"] == pytest.approx(panel.value, rel=0.1)
    assert last["q90"] - last["q10"] > first["q90"] - first["q10"]
    assert len(panel.forecast) == 13


def test_fan_stops_where_the_score_is_no_longer_defined() -> None:
    borderline = timeline(table("months_ago 24 18 12 6 1\ncreatinine 86 88 87 86 88\nurine_acr 40 44 39 43 41"))
    panel = _score("kfre4", borderline)
    assert panel.forecast == ()


def test_measurements_more_than_a_year_apart_are_no_pair() -> None:
    known = timeline(table("months_ago 30 1\nplatelets 200 -\nalt - 40\nast - 40"))
    panel = _score("fib4", known)
    assert (panel.absent, panel.detail) == ("stale_input", "platelets")
    assert panel.history == ()
    assert panel.forecast == ()


def test_height_of_an_adult_does_not_go_stale() -> None:
    known = timeline(table("months_ago 150 1\nheight 170 -\nweight - 80"))
    assert _score("bmi", known).value == pytest.approx(27.7, abs=0.05)
    assert len(_score("bmi", known).forecast) == 13


def test_a_child_s_adult_score_is_neither_told_nor_foretold() -> None:
    child = timeline(table("months_ago 14 1\nheight 113 115\nweight 19 20"), born=date(2020, 3, 1))
    panel = _score("bmi", child)
    assert (panel.absent, panel.detail) == ("outside_population", "age")
    assert panel.forecast == ()
    course = score_course(score("bmi"), child, _futures(child), {})
    assert course.paths == Absent(reason="outside_population", detail="age")
    assert course.past == ()


def test_score_whose_input_is_no_longer_followed_is_not_foretold() -> None:
    known = timeline(table("months_ago 130 129\nplatelets 200 -\nalt - 40\nast - 40"))
    assert _score("fib4", known).value is not None
    course = score_course(score("fib4"), known, _futures(known), {})
    assert course.paths == Absent(reason="stale_input", detail="platelets") or course.paths == Absent(
        reason="stale_input", detail="ast"
    )


def test_lost_input_of_an_input_is_found() -> None:
    known = timeline(table("months_ago 130 129\ncreatinine 150 -\nurine_acr - 300"))
    course = score_course(score("kfre4"), known, _futures(known), {})
    assert course.paths == Absent(reason="stale_input", detail="creatinine")


def test_people_with_known_disease_are_outside_a_primary_prevention_score() -> None:
    known = timeline((*table("months_ago 1\nsbp 130"), *history_of("ascvd")))
    panel = _score("prevent", known)
    assert (panel.absent, panel.detail) == ("outside_population", "ascvd")
    course = score_course(score("prevent"), known, _futures(known), {})
    assert course.paths == Absent(reason="outside_population", detail="ascvd")


def test_confounder_adds_a_caution_and_its_sentence() -> None:
    rows = "months_ago 1\nbilirubin_total 30\ncreatinine 90\ninr 2.5\nsodium 138\nalbumin 36"
    treated = timeline((*table(rows), *history_of("anticoagulant", kind="medication")))
    panel = _score("meld3", treated)
    assert panel.caution
    assert "anticoagulant" in panel.warnings[0]
    assert _score("meld3", timeline(table(rows))).warnings == ()


def test_warnings_of_a_score_travel_with_it() -> None:
    assert any("waist" in warning for warning in _score("china_par", FATTY).warnings)
    assert _score("china_par", FATTY).verification == "reconstructed"


def test_noise_of_a_score_is_what_its_inputs_noise_makes_of_it() -> None:
    sd = noise(score("fib4"), FATTY, NOW, {})["value"]
    value = _score("fib4", FATTY).value
    assert value is not None
    expected = np.hypot(np.hypot(0.106, 0.075), 0.104 / 2)  # of ast, platelets and half of alt, log scale
    assert sd / value == pytest.approx(expected, rel=0.03)


def test_zero_on_a_log_scale_adds_no_noise() -> None:
    known = timeline(table("months_ago 1\nplatelets 200\nalt 40\nast 0"))
    assert noise(score("fib4"), known, NOW, {})["value"] == 0


def test_noise_of_a_score_without_inputs_is_not_known() -> None:
    assert noise(score("fib4"), timeline(), NOW, {}) == {}
    assert noise(score("rcv"), timeline(), NOW, {}) == {}


def test_future_of_a_nested_score_moves_with_its_own_inputs() -> None:
    known = timeline(table("months_ago 24 12 1\ncreatinine 150 165 180\nurine_acr 300 310 320"))
    futures = _futures(known)
    _, found = answer_at(score("kfre4"), known, NOW, {})
    assert moving_keys(found, futures) == ("creatinine", "urine_acr", "age")
    paths = score_paths(score("kfre4"), found, futures.levels, futures.ages())
    assert not isinstance(paths, Absent)
    assert paths["risk"].shape == (1024, 37)


def test_missing_input_has_no_paths() -> None:
    found = gather(score("fib4"), timeline(), NOW, {})
    assert score_paths(score("fib4"), found, lambda key: None, None) == Absent(reason="missing_input", detail="ast")


def test_missing_input_of_an_input_has_no_paths() -> None:
    known = timeline(table("months_ago 1\nurine_acr 300"))
    course = score_course(score("kfre4"), known, _futures(known), {})
    assert course.paths == Absent(reason="missing_input", detail="egfr")


# Thresholds


def test_rising_score_has_a_chance_a_date_and_drivers() -> None:
    found = _crossing("fib4>2.67", FATTY)
    chances = [chance.p for chance in found.probabilities]
    assert chances == sorted(chances)
    assert 0.05 < chances[2] < 0.95
    assert all(chance.low <= chance.p <= chance.high for chance in found.probabilities)
    assert found.drivers[0].key == "platelets"
    assert found.drivers[0].direction == "falling"
    assert sum(driver.share for driver in found.drivers) == pytest.approx(1)
    assert found.reaches_level_on is not None
    assert found.status == "on"
    assert not found.already_past


def test_value_past_the_line_is_past_since_the_run_began() -> None:
    rows = """
    months_ago   30   24   18   12    6    1
    platelets   230  240  180  175  172  168
    alt          40   40   40   40   40   40
    ast          60   55   62   63   62   64
    """
    known = timeline((*table(rows), *history_of("diabetes")))
    found = _crossing("fib4>2.67", known)
    assert found.already_past
    assert found.past_since == ago(18).date()
    assert found.crossing == Absent(reason="already_past")


def test_value_past_the_line_from_the_first_on() -> None:
    known = timeline((*table("months_ago 12 6 1\nldl_c 3.1 3.0 3.2"), *history_of("ascvd")))
    found = _crossing("ldl_c>=1.4", known)
    assert found.already_past
    assert found.past_since == ago(12).date()
    assert found.drivers == ()


def test_one_wild_value_past_the_line_is_not_yet_past_it() -> None:
    found = _crossing("hba1c>=6.5", timeline(table("months_ago 24 18 12 6 1\nhba1c 5.4 5.4 5.3 5.4 7.5")))
    assert found.newest == 7.5
    assert not found.already_past


def test_stable_patient_far_from_the_line_has_hardly_a_chance() -> None:
    found = _crossing("hba1c>=6.5", timeline(table("months_ago 24 18 12 6 1\nhba1c 5.2 5.2 5.3 5.2 5.2")))
    assert found.probabilities[2].p < 0.02
    assert found.crossing == Absent(reason="beyond_forecast")
    assert found.reaches_level_on is None


def test_crossing_ahead_has_its_date() -> None:
    rising = timeline(table("months_ago 48 36 24 18 12 6 1\nhba1c 5.4 5.6 5.8 5.9 6.1 6.2 6.35"))
    found = _crossing("hba1c>=6.5", rising)
    assert isinstance(found.crossing, CrossingDate)
    assert NOW.date() < found.crossing.median < (NOW + timedelta(days=3 * 365)).date()


def test_unverified_rule_is_off_until_it_is_switched_on() -> None:
    known = timeline(table("months_ago 12 6 1\nsbp 150 155 158"))
    assert _crossing("sbp>=140", known).status == "off_unverified"
    assert _crossing("sbp>=140", known, enabled=frozenset({"BP-2"})).status == "on"
    assert _crossing("sbp>=140", known).probabilities != ()


def test_rule_for_others_names_why_and_foretells_nothing() -> None:
    found = _crossing("fib4>2.67", timeline(table("months_ago 12 1\nplatelets 150 140\nalt 20 20\nast 40 44")))
    assert found.status == "not_applicable"
    assert found.why is not None
    assert "fatty liver disease" in found.why.en
    assert found.probabilities == ()


def test_line_on_what_was_never_measured_has_no_forecast() -> None:
    found = _crossing("hba1c>=6.5", timeline())
    assert (found.status, found.newest, found.crossing) == ("on", None, Absent(reason="missing_input", detail="hba1c"))


def test_score_that_can_not_be_followed_has_no_forecast() -> None:
    assert _crossing("fib4>2.67", timeline((*table("months_ago 1\nalt 80"),))).crossing == Absent(
        reason="missing_input", detail="ast"
    )


def test_move_too_small_to_explain_has_no_drivers() -> None:
    steady = "months_ago 36 24 12 1\ncreatinine 150 150 150 150\nurine_acr 3 3 3 3"
    young = replace(timeline(table(steady)).patient, birth_date=NOW.date() - timedelta(days=30 * 365))
    known = replace(timeline(table(steady)), patient=young)
    assert _crossing("kfre4_5y>=0.03", known).drivers == ()


def test_score_undefined_today_on_every_path_has_no_drivers() -> None:
    healthy = timeline(table("months_ago 24 12 1\ncreatinine 60 60 60\nurine_acr 5 5 5"))
    found = _crossing("kfre4_5y>=0.03", healthy)
    assert found.drivers == ()
    assert found.probabilities[-1].p < 0.02


def test_without_a_birth_date_nothing_that_needs_age_is_said() -> None:
    known = replace(FATTY, patient=replace(FATTY.patient, birth_date=None))
    assert _score("fib4", known).absent == "missing_input"
    assert _crossing("fib4>2.67", known).status == "not_applicable"
    assert _score("apri", known).forecast != ()
