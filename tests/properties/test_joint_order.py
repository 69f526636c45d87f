"""The same patient has the same digits alone or in a batch, in any order of rows, and nothing later changes them."""

import numpy as np
import pytest

from tests.unit.forecast.joint.simulated import scattered, small_model
from twin.forecast.joint.filter import Asked, states_at
from twin.forecast.joint.predict import quantiles
from twin.forecast.joint.series import Series, of_patients, series

MODEL = small_model(3, gate=2.0)
DATA = scattered(MODEL, censored=0.1)
PATIENT = np.repeat(np.arange(DATA.patients), 4)
TIME = np.tile([-1.0, 2.5, 6.0, 20.0], DATA.patients)
STATE = ("mean", "trend", "x", "p", "off", "tally")


def _rebuilt(data: Series, rows: np.ndarray) -> Series:
    return series(
        patient=data.patient[rows],
        time=data.time[rows],
        signal=data.signal[rows],
        value=data.value[rows],
        censored=data.censored[rows],
        covariates=data.covariates,
        signals=data.signals,
        starts=(data.start_patient, data.start_time, data.start_which),
        kinds=data.kinds,
    )


def _same(left: Asked, right: Asked) -> None:
    for name in STATE:
        np.testing.assert_array_equal(getattr(left, name), getattr(right, name))


@pytest.mark.parametrize("seed", range(3))
def test_digits_do_not_depend_on_the_order_of_readings_or_questions(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shuffled = _rebuilt(DATA, rng.permutation(len(DATA.time)))
    order = rng.permutation(len(PATIENT))
    asked = states_at(MODEL, shuffled, PATIENT[order], TIME[order])
    whole = states_at(MODEL, DATA, PATIENT, TIME)
    for name in STATE:
        np.testing.assert_array_equal(getattr(asked, name), getattr(whole, name)[order])


@pytest.mark.parametrize("patient", [0, 5, 11])
def test_a_patient_alone_has_the_digits_of_the_batch(patient: int) -> None:
    alone = of_patients(DATA, np.array([patient]))
    rows = np.flatnonzero(patient == PATIENT)
    one = states_at(MODEL, alone, np.zeros(len(rows), dtype=np.int64), TIME[rows])
    whole = states_at(MODEL, DATA, PATIENT, TIME)
    for name in STATE:
        np.testing.assert_array_equal(getattr(one, name), getattr(whole, name)[rows])
    levels = np.array([0.1, 0.5, 0.9])
    together = quantiles(MODEL, whole, 0, np.full(len(PATIENT), 2.0), levels)[rows]
    np.testing.assert_array_equal(quantiles(MODEL, one, 0, np.full(len(rows), 2.0), levels), together)


@pytest.mark.parametrize("until", [1.0, 4.0, 7.5])
def test_nothing_after_the_asked_time_changes_the_state(until: float) -> None:
    everyone = np.arange(DATA.patients)
    time = np.full(DATA.patients, until)
    past = _rebuilt(DATA, np.flatnonzero(DATA.time <= until))
    _same(states_at(MODEL, past, everyone, time), states_at(MODEL, DATA, everyone, time))
