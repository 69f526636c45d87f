"""A signal's course as a Gaussian process in time, one a patient, with hyper-parameters shared by all.

Mean: ridge on age and sex. Covariance: constant + linear + Ornstein-Uhlenbeck + noise, by maximum marginal likelihood
(Rasmussen & Williams 2006, chapter 5) in torch. Letters: P patients, M readings (padded).
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
import torch

from bench.cohorts.history import SignalSeries
from bench.cohorts.mixed import background
from bench.cohorts.study import Study

_PATIENTS, _READINGS = 300, 40  # drawn for the likelihood; of a longer series, a run of so many readings
_STEPS = 60
_LATEST = 60  # readings before the origin that enter a prediction: older ones carry next to nothing
_BATCH = 2_000


@dataclass(frozen=True, kw_only=True, slots=True)
class GaussianProcess:
    """`log_scales`: log variance of constant, slope, wander and noise, and log of the wander's memory in years."""

    series: SignalSeries
    mean: np.ndarray  # (3,) 1, age, sex
    log_scales: torch.Tensor  # (5,)

    def at(self, study: Study, rows: pd.DataFrame, time: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and variance (N,) of a new reading at `time`, from values until each row's landmark."""
        base = background(study, rows.patient_id) @ self.mean[1:] + self.mean[0]
        start, stop = self.series.span(rows)
        start = np.maximum(start, stop - _LATEST)
        means, variances = np.empty(len(rows)), np.empty(len(rows))
        for batch in np.array_split(np.argsort(stop - start, kind="stable"), max(1, len(rows) // _BATCH)):
            t, y, real = _padded(self.series, start[batch], stop[batch])
            rest = (y - torch.tensor(base[batch])[:, None]) * real
            ahead = torch.tensor(time[batch])[:, None]
            factor = torch.linalg.cholesky(_covariance(t, real, self.log_scales))
            cross = _kernel(t, ahead, self.log_scales) * real[:, :, None]
            weight = torch.cholesky_solve(cross, factor)[:, :, 0]
            means[batch] = base[batch] + (weight * rest).sum(1).numpy()
            own = _kernel(ahead, ahead, self.log_scales)[:, 0, 0] + torch.exp(self.log_scales[3])
            variances[batch] = (own - (weight * cross[:, :, 0]).sum(1)).numpy()
        return means, variances


@cache
def fit_gaussian_process(study: Study, name: str, fold: int, *, seed: int = 0) -> GaussianProcess:
    """Fit one signal on patients of the other folds."""
    series, draw = SignalSeries(study, name), np.random.default_rng(seed)
    mine = np.flatnonzero(study.fold.reindex(series.codes).to_numpy() != fold)
    mine = mine[np.isin(mine, series.owner)]
    train = np.isin(series.owner, mine)
    known = np.column_stack([np.ones(train.sum()), background(study, series.codes[series.owner[train]])])
    # 1e-3: a column without spread (one sex only) gets no weight
    mean = np.linalg.solve(known.T @ known + 1e-3 * np.eye(3), known.T @ series.value[train])
    drawn = draw.permutation(mine)[:_PATIENTS]
    start, stop = np.searchsorted(series.owner, drawn), np.searchsorted(series.owner, drawn, side="right")
    long = np.maximum(stop - start - _READINGS, 0)
    start = start + (draw.random(len(start)) * (long + 1)).astype(int)
    t, y, real = _padded(series, start, np.minimum(stop, start + _READINGS))
    base = background(study, series.codes[drawn]) @ mean[1:] + mean[0]
    rest = (y - torch.tensor(base)[:, None]) * real
    spread = float(np.log(np.var(series.value[train])))
    # a first guess: half of the variance between patients, the rest in wander and noise
    scales = torch.tensor([spread - 0.7, spread - 5.0, spread - 1.5, spread - 1.5, 0.0], dtype=torch.float64)
    scales.requires_grad_()
    descent = torch.optim.LBFGS([scales], max_iter=_STEPS, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        descent.zero_grad()
        factor = torch.linalg.cholesky(_covariance(t, real, scales))
        white = torch.linalg.solve_triangular(factor, rest[:, :, None], upper=False)
        logdet = (torch.log(torch.diagonal(factor, dim1=1, dim2=2)) * real).sum()
        # a weak pull to the first guess keeps a component the data don't speak of from running off
        value = (0.5 * (white**2).sum() + logdet) / real.sum() + 1e-4 * ((scales - scales0) ** 2).sum()
        value.backward()
        return value

    scales0 = scales.detach().clone()
    descent.step(loss)
    return GaussianProcess(series=series, mean=mean, log_scales=scales.detach())


def _kernel(t: torch.Tensor, u: torch.Tensor, log_scales: torch.Tensor) -> torch.Tensor:
    constant, slope, wander = (torch.exp(log_scales[i]) for i in range(3))
    gap = torch.abs(t[:, :, None] - u[:, None, :])
    return constant + slope * t[:, :, None] * u[:, None, :] + wander * torch.exp(-gap / torch.exp(log_scales[4]))


def _covariance(t: torch.Tensor, real: torch.Tensor, log_scales: torch.Tensor) -> torch.Tensor:
    """Covariance (P, M, M) of the readings; a padded place is a reading of its own with variance one."""
    both = real[:, :, None] * real[:, None, :]
    noise = real * torch.exp(log_scales[3]) + (1 - real)
    return _kernel(t, t, log_scales) * both + torch.diag_embed(noise)


def _padded(
    series: SignalSeries, start: np.ndarray, stop: np.ndarray
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Times, values and 1/0 for a real reading, each (P, M)."""
    place = start[:, None] + np.arange(max(1, int((stop - start).max())))
    real = place < stop[:, None]
    place = np.minimum(place, len(series.time) - 1)
    t, y = series.time[place] * real, series.value[place] * real
    return torch.tensor(t), torch.tensor(y), torch.tensor(real, dtype=torch.float64)
