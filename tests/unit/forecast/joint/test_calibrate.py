"""What past forecasts teach: a wrong spread is put right, a wrong trend too, and nothing is learnt of nothing."""

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.forecast.joint.simulated import lived, small_model
from twin.forecast.joint.calibrate import calibrate
from twin.forecast.joint.correction import hats, shape_at
from twin.forecast.joint.errors import errors
from twin.forecast.joint.features import features, names
from twin.forecast.joint.filter import states_at
from twin.forecast.joint.model import JointModel
from twin.forecast.joint.predict import corrected, predict, quantiles
from twin.forecast.joint.scale import Scale
from twin.forecast.joint.series import Series, of_patients

TRUTH = small_model(2, seed=5)
WRONG = replace(TRUTH, noise=TRUTH.noise / 9, trend=TRUTH.trend + np.array([[0.4, 0.0], [0.0, 0.0]]))
HORIZONS = (0.5, 1.0)


@pytest.fixture(scope="module")
def training() -> Series:
    return lived(TRUTH, patients=150, visits=7)


@pytest.fixture(scope="module")
def model(training: Series) -> JointModel:
    return calibrate(WRONG, training, [0], HORIZONS)


@pytest.fixture(scope="module")
def new() -> Series:
    return lived(TRUTH, patients=300, visits=7, seed=11)


def _covered(model: JointModel, data: Series) -> float:
    made = errors(WRONG, data, 0, np.array(HORIZONS), seed=0, since=0.0, pairs_at_most=10_000)
    rows = np.flatnonzero(data.signal == 0)
    first = {(data.patient[row], data.time[row]): data.value[row] for row in rows}
    patient = np.array([key[0] for key in first])
    time = np.array([key[1] for key in first])
    inside = []
    for years, tolerance in ((0.5, 0.1), (1.0, 0.1)):
        gap = time[None, :] - time[:, None]
        origin, target = np.nonzero((patient[:, None] == patient) & (np.abs(gap - years) < tolerance))
        asked = states_at(model, data, patient[origin], time[origin])
        ends = quantiles(model, asked, 0, gap[origin, target], np.array([0.1, 0.9]))
        value = np.array(list(first.values()))[target]
        inside.append((value >= ends[:, 0]) & (value <= ends[:, 1]))
    assert len(made.error) > 1_000
    return float(np.concatenate(inside).mean())


def test_the_interval_of_a_wrong_model_is_put_right_for_new_patients(model: JointModel, new: Series) -> None:
    assert _covered(WRONG, new) < 0.72
    assert 0.76 < _covered(model, new) < 0.84


def test_a_wrong_trend_is_taken_out_of_the_forecast(model: JointModel, new: Series) -> None:
    fifth = new.time[new.signal == 0].reshape(new.patients, 7)[:, 4]
    asked = states_at(model, new, np.arange(new.patients), fifth)
    right = predict(TRUTH, states_at(TRUTH, new, asked.patient, asked.time), 0, np.full(new.patients, 1.0)).mean
    wrong = predict(model, asked, 0, np.full(new.patients, 1.0)).mean - right
    left = corrected(model, asked, 0, np.full(new.patients, 1.0)).mean - right
    assert abs(wrong.mean()) > 0.15
    assert abs(left.mean()) < abs(wrong.mean()) / 2


def test_the_right_model_is_left_nearly_alone(training: Series, new: Series) -> None:
    learnt = calibrate(TRUTH, training, [1], HORIZONS)
    asked = states_at(learnt, new, np.arange(new.patients), np.full(new.patients, 2.0))
    plainly, taught = (made(learnt, asked, 1, np.full(new.patients, 0.7)) for made in (predict, corrected))
    assert np.abs(plainly.mean - taught.mean).mean() < 0.25 * np.sqrt(plainly.variance).mean()


def test_quantiles_ascend_and_stay_on_the_scale(model: JointModel, new: Series) -> None:
    low, high = -3.0, 9.0
    bounded = replace(model, scales=(Scale(kind="logit", low=low, high=high), Scale()))
    asked = states_at(bounded, new, np.arange(50), np.full(50, 2.0))
    found = quantiles(bounded, asked, 0, np.full(50, 3.0), np.array([0.001, 0.025, 0.5, 0.975, 0.999]))
    assert (np.diff(found, axis=1) > 0).all()
    assert low < found.min() < found.max() < high


def test_every_feature_has_a_name_and_is_finite(new: Series) -> None:
    asked = states_at(TRUTH, new, np.arange(5), np.array([-1.0, 0.0, 1.0, 2.0, 50.0]))
    found = features(TRUTH, asked, 0)
    assert found.shape == (5, len(names(TRUTH, 0, 2)))
    assert len(set(names(TRUTH, 0, 2))) == found.shape[1]
    assert np.isfinite(found).all()


def test_horizons_share_a_forecast_between_them() -> None:
    found = hats(np.array([0.5, 1.0, 2.0]), np.array([0.1, 0.5, np.sqrt(0.5), 2.0, 9.0]))
    np.testing.assert_allclose(found, [[1, 0, 0], [1, 0, 0], [0.5, 0.5, 0], [0, 0, 1], [0, 0, 1]], atol=1e-12)
    np.testing.assert_allclose(hats(np.array([6.0]), np.array([1.0, 6.0])), [[1], [1]])


def test_the_shape_goes_through_its_own_quantiles(model: JointModel) -> None:
    correction = model.corrections[0]
    np.testing.assert_allclose(
        shape_at(correction, np.array([0.5]), correction.probabilities)[0], correction.shape[0], atol=1e-12
    )


def test_a_model_with_a_correction_comes_back_from_its_arrays(model: JointModel) -> None:
    arrays, written = model.to_arrays()
    back = JointModel.from_arrays(arrays, written)
    assert all(np.array_equal(value, back.to_arrays()[0][name]) for name, value in arrays.items())


def test_a_signal_with_too_few_forecasts_keeps_the_models_own(training: Series) -> None:
    assert calibrate(TRUTH, training, [0], (500.0,)).corrections == {}
    few = of_patients(training, np.arange(2))
    assert calibrate(TRUTH, few, [0], (0.5, 1.0)).corrections == {}


def test_wrong_horizons_are_refused(training: Series) -> None:
    with pytest.raises(ValueError, match="ascending"):
        calibrate(TRUTH, training, [0], (1.0, 0.5))
