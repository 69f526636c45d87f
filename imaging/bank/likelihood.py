"""How likely would readers call this lump suspicious, solid, calcified?

Kernel ridge regression on the annotated nodules' standardised numbers (Hastie, Elements of Statistical Learning 2009,
5.8), then beta calibration (Kull 2017, doi:10.1214/17-EJS1338SI) fitted on predictions for patients left out. It says
what readers would say; it knows no pathology.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

QUESTIONS = ("suspicious", "solid", "calcified")
ENDS = 0.02  # scores nearer to 0 or 1 count as this: log loss in the training folds, of 0.005 to 0.05 (bank-card.md)


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
class Curve:
    """Probability of a score s: the logistic of low ln(s) - high ln(1 - s) + shift; `low`, `high` are not negative."""

    low: float
    high: float
    shift: float

    def of(self, score: float) -> float:
        """Return the probability."""
        held = min(max(score, ENDS), 1 - ENDS)
        return float(1 / (1 + np.exp(-(self.low * np.log(held) - self.high * np.log(1 - held) + self.shift))))


@dataclass(frozen=True, kw_only=True)
class Likelihood:
    """One question's answer: weights (N,) over all annotated nodules, 0 for those not learnt from."""

    kernel: Kernel
    weights: NDArray[np.float64]
    offset: float
    curve: Curve

    def of(self, alike: NDArray[np.float64]) -> float:
        """Return the probability for one case, given its alikeness (N,) with all annotated nodules by `kernel`."""
        return self.curve.of(float((alike * self.weights).sum()) + self.offset)


def calibrated(score: NDArray[np.float64], truth: NDArray[np.bool_]) -> Curve:
    """Return the curve through scores (N,) of cases that were left out in scoring.

    Newton's method with Platt's softened targets, so that it stays finite when the classes part cleanly. A term that
    would make the curve fall is left out, as Kull does.
    """
    yes, no = int(truth.sum()), int((~truth).sum())
    aim = np.where(truth, (yes + 1) / (yes + 2), 1 / (no + 2))
    held = np.clip(score, ENDS, 1 - ENDS)
    design = np.stack([np.log(held), -np.log(1 - held), np.ones_like(held)], 1)
    used = [0, 1, 2]
    while True:
        curve = _logistic(design[:, used], aim)
        falling = [n for n, slope in zip(used, curve, strict=True) if n < 2 and slope < 0]
        if not falling:
            low, high, shift = (float(curve[used.index(n)]) if n in used else 0.0 for n in range(3))
            return Curve(low=low, high=high, shift=shift)
        used.remove(falling[0])


def _logistic(design: NDArray[np.float64], aim: NDArray[np.float64]) -> NDArray[np.float64]:
    curve = np.zeros(design.shape[1])
    for _ in range(50):  # converges in about 8
        p = 1 / (1 + np.exp(-design @ curve))
        bend = design.T @ (design * (p * (1 - p) + 1e-9)[:, None])
        step = np.linalg.solve(bend, design.T @ (aim - p))
        curve = curve + step
        if np.abs(step).max() < 1e-9:
            break
    return curve
