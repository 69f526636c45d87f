"""Simulated futures agree with the closed form; crossings, their date, and the drivers of a change."""

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.forecast.joint.simulated import lived, scattered, small_model
from twin.forecast.joint.calibrate import calibrate
from twin.forecast.joint.drivers import drivers
from twin.forecast.joint.filter import Asked, states_at
from twin.forecast.joint.futures import futures, take
from twin.forecast.joint.model import JointModel
from twin.forecast.joint.passing import beyond, passed, reaches, sampling_error
from twin.forecast.joint.predict import corrected, predict
from twin.record.fact import Absent

PLAIN = small_model(2)
YEARS = np.arange(0.0, 3.01, 0.25)


@pytest.fixture(scope="module", params=["plain", "taught"])
def model(request: pytest.FixtureRequest) -> JointModel:
    if request.param == "plain":
        return PLAIN
    wrong = replace(PLAIN, noise=PLAIN.noise / 4)
    return calibrate(wrong, lived(PLAIN, patients=80, visits=6), [1], (0.5, 1.0))


def _asked(model: JointModel) -> Asked:
    return states_at(model, scattered(PLAIN), np.arange(12), np.full(12, 6.0))


def _along(asked: Asked, row: int) -> Asked:
    return take(asked, np.full(len(YEARS), row))


@pytest.mark.parametrize("signal", [0, 1])
def test_futures_have_the_mean_and_spread_of_the_forecast(model: JointModel, signal: int) -> None:
    asked = _asked(model)
    levels = futures(model, asked, 3, YEARS, paths=20_000)[:, :, signal]
    made = corrected(model, _along(asked, 3), signal, YEARS)
    np.testing.assert_allclose(levels.mean(axis=0), made.mean, atol=1e-10)  # the draws come in mirrored pairs
    np.testing.assert_allclose(levels.var(axis=0), made.level_variance, rtol=0.05)


def test_what_lasts_of_a_future_has_no_swing() -> None:
    asked = _asked(PLAIN)
    whole, lasting = (futures(PLAIN, asked, 3, YEARS, paths=20_000, is_lasting=flag) for flag in (False, True))
    swing = (whole - lasting)[:, 0]
    k = PLAIN.signals
    np.testing.assert_allclose(swing.mean(axis=0), asked.x[3, 2 * k :], atol=1e-10)
    np.testing.assert_allclose(np.cov(swing.T), asked.p[3, 2 * k :, 2 * k :], rtol=0.05, atol=0.005)


def test_signals_move_together_in_a_future_as_their_covariance_says() -> None:
    asked = _asked(PLAIN)
    levels = futures(PLAIN, asked, 3, np.array([0.0, 1.0]), paths=20_000)[:, 0]
    np.testing.assert_allclose(np.cov(levels.T), asked.covariance[3, :2, :2], rtol=0.05, atol=0.005)


def test_the_share_beyond_a_line_is_the_closed_form(model: JointModel) -> None:
    asked, paths = _asked(model), 20_000
    levels = futures(model, asked, 3, YEARS, paths=paths)[:, :, 1]
    line = float(levels[:, -1].mean() + 0.3)
    for above, share in ((True, (levels > line).mean(axis=0)), (False, (levels < line).mean(axis=0))):
        found = beyond(model, _along(asked, 3), 1, line, YEARS, above=above)
        np.testing.assert_allclose(share, found, atol=4 * sampling_error(0.5, paths))


def test_a_passed_line_stays_passed() -> None:
    levels = np.array([[0.0, 2.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 2.0], [2.0, 0.0, 0.0]])
    assert passed(levels, np.array(1.0), above=True).tolist() == [0.25, 0.5, 0.75]
    assert passed(-levels, np.array(-1.0), above=False).tolist() == [0.25, 0.5, 0.75]


def test_the_date_lies_between_the_moments_around_it() -> None:
    probability, years = np.array([0.0, 0.1, 0.3]), np.array([0.0, 1.0, 2.0])
    assert reaches(probability, years, 0.2) == pytest.approx(1.5)
    assert reaches(probability + 0.2, years, 0.2) == 0.0
    assert reaches(probability, years, 0.5) == Absent(reason="beyond_horizon", detail="50% is not reached in 2 years")


@pytest.mark.parametrize("signal", [0, 1])
def test_drivers_sum_to_the_change_of_the_forecast(model: JointModel, signal: int) -> None:
    asked = _asked(model)
    now = predict(model, take(asked, np.array([3])), signal, np.array([0.0])).mean[0]
    then = corrected(model, take(asked, np.array([3])), signal, np.array([1.5])).mean[0]
    found = drivers(model, asked, 3, signal, 1.5)
    assert sum(part.amount for part in found) == pytest.approx(then - now, abs=1e-10)
    assert [abs(part.amount) for part in found] == sorted((abs(part.amount) for part in found), reverse=True)


@pytest.mark.parametrize(("years", "paths"), [([1.0, 0.5], 4), ([-1.0, 0.5], 4), ([], 4), ([1.0], 3)])
def test_moments_out_of_order_and_odd_draws_are_refused(years: list[float], paths: int) -> None:
    with pytest.raises(ValueError, match="futures need"):
        futures(PLAIN, _asked(PLAIN), 0, np.array(years), paths=paths)


def test_a_forecast_of_the_past_is_refused() -> None:
    with pytest.raises(ValueError, match="looks forward"):
        predict(PLAIN, _asked(PLAIN), 0, np.full(12, -1.0))
