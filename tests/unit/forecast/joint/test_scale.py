"""Working scales: there and back, and what a floor does."""

import numpy as np
import pytest

from twin.forecast.joint.scale import Scale


@pytest.mark.parametrize("scale", [Scale(), Scale(kind="log"), Scale(kind="logit", low=0, high=100)])
def test_a_value_comes_back_from_its_working_scale(scale: Scale) -> None:
    values = np.array([0.5, 12.0, 99.0])
    np.testing.assert_allclose(scale.natural(scale.working(values)), values, rtol=1e-12)
    assert Scale.from_json(scale.as_json()) == scale


def test_zero_has_no_place_on_the_log_scale() -> None:
    assert Scale(kind="log").holds(np.array([0.0, 1.0])).tolist() == [False, True]
    with pytest.raises(ValueError, match="1 values have no place"):
        Scale(kind="log").working(np.array([0.0, 1.0]))


def test_bounds_have_no_place_between_the_bounds() -> None:
    assert Scale(kind="logit", low=0, high=10).holds(np.array([0.0, 5.0, 10.0])).tolist() == [False, True, False]


def test_a_reading_below_the_floor_is_censored_and_written_as_the_source_writes_it() -> None:
    scale = Scale(kind="log", floor=30, below=29)
    assert scale.censored(np.array([29.0, 30.0])).tolist() == [True, False]
    np.testing.assert_allclose(scale.working(np.array([29.0])), np.log([30.0]))
    np.testing.assert_allclose(scale.reading(np.log([20.0, 31.0])), [29.0, 31.0])


@pytest.mark.parametrize(
    "wrong", [{"kind": "cubic"}, {"kind": "logit", "low": 2, "high": 1}, {"kind": "log", "floor": -1}]
)
def test_a_scale_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"no scale|no room|no place"):
        Scale(**wrong)  # type: ignore[arg-type]  # wrong on purpose
