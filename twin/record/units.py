"""What a unit text means for one signal, and the value in the signal's canonical unit.

A unit is read through a table of real-life spellings and then looked up among the units the signal accepts: parse
success is not correctness (`K/uL` is not kelvin), so a unit that does not belong to the analyte is `bad_unit`.
"""

import re
from functools import cache
from math import isfinite

from twin.record.fact import Absent
from twin.record.signal import Signal

MAPPING_VERSION = "2026-11.1"
"""Version of signals.csv, concepts.csv and the spellings together; stands on every derived value."""

# Left: as seen in EHR exports (lower case, no blanks). Right: UCUM. Source: signals.md "Spellings seen in the data".
_SPELLINGS: dict[str, str] = {
    "iu/l": "[IU]/L",
    "u/l": "U/L",
    "units/l": "U/L",
    "k/ul": "10*3/uL",
    "k/cumm": "10*3/uL",
    "x10^9/l": "10*9/L",
    "10^9/l": "10*9/L",
    "10e9/l": "10*9/L",
    "×10^9/l": "10*9/L",
    "g/l": "g/L",
    "x10^3/ul": "10*3/uL",
    "10^3/ul": "10*3/uL",
    "10*3/mm3": "10*3/uL",
    "m/ul": "10*6/uL",
    "x10^12/l": "10*12/L",
    "10^12/l": "10*12/L",
    "10^6/ul": "10*6/uL",
    "meq/l": "meq/L",
    "sec": "s",
    "seconds": "s",
    "mmhg": "mm[Hg]",
    "uiu/ml": "u[IU]/mL",
    "uu/ml": "u[IU]/mL",
    "miu/l": "m[IU]/L",
    "mu/l": "m[IU]/L",
    "iu/ml": "[IU]/mL",
    "mg/dl": "mg/dL",
    "g/dl": "g/dL",
    "ng/ml": "ng/mL",
    "pg/ml": "pg/mL",
    "μmol/l": "umol/L",
    "µmol/l": "umol/L",
    "mcmol/l": "umol/L",
    "umol/l": "umol/L",
    "mmol/l": "mmol/L",
    "u/ml": "U/mL",
    "lbs": "[lb_av]",
    "lb": "[lb_av]",
    "in": "[in_i]",
    "inches": "[in_i]",
    "bpm": "/min",
    "beats/min": "/min",
    "breaths/min": "/min",
    "/min": "/min",
    "°c": "Cel",
    "c": "Cel",
    "degc": "Cel",
    "°f": "[degF]",
    "degf": "[degF]",
    "f": "[degF]",
    "kg/m^2": "kg/m2",
    "kg/m²": "kg/m2",
    "ml/min/1.73m2": "mL/min/{1.73_m2}",
    "ml/min/1.73m^2": "mL/min/{1.73_m2}",
    "ml/min/{1.73m2}": "mL/min/{1.73_m2}",
    "ml/min/1.73_m2": "mL/min/{1.73_m2}",
    "hu": "[hnsf'U]",
    "percent": "%",
    "": "",
}
_BLANKS = re.compile(r"\s+")


def read_unit(text: str | None, signal: Signal) -> str | None:
    """Return the UCUM unit among those `signal` accepts, or None where the text is not one of them.

    A missing unit counts as `1` only where the canonical unit is `1`.
    """
    given = (text or "").strip()
    if not given:
        return "1" if signal.unit == "1" else None
    return _read(given, tuple((*signal.conversions, *signal.transforms)))


def canonical(value: float, unit: str | None, signal: Signal) -> float | Absent:
    """Return `value` in the signal's canonical unit.

    Absent with `bad_unit` where the unit is missing, unknown or of another analyte, with `impossible_value` where the
    value is not finite, and with `implausible` where it lies outside the signal's plausible range.
    """
    if not isfinite(value):
        return Absent(reason="impossible_value", detail=signal.key)
    read = read_unit(unit, signal)
    if read is None:
        return Absent(reason="bad_unit", detail=f"{signal.key}: {unit or 'no unit'}")
    if read in signal.transforms:
        converted = _TRANSFORMS[signal.transforms[read]](value)
    else:
        linear = signal.conversions[read]
        converted = linear.factor * value + linear.offset
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


@cache
def _read(given: str, accepted: tuple[str, ...]) -> str | None:
    squeezed = _BLANKS.sub("", given)
    repaired = _SPELLINGS.get(squeezed.lower(), squeezed)
    for unit in accepted:
        if unit in (given, squeezed, repaired):
            return unit
    return None
