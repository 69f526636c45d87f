"""Mayo model of primary biliary cholangitis (1989): how advanced is it, without a biopsy?"""

import numpy as np

from twin.scores.base import Array, Input, Output, Score
from twin.scores.inputs import ADULT, age, coded, positive

EDEMA: dict[object, float | str] = {
    0: 0.0,
    0.5: 0.5,
    1: 1.0,
    "none": 0.0,
    "treated-or-resolved": 0.5,
    "despite-diuretics": 1.0,
}


def mayo_pbc_original(age: Array, bilirubin: Array, albumin: Array, pt: Array, edema: Array) -> Array:
    """Return the risk score R (dimensionless, higher is worse); mg/dL, g/dL, prothrombin time in s.

    Oedema: 0 none, 0.5 untreated or gone with diuretics, 1 despite diuretics. Made before ursodiol.
    """
    return 0.871 * np.log(bilirubin) - 2.53 * np.log(albumin) + 0.039 * age + 2.38 * np.log(pt) + 0.859 * edema


def inputs() -> tuple[Input, ...]:
    """Return what every form of the Mayo model takes."""
    return (
        age(population=ADULT),
        positive("bilirubin", "bilirubin_total", "mg/dL"),
        positive("albumin", "albumin", "g/dL"),
        positive("pt", "prothrombin_time", "s"),
        coded("edema", "edema", EDEMA),
    )


SCORE = Score(
    key="mayo_pbc_original",
    inputs=inputs(),
    formula=mayo_pbc_original,
    outputs=(Output(key="R"),),
    source="Dickson ER; Hepatology 1989;10:1",
    reviewed="2026-11",
    verification="single_source",
    excludes=("liver_transplant",),
)
