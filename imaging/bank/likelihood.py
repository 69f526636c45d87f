"""How likely would readers call this lump suspicious, solid, calcified?

Kernel ridge regression on the annotated nodules' standardised numbers (Hastie, Elements of Statistical Learning 2009,
5.8), then a logistic calibration (Platt 1999) fitted on predictions for patients left out. It says what readers would
say; it knows no pathology.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

QUESTIONS = ("suspicious", "solid", "calcified")


@dataclass(frozen=True, kw_only=True)
class Kernel:
    """exp(-narrowness * d2) + linear * dot, both per number F; `ridge` is the penalty used in fitting."""

    narrowness: float
    linear: float
    ridge: float

    def between(self, one: NDArray[np.float64], many: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (N,) alikeness of one case (F,) with many (N, F)."""
        count = many.shape[1]
        apart = np.square(many - one).sum(1)
        alike: NDArray[np.float64] = (
            np.exp(-self.narrowness * apart / count) + self.linear * (many * one).sum(1) / count
        )
        return alike


@dataclass(frozen=True, kw_only=True)
class Likelihood:
    """One question's answer: weights (N,) over all annotated nodules, 0 for those not learnt from."""

    kernel: Kernel
    weights: NDArray[np.float64]
    offset: float
    slope: float
    intercept: float

    def of(self, alike: NDArray[np.float64]) -> float:
        """Return the probability for one case, given its alikeness (N,) with all annotated nodules by `kernel`."""
        score = float((alike * self.weights).sum()) + self.offset
        return float(1 / (1 + np.exp(-(self.slope * score + self.intercept))))


def calibrated(score: NDArray[np.float64], truth: NDArray[np.bool_]) -> tuple[float, float]:
    """Return slope and intercept of the logistic curve through scores (N,) of cases that were left out in scoring.

    Newton's method with Platt's softened targets, so that it stays finite when the classes part cleanly.
    """
    yes, no = int(truth.sum()), int((~truth).sum())
    aim = np.where(truth, (yes + 1) / (yes + 2), 1 / (no + 2))
    design = np.stack([score, np.ones_like(score)], 1)
    curve = np.zeros(2)
    for _ in range(50):  # converges in about 8
        p = 1 / (1 + np.exp(-design @ curve))
        bend = design.T @ (design * (p * (1 - p) + 1e-9)[:, None])
        step = np.linalg.solve(bend, design.T @ (aim - p))
        curve = curve + step
        if np.abs(step).max() < 1e-9:
            break
    return float(curve[0]), float(curve[1])
