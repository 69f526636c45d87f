"""Simulated patients: known drifts are recovered, and 80 % intervals hold what they promise.

Patients are drawn from the model's own equations with `plain.py`, at irregular times, some visits missed, and read with
the noise of each signal. Seeded, so that the shares below are numbers, not chances.
"""

from datetime import timedelta
from statistics import NormalDist

import numpy as np
import pytest

from tests.unit.forecast.single import linked, today
from tests.unit.forecast.timelines import NOW
from twin.forecast import plain
from twin.forecast.dynamics import Entry, GroupState, Observation, at_time, follow, predictive, reading, sample
from twin.forecast.group import Group
from twin.forecast.motion import Motion, motion

PATIENTS = 400
FOLLOWED = ("alt", "platelets", "albumin", "creatinine", "sbp", "ldl_c")
HORIZONS = (0.5, 1.0, 2.0, 5.0)
YEAR = timedelta(days=365.25)


def _patient(moves: Motion, rng: np.random.Generator, visits: int) -> tuple[list[Observation], np.ndarray, np.ndarray]:
    """Observations up to `NOW`, the true state then, and the true levels at `HORIZONS` after it."""
    times = np.concatenate((np.sort(rng.uniform(-8, 0, visits)), np.array([0.0, *HORIZONS])))
    state = np.array([moves.centre + rng.normal(0, moves.spread), rng.normal(0, moves.slope_sd)])
    levels, states = [], []
    for before, here in zip((times[0], *times), times, strict=False):
        if here > before:
            matrix, added = plain.transition(here - before, moves.slope_sd, moves.wander, moves.relaxation)
            pushed = np.array([moves.trend("unknown") * (here - before), 0.0])
            state = matrix @ state + pushed + rng.multivariate_normal(np.zeros(2), added)
        levels.append(state[0])
        states.append(state)
    noise = moves.noise(moves.typical)
    seen = [
        Observation(at=NOW + time * YEAR, value=level + rng.normal(0, np.sqrt(noise)), noise=noise)
        for time, level in zip(times[:visits], levels, strict=False)
    ]
    return seen, states[visits], np.array(levels[visits + 1 :])


@pytest.mark.parametrize("key", FOLLOWED)
def test_80_percent_intervals_cover_75_to_85_percent_of_later_values(key: str) -> None:
    moves, rng = motion(key), np.random.default_rng(20_261_122)
    inside = np.zeros((PATIENTS, len(HORIZONS)), dtype=bool)
    for number in range(PATIENTS):
        seen, _, truth = _patient(moves, rng, visits=int(rng.integers(1, 25)))
        state = today(moves, seen, NOW)
        for column, years in enumerate(HORIZONS):
            later = predictive(moves, state, NOW + years * YEAR)
            reach = 1.2815515655446004 * np.sqrt(later.variance)
            inside[number, column] = abs(truth[column] - later.mean) <= reach
    assert 0.75 <= inside.mean() <= 0.85
    assert ((inside.mean(axis=0) >= 0.74) & (inside.mean(axis=0) <= 0.86)).all()


@pytest.mark.parametrize("key", FOLLOWED)
def test_80_percent_intervals_of_a_new_reading_hold_its_noise_too(key: str) -> None:
    moves, rng = motion(key), np.random.default_rng(7)
    noise, inside = moves.noise(moves.typical), []
    for _ in range(PATIENTS):
        seen, _, truth = _patient(moves, rng, visits=12)
        later = predictive(moves, today(moves, seen, NOW), NOW + YEAR)
        reading = truth[1] + rng.normal(0, np.sqrt(noise))
        inside.append(abs(reading - later.mean) <= 1.2815515655446004 * np.sqrt(later.variance + noise))
    assert 0.75 <= np.mean(inside) <= 0.85


@pytest.mark.parametrize("key", FOLLOWED)
def test_levels_and_slopes_are_recovered_as_surely_as_they_claim(key: str) -> None:
    moves, rng, errors = motion(key), np.random.default_rng(17), []
    for _ in range(PATIENTS):
        seen, truth, _ = _patient(moves, rng, visits=20)
        state = today(moves, seen, NOW)
        errors.append(
            ((state.level - truth[0]) / np.sqrt(state.level_var), (state.slope - truth[1]) / np.sqrt(state.slope_var))
        )
    standard = np.array(errors)
    np.testing.assert_allclose(standard.mean(axis=0), 0, atol=0.15)
    np.testing.assert_allclose(standard.std(axis=0), 1, atol=0.12)


@pytest.mark.parametrize("key", ["platelets", "creatinine", "bmi"])
def test_a_lasting_drift_is_seen_but_drawn_towards_what_wander_could_explain(key: str) -> None:
    moves, rng = motion(key), np.random.default_rng(11)
    noise, slopes = moves.noise(moves.typical), []
    true = 2 * moves.slope_sd
    for _ in range(60):
        times = np.sort(rng.uniform(-10, 0, 40))
        values = moves.centre + (true + moves.trend("unknown")) * times + rng.normal(0, np.sqrt(noise), 40)
        seen = [
            Observation(at=NOW + time * YEAR, value=value, noise=noise)
            for time, value in zip(times, values, strict=True)
        ]
        slopes.append(today(moves, seen, NOW).slope)
    assert 0.5 * true < np.mean(slopes) <= 1.1 * true


def test_stable_patients_are_not_given_a_drift() -> None:
    moves, rng = motion("platelets"), np.random.default_rng(13)
    noise, strays = moves.noise(moves.typical), []
    for _ in range(200):
        times = np.sort(rng.uniform(-10, 0, 20))
        values = moves.centre + moves.trend("unknown") * times + rng.normal(0, np.sqrt(noise), 20)
        seen = [
            Observation(at=NOW + time * YEAR, value=value, noise=noise)
            for time, value in zip(times, values, strict=True)
        ]
        state = today(moves, seen, NOW)
        strays.append(abs(state.slope) > 1.96 * np.sqrt(state.slope_var))
    assert np.mean(strays) <= 0.05


# Signals that move together

TOGETHER = linked("sbp", "dbp", "ldl_c")
PATIENTS_TOGETHER = 300
SEX = "male"


def _patient_together(group: Group, rng: np.random.Generator, visits: int) -> tuple[list[Entry], np.ndarray]:
    """Entries up to `NOW`, some signals missing at some visits, and the true levels at `HORIZONS` after it (H, K)."""
    times = np.concatenate((np.sort(rng.uniform(-8, 0, visits)), HORIZONS))
    x, p, trend, _ = group.start(SEX)
    count = len(trend)
    state, before, levels = rng.multivariate_normal(x, p), times[0], []
    for here in times:
        if here > before:
            matrix, added = plain.together(here - before, group.drift, group.wander, group.relaxation)
            pushed = np.concatenate((trend * (here - before), np.zeros(count)))
            state = matrix @ state + pushed + rng.multivariate_normal(np.zeros(2 * count), added)
        levels.append(state[:count])
        before = here
    entries = []
    for visit, (time, level) in enumerate(zip(times[:visits], levels, strict=False)):
        for place, moves in enumerate(group.motions):
            if rng.uniform() < 0.6 or (visit == 0 and place == 0):
                noise = moves.noise(moves.typical)
                value = level[place] + rng.normal(0, np.sqrt(noise))
                entries.append(reading(Observation(at=NOW + time * YEAR, value=value, noise=noise), place))
    return entries, np.array(levels[visits:])


def _patients_together(seed: int) -> list[tuple[GroupState, np.ndarray]]:
    """Where each patient stands at `NOW`, and the truth later."""
    rng, found = np.random.default_rng(seed), []
    for _ in range(PATIENTS_TOGETHER):
        entries, truth = _patient_together(TOGETHER, rng, visits=int(rng.integers(1, 16)))
        found.append((at_time(TOGETHER, follow(TOGETHER, entries, SEX).last, NOW), truth))
    return found


def test_80_percent_intervals_of_linked_signals_cover_75_to_85_percent_of_later_levels() -> None:
    inside = np.zeros((PATIENTS_TOGETHER, len(HORIZONS), 3), dtype=bool)
    for number, (state, truth) in enumerate(_patients_together(20_261_122)):
        for place, moves in enumerate(TOGETHER.motions):
            for row, years in enumerate(HORIZONS):
                later = predictive(moves, state.of(place), NOW + years * YEAR)
                reach = 1.2815515655446004 * np.sqrt(later.variance)
                inside[number, row, place] = abs(truth[row, place] - later.mean) <= reach
    shares = inside.mean(axis=0)
    assert (shares >= 0.75).all(), shares
    assert (shares <= 0.85).all(), shares


def test_levels_and_slopes_of_linked_signals_err_together_as_their_covariance_says() -> None:
    """Each patient's errors, made independent by the state's own covariance, scatter by 1 and are not correlated."""
    errors = []
    for state, truth in _patients_together(17):
        later = at_time(TOGETHER, state, NOW + 2 * YEAR)
        errors.append(np.linalg.solve(np.linalg.cholesky(later.p[:3, :3]), truth[2] - later.x[:3]))
    np.testing.assert_allclose(np.mean(errors, axis=0), 0, atol=0.15)
    np.testing.assert_allclose(np.cov(np.transpose(errors)), np.eye(3), atol=0.2)


def test_futures_of_a_sum_of_two_linked_signals_fall_below_a_line_as_often_as_the_truth() -> None:
    """The line lies one standard deviation above what is expected, as if the two moved apart; they move together."""
    draws, columns = np.random.default_rng(5).standard_normal((1024, 11, 6)), [1, 2, 4, 10]
    told, true = [], []
    for state, truth in _patients_together(23):
        moments = [[predictive(TOGETHER.motions[n], state.of(n), NOW + y * YEAR) for y in HORIZONS] for n in (0, 1)]
        means = np.array([[each.mean for each in row] for row in moments]).sum(axis=0)
        line = means + np.sqrt(np.array([[each.variance for each in row] for row in moments]).sum(axis=0))
        sums = sample(TOGETHER, state, draws, 11, 0.5)[:2].sum(axis=0)
        told.append((sums[:, columns] < line).mean(axis=0))
        true.append(truth[:, :2].sum(axis=1) < line)
    np.testing.assert_allclose(np.mean(told, axis=0), np.mean(true, axis=0), atol=0.05)
    assert np.mean(told) < NormalDist().cdf(1) - 0.02
