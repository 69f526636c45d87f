"""A unit text means something only for the analyte it came with."""

import pytest

from twin.record.fact import Absent
from twin.record.signal import signal, signals
from twin.record.units import canonical, from_canonical, read_unit


@pytest.mark.parametrize(
    ("key", "value", "unit", "expected"),
    [
        ("creatinine", 1.0, "mg/dL", 88.4),
        ("creatinine", 1.0, "MG/DL", 88.4),
        ("platelets", 250.0, "K/uL", 250.0),
        ("platelets", 250.0, "10*9/L", 250.0),
        ("platelets", 250.0, "x10^9/L", 250.0),
        ("sodium", 140.0, "mEq/L", 140.0),
        ("alt", 40.0, "IU/L", 40.0),
        ("sbp", 120.0, "mm Hg", 120.0),
        ("temperature", 98.6, "[degF]", 37.0),
        ("hba1c", 48.0, "mmol/mol", 6.543),
        ("inr", 1.1, None, 1.1),
        ("liver_stiffness", 2.0, "m/s", 12.0),
    ],
)
def test_a_known_unit_is_converted(key: str, value: float, unit: str | None, expected: float) -> None:
    assert canonical(value, unit, signal(key)) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("key", "value", "unit", "reason"),
    [
        ("creatinine", 1.0, "kg", "bad_unit"),
        ("creatinine", 1.0, "", "bad_unit"),
        ("creatinine", 1.0, None, "bad_unit"),
        ("lpa", 30.0, "mg/dL", "bad_unit"),
        ("potassium", 400.0, "mmol/L", "implausible"),
        ("sbp", -5.0, "mm[Hg]", "implausible"),
        ("alt", float("nan"), "U/L", "impossible_value"),
        ("alt", float("inf"), "U/L", "impossible_value"),
    ],
)
def test_what_does_not_belong_is_absent_with_its_reason(key: str, value: float, unit: str | None, reason: str) -> None:
    answer = canonical(value, unit, signal(key))
    assert isinstance(answer, Absent)
    assert answer.reason == reason


def test_kilo_per_microlitre_is_not_kelvin() -> None:
    assert read_unit("K/uL", signal("platelets")) == "10*3/uL"
    assert read_unit("K/uL", signal("temperature")) is None


def test_every_linear_unit_goes_there_and_back() -> None:
    for each in signals().values():
        for unit, linear in each.conversions.items():
            assert from_canonical(linear.factor * 7.0 + linear.offset, unit, each) == pytest.approx(7.0), (
                each.key,
                unit,
            )


def test_every_signal_accepts_its_own_canonical_unit_unchanged() -> None:
    for each in signals().values():
        if not each.is_coded:
            assert each.conversions[each.unit].factor == 1.0, each.key
            assert each.conversions[each.unit].offset == 0.0, each.key
