"""FIB-4: how likely is advanced liver fibrosis, from age and three routine bloods."""

from collections.abc import Mapping

import numpy as np

from twin.scores.base import POSITIVE, Array, Given, Input, Score, Where, completed_years
from twin.scores.inputs import age


def fib4(age: Array, ast: Array, alt: Array, platelets: Array) -> Array:
    """Return the FIB-4 index (dimensionless); higher means more fibrosis.

    Rises with age alone, so it overcalls above 65 and is unproven below 35.
    """
    return age * ast / (platelets * np.sqrt(alt))


def _category(outputs: Mapping[str, float], given: Given) -> str:
    """The published bands: low below 1.30 (2.0 from 65 on: McPherson 2017), high above 2.67 (Sterling, NAFLD)."""
    low = 1.30 if given["age"] < 65 else 2.0
    value = outputs["value"]
    return "low" if value < low else "high" if value > 2.67 else "indeterminate"


SCORE = Score(
    key="fib4",
    inputs=(
        age(population=completed_years(18), validated=completed_years(35)),
        Input(key="ast", unit="U/L", signal="ast", find=(Where(kind="signal", key="ast"),)),
        Input(key="alt", unit="U/L", signal="alt", find=(Where(kind="signal", key="alt"),), possible=POSITIVE),
        Input(
            key="platelets",
            unit="10*9/L",
            signal="platelets",
            find=(Where(kind="signal", key="platelets"),),
            possible=POSITIVE,
        ),
    ),
    formula=fib4,
    category=_category,
    source="Sterling RK; Hepatology 2006;43:1317; doi:10.1002/hep.21178",
    reviewed="2026-11",
    verification="verified",
)
