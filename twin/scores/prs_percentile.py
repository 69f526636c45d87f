"""Polygenic score: where does a person stand among people of the same ancestry?"""

import numpy as np
from scipy.special import ndtr

from twin.scores.base import POSITIVE, Array, Input, Output, Score


def prs_percentile(prs: Array, mean: Array, sd: Array) -> dict[str, Array]:
    """Return z and the percentile (0-100) in the reference group of the person's own ancestry.

    In another group's distribution both are wrong: most scores were made in Europeans and shift elsewhere.
    """
    z = (prs - mean) / sd
    return {"z": z, "percentile": 100 * np.asarray(ndtr(z))}


SCORE = Score(
    key="prs_percentile",
    inputs=(
        Input(key="prs", unit="1"),
        Input(key="mean", unit="1"),
        Input(key="sd", unit="1", possible=POSITIVE),
    ),
    formula=prs_percentile,
    outputs=(Output(key="z"), Output(key="percentile", unit="%")),
    source="Definition; normal distribution of the sum",
    reviewed="2026-11",
    verification="verified",
)
