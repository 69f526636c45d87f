from datetime import timedelta

import numpy as np
import pytest

from tests.unit.forecast.timelines import NOW, ago
from twin.errors import UnknownKey
from twin.forecast.dynamics import (
    at_time,
    fan,
    follow,
    last_state,
    mean_path,
    observation,
    predictive,
    sample,
    spread,
    update,
)
from twin.forecast.motion import Motion, _motion, dynamics_version, motion, motions
from twin.record.signal import signals

EVERY_SIGNAL = pytest.mark.parametrize("key", list(motions()))


def _observations(key: str, seed: int = 0, count: int = 25) -> list:
    rng = np.random.default_rng(seed)
    moves = motion(key)
    months = np.sort(rng.uniform(0, 120, count))[::-1]
    values = [moves.canonical(moves.centre + rng.normal(0, moves.spread / 5)) for _ in months]
    values[count // 2] = moves.canonical(moves.centre + 3 * moves.spread)
    found = [observation(moves, ago(month), value) for month, value in zip(months, values, strict=True)]
    return [item for item in found if item is not None]


@EVERY_SIGNAL
def test_one_step_a_fact_gives_the_digits_of_following_again(key: str) -> None:
    moves, seen = motion(key), _observations(key)
    whole, state, weights = follow(moves, seen), None, []
    for item in seen:
        state, weight = update(moves, state, item)
        weights.append(weight)
    last = whole.states[-1]
    assert state is not None
    for name in ("level", "slope", "level_var", "covariance", "slope_var"):
        assert getattr(state, name) == pytest.approx(getattr(last, name), rel=1e-9, abs=1e-9)
    assert (state.seen, state.off, state.at) == (last.seen, last.off, last.at)
    assert weights == pytest.approx(list(whole.weights), rel=1e-9)
    assert last_state(moves, seen) == last


def test_value_older_than_the_state_is_refused() -> None:
    moves = motion("alt")
    state, _ = update(moves, None, observation(moves, ago(3), 30.0))
    with pytest.raises(ValueError, match="follow the series again"):
        update(moves, state, observation(moves, ago(6), 30.0))


def test_nothing_observed_gives_no_states() -> None:
    assert follow(motion("alt"), []).states == ()


def test_zero_has_no_place_on_a_log_scale() -> None:
    assert observation(motion("alt"), NOW, 0.0) is None
    assert observation(motion("sodium"), NOW, 140.0).value == 140.0


def test_single_visit_gives_a_wide_answer_around_its_value() -> None:
    moves = motion("alt")
    state, _ = update(moves, None, observation(moves, ago(1), 60.0))
    low, high = spread(moves, state)
    assert low < 60 < high
    in_five_years = predictive(moves, state, NOW + timedelta(days=5 * 365.25))
    assert in_five_years.quantile(0.9) / in_five_years.quantile(0.1) > 2


def test_uncertainty_grows_with_the_horizon() -> None:
    moves = motion("creatinine")
    state = follow(moves, _observations("creatinine")).states[-1]
    later = at_time(moves, state, NOW)
    rows = fan(moves, later, np.array([0.0, 1.0, 3.0]))
    widths = [np.log(row["q90"] / row["q10"]) for row in rows]
    assert widths[0] < widths[1] < widths[2]


@EVERY_SIGNAL
def test_fan_of_five_years_is_wide_but_plausible(key: str) -> None:
    moves = motion(key)
    months = range(120, 0, -6)
    seen = [observation(moves, ago(month), moves.typical) for month in months]
    state = at_time(moves, last_state(moves, seen), NOW)
    row = fan(moves, state, np.array([5.0]))[0]
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
    state = at_time(moves, follow(moves, _observations("sbp")).states[-1], NOW)
    row = fan(moves, state, np.array([2.0]))[0]
    distribution = predictive(moves, state, NOW + timedelta(days=2 * 365.25))
    assert row["q10"] == pytest.approx(distribution.quantile(0.1), rel=1e-9)
    assert row["median"] == pytest.approx(distribution.quantile(0.5), rel=1e-9)


def test_simulated_levels_start_at_the_state_and_follow_its_expected_course() -> None:
    moves = motion("sodium")
    state = at_time(moves, follow(moves, _observations("sodium")).states[-1], NOW)
    half = np.random.default_rng(1).standard_normal((500, 13, 2))
    levels = sample(moves, state, np.concatenate((half, -half)), 1 / 12)
    np.testing.assert_allclose(levels.mean(axis=0), mean_path(moves, state, 13, 1 / 12), atol=1e-9)


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
