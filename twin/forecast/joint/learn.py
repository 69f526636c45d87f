"""The fit of one correction: the pinball loss of past forecasts, with the penalty that patients left out ask for."""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import ndtri
from torch import Tensor

from twin.forecast.joint.correction import Correction, hats
from twin.forecast.joint.errors import Errors

Array = NDArray[np.float64]
PENALTIES = (3.0, 1.0, 0.3, 0.1, 0.03)  # a squared coefficient: from "believe nearly nothing" to "nearly all"
APART = 3.0  # times as dear: a coefficient of one horizon that differs from that of all
SHAPE_PENALTY = 0.01  # on the shape's distance from the normal one: tails of few readings stay near it
FOLDS = 3  # of patients, for the choice of the penalty and for the shape
ROUNDS = 30
SMOOTH = 0.02  # SD: the pinball's corner is rounded off this much so that its gradient is continuous
FEWEST = 50


def is_enough(past: Errors) -> bool:
    """Return True where there are forecasts and patients enough to learn from."""
    return len(past.error) >= FEWEST and len(np.unique(past.patient)) >= FOLDS


def learn(past: Errors, horizons: Array, probabilities: Array, seed: int) -> Correction:
    """Return the correction of one signal, of which there `is_enough`."""
    centre, spread = past.raw.mean(axis=0), past.raw.std(axis=0)
    varies = spread > 1e-9
    centre, spread = np.where(varies, centre, 0.0), np.where(varies, spread, 1.0)
    scaled = torch.from_numpy((past.raw - centre) / spread)
    columns = (hats(horizons, past.years), past.error, past.least, past.weight)
    problem = (scaled, *(torch.from_numpy(column) for column in columns))
    patients, number = np.unique(past.patient, return_inverse=True)
    fold = torch.from_numpy(np.random.default_rng(seed).permutation(len(patients))[number] % FOLDS)
    tried = [_left_out(problem, fold, part, probabilities) for part in range(FOLDS)]
    best = int(np.argmin(sum(losses for losses, _ in tried)))
    honest = _unseen(problem, fold, [made[best] for _, made in tried])
    free = _solve(problem, probabilities, PENALTIES[best], _nothing(problem, probabilities))
    shift, stretch, _ = _parts(free, len(horizons), scaled.shape[1], probabilities)
    left = _solve(honest, probabilities, PENALTIES[best], _nothing(honest, probabilities))
    moved, widened, shape = _parts(left, len(horizons), 1, probabilities)
    raw = (moved + torch.exp(widened) * shape).numpy()
    low, middle, high = (raw[:, probabilities == level] for level in (0.1, 0.5, 0.9))
    width = (high - low) / (ndtri(0.9) - ndtri(0.1))
    return Correction(
        horizons=horizons,
        centre=centre,
        spread=spread,
        shift=shift.numpy(),
        stretch=stretch.numpy(),
        middle=middle[:, 0],
        width=width[:, 0],
        probabilities=probabilities,
        shape=(raw - middle) / width,
    )


def _left_out(problem: tuple[Tensor, ...], fold: Tensor, part: int, probabilities: Array) -> tuple[Array, list[Tensor]]:
    """Return the loss on one fold for every penalty, and what was fitted to the others.

    Each search starts where the one with the stronger penalty ended.
    """
    train, test = (tuple(column[rows] for column in problem) for rows in (fold != part, fold == part))
    free, losses, found = _nothing(problem, probabilities), [], []
    for penalty in PENALTIES:
        free = _solve(train, probabilities, penalty, free)
        losses.append(float(_loss(free, test, probabilities)))
        found.append(free)
    return np.array(losses), found


def _unseen(problem: tuple[Tensor, ...], fold: Tensor, found: list[Tensor]) -> tuple[Tensor, ...]:
    """Return the errors left when each fold's are shifted and scaled by what the OTHER folds taught.

    The shape is fitted to these: errors that were fitted themselves are too small, and intervals made of them too
    narrow.
    """
    scaled, hat, error, least, weight = problem
    error, least, weight = error.clone(), least.clone(), weight.clone()
    for part, free in enumerate(found):
        rows = fold == part
        centre, size = _centre_and_size(free, scaled[rows], hat[rows])
        error[rows], least[rows] = (error[rows] - centre) / size, (least[rows] - centre) / size
        weight[rows] *= size
    return scaled[:, :1], hat, error, least, weight


def _parts(free: Tensor, horizons: int, count: int, probabilities: Array) -> tuple[Tensor, Tensor, Tensor]:
    """(shift, stretch, shape), a row a horizon: free numbers all zero stand for no shift, no stretch, normal shape.

    The first row of the coefficients is common to all horizons, the others are what each has of its own.
    """
    each = (horizons + 1) * count
    shift, stretch = (part.reshape(horizons + 1, count) for part in (free[:each], free[each : 2 * each]))
    deviates = torch.from_numpy(ndtri(probabilities))
    middle = int(np.argmin(np.abs(probabilities - 0.5)))
    gaps = deviates.diff() * torch.exp(free[2 * each :].reshape(horizons, -1))
    total = torch.cat([torch.zeros(horizons, 1, dtype=free.dtype), gaps.cumsum(dim=1)], dim=1)
    return shift[0] + shift[1:], stretch[0] + stretch[1:], total - total[:, middle : middle + 1] + deviates[middle]


def _centre_and_size(free: Tensor, scaled: Tensor, hat: Tensor) -> tuple[Tensor, Tensor]:
    each = (hat.shape[1] + 1) * scaled.shape[1]
    shift, stretch = (part.reshape(-1, scaled.shape[1]) for part in (free[:each], free[each : 2 * each]))
    centre = ((scaled @ (shift[0] + shift[1:]).T) * hat).sum(dim=1)
    return centre, torch.exp((((scaled @ (stretch[0] + stretch[1:]).T) * hat).sum(dim=1)).clamp(-3, 3))


def _loss(free: Tensor, problem: tuple[Tensor, ...], probabilities: Array) -> Tensor:
    scaled, hat, error, least, weight = problem
    shape = _parts(free, hat.shape[1], scaled.shape[1], probabilities)[2]
    centre, size = _centre_and_size(free, scaled, hat)
    quantile = torch.maximum(centre[:, None] + size[:, None] * (hat @ shape), least[:, None])
    off = error[:, None] - quantile
    level = torch.from_numpy(probabilities)
    edges = torch.cat([torch.zeros(1), (level[1:] + level[:-1]) / 2, torch.ones(1)]).diff()
    rounded = torch.sqrt(off**2 + SMOOTH**2) - SMOOTH
    return (2 * ((level - 0.5) * off + rounded / 2) * edges * weight[:, None]).sum(dim=1).mean()


def _nothing(problem: tuple[Tensor, ...], probabilities: Array) -> Tensor:
    """The start of a search: no shift, no stretch, the normal shape."""
    scaled, hat = problem[:2]
    count = 2 * (hat.shape[1] + 1) * scaled.shape[1] + hat.shape[1] * (len(probabilities) - 1)
    return torch.zeros(count, dtype=torch.float64)


def _solve(problem: tuple[Tensor, ...], probabilities: Array, penalty: float, start: Tensor) -> Tensor:
    scaled, hat = problem[:2]
    count = scaled.shape[1]
    each = (hat.shape[1] + 1) * count
    free = start.clone().requires_grad_()
    costs = torch.full_like(start, penalty * APART)
    for block in (0, each):
        costs[block : block + count] = penalty
        costs[block] = 0.0  # the constant of all horizons is free, those of each cost little
        costs[block + count : block + each : count] = SHAPE_PENALTY
    costs[2 * each :] = SHAPE_PENALTY
    steps = torch.optim.LBFGS([free], max_iter=ROUNDS, history_size=10, line_search_fn="strong_wolfe")

    def objective() -> Tensor:
        steps.zero_grad()
        loss = _loss(free, problem, probabilities) + (costs * free**2).sum()
        loss.backward()
        return loss

    steps.step(objective)
    return free.detach()
