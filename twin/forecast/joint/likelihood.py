"""How likely are the readings under given parameters, for many patients at once, with a gradient (torch).

The same filter as `step.py`, over patients side by side: the visits of each are walked in order, those with fewer
visits drop out, and the readings of one visit are taken together. Which readings are wild and where a level stepped
is not searched for here: `Visits.extra` and `Visits.jump` say what the compiled filter made of them.
"""

from dataclasses import dataclass
from math import log, pi, sqrt

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from twin.forecast.joint.parameters import Parameters
from twin.forecast.joint.series import Series


@dataclass(frozen=True, kw_only=True, slots=True)
class Visits:
    """B patients, most visits first, of at most T visits; K signals, D = 3K.

    time, gap (T, B): years, and years since the visit before. value (T, B, K); read, censored (T, B, K): is there a
    reading, is it only an upper limit. extra, jump (T, B, K): noise of a wild reading on top of its own, variance of a
    step of the level. length (T,): how many patients have so many visits. covariates (B, C); begun, since (T, B, W):
    was the kind of start there, and for how many years. place: where each reading of the series lies.
    """

    time: Tensor
    gap: Tensor
    value: Tensor
    read: Tensor
    censored: Tensor
    extra: Tensor
    jump: Tensor
    length: list[int]
    covariates: Tensor
    begun: Tensor
    since: Tensor


def visits(series: Series, extra: NDArray[np.float64], jump: NDArray[np.float64]) -> Visits:
    """Lay the series (N readings) out by visit, with the `extra` noise and `jump` (N,) of each reading.

    A second reading of a signal at one time makes a visit of its own.
    """
    again = np.zeros(len(series.time), dtype=np.int64)
    same = (np.diff(series.patient) == 0) & (np.diff(series.time) == 0) & (np.diff(series.signal) == 0)
    for row in np.flatnonzero(same) + 1:
        again[row] = again[row - 1] + 1
    table, number = np.unique(np.stack([series.patient, series.time, again], axis=1), axis=0, return_inverse=True)
    who = table[:, 0].astype(np.int64)
    counts = np.bincount(who, minlength=series.patients)
    rank = np.empty(series.patients, dtype=np.int64)
    rank[np.argsort(-counts, kind="stable")] = np.arange(series.patients)
    depth = np.arange(len(who)) - np.searchsorted(who, np.arange(series.patients))[who]
    time = np.zeros((int(counts.max(initial=0)), series.patients))
    time[depth, rank[who]] = table[:, 1]
    place = (depth[number], rank[who][number], series.signal)
    begun, since = np.zeros((*time.shape, series.kinds)), np.zeros((*time.shape, series.kinds))
    for patient, start, which in zip(series.start_patient, series.start_time, series.start_which, strict=True):
        years = time[:, rank[patient]] - start
        begun[:, rank[patient], which] += years >= 0
        since[:, rank[patient], which] += np.maximum(years, 0.0)

    def laid(column: NDArray[np.float64] | NDArray[np.bool_]) -> Tensor:
        table = np.zeros((*time.shape, series.signals), dtype=column.dtype)
        table[place] = column
        return torch.from_numpy(table)

    return Visits(
        time=torch.from_numpy(time),
        gap=torch.from_numpy(np.maximum(np.diff(time, axis=0, prepend=time[:1]), 0.0)),
        value=laid(series.value),
        read=laid(np.ones(len(series.value), dtype=bool)),
        censored=laid(series.censored),
        extra=laid(extra),
        jump=laid(jump),
        length=[int((counts > visit).sum()) for visit in range(len(time))],
        covariates=torch.from_numpy(series.covariates[np.argsort(rank)]),
        begun=torch.from_numpy(begun),
        since=torch.from_numpy(since),
    )


def log_likelihood(parameters: Parameters, data: Visits) -> Tensor:
    """Return the log likelihood of all readings, each given what its patient's visits before it said."""
    k = parameters.noise.shape[0]
    swing = parameters.swing / (parameters.rate[:, None] + parameters.rate)
    mean = data.covariates @ parameters.intercept.T + data.time[:, :, None] * (data.covariates @ parameters.trend.T)
    mean = mean + data.begun @ parameters.step.T + data.since @ parameters.ramp.T
    surprise = (data.value - mean).unbind()
    moves = _moves(data.gap, parameters, swing)
    x = torch.zeros(data.gap.shape[1], 3 * k, dtype=torch.float64)
    p = torch.block_diag(parameters.prior, swing).expand(len(x), -1, -1)
    total = torch.zeros((), dtype=torch.float64)
    for visit, count in enumerate(data.length):
        x, p = x[:count], p[:count]
        if visit:
            b, a, fade, added = (part[visit][:count] for part in moves)
            x = torch.cat([x[:, :k] + b * x[:, k : 2 * k], a * x[:, k : 2 * k], fade * x[:, 2 * k :]], dim=1)
            p = _turned(_turned(p, b, a, fade).transpose(1, 2), b, a, fade).transpose(1, 2) + added
        if data.jump[visit, :count].any():
            p = p + torch.diag_embed(torch.nn.functional.pad(data.jump[visit, :count], (0, 2 * k)))
        read, cut = data.read[visit, :count], data.censored[visit, :count]
        noise = parameters.noise + data.extra[visit, :count]
        x, p, likelihood = _together(x, p, surprise[visit][:count], read & ~cut, noise)
        total = total + likelihood
        for signal in range(k):
            if cut[:, signal].any():
                limit = surprise[visit][:count, signal]
                x, p, likelihood = _below(x, p, signal, limit, cut[:, signal], parameters.noise[signal])
                total = total + likelihood
    return total


def _moves(gap: Tensor, parameters: Parameters, swing: Tensor) -> tuple[tuple[Tensor, ...], ...]:
    """Of every gap at once: b, a (B, 1), fade (B, K) and the covariance added (B, D, D), each a tuple over visits."""
    relaxation, k = parameters.relaxation, len(parameters.noise)
    part = gap / relaxation
    a, rest = torch.exp(-part), -torch.expm1(-part)
    short = part**3 / 3 - part**4 / 4 + 7 * part**5 / 60 - part**6 / 24  # as kernels.transition, for a short gap
    integral = torch.where(part < 1e-2, short, part - 2 * rest - torch.expm1(-2 * part) / 2)
    fade = torch.exp(-gap[:, :, None] * parameters.rate)
    level = (2 * relaxation**2 * integral)[:, :, None, None] * parameters.drift
    level = level + gap[:, :, None, None] * parameters.wander
    cross = (relaxation * rest**2)[:, :, None, None] * parameters.drift
    slope = -torch.expm1(-2 * part)[:, :, None, None] * parameters.drift
    passing = swing * (1 - fade[..., :, None] * fade[..., None, :])
    none = torch.zeros(*gap.shape, 2 * k, k, dtype=gap.dtype)
    moving = torch.cat([torch.cat([level, cross], dim=3), torch.cat([cross, slope], dim=3)], dim=2)
    added = torch.cat([torch.cat([moving, none], dim=3), torch.cat([none.transpose(2, 3), passing], dim=3)], dim=2)
    return (relaxation * rest)[:, :, None].unbind(), a[:, :, None].unbind(), fade.unbind(), added.unbind()


def _turned(p: Tensor, b: Tensor, a: Tensor, fade: Tensor) -> Tensor:
    """The transition applied to the rows of p (B, D, D)."""
    level, slope, passing = p.chunk(3, dim=1)
    return torch.cat([level + b[:, :, None] * slope, a[:, :, None] * slope, fade[:, :, None] * passing], dim=1)


def _together(x: Tensor, p: Tensor, value: Tensor, read: Tensor, noise: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Take the readings of one visit (B, K) at once; one that was not made has no gain."""
    k = value.shape[1]
    gain = p[:, :, :k] + p[:, :, 2 * k :]
    both = (read[:, :, None] & read[:, None, :]).to(p.dtype)
    spread = (gain[:, :k] + gain[:, 2 * k :]) * both + torch.diag_embed(
        torch.where(read, noise, torch.ones_like(noise))
    )
    surprise = (value - x[:, :k] - x[:, 2 * k :]) * read
    root = torch.linalg.cholesky(spread)
    half = torch.linalg.solve_triangular(root, (gain * read[:, None, :]).transpose(1, 2), upper=False)
    white = torch.linalg.solve_triangular(root, surprise[:, :, None], upper=False)
    x = x + (half.transpose(1, 2) @ white)[:, :, 0]
    p = torch.baddbmm(p, half.transpose(1, 2), half, alpha=-1)
    logs = torch.log(root.diagonal(dim1=1, dim2=2)).sum()
    return x, p, -0.5 * ((white**2).sum() + int(read.sum()) * log(2 * pi)) - logs


def _below(
    x: Tensor, p: Tensor, signal: int, limit: Tensor, read: Tensor, noise: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Take readings of one signal (B,) that say only that it lies below `limit`, by the moments of the cut normal."""
    swing = signal + 2 * (x.shape[1] // 3)
    gain = p[:, :, signal] + p[:, :, swing]
    variance = gain[:, signal] + gain[:, swing] + noise
    z = torch.where(read, (limit - x[:, signal] - x[:, swing]) / variance.sqrt(), torch.zeros_like(variance))
    tail = torch.special.log_ndtr(z)
    ratio = torch.exp(-(z**2) / 2 - log(sqrt(2 * pi)) - tail)
    taken = (ratio * (z + ratio)).clamp(max=1 - 1e-12) / variance  # what share of the reading's variance is known now
    x = x - gain * (read * ratio / variance.sqrt())[:, None]
    p = p - (gain * (read * taken)[:, None])[:, :, None] * gain[:, None, :]
    return x, p, (tail * read).sum()
