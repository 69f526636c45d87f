"""Herder: how likely is it that a lung nodule is cancer, once a PET scan has been made?"""

import numpy as np

from twin.scores.base import Array, Input, Output, Score
from twin.scores.inputs import SHARE

_UPTAKE: dict[object, float | str] = {"none": 0.0, "faint": 2.322, "moderate": 4.617, "intense": 4.771}  # Herder 2005


def herder(mayo_p: Array, fdg: Array) -> Array:
    """Return the probability of cancer from the Mayo model's and the uptake of FDG (as its term in the model)."""
    return 1 / (1 + np.exp(-(-4.739 + 3.691 * mayo_p + fdg)))


SCORE = Score(
    key="herder",
    inputs=(
        Input(key="mayo_p", unit="1", possible=SHARE),
        Input(key="fdg", kind="choice", choices=_UPTAKE),
    ),
    formula=herder,
    outputs=(Output(key="p"),),
    source="Herder 2005; coefficients seen in one public implementation",
    reviewed="2026-11",
    verification="single_source",
)
