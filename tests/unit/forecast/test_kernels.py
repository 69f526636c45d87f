"""The compiled filter against the plain one, and against what the equations promise."""

import numpy as np
import pytest

from tests.unit.forecast.single import linked
from twin.forecast import kernels, plain
from twin.forecast.group import Group, alone
from twin.forecast.motion import motion

ALT = motion("alt")
PARAMETERS = (ALT.slope_sd, ALT.wander, ALT.relaxation)
ONE, THREE = alone(ALT), linked("alt", "ast", "platelets")
BOTH_SIZES = pytest.mark.parametrize("group", [ONE, THREE], ids=["one", "three"])

Entries = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]
Start = tuple[np.ndarray, np.ndarray, np.ndarray]


def _moving(group: Group) -> tuple[np.ndarray, np.ndarray, float]:
    return group.drift, group.wander, group.relaxation


def _readings(times: np.ndarray, values: np.ndarray, noises: np.ndarray) -> Entries:
    """Readings of one signal."""
    first = np.zeros(len(times), dtype=np.int64)
    return times, first, first, values, noises, _always(len(times))


def _always(count: int) -> np.ndarray:
    """No level is too low for a step."""
    return np.full(count, -np.inf)


def _series(seed: int, count: int, *, wild: bool) -> Entries:
    rng = np.random.default_rng(seed)
    times = np.sort(rng.uniform(0, 20, count))
    values = ALT.centre + np.cumsum(rng.normal(0, 0.1, count)) + rng.normal(0, 0.1, count)
    if wild:
        values[rng.integers(0, count, max(1, count // 6))] += rng.normal(0, 4)
    return _readings(times, values, rng.uniform(0.005, 0.05, count))


def _mixed(seed: int, count: int) -> Entries:
    """Readings, steps (some too high for the level), ramps and what is inborn, of three signals.

    Some are of one moment, a sixth of the readings is wild.
    """
    rng = np.random.default_rng(seed)
    times = np.sort(rng.uniform(0, 20, count))
    times[1::7] = times[0 : count - 1 : 7]
    kinds = rng.choice([kernels.READING, kernels.STEP, kernels.RAMP, kernels.LEVEL], count, p=[0.78, 0.1, 0.07, 0.05])
    signals = rng.integers(0, 3, count)
    values = np.array([each.centre for each in THREE.motions])[signals] + rng.normal(0, 0.2, count)
    values += np.where(rng.uniform(size=count) < 1 / 6, rng.normal(0, 4, count), 0.0)
    values = np.where((kinds == kernels.STEP) | (kinds == kernels.LEVEL), rng.normal(0, 0.3, count), values)
    values = np.where(kinds == kernels.RAMP, rng.normal(0, 0.05, count), values)
    leasts = np.where(rng.uniform(size=count) < 0.5, values + rng.normal(0, 3, count), -np.inf)
    return times, kinds, signals, values, rng.uniform(0.005, 0.05, count), leasts


def _run(entries: Entries, gate: float = 3.5, group: Group = ONE) -> tuple[np.ndarray, np.ndarray]:
    return kernels.run(*entries, group.start("unknown"), *_moving(group), gate, 0.08)


def _plainly(entries: Entries, gate: float = 3.5, group: Group = ONE) -> tuple[np.ndarray, np.ndarray]:
    return plain.run(*entries, group.start("unknown"), *_moving(group), gate, 0.08)


@pytest.mark.parametrize("seed", range(20))
def test_compiled_filter_agrees_with_the_plain_one(seed: int) -> None:
    entries = _series(seed, 3 + seed * 3, wild=seed % 2 == 0)
    compiled, plainly = _run(entries), _plainly(entries)
    np.testing.assert_allclose(compiled[0], plainly[0], rtol=0, atol=1e-10)
    np.testing.assert_allclose(compiled[1], plainly[1], rtol=0, atol=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_compiled_filter_of_linked_signals_agrees_with_the_plain_one(seed: int) -> None:
    entries = _mixed(seed, 10 + seed * 6)
    compiled, plainly = _run(entries, group=THREE), _plainly(entries, group=THREE)
    np.testing.assert_allclose(compiled[0], plainly[0], rtol=0, atol=1e-10)
    np.testing.assert_allclose(compiled[1], plainly[1], rtol=0, atol=1e-10)


def test_mixed_entries_hold_every_kind_wild_values_and_levels_let_go() -> None:
    many = [_mixed(seed, 10 + seed * 6) for seed in range(20)]
    assert {kind for entries in many for kind in entries[1].tolist()} == {0, 1, 2, 3}
    rows, weights = zip(*(_run(entries, group=THREE) for entries in many), strict=True)
    assert sum((each < 1).sum() for each in weights) > 100
    assert {side for each in rows for side in each[:, 6].tolist()} == {-1.0, 0.0, 1.0}
    never = [kernels.run(*each, THREE.start("unknown"), *_moving(THREE), 3.5, np.inf)[0] for each in many]
    assert sum(not np.array_equal(one, other) for one, other in zip(rows, never, strict=True)) >= 5


def test_start_is_taken_in_place_and_the_plain_filter_leaves_its_own_alone() -> None:
    entries, start, kept = _mixed(4, 40), THREE.start("unknown"), THREE.start("unknown")
    plain.run(*entries, start, *_moving(THREE), 3.5, 0.08)
    for part, before in zip(start, kept, strict=True):
        np.testing.assert_array_equal(part, before)
    rows, _ = kernels.run(*entries, start, *_moving(THREE), 3.5, 0.08)
    place = int(entries[2][-1])
    x, p, trend, tally = start
    here = (x[place], x[3 + place], p[place, place], p[place, 3 + place], p[3 + place, 3 + place], trend[place])
    assert rows[-1, :6].tolist() == list(here)
    assert tally[:, kernels.SEEN].tolist() == [
        ((entries[1] == kernels.READING) & (entries[2] == signal)).sum() for signal in range(3)
    ]
    np.testing.assert_array_equal(p, p.T)
    assert np.linalg.eigvalsh(p)[0] > 0


def test_values_of_one_moment_are_taken_one_after_another() -> None:
    entries = _readings(np.array([1.0, 1.0, 1.0]), np.array([3.0, 3.2, 3.1]), np.full(3, 0.01))
    np.testing.assert_allclose(_run(entries)[0], _plainly(entries)[0], rtol=0, atol=1e-12)


def test_level_equals_the_dense_gaussian_process_that_the_equations_define() -> None:
    entries = _series(99, 40, wild=False)
    times, _, _, values, noises, _ = entries
    states, weights = _run(entries, gate=np.inf)
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


def test_levels_of_linked_signals_equal_the_dense_gaussian_process_that_the_equations_define() -> None:
    rng, count = np.random.default_rng(31), 30
    times, places = np.sort(rng.uniform(0, 12, count)), rng.integers(0, 3, count)
    noises, row = rng.uniform(0.005, 0.05, count), np.arange(count)
    x, p, trend, tally = THREE.start("unknown")
    trend[:] = (0.03, -0.02, 0.01)
    expected = x[:3] + trend * (times - times[0])[:, np.newaxis]
    values = expected[row, places] + rng.normal(0, 0.4, count)
    covariance = _covariance_of_three(times)
    signal = covariance[row[:, np.newaxis], row, places[:, np.newaxis], places] + np.diag(noises)
    towards = covariance[-1][row, :, places].T
    mean = expected[-1] + towards @ np.linalg.solve(signal, values - expected[row, places])
    variance = covariance[-1, -1] - towards @ np.linalg.solve(signal, towards.T)
    entries = (times, np.zeros(count, dtype=np.int64), places, values, noises, _always(count))
    _, weights = kernels.run(*entries, (x, p, trend, tally), *_moving(THREE), np.inf, 0.08)
    np.testing.assert_allclose(x[:3], mean, rtol=0, atol=1e-9)
    np.testing.assert_allclose(p[:3, :3], variance, rtol=0, atol=1e-9)
    assert (weights == 1).all()


def _covariance_of_three(times: np.ndarray) -> np.ndarray:
    """Prior covariance of level i at time a with level j at time b (a, b, i, j), as `_covariance`."""
    result = np.empty((len(times), len(times), 3, 3))
    for i, years in enumerate(times - times[0]):
        matrix, noise = plain.together(years, *_moving(THREE))
        moments = matrix @ THREE.prior @ matrix.T + noise
        for j in range(i, len(times)):
            later = ALT.relaxation * (1 - np.exp(-(times[j] - times[i]) / ALT.relaxation))
            result[j, i] = moments[:3, :3] + later * moments[3:, :3]
            result[i, j] = result[j, i].T
    return result


@BOTH_SIZES
@pytest.mark.parametrize("years", [1e-6, 1e-3, 0.0199, 0.0201, 0.5, 7.0, 40.0])
def test_two_steps_are_one_step(years: float, group: Group) -> None:
    once, twice = group.start("unknown")[:3], group.start("unknown")[:3]
    for state in (once, twice):
        state[2][:] = 0.01
    kernels.propagate(*once, years, *_moving(group))
    kernels.propagate(*twice, 0.3 * years, *_moving(group))
    kernels.propagate(*twice, 0.7 * years, *_moving(group))
    for one, two in zip(once, twice, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-10, atol=1e-15)


def test_no_time_moves_nothing() -> None:
    state, before = THREE.start("unknown")[:3], THREE.start("unknown")[:3]
    kernels.propagate(*state, 0.0, *_moving(THREE))
    for now, then in zip(state, before, strict=True):
        np.testing.assert_array_equal(now, then)


def test_drift_fades_so_that_no_line_runs_away() -> None:
    x, p, trend = np.array([3.0, 0.2]), np.diag([0.01, 0.001]), np.zeros(1)
    kernels.propagate(x, p, trend, 100.0, *_moving(ONE))
    assert x[0] == pytest.approx(3.0 + 0.2 * ALT.relaxation, abs=1e-6)
    assert p[1, 1] == pytest.approx(ALT.slope_sd**2)


def test_trend_does_not_fade() -> None:
    x, p, trend = np.array([3.0, 0.0]), np.diag([0.01, 0.001]), np.array([0.02])
    kernels.propagate(x, p, trend, 100.0, *_moving(ONE))
    assert x[0] == pytest.approx(3.0 + 2.0, abs=1e-9)


def test_one_wild_value_is_down_weighted_and_the_wilder_the_less_it_counts() -> None:
    moved = []
    for jump in (1.5, 3.0, 6.0):
        values = np.full(8, 3.0)
        values[-1] += jump
        states, weights = _run(_readings(np.arange(8.0) / 2, values, np.full(8, 0.01)))
        assert weights[-1] < 1
        assert (weights[:-1] == 1).all()
        moved.append(states[-1, 0] - 3.0)
    assert moved[0] > moved[1] > moved[2] > 0


def test_second_value_on_the_same_side_months_later_is_a_step() -> None:
    values = np.array([3.0] * 8 + [4.5, 4.5])
    states, weights = _run(_readings(np.arange(10.0) / 2, values, np.full(10, 0.01)))
    assert weights[8] < 0.5
    assert weights[9] == 1
    assert states[9, 0] == pytest.approx(4.5, abs=0.1)


def test_second_wild_value_within_days_is_not_yet_a_step() -> None:
    times = np.array([0.0, 0.5, 1.0, 1.5, 2.0, 2.01])
    values = np.array([3.0, 3.0, 3.0, 3.0, 4.5, 4.5])
    states, weights = _run(_readings(times, values, np.full(6, 0.01)))
    assert (weights[4:] < 1).all()
    assert states[5, 0] < 3.7


def test_wild_values_of_two_linked_signals_are_no_step_of_either() -> None:
    times = np.array([0.0, 0.0, 0.5, 0.5, 1.0, 1.0, 1.5, 2.0])
    kinds, signals = np.zeros(8, dtype=np.int64), np.array([0, 2, 0, 2, 0, 2, 0, 2])
    values = np.array([3.0, 5.4, 3.0, 5.4, 3.0, 5.4, 5.0, 7.4])
    rows, weights = _run((times, kinds, signals, values, np.full(8, 0.01), _always(8)), group=THREE)
    assert (weights[:6] == 1).all()
    assert (weights[6:] < 1).all()
    assert rows[6:, 6].tolist() == [1, 1]
    assert rows[6:, 7].tolist() == [1.5, 2.0]


def test_first_value_has_nothing_to_be_off_from() -> None:
    _, weights = _run(_readings(np.zeros(1), np.array([9.0]), np.array([0.01])))
    assert weights[0] == 1


def test_first_value_of_a_signal_has_nothing_to_be_off_from_though_a_linked_one_was_read() -> None:
    entries = (np.array([0.0, 1.0]), np.zeros(2, dtype=np.int64), np.array([0, 1]), np.array([3.0, 19.0]))
    _, weights = _run((*entries, np.full(2, 0.01), _always(2)), group=THREE)
    assert weights.tolist() == [1, 1]


def test_step_moves_the_level_of_a_signal_that_was_read_and_no_other() -> None:
    times, kinds = np.zeros(3), np.array([kernels.READING, kernels.STEP, kernels.STEP])
    entries = (times, kinds, np.array([0, 0, 1]), np.array([3.0, -0.5, -0.5]), np.array([0.01, 0.04, 0.04]))
    entries = (*entries, _always(3))
    alone_read, moved = THREE.start("unknown"), THREE.start("unknown")
    kernels.run(*(each[:1] for each in entries), alone_read, *_moving(THREE), 3.5, 0.08)
    kernels.run(*entries, moved, *_moving(THREE), 3.5, 0.08)
    np.testing.assert_array_equal(moved[0] - alone_read[0], [-0.5, 0, 0, 0, 0, 0])
    np.testing.assert_allclose(moved[1] - alone_read[1], np.diag([0.04, 0, 0, 0, 0, 0]), rtol=0, atol=1e-15)


def test_step_acts_only_on_a_level_that_is_high_enough() -> None:
    kinds = np.array([kernels.READING, kernels.STEP, kernels.STEP])
    entries = (
        np.zeros(3),
        kinds,
        np.zeros(3, dtype=np.int64),
        np.array([3.0, -0.5, -0.5]),
        np.array([1e-9, 0.04, 0.04]),
    )
    rows, weights = _run((*entries, np.array([-np.inf, 2.9, 2.9])))
    assert weights.tolist() == [1, 1, 0]
    assert rows[:, 0] == pytest.approx([3.0, 2.5, 2.5], abs=1e-6)
    assert rows[2, 2] == rows[1, 2]


def test_ramp_changes_what_is_expected_a_year() -> None:
    times, kinds = np.array([0.0, 0.0, 2.0]), np.array([kernels.READING, kernels.RAMP, kernels.STEP])
    entries = (times, kinds, np.zeros(3, dtype=np.int64), np.array([3.0, 0.1, 0.0]), np.array([0.01, 0.0025, 0.0]))
    entries = (*entries, _always(3))
    rows, _ = _run(entries)
    expected = ALT.trend("unknown") + 0.1
    assert rows[1, 5] == expected
    assert rows[1, 4] - rows[0, 4] == pytest.approx(0.0025, abs=1e-15)
    assert rows[2, 0] - rows[1, 0] == pytest.approx(2 * expected, abs=1e-12)


def test_compiled_futures_agree_with_the_plain_ones() -> None:
    state = np.array([3.0, 0.05]), np.array([[0.02, 0.003], [0.003, 0.002]]), np.array([0.01])
    arguments = (*state, np.random.default_rng(5).standard_normal((32, 37, 2)), 37, 1 / 12, *_moving(ONE))
    np.testing.assert_allclose(kernels.simulate(*arguments), plain.simulate(*arguments), rtol=0, atol=1e-11)


@pytest.mark.parametrize("seed", range(5))
def test_compiled_futures_of_linked_signals_agree_with_the_plain_ones(seed: int) -> None:
    start = THREE.start("female")
    kernels.run(*_mixed(seed, 40), start, *_moving(THREE), 3.5, 0.08)
    draws = np.random.default_rng(seed).standard_normal((32, 37, 6))
    arguments = (*start[:3], draws, 37, 1 / 12, *_moving(THREE))
    levels = kernels.simulate(*arguments)
    assert levels.shape == (3, 64, 37)
    np.testing.assert_allclose(levels, plain.simulate(*arguments), rtol=0, atol=1e-10)


def test_shorter_futures_are_the_first_months_of_longer_ones() -> None:
    start, draws = THREE.start("female"), np.random.default_rng(9).standard_normal((4, 37, 6))
    whole, short = (kernels.simulate(*start[:3], draws, columns, 1 / 12, *_moving(THREE)) for columns in (37, 13))
    np.testing.assert_array_equal(short, whole[:, :, :13])


def test_the_second_half_of_the_futures_mirrors_the_first_around_the_expected_course() -> None:
    start, draws = THREE.start("female"), np.random.default_rng(9).standard_normal((4, 37, 6))
    levels = kernels.simulate(*start[:3], draws, 37, 1 / 12, *_moving(THREE))
    middle = (levels[:, :4] + levels[:, 4:]) / 2
    np.testing.assert_allclose(middle, np.broadcast_to(middle[:, :1], middle.shape), rtol=0, atol=1e-12)
    assert (levels[:, :4] != levels[:, 4:]).all()


def test_futures_scatter_as_the_predictive_distribution_says() -> None:
    state = np.array([3.0, 0.05]), np.array([[0.02, 0.003], [0.003, 0.002]]), np.array([0.01])
    draws = np.random.default_rng(6).standard_normal((20_000, 25, 2))
    levels = kernels.simulate(*state, draws, 25, 1 / 12, *_moving(ONE))[0]
    row = np.array([3.0, 0.05, 0.02, 0.003, 0.002, 0.01])
    mean, variance = kernels.ahead(row, np.array([1.0, 2.0]), *PARAMETERS)
    np.testing.assert_allclose(levels[:, [12, 24]].mean(axis=0), mean, atol=0.005)
    np.testing.assert_allclose(levels[:, [12, 24]].var(axis=0), variance, rtol=0.03)


def test_futures_of_linked_signals_scatter_together_as_the_filter_carries_them_forward() -> None:
    start = THREE.start("female")
    kernels.run(*_mixed(3, 40), start, *_moving(THREE), 3.5, 0.08)
    x, p, trend, _ = start
    levels = kernels.simulate(
        x, p, trend, np.random.default_rng(6).standard_normal((20_000, 25, 6)), 25, 1 / 12, *_moving(THREE)
    )
    kernels.propagate(x, p, trend, 2.0, *_moving(THREE))
    scale = np.sqrt(np.diag(p))[:3]
    np.testing.assert_allclose(levels[:, :, 24].mean(axis=1), x[:3], atol=0.005)
    np.testing.assert_allclose(
        np.cov(levels[:, :, 24]) / np.outer(scale, scale), p[:3, :3] / np.outer(scale, scale), atol=0.03
    )


def test_futures_of_a_certain_state_start_from_it() -> None:
    still, nothing = np.array([3.0, 0.0]), np.zeros((1, 1))
    levels = kernels.simulate(
        still, np.zeros((2, 2)), np.zeros(1), np.ones((1, 3, 2)), 3, 1 / 12, nothing, nothing, 4.0
    )
    np.testing.assert_array_equal(levels, np.full((1, 2, 3), 3.0))
