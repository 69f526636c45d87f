"""Mayo model of primary biliary cholangitis, updated for any visit (1994). Not verified: coefficients recalled."""

import numpy as np

from twin.scores.base import Array, Output, Score
from twin.scores.mayo_pbc_original import inputs


def mayo_pbc_updated(age: Array, bilirubin: Array, albumin: Array, pt: Array, edema: Array) -> Array:
    """Return the risk score R (dimensionless, higher is worse); mg/dL, g/dL, prothrombin time in s.

    Only R and its course: no baseline survival was found. The study was confirmed, its coefficients were not.
    """
    return 1.209 * np.log(bilirubin) - 3.304 * np.log(albumin) + 0.051 * age + 2.754 * np.log(pt) + 0.675 * edema


SCORE = Score(
    key="mayo_pbc_updated",
    inputs=inputs(),
    formula=mayo_pbc_updated,
    outputs=(Output(key="R"),),
    source="Murtaugh PA; Hepatology 1994;20:126; coefficients recalled",
    reviewed="2026-11",
    verification="unverified",
    excludes=("liver_transplant",),
)
