"""What a treatment or a diagnosis does to the signals that it moves: `thiazide` on `sbp` stands for all treatments."""

from datetime import date, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest

from tests.unit.forecast.single import linked
from tests.unit.forecast.timelines import NOW, ago, fact, history_of, table, timeline
from twin.forecast.dynamics import Entry, Observation, follow, mean_path, reading, spread
from twin.forecast.following import courses
from twin.forecast.group import group_of
from twin.forecast.kernels import RAMP, STEP
from twin.forecast.motion import motion, motions
from twin.forecast.moved_by import MovedBy, moved_by
from twin.forecast.result import State
from twin.forecast.starts import Effect, acting, begun, changes, effects
from twin.record.codes.concepts import known_concepts, with_broader
from twin.record.fact import Fact
from twin.snapshot import build

DAY = timedelta(days=1)
EVERY_EFFECT = pytest.mark.parametrize(
    "effect",
    [each for found in effects().values() for each in found],
    ids=lambda each: f"{'-'.join(each.causes)}-{each.signal}-{each.kind}",
)
SBP = motion("sbp")
EFFECT = next(each for each in effects()["sbp"] if each.causes == ("thiazide",))
READ = table("months_ago 24 18 12\nsbp 152 150 151")
RAMPS = [each for found in effects().values() for each in found if each.kind == RAMP]


def _treated(since: datetime, until: datetime | None = None, number: int = 90) -> Fact:
    return fact(number, "thiazide", since, kind="medication", ended_at=until)


def _where(*facts: Fact, at: datetime = NOW, key: str = "sbp") -> State:
    """Where a signal stands at `at`."""
    found = courses(timeline(facts, as_of=at))[key].followed
    assert found is not None
    return found.state


def _moved(*treatments: Fact, at: datetime = NOW) -> tuple[float, float]:
    """By how much treatments move the level at `at`, and what they add to its variance."""
    without, beside = _where(*READ, at=at), _where(*READ, *treatments, at=at)
    return beside.level - without.level, beside.level_var - without.level_var


# Treatments


def test_treatment_moves_the_expected_level_from_the_next_day_and_makes_it_less_certain() -> None:
    began = _treated(ago(6))
    assert _moved(began, at=ago(6)) == (0, 0)
    assert _moved(began, at=ago(6) + DAY - timedelta(seconds=1)) == (0, 0)
    assert _moved(began, at=ago(6) + DAY) == pytest.approx((EFFECT.value, EFFECT.sd**2), rel=1e-9)
    assert _moved(began) == pytest.approx((EFFECT.value, EFFECT.sd**2), rel=1e-9)
    assert EFFECT.value == -9.1


def test_end_of_a_treatment_moves_nothing() -> None:
    """A fill that ran out is no end: records lose prescriptions more often than patients stop."""
    assert _where(*READ, _treated(ago(6), ago(3))) == _where(*READ, _treated(ago(6)))
    assert _where(*READ, _treated(ago(30), ago(3))) == _where(*READ)


def test_level_below_those_that_the_trials_treated_is_not_expected_to_fall() -> None:
    """Who takes it for the heart, or has taken it for years and is on record since yesterday."""
    normal = table("months_ago 24 18 12\nsbp 118 121 119")
    beside, without = _where(*normal, _treated(ago(6))), _where(*normal)
    assert (beside.level, beside.level_var) == pytest.approx((without.level, without.level_var), rel=1e-12)
    statin = fact(90, "statin", ago(1), kind="medication")
    treated, high = table("months_ago 24 12\nldl_c 1.8 1.9"), table("months_ago 24 12\nldl_c 4.1 4.2")
    assert _where(*treated, statin, key="ldl_c").level == pytest.approx(_where(*treated, key="ldl_c").level, rel=1e-12)
    assert _where(*high, statin, key="ldl_c").level < _where(*high, key="ldl_c").level - 0.4


def test_children_are_not_expected_to_do_as_adults_did() -> None:
    young = date(2014, 3, 1)
    began = timeline([*READ, _treated(ago(6))], born=young)
    found = courses(began)["sbp"].followed
    without = courses(timeline(READ, born=young))["sbp"].followed
    assert found is not None
    assert without is not None
    assert found.state == without.state
    grows = courses(timeline(table("months_ago 24 12\nfev1 1.5 1.7"), born=young))["fev1"].followed
    assert grows is not None
    assert grows.state.trend == 0


def test_nothing_is_expected_of_creatinine_on_dialysis_or_with_anothers_kidney() -> None:
    read = table("months_ago 24 12\ncreatinine 400 420")
    ill = history_of("diabetes", months=120)
    assert _where(*read, *ill, key="creatinine").trend > 0
    lungs = table("months_ago 24 12\nfev1 2.9 2.8", start=20)
    assert _where(*lungs, *history_of("dialysis", months=1, start=950), key="fev1").trend < 0
    for other in ("dialysis", "kidney_transplant"):
        assert _where(*read, *ill, *history_of(other, months=1, start=950), key="creatinine").trend == 0


def test_who_changes_from_one_to_another_that_takes_its_place_has_begun_nothing() -> None:
    first = fact(90, "ace_inhibitor", ago(10), kind="medication")
    other = fact(91, "arb", ago(4), kind="medication")
    assert _where(*READ, first, other) == _where(*READ, first)
    again = fact(92, "arb", ago(5), kind="medication")
    over = fact(90, "ace_inhibitor", ago(11), kind="medication", ended_at=ago(10))
    assert _where(*READ, over, again) == _where(*READ, over)  # within 180 days
    known = timeline([*READ, fact(90, "ace_inhibitor", ago(20), kind="medication", ended_at=ago(19)), again])
    assert [(each.cause, each.since) for each in acting(known, "sbp")] == [("ace_inhibitor", ago(20)), ("arb", ago(5))]


def test_treatment_from_before_the_first_reading_does_nothing() -> None:
    assert _where(*READ, _treated(ago(30))) == _where(*READ)
    assert _where(*READ, _treated(ago(24) - DAY)) == _where(*READ)  # acts from the moment of the first reading on
    assert _where(*READ, _treated(ago(30), ago(26))) == _where(*READ)


def test_treatment_without_a_reading_of_what_it_moves_is_nothing() -> None:
    assert courses(timeline([_treated(ago(6))])) == {}


def test_treatment_from_before_the_first_reading_of_its_signal_does_nothing_though_a_linked_one_was_read() -> None:
    group = linked("sbp", "dbp", "ldl_c")
    known = timeline([*READ, _treated(ago(6))])
    other = reading(Observation(at=ago(20), value=80.0, noise=motion("dbp").noise(80.0)), 1)
    first = reading(Observation(at=ago(3), value=150.0, noise=SBP.noise(150.0)), 0)
    assert [each.place for each in begun(known, group, {"dbp": other.at})] == [1]
    steps = [Entry(at=ago(6) + DAY, place=0, kind=STEP, value=-9.1, variance=20.0)]
    one, two = follow(group, [other, *steps, first]).last, follow(group, [other, first]).last
    np.testing.assert_allclose(one.x, two.x, rtol=1e-12)
    np.testing.assert_allclose(one.p, two.p, rtol=1e-9, atol=1e-12)


def _starts(*treatments: Fact) -> list[tuple[datetime, int]]:
    return [(each.since, each.fact_id) for each in acting(timeline([*READ, *treatments]), "sbp")]


def test_renewals_within_180_days_are_one_treatment() -> None:
    first, soon = _treated(ago(20), ago(17)), _treated(ago(17) + timedelta(days=180), ago(8), number=91)
    assert _starts(first, soon) == [(ago(20), 90)]
    late = _treated(ago(17) + timedelta(days=181), ago(8), number=91)
    assert _starts(first, late) == [(ago(20), 90), (late.observed_at, 91)]


def test_an_open_prescription_goes_on_until_a_later_one_ends() -> None:
    still = _treated(ago(20))
    assert _starts(still, _treated(ago(2), number=91)) == [(ago(20), 90)]
    ended = _treated(ago(18), ago(17), number=91)
    assert _starts(still, ended, _treated(ago(2), number=92)) == [(ago(20), 90), (ago(2), 92)]


def test_prescriptions_side_by_side_last_until_the_later_end() -> None:
    long, short = _treated(ago(20), ago(5)), _treated(ago(18), ago(15), number=91)
    assert _starts(long, short, _treated(ago(4), number=92)) == [(ago(20), 90)]
    still = _treated(ago(19), number=93)  # without an end, and then one that ends before the first did
    assert _starts(long, still, short, _treated(ago(4), number=92)) == [(ago(20), 90)]


def test_prescription_that_ends_as_it_begins_or_is_not_usable_is_none() -> None:
    assert _where(*READ, _treated(ago(6), ago(6))) == _where(*READ)
    refused = fact(90, "thiazide", ago(6), kind="medication", quality="not_final")
    assert _where(*READ, refused) == _where(*READ)


def test_start_dated_ahead_does_nothing_yet_and_is_a_day_to_look_again() -> None:
    ahead = fact(90, "thiazide", NOW + 3 * DAY, kind="medication", known_at=ago(1))
    assert _where(*READ, ahead) == _where(*READ)
    assert acting(timeline([*READ, ahead]), "sbp") == ()
    on_the_day = timeline([*READ, ahead], as_of=NOW + 3 * DAY)
    assert NOW + 4 * DAY in set(changes(on_the_day, ["sbp"]))
    assert _moved(ahead, at=NOW + 4 * DAY) == pytest.approx((EFFECT.value, EFFECT.sd**2), rel=1e-9)


def test_every_treatment_is_taken_in_once_at_every_moment_of_looking() -> None:
    group = group_of("sbp")
    place = group.keys.index("sbp")
    known = timeline([*READ, _treated(ago(20), ago(17)), _treated(ago(6), number=91)])
    found = [each for each in begun(known, group, {"sbp": ago(24)}) if each.place == place]
    assert [(each.at, each.kind, each.value, each.variance, each.least) for each in found] == [
        (at + DAY, STEP, EFFECT.value, EFFECT.sd**2, EFFECT.least) for at in (ago(20), ago(6))
    ]


def test_readings_soon_outweigh_the_published_mean() -> None:
    """Read four times at the old level after the start of a treatment, the level is back there."""
    before = table("months_ago 30 24 18 12\nsbp 150 150 150 150")
    after = table("months_ago 8 6 4 2\nsbp 150 150 150 150", start=20)
    began, left = _treated(ago(9)), []
    for count in range(5):
        read = (*before, *after[:count])
        left.append((_where(*read, began).level - _where(*read).level) / EFFECT.value)
    assert left[0] == pytest.approx(1, rel=1e-9)
    assert all(one > two > 0 for one, two in pairwise(left))
    assert left[4] < 0.35
    low, high = spread(SBP, _where(*before, *after, began))
    assert low < _where(*before, *after).level < high


# Diagnoses


@pytest.mark.parametrize("months", [60, 12], ids=["there before", "came later"])
def test_diagnosis_changes_the_trend_from_the_first_reading_or_the_next_day_on(months: float) -> None:
    group, place = linked("alt", "ast", "sbp"), 1
    first = reading(Observation(at=ago(24), value=3.0, noise=0.01), place)
    began = max(ago(24), ago(months))
    ramp = Entry(at=began, place=place, kind=RAMP, value=0.05, variance=0.02**2)
    look = Entry(at=NOW, place=place, kind=STEP, value=0.0, variance=0.0)
    without, beside = follow(group, [first, look]).last, follow(group, [first, ramp, look]).last
    years = (NOW - began).total_seconds() / 365.25 / 86_400
    assert beside.of(place).trend - without.of(place).trend == pytest.approx(0.05, rel=1e-9)
    assert beside.of(place).level - without.of(place).level == pytest.approx(0.05 * years, rel=1e-9)
    assert beside.of(place).slope_var > without.of(place).slope_var
    assert beside.of(0).trend == without.of(0).trend


def test_diagnoses_of_the_table_change_the_trend_of_their_signals() -> None:
    for effect in RAMPS:
        key, before = effect.signal, [fact(1, effect.signal, ago(30), motion(effect.signal).typical)]
        for months in (12.0, 60.0):
            without, ill = (
                _where(*before, key=key),
                _where(*before, *history_of(effect.causes[0], months=months), key=key),
            )
            assert ill.trend - without.trend == pytest.approx(effect.value, rel=1e-9)
            assert ill.slope_var > without.slope_var
            ahead, expected = mean_path(motion(key), ill, 13, 1 / 12), mean_path(motion(key), without, 13, 1 / 12)
            assert ahead[-1] - ahead[0] - (expected[-1] - expected[0]) == pytest.approx(effect.value, rel=1e-6)


# The table


def test_every_cause_is_a_concept_of_the_record_and_every_signal_is_followed() -> None:
    found = [each for many in effects().values() for each in many]
    assert found
    assert {cause for each in found for cause in each.causes} <= known_concepts()
    assert set(effects()) <= set(motions())
    assert all(each.signal == key for key, many in effects().items() for each in many)


def test_no_effect_is_there_twice() -> None:
    every = (each for many in effects().values() for each in many)
    found = [(cause, each.signal, each.kind) for each in every for cause in each.causes]
    assert len(set(found)) == len(found)


def test_no_medicine_moves_a_signal_both_by_itself_and_as_one_of_its_kind() -> None:
    for many in effects().values():
        causes = {(cause, each.kind) for each in many for cause in each.causes}
        for cause, kind in causes:
            assert causes & {(broader, kind) for broader in with_broader(cause)} == {(cause, kind)}


@EVERY_EFFECT
def test_effect_has_a_source_a_scatter_and_a_size_that_a_patient_can_have(effect: Effect) -> None:
    moves = motion(effect.signal)
    assert effect.source.strip()
    assert effect.status in ("verified", "derived")
    assert (effect.kind == STEP) is bool(np.isfinite(effect.least))
    assert effect.kind in (STEP, RAMP)
    assert effect.sd > 0
    assert effect.value != 0
    assert abs(effect.value) < 2 * moves.spread
    assert (effect.form == "ratio") is (moves.scale == "log")
    assert effect.value == (pytest.approx(np.log(effect.mean)) if effect.form == "ratio" else effect.mean)


# What the panel names


def _named(*more: Fact) -> tuple[MovedBy, ...]:
    known = timeline((*READ, *more))
    found = courses(known)["sbp"].followed
    assert found is not None
    return moved_by(found, known)


@pytest.mark.parametrize("since", [ago(30), ago(24) - timedelta(hours=2), ago(24) - DAY, ago(18), ago(6), ago(0.01)])
def test_the_panel_names_what_moves_the_level_and_nothing_else(since: datetime) -> None:
    by, _ = _moved(_treated(since))
    assert [each.cause for each in _named(_treated(since))] == (["thiazide"] if by else [])


def test_the_panel_names_nothing_where_the_level_is_too_low_for_an_effect() -> None:
    normal = timeline([*table("months_ago 24 18 12\nsbp 118 121 119"), _treated(ago(6))])
    found = courses(normal)["sbp"].followed
    assert found is not None
    assert moved_by(found, normal) == ()


def test_the_forecast_moves_by_a_treatment_alone_until_the_next_reading() -> None:
    assert [each.is_unread for each in _named(_treated(ago(6)))] == [True]
    of_the_day = _treated(ago(12) - timedelta(hours=9))  # a date alone stands for midnight; READ ends that morning
    assert [each.is_unread for each in _named(of_the_day)] == [True]
    assert [each.is_unread for each in _named(_treated(ago(6)), fact(70, "sbp", ago(2), 141.0))] == [False]


def test_score_names_what_its_inputs_have_begun_since_they_were_read() -> None:
    read = table("months_ago 12 6\ntriglycerides 2.1 2.2\nglucose_fasting 5.9 6.0")
    for months, named in ((1, {"triglycerides"}), (9, set())):
        known = timeline([*read, fact(90, "statin", ago(months), kind="medication")])
        panels = [one for organ in build(known, now=NOW).organs for one in organ.scores if one.key == "tyg"]
        assert {each.signal for one in panels for each in one.moved_by} == named


def test_a_renewal_dated_ahead_changes_nothing_today() -> None:
    over = _treated(ago(6), ago(2))
    assert _moved(over, _treated(NOW + 10 * DAY, number=91)) == _moved(over)


def test_a_reading_at_the_moment_from_which_a_treatment_acts_knows_of_it() -> None:
    treated, after = _treated(ago(6)), fact(70, "sbp", ago(6) + DAY, 141.0)
    knows = _where(*READ, treated, after).level
    later = _where(*READ, treated, fact(70, "sbp", ago(6) + DAY + timedelta(hours=1), 141.0)).level
    assert knows == pytest.approx(later, abs=0.05)
