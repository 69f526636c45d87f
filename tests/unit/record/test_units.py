"""A unit text means something only for the analyte it came with."""

import pytest

from twin.record.fact import Absent
from twin.record.signal import signal, signals
from twin.record.units import canonical, conversion, from_canonical, read_unit
from twin.record.units.belonging import substances
from twin.record.units.spelling import spellings
from twin.record.units.ucum import measure


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
        # not listed, but of the right dimension
        ("creatinine", 10.0, "mg/L", 88.4),
        ("creatinine", 1.0, "umol/dL", 10.0),
        ("liver_stiffness", 200.0, "cm/s", 12.0),
        ("alt", 1000.0, "nkat/L", 60.0),
        ("urine_acr", 1.0, "g/kg", 1.0),
        ("hematocrit", 45.0, "mL/dL", 45.0),
        ("egfr", 3600.0, "mL/h/{1.73_m2}", 60.0),
        # by molar mass and valence
        ("sodium", 320.0, "mg/dL", 139.19),
        ("calcium_total", 5.0, "mEq/L", 2.5),
        # an enzyme's international unit is U
        ("ldh", 200.0, "IU/L", 200.0),
        # spellings
        ("platelets", 25.0, "万/μL", 250.0),
        ("platelets", 250.0, "×10⁹/L", 250.0),
        ("platelets", 250.0, "10E9/L", 250.0),
        ("platelets", 250.0, "G/L", 250.0),
        ("albumin", 40.0, "G/L", 40.0),
        ("hemoglobin", 14.0, "gm/dL", 140.0),
        ("hemoglobin", 14.0, "g%", 140.0),
        ("sbp", 120.0, "毫米汞柱", 120.0),
        ("heart_rate", 70.0, "次/分", 70.0),
        ("creatinine", 80.0, "微摩尔/升", 80.0),
        ("egfr", 60.0, "ml/min/1.73m²", 60.0),
        ("temperature", 37.0, "℃", 37.0),
        ("inr", 1.1, "Ratio", 1.1),
        ("weight", 140.0, "斤", 70.0),
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
        ("lpa", 300.0, "mg/L", "bad_unit"),
        ("platelets", 250.0, "[IU]/L", "bad_unit"),
        ("platelets", 250.0, "EU/dL", "bad_unit"),
        ("creatinine", 1.0, "K/uL", "bad_unit"),
        ("inr", 90.0, "%", "bad_unit"),
        ("hba1c", 0.065, "1", "bad_unit"),
        ("egfr", 60.0, "mL/min", "bad_unit"),
        ("phosphate", 2.0, "meq/L", "bad_unit"),
        ("ca19_9", 37.0, "ukat/L", "bad_unit"),
        ("ca19_9", 37.0, "umol/min/mL", "bad_unit"),
        ("cigarettes_per_day", 20.0, "{cartons}/d", "bad_unit"),
        ("urine_acr", 3.0, "%", "bad_unit"),
        ("hbsag", 3.0, "[IU]/mL", "bad_unit"),
        ("creatinine", 1.0, "m" * 100_000, "bad_unit"),
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


def test_listed_factors_agree_with_the_molar_masses() -> None:
    for key, substance in substances().items():
        each = signal(key)
        if {"mg/dL", "mmol/L"} <= each.conversions.keys():
            ratio = each.conversions["mg/dL"].factor / each.conversions["mmol/L"].factor
            assert ratio == pytest.approx(10 / substance.g_per_mol, rel=0.005), key


def test_every_spelling_stands_for_valid_ucum_or_for_a_unit_that_a_signal_lists() -> None:
    listed = {unit for each in signals().values() for unit in each.conversions}
    for (_, text), units in spellings().items():
        assert all(measure(unit) is not None or unit in listed for unit in units), text


def test_a_logarithm_is_never_a_concentration() -> None:
    for each in signals().values():
        if each.unit != "1":
            assert conversion("log IU/mL", each) is None


def test_a_unit_that_is_not_listed_is_named_as_it_was_understood() -> None:
    found = conversion("mg per L", signal("creatinine"))
    assert found is not None
    assert found.unit == "mg/L"
    assert read_unit("mg per L", signal("creatinine")) is None
