"""Brock (PanCan) full model without spiculation (2a): how likely is it that a lung nodule is cancer?"""

import numpy as np

from twin.scores.base import Array, Output, Score
from twin.scores.brock_full_spiculation import nodule_inputs, size_term


def brock_full_no_spiculation(
    age: Array,
    female: Array,
    fh_lung: Array,
    emphysema: Array,
    diameter_mm: Array,
    nodule_type: Array,
    upper_lobe: Array,
    count: Array,
) -> Array:
    """Return the probability of cancer; diameter in mm, type 0 solid, 1 part-solid, 2 non-solid.

    Coefficients from one secondary table. From smokers of 50 to 75 years in screening.
    """
    logit = (
        0.0321 * (age - 62)
        + 0.5635 * female
        + 0.3013 * fh_lung
        + 0.3462 * emphysema
        - 5.6693 * size_term(diameter_mm)
        + np.select([nodule_type == 1, nodule_type == 2], [0.3395, -0.3055], 0.0)
        + 0.7116 * upper_lobe
        - 0.0803 * (count - 4)
        - 6.8071
    )
    return 1 / (1 + np.exp(-logit))


SCORE = Score(
    key="brock_full_no_spiculation",
    inputs=nodule_inputs(),
    formula=brock_full_no_spiculation,
    outputs=(Output(key="p"),),
    source="McWilliams A; NEJM 2013;369:910; doi:10.1056/NEJMoa1214726 (model 2a, from a secondary table)",
    reviewed="2026-11",
    verification="single_source",
)
