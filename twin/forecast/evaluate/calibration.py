"""Do 20 of 100 patients with a risk of 20 % have the event?

Source: Van Calster et al. 2019, doi:10.1186/s12916-019-1466-7 (levels of calibration); the integrated calibration index
of Austin and Steyerberg 2019, doi:10.1002/sim.8281, here with a local linear smoother on the logit of the risk.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from twin.forecast.evaluate.accuracy import event_rate
from twin.forecast.evaluate.cells import Cell
from twin.forecast.evaluate.rows import Array

_CLIP = 1e-4  # risks nearer to 0 or 1 have no useful logit
_GRID = 101  # points between the 0.5th and 99.5th percentile where the curve is computed
_FEWEST_TO_SMOOTH = 20
_BANDWIDTH = 1.06  # Silverman 1986: 1.06 sd n^(-1/5)
_FLAT = 1e-12  # below it the local line has no slope to speak of
_STEPS = 25  # of Newton's method; it converges in six or seven
_CONVERGED = 1e-12  # logits
_FINE = 4_000  # groups of neighbouring risks in a logistic regression of more rows than that
_TOGETHER = 20_000  # rows smoothed at a time: bounds memory to some 50 MB
_MOST_SLOPE = 20.0  # a slope past it is of separated data, where none exists


def logit(risk: Array, clip: float = _CLIP) -> Array:
    """Return log(p / (1 - p)) of risks kept that far from 0 and 1."""
    kept = np.clip(risk, clip, 1 - clip)
    return np.asarray(np.log(kept / (1 - kept)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Smoother:
    """A local linear regression of the event on the logit of the risk, ready for any weights.

    at: (G,) logits where the curve is computed. x: (N,) logits. width: of the kernel, in logits.
    """

    at: Array
    x: Array
    width: float

    def curve(self, event: Array, weights: Array) -> Array:
        """Return the observed risk at `at`: weights (R, N), 0 where nothing is known, to (R, G)."""
        s0, s1, s2, t0, t1 = np.zeros((5, len(weights), len(self.at)))
        with_event = weights * event
        for start in range(0, len(self.x), _TOGETHER):
            part = slice(start, start + _TOGETHER)
            distance = self.x[part, None] - self.at
            kernel = np.exp(-0.5 * (distance / self.width) ** 2)
            first = kernel * distance
            s0 += weights[:, part] @ kernel
            s1 += weights[:, part] @ first
            s2 += weights[:, part] @ (first * distance)
            t0 += with_event[:, part] @ kernel
            t1 += with_event[:, part] @ first
        spread = s0 * s2 - s1 * s1
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = with_event.sum(axis=1, keepdims=True) / weights.sum(axis=1, keepdims=True)
            return np.asarray(np.where(spread > _FLAT, (s2 * t0 - s1 * t1) / spread, mean))


def smoother(cell: Cell) -> Smoother | None:
    """Return the smoother of a cell's known rows; None where they are too few or all alike."""
    x = logit(cell.risk)
    is_known = cell.weight > 0
    sd, count = x[is_known].std(), int(is_known.sum())
    if not sd > 1e-9 or count < _FEWEST_TO_SMOOTH:
        return None
    at = np.quantile(x, np.linspace(0.005, 0.995, _GRID))
    return Smoother(at=at, x=x, width=float(_BANDWIDTH * sd * count**-0.2))


def ici(cell: Cell) -> Callable[[Array, Array], Array]:
    """Return how the integrated calibration index follows from weights (R, N) and multiplicities (R, N): (R,).

    The mean distance between the risk and the smoothed observed risk; bandwidth and grid stay those of the cell. It is
    above 0 even for a perfect model: the curve bends to chance.
    """
    smooth, x = smoother(cell), logit(cell.risk)

    def measure(weights: Array, times: Array) -> Array:
        if smooth is None:
            mean = (times * cell.risk).sum(axis=1) / times.sum(axis=1)
            return np.asarray(np.abs(mean - event_rate(cell, weights)))
        curves = smooth.curve(cell.event, weights)
        observed = np.stack([np.clip(np.interp(x, smooth.at, curve), 0, 1) for curve in curves])
        return np.asarray((times * np.abs(observed - cell.risk)).sum(axis=1) / times.sum(axis=1))

    return measure


def observed_expected(cell: Cell, weights: Array, times: Array) -> Array:
    """Return observed / expected events: (R,); above 1 the model says too little."""
    expected = (times * cell.risk).sum(axis=1) / times.sum(axis=1)
    return np.asarray(event_rate(cell, weights) / np.maximum(expected, 1e-9))


def intercept(cell: Cell, weights: Array) -> Array:
    """Return calibration in the large: the shift of the logit that makes observed meet expected, 0 is right: (R,)."""
    return recalibration(logit(cell.risk), cell.event, weights, is_slope_free=False)[0]


def slope(cell: Cell, weights: Array) -> Array:
    """Return the calibration slope, 1 is right, below it the risks are too extreme: (R,); NaN where there is none."""
    return recalibration(logit(cell.risk), cell.event, weights, is_slope_free=True)[1]


def recalibration(x: Array, event: Array, weights: Array, *, is_slope_free: bool) -> tuple[Array, Array]:
    """Return (intercept (R,), slope (R,)) of the weighted logistic regression of the event on the logit x (N,).

    Newton's method on all R at once. With the slope not free it is 1. NaN where the data are separated, or one-sided.
    Of very many rows, neighbours are taken together at their mean logit, which moves the line by less than 1e-4.
    Source: Cox 1958, doi:10.1093/biomet/45.3-4.562.
    """
    x, events, total = _together(x, event, weights)
    rows = len(weights)
    with np.errstate(all="ignore"):  # what runs away ends as NaN, below
        mean = events.sum(axis=1) / total.sum(axis=1)
        a, b = (np.log(mean / (1 - mean)), np.zeros(rows)) if is_slope_free else (np.zeros(rows), np.ones(rows))
        for _ in range(_STEPS):
            p = 1 / (1 + np.exp(-(a[:, None] + b[:, None] * x)))
            wrong, curvature = events - total * p, total * p * (1 - p)
            g0, h00 = wrong.sum(axis=1), curvature.sum(axis=1)
            if is_slope_free:
                g1, h01, h11 = wrong @ x, curvature @ x, curvature @ (x * x)
                determinant = h00 * h11 - h01 * h01
                step_a, step_b = (h11 * g0 - h01 * g1) / determinant, (h00 * g1 - h01 * g0) / determinant
            else:
                step_a, step_b = g0 / h00, np.zeros(rows)
            a, b = a + step_a, b + step_b
            if not (np.maximum(np.abs(step_a), np.abs(step_b)) > _CONVERGED).any():
                break
    is_good = np.isfinite(a) & np.isfinite(b) & (np.abs(a) < 4 * _MOST_SLOPE) & (np.abs(b) < _MOST_SLOPE)
    return np.where(is_good, a, np.nan), np.where(is_good, b, np.nan)


def _together(x: Array, event: Array, weights: Array) -> tuple[Array, Array, Array]:
    """(logits (K,), weights with the event (R, K), all weights (R, K)); K is N, or a few thousand of very many rows."""
    if len(x) <= _FINE:
        return x, weights * event, weights
    order = np.argsort(x, kind="stable")
    starts = np.linspace(0, len(x), _FINE, endpoint=False).astype(np.int64)
    count = np.diff(starts, append=len(x))
    ordered = weights[:, order]
    return (
        np.add.reduceat(x[order], starts) / count,
        np.add.reduceat(ordered * event[order], starts, axis=1),
        np.add.reduceat(ordered, starts, axis=1),
    )


def groups(cell: Cell, most: int) -> list[np.ndarray]:
    """Return the rows of up to `most` groups of rising risk, each with about as many known rows; ties stay together."""
    edges = np.unique(np.quantile(cell.risk[cell.weight > 0], np.linspace(0, 1, most + 1)[1:-1]))
    number = np.searchsorted(edges, cell.risk, side="left")
    chosen = (np.flatnonzero(number == group) for group in range(len(edges) + 1))
    return [rows for rows in chosen if (cell.weight[rows] > 0).any()]
