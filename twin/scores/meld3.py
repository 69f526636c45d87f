"""MELD 3.0: how soon may a patient with end-stage liver disease die without a transplant."""

import numpy as np

from twin.scores.base import Array, Output, Score
from twin.scores.inputs import ADULT_AGE, measured, on_dialysis, positive, sex


def meld3(
    sex: Array, bilirubin: Array, creatinine: Array, inr: Array, sodium: Array, albumin: Array, dialysis: Array
) -> Array:
    """Return MELD 3.0 (6-40, whole); sex 1 = male, mg/dL but sodium in mmol/L and albumin in g/dL.

    Floors and caps are the rule's own: bilirubin, INR and creatinine at least 1.0, creatinine at most 3.0 (3.0 with
    dialysis), sodium 125-137, albumin 1.5-3.5. Written for cirrhosis; without it the number means little.
    """
    ln_bilirubin = np.log(np.maximum(bilirubin, 1.0))
    ln_inr = np.log(np.maximum(inr, 1.0))
    ln_creatinine = np.log(np.where(dialysis > 0.5, 3.0, np.clip(creatinine, 1.0, 3.0)))
    low_sodium = 137 - np.clip(sodium, 125, 137)
    low_albumin = 3.5 - np.clip(albumin, 1.5, 3.5)
    raw = (
        1.33 * (1 - sex)
        + 4.56 * ln_bilirubin
        + 0.82 * low_sodium
        - 0.24 * low_sodium * ln_bilirubin
        + 9.09 * ln_inr
        + 11.14 * ln_creatinine
        + 1.85 * low_albumin
        - 1.83 * low_albumin * ln_creatinine
        + 6
    )
    return np.clip(np.floor(raw + 0.5), 6, 40)


SCORE = Score(
    key="meld3",
    inputs=(
        sex(),
        positive("bilirubin", "bilirubin_total", "mg/dL"),
        positive("creatinine", "creatinine", "mg/dL"),
        positive("inr", "inr", "1"),
        measured("sodium", "sodium", "mmol/L"),
        measured("albumin", "albumin", "g/dL"),
        on_dialysis(),
    ),
    formula=meld3,
    outputs=(Output(key="score", whole=True),),
    source="Kim WR; Gastroenterology 2021;161:1887; doi:10.1053/j.gastro.2021.08.050",
    reviewed="2026-11",
    verification="verified",
    excludes=("liver_transplant",),
    min_age=ADULT_AGE,
    confounders={"anticoagulant": "An anticoagulant raises the INR: MELD 3.0 overstates."},
)
