"""Maximum penalised likelihood of a piecewise constant hazard, by Newton's method in torch.

    log h_j(x) = a_j + x'b + g_j l'c          j: interval of time since the landmark; l: the lines among x
    loss       = sum_ij (e_ij h_j(x_i) - d_ij log h_j(x_i)) + 1/2 (p b'b + p' c'c)

e_ij is the time row i is seen in interval j, d_ij whether its event falls there. g_j is the centred logarithm of the
middle of the interval: an effect that fades or grows with time since the landmark. The loss is convex: the fit has one
answer, whatever the start.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from twin.forecast.hazards.design import LOG_HAZARD_AT_MOST, Matrix

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

_STEPS_AT_MOST = 100  # a warm start needs about ten, most of them cheap
_SHRINKS = 0.3  # a step that leaves more of the gradient asks for a new Hessian
_SHORTEST = 1e-6  # of a step: below it rounding decides
_ENOUGH = 1e-9  # relative change of the loss: beyond the sixth digit of any risk
_HELD = 1e-3  # penalty on the baseline: only to keep an interval without events finite


@dataclass(frozen=True, kw_only=True, slots=True)
class Penalty:
    """How hard coefficients are held: the inverse variance of their prior (all columns are scaled to SD 1).

    `strength` holds the lines; bends and fading are held so many times as hard, for most effects are lines that last.
    `factor`: (C,) how many times as hard each column is held besides, its fading too.
    """

    strength: float
    bends: float = 10.0
    fading: float = 10.0
    factor: Array | float = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What became of each row: time in each interval (N, J) in years, and whether the event fell into it (N, J)."""

    exposure: Array
    events: Array

    @staticmethod
    def of(time: Array, is_event: Mask, cuts: Array) -> "Seen":
        """Cut times to event or end of sight (years after the landmark) at `cuts` (J + 1,), the first of them 0."""
        low, high = cuts[:-1], cuts[1:]
        exposure = np.clip(np.minimum(time[:, np.newaxis], high) - low, 0.0, None)
        falls = (time[:, np.newaxis] > low) & (time[:, np.newaxis] <= high) & is_event[:, np.newaxis]
        return Seen(exposure=exposure, events=falls.astype(np.float64))

    def loss(self, log_hazard: Array) -> Array:
        """Return the negative log likelihood of each row (N,), from its log hazard in each interval (N, J)."""
        return np.asarray((self.exposure * np.exp(log_hazard) - self.events * log_hazard).sum(axis=1))


def growth(cuts: Array) -> Array:
    """Return g (J,)."""
    middle = np.log(0.25 + (cuts[:-1] + cuts[1:]) / 2)  # a quarter of a year: below it no cohort can tell
    return np.asarray(middle - middle.mean())


def fit(matrix: Matrix, seen: Seen, cuts: Array, penalty: Penalty, start: Array | None = None) -> Array:
    """Return theta (J + C + L,) of one cause's hazard: baselines a, columns b, fading c.

    Args:
        start: theta of a fit with the same columns.

    The Hessian is kept from step to step while the gradient shrinks well with it: it is what a step costs.
    """
    problem = _Problem(matrix, seen, cuts, penalty)
    theta = problem.start() if start is None else torch.from_numpy(start.copy())
    loss, expected = problem.loss(theta)
    gradient, factor, steepness = problem.gradient(theta, expected), None, torch.inf
    for _ in range(_STEPS_AT_MOST):
        now = float(torch.linalg.vector_norm(gradient))
        if factor is None or now > _SHRINKS * steepness:
            factor = torch.linalg.cholesky(problem.hessian(expected))
        steepness, before = now, loss
        step = torch.cholesky_solve(gradient[:, None], factor)[:, 0]
        length = 1.0
        while True:
            loss, expected = problem.loss(theta - length * step)
            if loss <= before or length < _SHORTEST:
                break
            length /= 2
        theta = theta - length * step
        gradient = problem.gradient(theta, expected)
        if float(before - loss) <= _ENOUGH * abs(float(before)):
            break
    return np.asarray(theta.numpy())


def hessian(matrix: Matrix, seen: Seen, cuts: Array, penalty: Penalty, theta: Array) -> Array:
    """Return the Hessian of the loss at `theta` (T, T), the penalty included."""
    problem = _Problem(matrix, seen, cuts, penalty)
    _, expected = problem.loss(torch.from_numpy(theta))
    return np.asarray(problem.hessian(expected).numpy())


def scores(matrix: Matrix, seen: Seen, cuts: Array, theta: Array) -> Array:
    """Return each row's gradient of the loss (N, T), without the penalty: for the variance over patients."""
    problem = _Problem(matrix, seen, cuts, Penalty(strength=0.0))
    _, expected = problem.loss(torch.from_numpy(theta))
    off = expected - problem.events
    parts = (off, problem.columns * off.sum(1)[:, None], problem.lines * (off * problem.growth).sum(1)[:, None])
    return np.asarray(torch.cat(parts, dim=1).numpy())


class _Problem:
    """The arrays of one fit as tensors: `x`: (N, C), `l`: (N, L), exposure and events (N, J)."""

    def __init__(self, matrix: Matrix, seen: Seen, cuts: Array, penalty: Penalty) -> None:
        self.columns = torch.from_numpy(matrix.columns)
        self.lines = torch.from_numpy(matrix.lines)
        # the Hessian only steers the steps and scales an interval: single precision halves the work and moves no answer
        self.rough_columns, self.rough_lines = self.columns.float(), self.lines.float()
        self.exposure, self.events = torch.from_numpy(seen.exposure), torch.from_numpy(seen.events)
        self.growth = torch.from_numpy(growth(cuts))
        self.intervals = len(cuts) - 1
        lines, bends = matrix.lines.shape[1], matrix.bends.shape[1]
        columns = np.full(self.columns.shape[1], penalty.strength) * penalty.factor
        columns[len(columns) - bends :] *= penalty.bends
        held = (np.full(self.intervals, _HELD), columns, columns[:lines] * penalty.fading)
        self.penalty = torch.from_numpy(np.concatenate(held))

    def start(self) -> torch.Tensor:
        """Every hazard at its mean."""
        theta = torch.zeros(len(self.penalty), dtype=torch.float64)
        theta[: self.intervals] = torch.log((self.events.sum(0) + 0.5) / (self.exposure.sum(0) + 1.0))
        return theta

    def loss(self, theta: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the loss and the expected events (N, J)."""
        a, b, c = self._parts(theta)
        log_hazard = a + (self.columns @ b)[:, None] + (self.lines @ c)[:, None] * self.growth
        log_hazard = log_hazard.clamp(max=LOG_HAZARD_AT_MOST)
        expected = self.exposure * torch.exp(log_hazard)
        return (expected - self.events * log_hazard).sum() + (self.penalty * theta * theta).sum() / 2, expected

    def gradient(self, theta: torch.Tensor, expected: torch.Tensor) -> torch.Tensor:
        """Return the gradient of the loss (T,)."""
        off = expected - self.events
        parts = (off.sum(0), self.columns.T @ off.sum(1), self.lines.T @ (off @ self.growth))
        return torch.cat(parts) + self.penalty * theta

    def hessian(self, expected: torch.Tensor) -> torch.Tensor:
        """Return the Hessian of the loss (T, T)."""
        count, x, lines = self.intervals, self.rough_columns, self.rough_lines
        expected, g = expected.float(), self.growth.float()
        size, width = len(self.penalty), x.shape[1]
        found = torch.zeros((size, size), dtype=torch.float64)
        found[:count, :count] = torch.diag(expected.sum(0).double())
        found[count : count + width, :count] = x.T @ expected
        found[count + width :, :count] = lines.T @ (expected * g)
        found[count : count + width, count : count + width] = x.T @ (x * expected.sum(1)[:, None])
        found[count + width :, count : count + width] = lines.T @ (x * (expected @ g)[:, None])
        found[count + width :, count + width :] = lines.T @ (lines * (expected @ (g * g))[:, None])
        return found.tril(0) + torch.tril(found, -1).T + torch.diag(self.penalty)

    def _parts(self, theta: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        after = self.intervals + self.columns.shape[1]
        return theta[: self.intervals], theta[self.intervals : after], theta[after:]
