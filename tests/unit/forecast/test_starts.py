"""What a treatment or a diagnosis does to the signals that it moves: `thiazide` on `sbp` stands for all treatments."""

from datetime import datetime, timedelta
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
from twin.forecast.moved_by import moved_by
from twin.forecast.result import State
from twin.forecast.starts import Effect, acting, begun, causes_of, changes, effects
from twin.record.codes.concepts import known_concepts, with_broader
from twin.record.fact import Fact

DAY = timedelta(days=1)
EVERY_EFFECT = pytest.mark.parametrize(
    "effect",
    [each for found in effects().values() for each in found],
    ids=lambda each: f"{each.cause}-{each.signal}-{each.kind}",
)
SBP = motion("sbp")
EFFECT = next(each for each in effects()["sbp"] if each.cause == "thiazide")
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


def test_level_is_back_the_day_after_the_end_of_a_treatment_and_less_certain_still() -> None:
    over = _treated(ago(6), ago(3))
    assert _moved(over, at=ago(3)) == pytest.approx((EFFECT.value, EFFECT.sd**2), rel=1e-9)
    assert _moved(over, at=ago(3) + DAY) == pytest.approx((0, 2 * EFFECT.sd**2), rel=1e-9, abs=1e-9)


def test_treatment_from_before_the_first_reading_does_nothing() -> None:
    assert _where(*READ, _treated(ago(30))) == _where(*READ)
    assert _where(*READ, _treated(ago(24) - DAY)) == _where(*READ)  # acts from the moment of the first reading on
    assert _where(*READ, _treated(ago(30), ago(26))) == _where(*READ)


def test_treatment_from_before_the_first_reading_moves_the_level_at_its_end() -> None:
    assert _moved(_treated(ago(30), ago(3))) == pytest.approx((-EFFECT.value, EFFECT.sd**2), rel=1e-9)


def test_treatment_without_a_reading_of_what_it_moves_is_nothing() -> None:
    assert courses(timeline([_treated(ago(6))])) == {}


def test_treatment_from_before_the_first_reading_of_its_signal_does_nothing_though_a_linked_one_was_read() -> None:
    group = linked("sbp", "dbp", "ldl_c")
    known = timeline([*READ, _treated(ago(6))])
    other = reading(Observation(at=ago(20), value=80.0, noise=motion("dbp").noise(80.0)), 1)
    first = reading(Observation(at=ago(3), value=150.0, noise=SBP.noise(150.0)), 0)
    steps = [each for each in begun(known, group, other.at) if each.place == 0]
    assert [each.at for each in steps if each.value == EFFECT.value] == [ago(6) + DAY]
    one, two = follow(group, [other, *steps, first]).last, follow(group, [other, first]).last
    np.testing.assert_allclose(one.x, two.x, rtol=1e-12)
    np.testing.assert_allclose(one.p, two.p, rtol=1e-9, atol=1e-12)


def test_renewals_within_180_days_are_one_treatment() -> None:
    first, soon = _treated(ago(20), ago(17)), _treated(ago(17) + timedelta(days=180), ago(8), number=91)
    known = timeline([*READ, first, soon])
    spans = [(each.since, each.until, each.fact_id) for each in acting(known, "sbp") if each.effect == EFFECT]
    assert spans == [(ago(20), ago(8), 90)]
    once = _where(*READ, _treated(ago(20), ago(8)))
    assert _where(*READ, first, soon) == once


def test_renewal_after_more_than_180_days_is_another_treatment() -> None:
    late = _treated(ago(17) + timedelta(days=181), ago(8), number=91)
    known = timeline([*READ, _treated(ago(20), ago(17)), late])
    spans = [(each.since, each.until, each.fact_id) for each in acting(known, "sbp") if each.effect == EFFECT]
    assert spans == [(ago(20), ago(17), 90), (late.observed_at, ago(8), 91)]


def test_prescriptions_side_by_side_last_until_the_later_end_and_an_open_one_stays() -> None:
    long, short = _treated(ago(20), ago(5)), _treated(ago(18), ago(15), number=91)
    assert [each.until for each in acting(timeline([*READ, long, short]), "sbp") if each.effect == EFFECT] == [ago(5)]
    still = _treated(ago(4), number=92)
    known = timeline([*READ, long, short, still])
    assert [(each.since, each.until) for each in acting(known, "sbp") if each.effect == EFFECT] == [(ago(20), None)]


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


def test_end_dated_ahead_is_a_day_to_look_again() -> None:
    treated = timeline([*READ, _treated(ago(6), NOW + 3 * DAY)])
    assert {ago(6) + DAY, NOW + 4 * DAY} <= set(changes(treated, ["sbp"]))
    assert set(changes(treated, ["hair_colour"])) == set()


def test_every_treatment_is_taken_in_once_at_every_moment_of_looking() -> None:
    group = group_of("sbp")
    place = group.keys.index("sbp")
    known = timeline([*READ, _treated(ago(20), ago(17)), _treated(ago(6), number=91)])
    found = [each for each in begun(known, group, ago(24)) if each.place == place]
    steps = [(each.at, each.value) for each in found if abs(each.value) == abs(EFFECT.value)]
    expected = [(ago(20) + DAY, EFFECT.value), (ago(17) + DAY, -EFFECT.value), (ago(6) + DAY, EFFECT.value)]
    assert steps == expected
    assert all(each.kind == STEP and each.variance == EFFECT.sd**2 for each in found if (each.at, each.value) in steps)


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
            without, ill = _where(*before, key=key), _where(*before, *history_of(effect.cause, months=months), key=key)
            assert ill.trend - without.trend == pytest.approx(effect.value, rel=1e-9)
            assert ill.slope_var > without.slope_var
            ahead, expected = mean_path(motion(key), ill, 13, 1 / 12), mean_path(motion(key), without, 13, 1 / 12)
            assert ahead[-1] - ahead[0] - (expected[-1] - expected[0]) == pytest.approx(effect.value, rel=1e-6)


# The table


def test_every_cause_is_a_concept_of_the_record_and_every_signal_is_followed() -> None:
    found = [each for many in effects().values() for each in many]
    assert found
    assert {each.cause for each in found} <= known_concepts()
    assert set(effects()) <= set(motions())
    assert all(each.signal == key for key, many in effects().items() for each in many)


def test_no_effect_is_there_twice() -> None:
    found = [(each.cause, each.signal, each.kind) for many in effects().values() for each in many]
    assert len(set(found)) == len(found)


def test_no_medicine_moves_a_signal_both_by_itself_and_as_one_of_its_kind() -> None:
    for many in effects().values():
        causes = {(each.cause, each.kind) for each in many}
        for cause, kind in causes:
            assert causes & {(broader, kind) for broader in with_broader(cause)} == {(cause, kind)}


@EVERY_EFFECT
def test_effect_has_a_source_a_scatter_and_a_size_that_a_patient_can_have(effect: Effect) -> None:
    moves = motion(effect.signal)
    assert effect.source.strip()
    assert effect.status in ("verified", "derived", "unverified")
    assert effect.kind in (STEP, RAMP)
    assert effect.sd > 0
    assert effect.value != 0
    assert abs(effect.value) < 2 * moves.spread
    assert (effect.form == "ratio") is (moves.scale == "log")
    assert effect.value == (pytest.approx(np.log(effect.mean)) if effect.form == "ratio" else effect.mean)


def test_causes_are_those_of_the_signals_that_are_named() -> None:
    assert "thiazide" in causes_of(["sbp"])
    assert causes_of([]) == causes_of(["smoking_status"]) == frozenset()
    assert causes_of(effects()) == {each.cause for many in effects().values() for each in many}


# What was found by reading the panel against the state


def _named(*treatments: Fact, at: datetime = NOW) -> list[str]:
    found = courses(timeline((*READ, *treatments), as_of=at))["sbp"].followed
    assert found is not None
    return [each.cause for each in moved_by(found, timeline((*READ, *treatments), as_of=at))]


@pytest.mark.parametrize(
    ("since", "until"),
    [
        (ago(30), NOW + 30 * DAY),
        (ago(24) - timedelta(hours=2), None),
        (ago(30), ago(24) - timedelta(hours=2)),
        (ago(6), None),
        (ago(6), ago(2)),
        (ago(30), ago(25)),
    ],
)
def test_the_panel_names_what_moves_the_level_and_nothing_else(since: datetime, until: datetime | None) -> None:
    by, _ = _moved(_treated(since, until))
    wider = _moved(_treated(since, until))[1] > 0
    assert _named(_treated(since, until)) == (["thiazide"] if abs(by) > 0 or wider else [])


def test_a_renewal_dated_ahead_changes_nothing_today() -> None:
    over = _treated(ago(6), ago(2))
    assert _moved(over, _treated(NOW + 10 * DAY, number=91)) == _moved(over)


def test_a_reading_at_the_moment_from_which_a_treatment_acts_knows_of_it() -> None:
    treated, after = _treated(ago(6)), fact(70, "sbp", ago(6) + DAY, 141.0)
    knows = _where(*READ, treated, after).level
    later = _where(*READ, treated, fact(70, "sbp", ago(6) + DAY + timedelta(hours=1), 141.0)).level
    assert knows == pytest.approx(later, abs=0.05)
