"""Readings in flat columns: sorted, checked, and cut to some patients."""

from typing import Any

import numpy as np
import pytest

from tests.unit.forecast.joint.simulated import scattered, small_model
from twin.forecast.joint.series import of_patients, series

ONE = {
    "patient": np.array([0]),
    "time": np.array([1.0]),
    "signal": np.array([0]),
    "value": np.array([2.0]),
    "covariates": np.ones((1, 1)),
    "signals": 1,
}


@pytest.mark.parametrize(
    "wrong",
    [
        {"time": np.array([1.0, 2.0])},
        {"covariates": np.zeros((1, 1))},
        {"covariates": np.array([[1.0, np.nan]])},
        {"value": np.array([np.inf])},
        {"signal": np.array([1])},
        {"patient": np.array([-1])},
        {"starts": (np.array([0]), np.array([1.0]), np.array([0]))},
    ],
)
def test_columns_that_do_not_fit_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"unequal|first column|finite|outside"):
        series(**{**ONE, **wrong})


def test_some_patients_keep_their_readings_and_starts_under_new_numbers() -> None:
    whole = scattered(small_model())
    part = of_patients(whole, np.array([7, 2]))
    for new, old in enumerate((7, 2)):
        assert part.value[part.patient == new].tolist() == whole.value[whole.patient == old].tolist()
        begun = part.start_time[part.start_patient == new]
        assert begun.tolist() == whole.start_time[whole.start_patient == old].tolist()
    assert part.covariates.tolist() == whole.covariates[[7, 2]].tolist()
