"""The compiled filter against the plain one, and against what the equations promise."""

import numpy as np
import pytest

from twin.forecast import kernels, plain
from twin.forecast.motion import motion

ALT = motion("alt")
PARAMETERS = (ALT.slope_sd, ALT.wander, ALT.relaxation)
PRIOR = np.array([ALT.centre, 0.0, ALT.spread**2, 0.0, ALT.slope_sd**2])


def _series(seed: int, count: int, *, wild: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    times = np.sort(rng.uniform(0, 20, count))
    values = ALT.centre + np.cumsum(rng.normal(0, 0.1, count)) + rng.normal(0, 0.1, count)
    if wild:
        values[rng.integers(0, count, max(1, count // 6))] += rng.normal(0, 4)
    return times, values, rng.uniform(0.005, 0.05, count)


@pytest.mark.parametrize("seed", range(20))
def test_compiled_filter_agrees_with_the_plain_one(seed: int) -> None:
    times, values, noises = _series(seed, 3 + seed * 3, wild=seed % 2 == 0)
    arguments = (times, values, noises, PRIOR, *PARAMETERS, 3.5, 0.08)
    compiled, plainly = kernels.run(*arguments), plain.run(*arguments)
    np.testing.assert_allclose(compiled[0], plainly[0], rtol=0, atol=1e-10)
    np.testing.assert_allclose(compiled[1], plainly[1], rtol=0, atol=1e-12)


def test_values_of_one_moment_are_taken_one_after_another() -> None:
    times, values, noises = np.array([1.0, 1.0, 1.0]), np.array([3.0, 3.2, 3.1]), np.full(3, 0.01)
    arguments = (times, values, noises, PRIOR, *PARAMETERS, 3.5, 0.08)
    np.testing.assert_allclose(kernels.run(*arguments)[0], plain.run(*arguments)[0], rtol=0, atol=1e-12)


def test_level_equals_the_dense_gaussian_process_that_the_equations_define() -> None:
    times, values, noises = _series(99, 40, wild=False)
    states, weights = kernels.run(times, values, noises, PRIOR, *PARAMETERS, np.inf, 0.08)
    covariance = _covariance(times)
    signal = covariance + np.diag(noises)
    mean = ALT.centre + covariance[-1] @ np.linalg.solve(signal, values - ALT.centre)
    variance = covariance[-1, -1] - covariance[-1] @ np.linalg.solve(signal, covariance[-1])
    assert states[-1, 0] == pytest.approx(mean, abs=1e-9)
    assert states[-1, 2] == pytest.approx(variance, abs=1e-9)
    assert (weights == 1).all()


def _covariance(times: np.ndarray) -> np.ndarray:
    """Prior covariance of the levels, from the moments of the state at the earlier of two times."""
    origin = times - times[0]
    moments = np.empty((len(times), 2, 2))
    for i, years in enumerate(origin):
        matrix, noise = plain.transition(years, *PARAMETERS) if years > 0 else (np.eye(2), np.zeros((2, 2)))
        moments[i] = matrix @ np.diag([ALT.spread**2, ALT.slope_sd**2]) @ matrix.T + noise
    result = np.empty((len(times), len(times)))
    for i in range(len(times)):
        for j in range(i, len(times)):
            later = ALT.relaxation * (1 - np.exp(-(times[j] - times[i]) / ALT.relaxation))
            result[i, j] = result[j, i] = moments[i, 0, 0] + later * moments[i, 0, 1]
    return result


@pytest.mark.parametrize("years", [1e-6, 1e-3, 0.0199, 0.0201, 0.5, 7.0, 40.0])
def test_two_steps_are_one_step(years: float) -> None:
    once, twice = PRIOR.copy(), PRIOR.copy()
    kernels.propagate(once, years, *PARAMETERS)
    kernels.propagate(twice, 0.3 * years, *PARAMETERS)
    kernels.propagate(twice, 0.7 * years, *PARAMETERS)
    np.testing.assert_allclose(once, twice, rtol=1e-10, atol=1e-15)


def test_drift_fades_so_that_no_line_runs_away() -> None:
    state = np.array([3.0, 0.2, 0.01, 0.0, 0.001])
    kernels.propagate(state, 100.0, *PARAMETERS)
    assert state[0] == pytest.approx(3.0 + 0.2 * ALT.relaxation, abs=1e-6)
    assert state[4] == pytest.approx(ALT.slope_sd**2)


def test_one_wild_value_is_down_weighted_and_the_wilder_the_less_it_counts() -> None:
    moved = []
    for jump in (1.5, 3.0, 6.0):
        times = np.arange(8.0) / 2
        values = np.full(8, 3.0)
        values[-1] += jump
        states, weights = kernels.run(times, values, np.full(8, 0.01), PRIOR, *PARAMETERS, 3.5, 0.08)
        assert weights[-1] < 1
        assert (weights[:-1] == 1).all()
        moved.append(states[-1, 0] - 3.0)
    assert moved[0] > moved[1] > moved[2] > 0


def test_second_value_on_the_same_side_months_later_is_a_step() -> None:
    times = np.arange(10.0) / 2
    values = np.array([3.0] * 8 + [4.5, 4.5])
    states, weights = kernels.run(times, values, np.full(10, 0.01), PRIOR, *PARAMETERS, 3.5, 0.08)
    assert weights[8] < 0.5
    assert weights[9] == 1
    assert states[9, 0] == pytest.approx(4.5, abs=0.1)


def test_second_wild_value_within_days_is_not_yet_a_step() -> None:
    times = np.array([0.0, 0.5, 1.0, 1.5, 2.0, 2.01])
    values = np.array([3.0, 3.0, 3.0, 3.0, 4.5, 4.5])
    states, weights = kernels.run(times, values, np.full(6, 0.01), PRIOR, *PARAMETERS, 3.5, 0.08)
    assert (weights[4:] < 1).all()
    assert states[5, 0] < 3.7


def test_first_value_has_nothing_to_be_off_from() -> None:
    _, weights = kernels.run(np.zeros(1), np.array([9.0]), np.array([0.01]), PRIOR, *PARAMETERS, 3.5, 0.08)
    assert weights[0] == 1


def test_compiled_futures_agree_with_the_plain_ones() -> None:
    state = np.array([3.0, 0.05, 0.02, 0.003, 0.002])
    draws = np.random.default_rng(5).standard_normal((64, 37, 2))
    np.testing.assert_allclose(
        kernels.simulate(state, draws, 1 / 12, *PARAMETERS),
        plain.simulate(state, draws, 1 / 12, *PARAMETERS),
        rtol=0,
        atol=1e-11,
    )


def test_futures_scatter_as_the_predictive_distribution_says() -> None:
    state = np.array([3.0, 0.05, 0.02, 0.003, 0.002])
    draws = np.random.default_rng(6).standard_normal((40_000, 25, 2))
    levels = kernels.simulate(state, draws, 1 / 12, *PARAMETERS)
    mean, variance = kernels.ahead(state, np.array([1.0, 2.0]), *PARAMETERS)
    np.testing.assert_allclose(levels[:, [12, 24]].mean(axis=0), mean, atol=0.005)
    np.testing.assert_allclose(levels[:, [12, 24]].var(axis=0), variance, rtol=0.03)


def test_futures_of_a_certain_state_start_from_it() -> None:
    levels = kernels.simulate(np.array([3.0, 0.0, 0.0, 0.0, 0.0]), np.ones((2, 3, 2)), 1 / 12, 0.0, 0.0, 4.0)
    np.testing.assert_array_equal(levels, np.full((2, 3), 3.0))
