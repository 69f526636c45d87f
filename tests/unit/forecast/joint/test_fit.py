"""The fit finds parameters it was not told, gives the same ones twice, and refuses what it can't fit."""

import numpy as np
import pytest

from tests.unit.forecast.joint.simulated import lived, small_model
from twin.forecast.joint.filter import log_likelihood
from twin.forecast.joint.fit import fit, thinned
from twin.forecast.joint.model import JointModel
from twin.forecast.joint.scale import Scale
from twin.forecast.joint.series import Series, series

TRUTH = small_model(2, seed=3)
SCALES = (Scale(), Scale())


@pytest.fixture(scope="module")
def training() -> Series:
    return lived(TRUTH, patients=80, visits=6)


@pytest.fixture(scope="module")
def found(training: Series) -> JointModel:
    return fit(training, TRUTH.keys, SCALES, rounds_at_most=30)


def test_noise_and_means_of_simulated_patients_are_recovered(found: JointModel) -> None:
    np.testing.assert_allclose(found.noise, TRUTH.noise, rtol=0.5)
    np.testing.assert_allclose(found.intercept, TRUTH.intercept, atol=0.25)
    np.testing.assert_allclose(found.trend, TRUTH.trend, atol=0.1)
    np.testing.assert_allclose(found.prior[:2, :2], TRUTH.prior[:2, :2], atol=0.35)


def test_new_patients_are_as_likely_under_the_fit_as_under_the_truth(found: JointModel) -> None:
    new = lived(TRUTH, patients=150, visits=10, seed=9)
    lost = log_likelihood(TRUTH, new).mean() - log_likelihood(found, new).mean()
    assert lost < 0.02  # nats a reading


def test_the_same_readings_give_the_same_fit(training: Series, found: JointModel) -> None:
    again = fit(training, TRUTH.keys, SCALES, rounds_at_most=30)
    for name, value in found.to_arrays()[0].items():
        np.testing.assert_array_equal(again.to_arrays()[0][name], value)


def test_a_model_comes_back_from_its_arrays(found: JointModel) -> None:
    arrays, written = found.to_arrays()
    back = JointModel.from_arrays(arrays, written)
    assert back.to_arrays()[1] == written
    assert all(np.array_equal(back.to_arrays()[0][name], value) for name, value in arrays.items())


def test_of_many_visits_some_neighbours_and_some_others_are_taken() -> None:
    many = lived(TRUTH, patients=8, visits=30)
    part = thinned(many, 0, 5, 10, 1.0)
    assert part.patients == 5
    assert part.time.min() >= 1.0
    for patient in range(5):
        kept = np.unique(part.time[part.patient == patient])
        who = many.patient[many.time == kept[0]][0]
        place = np.searchsorted(np.unique(many.time[many.patient == who]), kept)
        assert len(kept) == 10
        assert (np.diff(place) == 1).sum() >= 4
        assert place[-1] - place[0] > 10


def test_a_signal_without_readings_is_refused() -> None:
    lone = series(
        patient=np.zeros(3, dtype=np.int64),
        time=np.arange(3.0),
        signal=np.zeros(3, dtype=np.int64),
        value=np.arange(3.0),
        covariates=np.ones((1, 1)),
        signals=2,
    )
    with pytest.raises(ValueError, match="b: 0 readings"):
        fit(lone, ("a", "b"), SCALES)
    with pytest.raises(ValueError, match="1 keys"):
        fit(lone, ("a",), SCALES)
