"""Polygenic score and clinical risk together: what does the score change in a risk that was published without it?"""

import numpy as np

from twin.scores.base import Array, Input, Output, Range, Score

WIDEST = 3.0  # SD of z: beyond it a published effect per SD has hardly any people behind it (formulas.md section 6)


def combine_prs(risk: Array, z: Array, log_hr_per_sd: Array) -> Array:
    """Return the risk (a fraction) on the hazard scale: H = -ln(1 - risk), H' = H exp(b z - b^2 / 2).

    The b^2 / 2 keeps the mean hazard of a population where it was; risks themselves are never multiplied. z beyond 3
    counts as 3. Show the clinical risk beside it: the effect is an average of one ancestry, not this person's.
    """
    held = np.clip(z, -WIDEST, WIDEST)
    hazard = -np.log1p(-risk) * np.exp(log_hr_per_sd * held - log_hr_per_sd * log_hr_per_sd / 2)
    return -np.expm1(-hazard)


SCORE = Score(
    key="combine_prs",
    inputs=(
        Input(key="risk", unit="1", possible=Range(low=0, high=1, high_open=True)),
        Input(key="z", unit="1"),
        Input(key="log_hr_per_sd", unit="1"),
    ),
    formula=combine_prs,
    outputs=(Output(key="risk"),),
    source="Definition: hazard scale, mean hazard of the population kept",
    reviewed="2026-11",
    verification="verified",
)
