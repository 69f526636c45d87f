"""Summaries of past readings against the plainest way to compute them."""

import numpy as np
import pytest

from twin.forecast.history import Readings, number, pace, state


def _readings(seed: int = 0) -> tuple[Readings, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    patient, time, value = rng.integers(0, 5, 60), rng.uniform(-2, 6, 60), rng.normal(size=60)
    return Readings.of(patient, time, value, 6), patient, time, value


def test_summaries_of_a_number_are_those_of_its_past() -> None:
    readings, patient, time, value = _readings()
    who, at = np.repeat(np.arange(6), 3), np.tile([0.0, 2.5, 7.0], 6)
    found = number(readings, who, at, 1.0)
    for row in range(len(who)):
        past = (patient == who[row]) & (time <= at[row])
        order = np.argsort(time[past])
        t, y = time[past][order], value[past][order]
        assert found["count"][row] == pytest.approx(np.log1p(len(y)))
        if not len(y):
            assert np.isnan(found["newest"][row]) and np.isnan(found["slope"][row])
            continue
        near, far = 2.0 ** (t - at[row]), 2.0 ** ((t - at[row]) / 3)
        middle = (far * t).sum() / far.sum()
        slope = (far * (t - middle) * (y - (far * y).sum() / far.sum())).sum() / ((far * (t - middle) ** 2).sum() + 0.5)
        assert found["newest"][row] == y[-1]
        assert found["recent"][row] == pytest.approx((near * y).sum() / near.sum())
        assert found["slope"][row] == pytest.approx(slope)
        assert found["mean"][row] == pytest.approx(y.mean())
        assert found["step"][row] == y[-1] - y[-2] if len(y) > 1 else np.isnan(found["step"][row])
        assert found["highest"][row] == y.max() and found["lowest"][row] == y.min()
        assert found["since"][row] == pytest.approx(np.log1p(at[row] - t[-1]), abs=1e-5)


def test_a_state_is_carried_forward_with_its_share_of_the_last_year() -> None:
    readings = Readings.of(np.zeros(4, np.int64), np.array([0.0, 1.0, 2.0, 2.5]), np.array([0.0, 0.0, 1.0, 1.0]), 2)
    found = state(readings, np.array([0, 0, 1]), np.array([2.6, 9.0, 1.0]))
    assert found["newest"].tolist()[:2] == [1.0, 1.0] and np.isnan(found["newest"][2])
    assert found["mean"][0] == 0.5
    assert found["last_year"][0] == 1.0 and np.isnan(found["last_year"][1])
    assert found["step"].tolist()[:2] == [0.0, 0.0] and np.isnan(found["step"][2])
    assert found["noted"][:2] == pytest.approx(np.log1p([0.1, 6.5]), abs=1e-5) and np.isnan(found["noted"][2])


def test_readings_of_the_same_moment_are_no_step() -> None:
    readings = Readings.of(np.zeros(4, np.int64), np.array([0.0, 1.0, 1.0, 1.0]), np.array([10.0, 5.0, 7.0, 7.0]), 1)
    found = number(readings, np.zeros(2, np.int64), np.array([0.5, 2.0]), 1.0)
    assert np.isnan(found["step"][0]) and found["newest"][1] == 7.0 and found["step"][1] == -3.0


def test_the_pace_of_visits_counts_what_lies_before() -> None:
    visits = Readings.of(np.zeros(3, np.int64), np.array([0.0, 1.0, 3.0]), np.zeros(3), 1)
    found = pace(visits, np.zeros(2, np.int64), np.array([1.5, 3.0]))
    assert found["visits"] == pytest.approx(np.log1p([2, 3]))
    assert found["visits_last_year"] == pytest.approx(np.log1p([1, 1]))
    assert found["since_visit"] == pytest.approx([np.log1p(0.5), 0.0], abs=1e-5)
    assert found["known_for"] == pytest.approx([1.5, 3.0], abs=1e-5)
