"""The compiled joint filter against the plain one, and what it owes: steps, gates, floors, starts."""

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.forecast.joint.simulated import scattered, small_model
from twin.forecast.joint import plain
from twin.forecast.joint.filter import Reading, carried, log_likelihood, started, states_at, surprises, update
from twin.forecast.joint.series import Series, series

MODEL = small_model(3, gate=2.0)


def _one(model_values: list[tuple[float, float]], censored: bool = False) -> Series:
    times, values = np.array(model_values, dtype=float).reshape(-1, 2).T
    count = len(times)
    return series(
        patient=np.zeros(count, dtype=np.int64),
        time=times,
        signal=np.zeros(count, dtype=np.int64),
        value=values,
        censored=np.full(count, censored),
        covariates=np.array([[1.0, 0.0]]),
        signals=3,
        kinds=1,
    )


@pytest.mark.parametrize("seed", range(6))
def test_compiled_filter_agrees_with_the_plain_one(seed: int) -> None:
    data = scattered(MODEL, seed=seed, censored=0.1)
    patients = np.arange(data.patients)
    asked = states_at(MODEL, data, patients, np.full(len(patients), 12.0))
    likelihood = log_likelihood(MODEL, data)
    for patient in patients:
        x, p, total = plain.state_at(MODEL, data, patient, 12.0)
        np.testing.assert_allclose(asked.x[patient], x, rtol=0, atol=1e-10)
        np.testing.assert_allclose(asked.p[patient], p, rtol=0, atol=1e-10)
        np.testing.assert_allclose(asked.mean[patient], plain.population(MODEL, data, patient, 12.0), atol=1e-12)
        assert likelihood[data.patient == patient].sum() == pytest.approx(total, abs=1e-9)


def test_a_state_without_wild_readings_equals_the_dense_gaussian_it_stands_for() -> None:
    model = replace(small_model(2), gate=1e9)
    data = scattered(model, patients=1, readings=30)
    asked = states_at(model, data, np.array([0]), np.array([11.0]))
    k, count = model.signals, len(data.time)
    begin, picks = data.time.min(), np.zeros((count, 3 * k))
    picks[np.arange(count), data.signal] = picks[np.arange(count), data.signal + 2 * k] = 1.0
    start = np.zeros((3 * k, 3 * k))
    start[: 2 * k, : 2 * k], start[2 * k :, 2 * k :] = model.prior, model.swing_covariance

    def later(p: np.ndarray, years: float) -> tuple[np.ndarray, np.ndarray]:
        columns = [plain.moved(model, column, p, years)[0] for column in np.eye(3 * k)]
        return np.stack(columns, axis=1), plain.moved(model, np.zeros(3 * k), p, years)[1]

    covariance, cross = np.empty((count, count)), np.empty((count, 3 * k))
    for i in range(count):
        _, then = later(start, data.time[i] - begin)
        for j in range(i, count):
            carry, _ = later(then, data.time[j] - data.time[i])
            covariance[i, j] = covariance[j, i] = picks[j] @ carry @ then @ picks[i]
        carry, _ = later(then, 11.0 - data.time[i])
        cross[i] = carry @ then @ picks[i]
    covariance += np.diag(model.noise[data.signal])
    mean = np.array([plain.population(model, data, 0, t)[s] for t, s in zip(data.time, data.signal, strict=True)])
    _, now = later(start, 11.0 - begin)
    gain = np.linalg.solve(covariance, cross)
    np.testing.assert_allclose(asked.x[0], gain.T @ (data.value - mean), atol=1e-8)
    np.testing.assert_allclose(asked.p[0], now - cross.T @ gain, atol=1e-8)


def test_one_reading_at_a_time_is_the_same_as_filtering_everything_again() -> None:
    data = scattered(MODEL, censored=0.1)
    patient = int(data.start_patient[0])
    state = states_at(MODEL, data, np.array([patient]), np.array([-1.0]))
    moments = [(data.time[row], 1, row) for row in np.flatnonzero(data.patient == patient)]
    moments += [(data.start_time[row], 0, row) for row in np.flatnonzero(data.start_patient == patient)]
    for time, is_reading, row in sorted(moments):
        if is_reading:
            fact = Reading(
                time=float(time),
                signal=int(data.signal[row]),
                value=float(data.value[row]),
                censored=bool(data.censored[row]),
            )
            state = update(MODEL, state, fact)
        else:
            state = started(MODEL, state, int(data.start_which[row]), float(time))
    again = states_at(MODEL, data, np.array([patient]), np.array([11.0]))
    state = carried(MODEL, state, 11.0)
    for name in ("mean", "trend", "x", "p", "off", "tally"):
        np.testing.assert_allclose(getattr(state, name), getattr(again, name), rtol=0, atol=1e-12)


def test_a_late_reading_is_refused_by_the_incremental_path() -> None:
    state = states_at(MODEL, _one([(5.0, 0.0)]), np.array([0]), np.array([5.0]))
    with pytest.raises(ValueError, match="older than the state"):
        update(MODEL, state, Reading(time=4.0, signal=0, value=0.0))


def test_a_patient_without_a_reading_is_given_the_prior() -> None:
    state = states_at(MODEL, _one([]), np.array([0]), np.array([3.0]))
    np.testing.assert_allclose(state.p[0, :6, :6], MODEL.prior)
    np.testing.assert_allclose(state.level[0], MODEL.intercept[:, 0] + 3.0 * MODEL.trend[:, 0])
    assert state.seen.tolist() == [[0, 0, 0]]
    assert np.isinf(state.last).all()


def test_one_wild_reading_hardly_moves_the_level_and_a_second_one_does() -> None:
    quiet = [(year / 4, 0.0) for year in range(20)]
    calm = states_at(MODEL, _one(quiet), np.array([0]), np.array([6.0]))
    wild = states_at(MODEL, _one([*quiet, (5.0, 40.0)]), np.array([0]), np.array([6.0]))
    again = states_at(MODEL, _one([*quiet, (5.0, 40.0), (5.2, 40.0)]), np.array([0]), np.array([6.0]))
    sd = np.sqrt(calm.covariance[0, 0, 0])
    assert abs(wild.level[0, 0] - calm.level[0, 0]) < sd
    assert again.level[0, 0] > 30.0


def test_a_wilder_reading_moves_the_level_less() -> None:
    quiet = [(year / 4, 0.0) for year in range(20)]
    moved = [
        states_at(MODEL, _one([*quiet, (5.0, far)]), np.array([0]), np.array([5.0])).level[0, 0] for far in (10, 1_000)
    ]
    assert 0 < abs(moved[1] - moved[0]) < 0.5
    assert surprises(MODEL, _one([*quiet, (5.0, 1_000.0)]))[1, -1] > 0


def test_a_reading_below_the_floor_bounds_the_level_from_above() -> None:
    unread = states_at(MODEL, _one([]), np.array([0]), np.array([0.0]))
    limit = unread.level[0, 0] - 1.0
    below = states_at(MODEL, _one([(0.0, limit)], censored=True), np.array([0]), np.array([0.0]))
    assert below.level[0, 0] < limit + 0.2
    assert below.covariance[0, 0, 0] < unread.covariance[0, 0, 0]


def test_a_floor_far_below_everything_stays_finite() -> None:
    below = states_at(MODEL, _one([(0.0, -200.0)], censored=True), np.array([0]), np.array([0.0]))
    assert np.isfinite(below.x).all()
    assert np.isfinite(below.p).all()
    assert np.isfinite(log_likelihood(MODEL, _one([(0.0, -200.0)], censored=True))).all()


def test_a_series_of_other_signals_than_the_model_is_refused() -> None:
    with pytest.raises(ValueError, match="a model of 2 signals"):
        states_at(small_model(2), _one([]), np.array([0]), np.array([0.0]))
    with pytest.raises(ValueError, match="a patient outside"):
        states_at(MODEL, _one([]), np.array([1]), np.array([0.0]))
    pair = states_at(MODEL, _one([]), np.array([0, 0]), np.array([0.0, 1.0]))
    with pytest.raises(ValueError, match="one state"):
        carried(MODEL, pair, 2.0)
