"""How does a laboratory print what it measured: in which unit, with how many digits, and what does it work out?"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np

from twin.record.fact import Absent
from twin.record.signal import signal
from twin.record.units import canonical, from_canonical, read_unit
from twin.scores import evaluate, score
from twin.synth.assay import ASSAYS, LIMITS, PRINTED, Print
from twin.synth.draw import Flags
from twin.synth.patient import Reading
from twin.synth.truth import Array

CONVENTIONAL_SHARE = 0.25  # of patients at home in the laboratory that works in mass units
_TITLES = {"total_cholesterol": "Total cholesterol", "bmi": "Body mass index", "egfr": "Estimated GFR"}
_PANELS = {"total_cholesterol": "lipids", "bmi": "body", "egfr": "renal"}
_UMOL_PER_MGDL = 88.4  # creatinine (signals.csv)


@dataclass(frozen=True, kw_only=True, slots=True)
class Printer:
    """A laboratory and the person in front of it: `age` in years matters to the eGFR it works out."""

    is_conventional: bool
    is_male: bool
    age: float

    def readings(self, measured: Flags, values: Array) -> tuple[Reading, ...]:
        """Return what is printed of values (S,) in canonical units where `measured` (S,)."""
        found = {
            ASSAYS[column].signal: self._reading(
                ASSAYS[column].signal,
                ASSAYS[column].title,
                ASSAYS[column].panel,
                ASSAYS[column].conventional if self.is_conventional else ASSAYS[column].si,
                float(values[column]),
            )
            for column in np.flatnonzero(measured)
        }
        return (*found.values(), *self._worked_out(found))

    def _worked_out(self, found: dict[str, Reading]) -> Iterator[Reading]:
        values = {key: reading.value for key, reading in found.items()}
        if {"ldl_c", "hdl_c", "triglycerides"} <= values.keys():
            # Friedewald in mmol/L, read backwards: the parts add up as a reader expects
            total = values["ldl_c"] + values["hdl_c"] + values["triglycerides"] / 2.2
            yield self._derived("total_cholesterol", total)
        if {"weight", "height"} <= values.keys():
            yield self._derived("bmi", values["weight"] / (values["height"] / 100) ** 2)
        if "creatinine" in values:
            given = {"sex": float(self.is_male), "age": self.age, "scr": values["creatinine"] / _UMOL_PER_MGDL}
            yield self._derived("egfr", float(evaluate(score("ckdepi"), {**given, "scys": None})["cr_2021"][0]))

    def _derived(self, key: str, value: float) -> Reading:
        return self._reading(key, _TITLES[key], _PANELS[key], PRINTED[key][self.is_conventional], value)

    def _reading(self, key: str, title: str, panel: str, how: Print, value: float) -> Reading:
        known = signal(key)
        unit = read_unit(how.unit, known)
        limit = LIMITS.get(key)
        is_below = limit is not None and value < limit
        shown = limit if is_below and limit is not None else value
        # a unit that is ambiguous for its code (mL/min under a code per 1.73 m2) is printed without conversion
        number = shown if unit is None else from_canonical(shown, unit, known)
        text = str(Decimal(repr(number)).quantize(Decimal(1).scaleb(-how.decimals), rounding=ROUND_HALF_EVEN))
        read = canonical(float(text), how.unit, known)
        return Reading(
            signal=key,
            title=title,
            panel=panel,
            loinc=how.loinc,
            text=text,
            unit=how.unit,
            code=None if self.is_conventional and how.unit != how.ucum else how.ucum,
            value=value if isinstance(read, Absent) else read,
            is_below_limit=is_below,
        )
