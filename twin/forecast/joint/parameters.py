"""Which numbers the search moves, and how the parameters of a model come of them: always a valid covariance.

Everything here is in standard units: each signal less its centre in units of its spread, covariates likewise.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

SLOPE_SD, WANDER_SD, SWING_SD = 0.1, 0.15, 0.3  # a year, in spreads of the signal: the house start of the search
RATE, RELAXATION, NOISE = 2.0, 2.0, 0.3  # a year, years beyond the shortest, variance: likewise
SHORTEST = 2.0  # years: a slope that fades sooner is no slope of a life; the swing is there for that
LOG_SD = 1.5  # how far, in natural logarithms, a size may be from its start before one SD of penalty: a factor of 4.5
LINK_SD = 0.5  # how far an entry of a correlation's root may be from zero likewise: links must be earned
EFFECT_SD = 1.0  # effect of one SD of a covariate, in spreads, likewise
TREND_SD = 0.1  # the same a year
REACH = 6.0  # of those SD: no number goes further, so that a long step of the search can't leave the possible
LEAST_NOISE = 1e-4  # variance, in squared spreads: no reading is exact, and covariances stay positive definite


@dataclass(frozen=True, kw_only=True, slots=True)
class Parameters:
    """The parameters as tensors that carry gradients; names and shapes as in `JointModel`."""

    intercept: Tensor
    trend: Tensor
    step: Tensor
    ramp: Tensor
    prior: Tensor
    drift: Tensor
    wander: Tensor
    swing: Tensor
    rate: Tensor
    noise: Tensor
    relaxation: Tensor


def shapes(signals: int, covariates: int, kinds: int) -> dict[str, tuple[int, ...]]:
    """Return the shape of each block of free numbers, by name."""
    k = signals
    return {
        "intercept": (k, covariates),
        "trend": (k, covariates),
        "step": (k, kinds),
        "ramp": (k, kinds),
        "prior_size": (2 * k,),
        "prior_link": (k * (2 * k - 1),),
        "drift_size": (k,),
        "drift_link": (k * (k - 1) // 2,),
        "wander_size": (k,),
        "wander_link": (k * (k - 1) // 2,),
        "swing_size": (k,),
        "swing_link": (k * (k - 1) // 2,),
        "rate": (k,),
        "noise": (k,),
        "relaxation": (),
    }


def unpack(
    free: Tensor, signals: int, covariates: int, kinds: int, fade: float | None = None
) -> tuple[Parameters, Tensor]:
    """Return the parameters that `free` (V,) stands for (all zero = the house start), and the penalty on them.

    With `fade` there is no swing, and slopes fade in so many years.
    """
    blocks, at, bounded = {}, 0, REACH * torch.tanh(free / REACH)
    for name, shape in shapes(signals, covariates, kinds).items():
        count = int(torch.Size(shape).numel())
        blocks[name] = bounded[at : at + count].reshape(shape)
        at += count
    half = torch.tensor([1.0] * signals + [SLOPE_SD] * signals, dtype=free.dtype)
    rate = RATE * torch.exp(LOG_SD * blocks["rate"])
    parameters = Parameters(
        intercept=EFFECT_SD * blocks["intercept"],
        trend=TREND_SD * blocks["trend"],
        step=EFFECT_SD * blocks["step"],
        ramp=TREND_SD * blocks["ramp"],
        prior=_covariance(half * torch.exp(LOG_SD * blocks["prior_size"]), blocks["prior_link"]),
        drift=_covariance(SLOPE_SD * torch.exp(LOG_SD * blocks["drift_size"]), blocks["drift_link"]),
        wander=_covariance(WANDER_SD * torch.exp(LOG_SD * blocks["wander_size"]), blocks["wander_link"]),
        swing=(0.0 if fade else 1.0)
        * _covariance(SWING_SD * torch.exp(LOG_SD * blocks["swing_size"]) * (2 * rate) ** 0.5, blocks["swing_link"]),
        rate=rate,
        noise=LEAST_NOISE + NOISE * torch.exp(LOG_SD * blocks["noise"]),
        relaxation=torch.tensor(fade, dtype=free.dtype)
        if fade
        else SHORTEST + RELAXATION * torch.exp(LOG_SD * blocks["relaxation"]),
    )
    return parameters, 0.5 * (free**2).sum()  # every number is in units of its penalty's SD


def size(signals: int, covariates: int, kinds: int) -> int:
    """Return how many free numbers there are (V)."""
    return sum(int(torch.Size(shape).numel()) for shape in shapes(signals, covariates, kinds).values())


def _covariance(sizes: Tensor, links: Tensor) -> Tensor:
    """Return the covariance of SD `sizes` (D,) whose correlations have the root rows [LINK_SD links, 1], normed."""
    count = len(sizes)
    lower = torch.tril_indices(count, count, -1)
    root = torch.eye(count, dtype=sizes.dtype).index_put((lower[0], lower[1]), LINK_SD * links)
    root = root / root.norm(dim=1, keepdim=True) * sizes[:, None]
    return root @ root.T
