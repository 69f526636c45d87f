"""Kidney failure risk equation (4 variables): how likely is dialysis or transplant within 2 or 5 years."""

import numpy as np

from twin.scores.base import Array, Input, Output, Range, Score, Where
from twin.scores.inputs import ADULT, age, filtration, male, positive

# Baseline survival: North America, elsewhere (Tangri 2016)
_BASELINE = {"2": (0.9750, 0.9832), "5": (0.9240, 0.9365)}


def kfre4(age: Array, male: Array, egfr: Array, uacr_mgg: Array, years: str, north_america: Array) -> Array:
    """Return the risk of kidney failure as a fraction. eGFR in mL/min/1.73 m2, urine albumin-creatinine ratio in mg/g.

    Only for eGFR below 60. It overstates where death comes first, in the very old.
    """
    america, elsewhere = _BASELINE[years]
    predictor = (
        -0.2201 * (age / 10 - 7.036)
        + 0.2467 * (male - 0.5642)
        - 0.5567 * (egfr / 5 - 7.222)
        + 0.4510 * (np.log(uacr_mgg) - 5.137)
    )
    return 1 - np.power(np.where(north_america > 0.5, america, elsewhere), np.exp(predictor))


SCORE = Score(
    key="kfre4",
    inputs=(
        age(population=ADULT),
        male(),
        filtration(population=Range(high=60.0, high_open=True)),
        positive("uacr_mgg", "urine_acr", "mg/g"),
        Input(key="years", kind="choice", choices={2: "2", 5: "5"}, default=5.0),
        Input(key="north_america", kind="yes_no", find=(Where(kind="site", key="north_america"),), default=0.0),
    ),
    formula=kfre4,
    outputs=(Output(key="risk"),),
    source="Tangri N; JAMA 2016;315:164; doi:10.1001/jama.2015.18202",
    reviewed="2026-11",
    verification="verified",
    # pregnancy: house choice, no source: creatinine and albumin in urine change in pregnancy.
    excludes=("dialysis", "kidney_transplant", "pregnancy"),
)
