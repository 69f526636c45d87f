"""Brock (PanCan) short model with spiculation (1b): how likely is it that a nodule is cancer? Not verified."""

import numpy as np

from twin.scores.base import Array, Output, Score
from twin.scores.brock_full_spiculation import diameter, size_term
from twin.scores.inputs import female, has


def brock_parsimonious_spiculation(female: Array, diameter_mm: Array, upper_lobe: Array, spiculation: Array) -> Array:
    """Return the probability of cancer; diameter in mm. Its coefficients are recalled and were not confirmed."""
    logit = 0.6467 * female - 5.5537 * size_term(diameter_mm) + 0.6009 * upper_lobe + 0.9309 * spiculation - 6.6144
    return 1 / (1 + np.exp(-logit))


SCORE = Score(
    key="brock_parsimonious_spiculation",
    inputs=(female(), diameter(), has("upper_lobe"), has("spiculation")),
    formula=brock_parsimonious_spiculation,
    outputs=(Output(key="p"),),
    source="McWilliams A; NEJM 2013;369:910; doi:10.1056/NEJMoa1214726 (model 1b, coefficients recalled)",
    reviewed="2026-11",
    verification="unverified",
)
