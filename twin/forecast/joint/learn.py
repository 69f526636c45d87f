"""The fit of one correction: the pinball loss of past forecasts, with the penalty that patients left out ask for."""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import ndtri
from torch import Tensor

from twin.forecast.joint.calibrate import Errors
from twin.forecast.joint.correction import Correction, hats

Array = NDArray[np.float64]
PENALTIES = (0.1, 0.03, 0.01, 0.003, 0.001)  # per coefficient squared: from "believe nearly nothing" to "nearly all"
SHAPE_PENALTY = 0.01  # on the shape's distance from the normal one: tails of few readings stay near it
FOLDS = 3  # of patients, for the choice of the penalty
ROUNDS = 40
SMOOTH = 0.02  # SD: the pinball's corner is rounded off this much so that its gradient is continuous
FEWEST = 50


def learn(past: Errors, horizons: Array, probabilities: Array, seed: int) -> Correction:
    """Return the correction of one signal.

    Raises:
        ValueError: fewer than 50 forecasts.
    """
    if len(past.error) < FEWEST:
        raise ValueError(f"{len(past.error)} forecasts with a reading to compare; {FEWEST} are the least")
    centre, spread = past.raw.mean(axis=0), past.raw.std(axis=0)
    varies = spread > 1e-9
    centre, spread = np.where(varies, centre, 0.0), np.where(varies, spread, 1.0)
    scaled = torch.from_numpy((past.raw - centre) / spread)
    problem = (
        scaled,
        torch.from_numpy(hats(horizons, past.years)),
        *map(torch.from_numpy, (past.error, past.least, past.weight)),
    )
    patients, number = np.unique(past.patient, return_inverse=True)
    fold = torch.from_numpy(np.random.default_rng(seed).permutation(len(patients))[number] % FOLDS)
    left_out = sum(_left_out(problem, fold, part, probabilities) for part in range(FOLDS))
    best = PENALTIES[int(np.argmin(left_out))]
    free = _solve(problem, probabilities, best, _nothing(problem, probabilities))
    shift, stretch, shape = _parts(free, len(horizons), scaled.shape[1], probabilities)
    return Correction(
        horizons=horizons,
        centre=centre,
        spread=spread,
        shift=shift.numpy(),
        stretch=stretch.numpy(),
        probabilities=probabilities,
        shape=shape.numpy(),
    )


def _left_out(problem: tuple[Tensor, ...], fold: Tensor, part: int, probabilities: Array) -> Array:
    """Return the loss on one fold for every penalty; each search starts where the stronger penalty ended."""
    train, test = _rows(problem, fold != part), _rows(problem, fold == part)
    free, losses = _nothing(problem, probabilities), []
    for penalty in PENALTIES:
        free = _solve(train, probabilities, penalty, free)
        losses.append(float(_loss(free, test, probabilities)))
    return np.array(losses)


def _rows(problem: tuple[Tensor, ...], chosen: Tensor) -> tuple[Tensor, ...]:
    return tuple(part[chosen] for part in problem)


def _parts(free: Tensor, horizons: int, count: int, probabilities: Array) -> tuple[Tensor, Tensor, Tensor]:
    """(shift, stretch, shape): free numbers all zero stand for no shift, no stretch, and the normal shape."""
    each = horizons * count
    shift = free[:each].reshape(horizons, count)
    stretch = free[each : 2 * each].reshape(horizons, count)
    deviates = torch.from_numpy(ndtri(probabilities))
    middle = int(np.argmin(np.abs(probabilities - 0.5)))
    gaps = deviates.diff() * torch.exp(free[2 * each :].reshape(horizons, -1))
    total = torch.cat([torch.zeros(horizons, 1, dtype=free.dtype), gaps.cumsum(dim=1)], dim=1)
    return shift, stretch, total - total[:, middle : middle + 1] + deviates[middle]


def _loss(free: Tensor, problem: tuple[Tensor, ...], probabilities: Array) -> Tensor:
    scaled, hat, error, least, weight = problem
    shift, stretch, shape = _parts(free, hat.shape[1], scaled.shape[1], probabilities)
    centre = ((scaled @ shift.T) * hat).sum(dim=1)
    size = torch.exp((((scaled @ stretch.T) * hat).sum(dim=1)).clamp(-3, 3))
    quantile = torch.maximum(centre[:, None] + size[:, None] * (hat @ shape), least[:, None])
    off = error[:, None] - quantile
    level = torch.from_numpy(probabilities)
    edges = torch.cat([torch.zeros(1), (level[1:] + level[:-1]) / 2, torch.ones(1)]).diff()
    rounded = torch.sqrt(off**2 + SMOOTH**2) - SMOOTH
    return (2 * ((level - 0.5) * off + rounded / 2) * edges * weight[:, None]).sum(dim=1).mean()


def _nothing(problem: tuple[Tensor, ...], probabilities: Array) -> Tensor:
    """The start of a search: no shift, no stretch, the normal shape."""
    scaled, hat = problem[:2]
    count = 2 * hat.shape[1] * scaled.shape[1] + hat.shape[1] * (len(probabilities) - 1)
    return torch.zeros(count, dtype=torch.float64)


def _solve(problem: tuple[Tensor, ...], probabilities: Array, penalty: float, start: Tensor) -> Tensor:
    scaled, hat = problem[:2]
    each = hat.shape[1] * scaled.shape[1]
    free = start.clone().requires_grad_()
    costs = torch.full_like(start, penalty)
    costs[2 * each :] = SHAPE_PENALTY
    costs[: 2 * each : scaled.shape[1]] = 0.0  # the two constants of each horizon are free
    steps = torch.optim.LBFGS([free], max_iter=ROUNDS, history_size=10, line_search_fn="strong_wolfe")

    def objective() -> Tensor:
        steps.zero_grad()
        loss = _loss(free, problem, probabilities) + (costs * free**2).sum()
        loss.backward()
        return loss

    steps.step(objective)
    return free.detach()
