"""Simulated patients: known drifts are recovered, and 80 % intervals hold what they promise.

Patients are drawn from the model's own equations with `plain.py`, at irregular times, some visits missed, and read with
the noise of each signal. Seeded, so that the shares below are numbers, not chances.
"""

from datetime import timedelta

import numpy as np
import pytest

from tests.unit.forecast.timelines import NOW
from twin.forecast import plain
from twin.forecast.dynamics import Observation, at_time, last_state, predictive
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
            state = matrix @ state + rng.multivariate_normal(np.zeros(2), added)
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
        state = at_time(moves, last_state(moves, seen), NOW)
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
        later = predictive(moves, at_time(moves, last_state(moves, seen), NOW), NOW + YEAR)
        reading = truth[1] + rng.normal(0, np.sqrt(noise))
        inside.append(abs(reading - later.mean) <= 1.2815515655446004 * np.sqrt(later.variance + noise))
    assert 0.75 <= np.mean(inside) <= 0.85


@pytest.mark.parametrize("key", FOLLOWED)
def test_levels_and_slopes_are_recovered_as_surely_as_they_claim(key: str) -> None:
    moves, rng, errors = motion(key), np.random.default_rng(17), []
    for _ in range(PATIENTS):
        seen, truth, _ = _patient(moves, rng, visits=20)
        state = at_time(moves, last_state(moves, seen), NOW)
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
        values = moves.centre + true * times + rng.normal(0, np.sqrt(noise), 40)
        seen = [
            Observation(at=NOW + time * YEAR, value=value, noise=noise)
            for time, value in zip(times, values, strict=True)
        ]
        slopes.append(at_time(moves, last_state(moves, seen), NOW).slope)
    assert 0.5 * true < np.mean(slopes) <= 1.1 * true


def test_stable_patients_are_not_given_a_drift() -> None:
    moves, rng = motion("platelets"), np.random.default_rng(13)
    noise, strays = moves.noise(moves.typical), []
    for _ in range(200):
        times = np.sort(rng.uniform(-10, 0, 20))
        values = moves.centre + rng.normal(0, np.sqrt(noise), 20)
        seen = [
            Observation(at=NOW + time * YEAR, value=value, noise=noise)
            for time, value in zip(times, values, strict=True)
        ]
        state = at_time(moves, last_state(moves, seen), NOW)
        strays.append(abs(state.slope) > 1.96 * np.sqrt(state.slope_var))
    assert np.mean(strays) <= 0.05
