"""What a unit text means for one signal, and the value in the signal's canonical unit.

A text is read through the table of real-life spellings, then as UCUM, and then held against the signal: parse success
is not correctness (`K/uL` is not kelvin), so a unit that does not belong to the analyte is `bad_unit`.
"""

from math import isfinite

from twin.record.fact import Absent
from twin.record.signal import Signal
from twin.record.units.belonging import Conversion, conversion

__all__ = ["MAPPING_VERSION", "Conversion", "canonical", "conversion", "from_canonical", "read_unit"]

MAPPING_VERSION = "2026-11.3"
"""Version of signals.csv, concepts.csv and the spellings together; stands on every derived value."""


def read_unit(text: str | None, signal: Signal) -> str | None:
    """Return the UCUM unit among those that `signals.csv` lists for `signal`, or None where the text is none of them.

    A missing unit counts as `1` only where the canonical unit is `1`.
    """
    found = conversion(text, signal)
    is_listed = found is not None and (found.unit in signal.conversions or found.unit in signal.transforms)
    return found.unit if found is not None and is_listed else None


def canonical(value: float, unit: str | None, signal: Signal) -> float | Absent:
    """Return `value` in the signal's canonical unit.

    Absent with `bad_unit` where the unit is missing, unknown or of another analyte, with `impossible_value` where the
    value is not finite, and with `implausible` where it lies outside the signal's plausible range.
    """
    if not isfinite(value):
        return Absent(reason="impossible_value", detail=signal.key)
    found = conversion(unit, signal)
    if found is None:
        return Absent(reason="bad_unit", detail=f"{signal.key}: {unit or 'no unit'}")
    converted = found.factor * value + found.offset
    if found.transform is not None:
        converted = _TRANSFORMS[found.transform](converted)
    low, high = signal.plausible
    if (low is not None and converted < low) or (high is not None and converted > high):
        return Absent(reason="implausible", detail=signal.key)
    return converted


def from_canonical(value: float, unit: str, signal: Signal) -> float:
    """Return a canonical value in another linear unit of the signal.

    Raises:
        KeyError: `unit` is not a linear unit of this signal.
    """
    linear = signal.conversions[unit]
    return (value - linear.offset) / linear.factor


def _shear_speed_to_kpa(speed: float) -> float:
    """Young's modulus in kPa from shear-wave speed in m/s (E = 3 c^2; signals.md)."""
    return 3.0 * speed * speed


_TRANSFORMS = {"shear_speed_to_kpa": _shear_speed_to_kpa}
