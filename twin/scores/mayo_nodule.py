"""Mayo nodule model: how likely is it that a solitary lung nodule of 4 to 30 mm is cancer?"""

import numpy as np

from twin.scores.base import Array, Output, Range, Score
from twin.scores.brock_full_spiculation import diameter
from twin.scores.inputs import age, has, smokes


def mayo_nodule(
    age: Array, ever_smoker: Array, prior_cancer: Array, diameter_mm: Array, spiculation: Array, upper_lobe: Array
) -> Array:
    """Return the probability of cancer; diameter in mm, cancer outside the chest more than five years ago.

    The constant is -6.8272; a reprint with -6.872 is a typing error.
    """
    logit = (
        -6.8272
        + 0.0391 * age
        + 0.7917 * ever_smoker
        + 1.3388 * prior_cancer
        + 0.1274 * diameter_mm
        + 1.0407 * spiculation
        + 0.7838 * upper_lobe
    )
    return 1 / (1 + np.exp(-logit))


SCORE = Score(
    key="mayo_nodule",
    inputs=(
        age(),
        smokes("ever_smoker", "current|former"),
        has("prior_cancer"),
        diameter(validated=Range(low=4, high=30)),
        has("spiculation"),
        has("upper_lobe"),
    ),
    formula=mayo_nodule,
    outputs=(Output(key="p"),),
    source="Swensen SJ; Arch Intern Med 1997;157:849",
    reviewed="2026-11",
    verification="verified",
)
