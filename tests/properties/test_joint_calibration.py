"""On patients who follow the model intervals hold what they promise: after one visit, after many, for one signal."""

import numpy as np
import pytest

from tests.unit.forecast.joint.simulated import lived, small_model
from twin.forecast.joint.filter import states_at
from twin.forecast.joint.predict import predict, quantiles
from twin.forecast.joint.series import Series, series

MODEL = small_model(2, seed=7)
PATIENTS, VISITS = 600, 6
DATA = lived(MODEL, patients=PATIENTS, visits=VISITS, seed=21)


def _reading(signal: int, visit: int) -> tuple[np.ndarray, np.ndarray]:
    """Times and values (P,) of every patient's visit number `visit`."""
    rows = np.flatnonzero(DATA.signal == signal).reshape(PATIENTS, VISITS)[:, visit]
    return DATA.time[rows], DATA.value[rows]


@pytest.mark.parametrize("signal", [0, 1])
@pytest.mark.parametrize(("known", "target"), [(0, 1), (0, 5), (3, 4), (3, 5)])
def test_four_of_five_readings_lie_in_the_interval_of_four_fifths(signal: int, known: int, target: int) -> None:
    origin, _ = _reading(signal, known)
    time, value = _reading(signal, target)
    asked = states_at(MODEL, DATA, np.arange(PATIENTS), origin)
    low, high = quantiles(MODEL, asked, signal, time - origin, np.array([0.1, 0.9])).T
    assert np.mean((value >= low) & (value <= high)) == pytest.approx(0.8, abs=0.05)  # 3 SE of 600 patients


@pytest.mark.parametrize("signal", [0, 1])
def test_one_visit_gives_a_wider_interval_than_four(signal: int) -> None:
    spreads = []
    for known in (0, 3):
        origin, _ = _reading(signal, known)
        asked = states_at(MODEL, DATA, np.arange(PATIENTS), origin)
        spreads.append(np.sqrt(predict(MODEL, asked, signal, np.full(PATIENTS, 2.0)).variance))
    assert (spreads[0] > spreads[1]).all()


def test_a_signal_that_was_never_read_is_told_by_the_other_one() -> None:
    rows = DATA.signal == 0
    only: Series = series(
        patient=DATA.patient[rows],
        time=DATA.time[rows],
        signal=DATA.signal[rows],
        value=DATA.value[rows],
        covariates=DATA.covariates,
        signals=2,
        kinds=1,
    )
    time, value = _reading(1, VISITS - 1)
    told = states_at(MODEL, only, np.arange(PATIENTS), time)
    spread = predict(MODEL, told, 1, np.zeros(PATIENTS)).variance
    standard = (value - predict(MODEL, told, 1, np.zeros(PATIENTS)).mean) / np.sqrt(spread)
    assert standard.std() == pytest.approx(1.0, abs=0.1)
