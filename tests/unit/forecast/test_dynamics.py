from datetime import timedelta
from itertools import pairwise

import numpy as np
import pytest

from tests.unit.forecast.single import last, linked, today
from tests.unit.forecast.timelines import NOW, ago, fact, timeline
from twin.errors import UnknownKey
from twin.forecast.dynamics import (
    Entry,
    GroupState,
    Observation,
    at_time,
    fan,
    follow,
    mean_path,
    observation,
    predictive,
    reading,
    sample,
    spread,
    update,
)
from twin.forecast.following import courses
from twin.forecast.group import Group, alone, group_of, groups
from twin.forecast.kernels import RAMP, READING, STEP
from twin.forecast.motion import Motion, _motion, dynamics_version, motion, motions
from twin.forecast.result import QUANTILES, State
from twin.record.signal import signal, signals

EVERY_SIGNAL = pytest.mark.parametrize("key", list(motions()))
EVERY_LINKED_GROUP = pytest.mark.parametrize(
    "group", [each for each in groups(motions()) if len(each.motions) > 1], ids=lambda each: each.name
)
THREE = linked("alt", "ast", "sbp")
LARGEST = max(groups(motions()), key=lambda each: len(each.motions))


def _observations(key: str, seed: int = 0, count: int = 25) -> list[Observation]:
    rng = np.random.default_rng(seed)
    moves = motion(key)
    months = np.sort(rng.uniform(0, 120, count))[::-1]
    values = [moves.canonical(moves.centre + rng.normal(0, moves.spread / 5)) for _ in months]
    values[count // 2] = moves.canonical(moves.centre + 3 * moves.spread)
    found = [observation(moves, ago(month), value) for month, value in zip(months, values, strict=True)]
    return [item for item in found if item is not None]


def _entries(group: Group, seed: int) -> list[Entry]:
    """Readings of every signal of a group, one of each wild, with steps and ramps among them; some of one moment."""
    rng = np.random.default_rng(seed)
    found = [
        reading(item, place)
        for place, each in enumerate(group.motions)
        for item in _observations(each.key, seed + place, count=8)
    ]
    for place, each in enumerate(group.motions):
        size = each.spread * rng.normal(0, 0.1)
        step = Entry(at=found[8 * place + 5].at, place=place, kind=STEP, value=size, variance=(0.5 * size) ** 2)
        ramp = Entry(at=ago(rng.uniform(0, 100)), place=place, kind=RAMP, value=size / 10, variance=(size / 20) ** 2)
        found += [step, ramp]
    return sorted(found, key=lambda item: item.at)


def _read(group: Group, months_ago: float, **values: float) -> list[Entry]:
    """Readings of one moment, canonical unit."""
    found = [(group.keys.index(key), observation(motion(key), ago(months_ago), value)) for key, value in values.items()]
    return [reading(item, place) for place, item in found if item is not None]


def _assert_same(one: GroupState, other: GroupState) -> None:
    assert one.at == other.at
    for name in ("x", "p", "trend", "tally"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


@EVERY_SIGNAL
def test_one_step_a_fact_gives_the_digits_of_following_again(key: str) -> None:
    group, seen = alone(motion(key)), _observations(key)
    whole, state, weights = follow(group, [reading(item) for item in seen]), None, []
    for item in seen:
        state, weight = update(group, state, reading(item))
        weights.append(weight)
    assert state is not None
    _assert_same(state, whole.last)
    assert weights == list(whole.weights)
    assert state.of(0) == whole.states[-1] == last(motion(key), seen).of(0)


@pytest.mark.parametrize("group", [LARGEST, THREE], ids=["largest", "three"])
@pytest.mark.parametrize("seed", range(5))
def test_one_step_an_entry_gives_the_digits_of_following_a_group_again(group: Group, seed: int) -> None:
    entries, state, weights = _entries(group, seed), None, []
    whole = follow(group, entries, "male")
    for item, after in zip(entries, whole.states, strict=True):
        state, weight = update(group, state, item, "male")
        weights.append(weight)
        assert state.of(item.place) == after
    assert state is not None
    _assert_same(state, whole.last)
    assert weights == list(whole.weights)
    assert min(weights) < 1


def test_a_step_or_a_look_ahead_changes_no_state_that_is_kept() -> None:
    entries = _entries(THREE, 1)
    state, kept = follow(THREE, entries).last, follow(THREE, entries).last
    update(THREE, state, _read(THREE, 0, alt=90.0)[0])
    at_time(THREE, state, NOW)
    sample(THREE, state, np.ones((2, 3, 6)), 3, 1 / 12)
    _assert_same(state, kept)


def test_carrying_forward_in_two_steps_is_carrying_forward_in_one() -> None:
    state = follow(THREE, _entries(THREE, 2), "male").last
    later = NOW + timedelta(days=900)
    once, twice = at_time(THREE, state, later), at_time(THREE, at_time(THREE, state, NOW), later)
    np.testing.assert_allclose(once.x, twice.x, rtol=1e-12)
    np.testing.assert_allclose(once.p, twice.p, rtol=1e-9, atol=1e-12)
    assert once.at == twice.at == later


def test_value_older_than_the_state_is_refused() -> None:
    group = alone(motion("alt"))
    state, _ = update(group, None, _read(group, 3, alt=30.0)[0])
    with pytest.raises(ValueError, match="follow the series again"):
        update(group, state, _read(group, 6, alt=30.0)[0])


def test_nothing_observed_gives_no_course() -> None:
    assert courses(timeline()) == {}
    assert courses(timeline([fact(1, "alt", NOW, 0.0)])) == {}


def test_zero_has_no_place_on_a_log_scale() -> None:
    assert observation(motion("alt"), NOW, 0.0) is None
    assert observation(motion("sodium"), NOW, 140.0).value == 140.0


def test_single_visit_gives_a_wide_answer_around_its_value() -> None:
    moves = motion("alt")
    state, _ = update(alone(moves), None, _read(alone(moves), 1, alt=60.0)[0])
    _assert_wide(moves, state.of(0), 60)


def test_single_visit_of_linked_signals_gives_wide_answers_still() -> None:
    state = follow(THREE, _read(THREE, 1, alt=60.0, ast=50.0, sbp=135.0)).last
    _assert_wide(motion("alt"), state.of(0), 60)
    _assert_wide(motion("ast"), state.of(1), 50)
    low, high = spread(motion("sbp"), state.of(2))
    assert low < 135 < high
    later = predictive(motion("sbp"), state.of(2), NOW + timedelta(days=5 * 365.25))
    assert later.quantile(0.9) - later.quantile(0.1) > 25


def _assert_wide(moves: Motion, state: State, value: float) -> None:
    low, high = spread(moves, state)
    assert low < value < high
    in_five_years = predictive(moves, state, NOW + timedelta(days=5 * 365.25))
    assert in_five_years.quantile(0.9) / in_five_years.quantile(0.1) > 2


def test_uncertainty_grows_with_the_horizon() -> None:
    moves = motion("creatinine")
    rows = fan(moves, today(moves, _observations("creatinine"), NOW), np.array([0.0, 1.0, 3.0]))
    widths = [np.log(row["q90"] / row["q10"]) for row in rows]
    assert widths[0] < widths[1] < widths[2]


@EVERY_SIGNAL
def test_fan_of_five_years_is_wide_but_plausible(key: str) -> None:
    moves = motion(key)
    months = range(120, 0, -6)
    seen = [observation(moves, ago(month), moves.typical) for month in months]
    row = fan(moves, today(moves, [item for item in seen if item is not None], NOW), np.array([5.0]))[0]
    low, high = signals()[key].plausible
    assert high is None or row["q975"] < high
    if key in ("agatston", "coronary_calcium_volume", "laa950"):  # nothing there at all is a common value of these
        assert row["q025"] >= 0.0
    else:
        assert row["q025"] > (low or 0.0)
        assert row["q975"] / row["q025"] < (
            50 if key in ("urine_acr", "nodule_volume") else 12
        )  # these double in a year
    assert row["q025"] < moves.typical < row["q975"]


def test_fan_agrees_with_the_predictive_distribution() -> None:
    moves = motion("sbp")
    state = today(moves, _observations("sbp"), NOW)
    row = fan(moves, state, np.array([2.0]))[0]
    distribution = predictive(moves, state, NOW + timedelta(days=2 * 365.25))
    assert row["q10"] == pytest.approx(distribution.quantile(0.1), rel=1e-9)
    assert row["median"] == pytest.approx(distribution.quantile(0.5), rel=1e-9)


def test_simulated_levels_start_at_the_state_and_follow_its_expected_course() -> None:
    moves = motion("sodium")
    state = at_time(alone(moves), last(moves, _observations("sodium")), NOW)
    levels = sample(alone(moves), state, np.random.default_rng(1).standard_normal((500, 13, 2)), 13, 1 / 12)[0]
    np.testing.assert_allclose(levels.mean(axis=0), mean_path(moves, state.of(0), 13, 1 / 12), atol=1e-9)


def test_simulated_levels_of_linked_signals_are_each_in_their_own_unit() -> None:
    state = at_time(THREE, follow(THREE, _entries(THREE, 3), "female").last, NOW)
    levels = sample(THREE, state, np.random.default_rng(1).standard_normal((500, 13, 6)), 13, 1 / 12)
    assert levels.shape == (3, 1000, 13)
    for place, (moves, path) in enumerate(zip(THREE.motions, levels, strict=True)):
        working = np.log(path) if moves.scale == "log" else path
        expected = mean_path(moves, state.of(place), 13, 1 / 12)
        np.testing.assert_allclose(working.mean(axis=0), expected, rtol=1e-9)


def test_simulated_levels_are_never_below_what_can_be() -> None:
    moves = motion("agatston")
    state = last(moves, [item for item in [observation(moves, ago(1), 0.0)] if item is not None])
    levels = sample(alone(moves), state, np.random.default_rng(1).standard_normal((250, 13, 2)), 13, 1 / 12)
    assert levels.min() == moves.lowest == 0


SHARES = {key: moves for key, moves in motions().items() if moves.highest < float("inf")}


def test_every_followed_share_of_a_whole_has_its_upper_end() -> None:
    percent = {key for key in motions() if signal(key).unit == "%"}
    assert SHARES.keys() - {"cardiothoracic_ratio"} == percent - {"fev1_percent_predicted"}  # of others' volume
    assert {moves.highest for moves in SHARES.values()} == {1.0, 100.0}


@pytest.mark.parametrize("key", sorted(SHARES))
def test_no_forecast_of_a_share_exceeds_its_whole(key: str) -> None:
    moves = motion(key)
    state = last(moves, [item for item in [observation(moves, ago(1), 0.99 * moves.highest)] if item is not None])
    later = predictive(moves, state.of(0), NOW + timedelta(days=5 * 365.25))
    assert later.quantile(0.975) == moves.highest
    (column,) = fan(moves, state.of(0), np.array([5.0]))
    assert column["q975"] == moves.highest and column["q025"] < moves.highest
    assert spread(moves, state.of(0))[1] <= moves.highest
    levels = sample(alone(moves), state, np.random.default_rng(1).standard_normal((250, 13, 2)), 13, 1 / 12)
    assert levels.max() == moves.highest


def test_a_fan_a_quantile_and_one_level_are_bounded_alike() -> None:
    for key in ("spo2", "agatston", "alt", "afp_l3_percent"):
        moves = motion(key)
        state = last(moves, [item for item in [observation(moves, ago(1), moves.typical)] if item is not None]).of(0)
        (column,) = fan(moves, state, np.array([3.0]))
        later = predictive(moves, state, state.at + timedelta(days=3 * 365.25))
        for name, share in QUANTILES.items():
            assert column[name] == pytest.approx(later.quantile(share), rel=1e-9, abs=1e-9)


# Signals that move together


def test_reading_moves_a_linked_signal_that_was_not_read_and_narrows_it() -> None:
    before = follow(THREE, _read(THREE, 24, alt=25.0, ast=24.0, sbp=125.0)).last
    unread = at_time(THREE, before, ago(1))
    after, weight = update(THREE, before, _read(THREE, 1, alt=50.0)[0])
    assert weight == 1
    assert after.of(1).level > unread.of(1).level + 0.1
    assert after.of(1).level_var < 0.95 * unread.of(1).level_var
    assert after.of(1).slope > unread.of(1).slope
    assert after.of(2).level < unread.of(2).level - 1
    assert after.of(2).level_var < unread.of(2).level_var
    assert (after.of(1).seen, after.of(2).seen) == (1, 1)


def test_signal_never_read_is_expected_by_what_its_links_say_between_people() -> None:
    state = follow(THREE, _read(THREE, 0, alt=80.0)).last
    alt, ast = THREE.motions[:2]
    slope = 0.6 * ast.spread / alt.spread
    assert state.of(1).level - ast.centre == pytest.approx(slope * (state.of(0).level - alt.centre), rel=1e-9)
    assert state.of(1).level_var == pytest.approx(
        ast.spread**2 - slope**2 * (alt.spread**2 - state.of(0).level_var), rel=1e-9
    )


def test_readings_of_one_moment_say_the_same_in_any_order() -> None:
    read = _read(THREE, 1, alt=31.0, ast=26.0, sbp=128.0)
    states = [follow(THREE, order).last for order in (read, read[::-1])]
    np.testing.assert_allclose(states[0].x, states[1].x, rtol=1e-9)
    np.testing.assert_allclose(states[0].p, states[1].p, rtol=1e-9, atol=1e-12)


@EVERY_LINKED_GROUP
def test_covariance_of_a_group_stays_possible_after_a_thousand_precise_readings(group: Group) -> None:
    rng = np.random.default_rng(5)
    places = rng.integers(0, len(group.motions), 1000)
    entries = [
        reading(Observation(at=ago(month), value=moves.centre, noise=moves.noise(moves.typical) / 100), int(place))
        for month, place in zip(np.sort(rng.uniform(0, 360, 1000))[::-1], places, strict=True)
        for moves in (group.motions[place],)
    ]
    state = at_time(group, follow(group, entries).last, NOW)
    own = np.sqrt(np.diag(state.p))
    assert np.linalg.eigvalsh(state.p / np.outer(own, own))[0] > 1e-6
    assert np.isfinite(sample(group, state, np.ones((2, 3, len(own))), 3, 1 / 12)).all()


def test_signal_of_another_group_is_not_touched() -> None:
    other = next(key for key in motions() if key not in group_of("alt").keys)
    own = [fact(number, other, ago(24 / number), motion(other).typical) for number in (1, 2, 3)]
    without, beside = courses(timeline(own)), courses(timeline([*own, fact(9, "alt", ago(3), 90.0)]))
    assert beside.keys() == {other, "alt"}
    assert without[other].states == beside[other].states
    one, two = without[other].followed, beside[other].followed
    assert one is not None and two is not None
    _assert_same(one.held.now, two.held.now)


def test_linked_signal_that_was_not_read_again_is_moved_on_the_record_too() -> None:
    linked_with = [each.key for each in LARGEST.motions[1:]]
    first = LARGEST.motions[0]
    own = [fact(number, key, ago(12), motion(key).typical) for number, key in enumerate(LARGEST.keys)]
    without, beside = (
        courses(timeline(facts)) for facts in (own, [*own, fact(99, first.key, ago(1), 1.2 * first.typical)])
    )
    assert beside.keys() == set(LARGEST.keys)
    for key in linked_with:
        one, two = without[key].followed, beside[key].followed
        assert one is not None and two is not None
        assert two.state.level_var < one.state.level_var
        assert two.state.level != one.state.level
        assert without[key].states == beside[key].states


def test_every_course_names_its_own_readings_alone() -> None:
    rows = [fact(number, key, ago(30 - number), motion(key).typical) for number, key in enumerate(LARGEST.keys * 3)]
    for key, course in courses(timeline(rows)).items():
        assert [item.derived.signal for item, _ in course.seen] == [key] * 3
        assert [state.seen for state in course.states] == [1, 2, 3]
        assert len(course.weights) == 3
        assert course.followed is not None
        assert course.followed.newest == course.seen[-1][0].observed_at
        assert course.followed.motion.key == key


def test_states_are_those_after_each_reading_in_order() -> None:
    track = follow(THREE, _entries(THREE, 6))
    assert all(one.at <= two.at for one, two in pairwise(track.states))
    assert track.states[-1].at == track.last.at
    counts = [track.last.of(place).seen for place in range(3)]
    assert counts == [
        sum(each.place == place and each.kind == READING for each in _entries(THREE, 6)) for place in range(3)
    ]


def test_measurement_uncertainty_of_the_source_replaces_the_analytical_variation() -> None:
    moves = motion("alt")
    assert moves.noise(50.0, sd=10.0) > moves.noise(50.0) > moves.noise(50.0, sd=0.0)
    assert moves.noise(0.0, sd=1.0) == moves.noise(0.0)


def test_house_values_carry_a_version_and_unknown_signals_are_refused() -> None:
    assert dynamics_version()
    with pytest.raises(UnknownKey, match="no dynamics"):
        motion("shoe_size")


def test_signal_without_any_noise_can_not_be_followed() -> None:
    row = {"scale": "linear", "typical": 60, "spread": 20, "slope_sd": 1, "wander": 1}
    with pytest.raises(ValueError, match="liver_hu has no noise"):
        _motion("liver_hu", row)


def test_scaling_moves_drift_and_wander_only() -> None:
    moves = motion("alt")
    twice = moves.scaled(2.0)
    assert (twice.slope_sd, twice.wander) == (2 * moves.slope_sd, 2 * moves.wander)
    assert isinstance(twice, Motion)
    assert twice.noise(20.0) == moves.noise(20.0)
