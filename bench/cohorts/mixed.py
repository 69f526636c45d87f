"""A signal's level and slope by a linear mixed model: random intercept and slope (Laird & Ware 1982).

Variance components are fitted on training patients; a patient's own level and slope are then the best linear unbiased
prediction from the values at or before the asked time alone. Restricted maximum likelihood on sums a patient gives the
components of statsmodels' MixedLM (compared in RESULTS.md) in a tenth of the time.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
from scipy.optimize import minimize

from bench.cohorts.history import SignalSeries
from bench.cohorts.study import Study

_PATIENTS = 1_000  # variance components of two random effects are steady long before that


@dataclass(frozen=True, kw_only=True, slots=True)
class MixedModel:
    """Fixed effects of (1, time, age, sex), covariance of (intercept, slope), noise variance; log scale as planned."""

    series: SignalSeries
    fixed: np.ndarray  # (4,)
    random: np.ndarray  # (2, 2)
    noise: float
    centre: float  # years, taken off time: a steadier fit

    def state(self, study: Study, rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        """Mean (N, 2) and covariance (N, 2, 2) of the patient's (intercept, slope), fixed effects not added."""
        n, t, tt, y, ty = self.series.sums_until(rows)
        base, slope = self._base(study, rows), self.fixed[1]
        t, tt, ty = t - n * self.centre, tt - 2 * self.centre * t + n * self.centre**2, ty - self.centre * y
        rest = np.stack([y - base * n - slope * t, ty - base * t - slope * tt], axis=1)
        precision = np.linalg.inv(self.random) + np.stack([np.stack([n, t], -1), np.stack([t, tt], -1)], 1) / self.noise
        covariance = np.linalg.inv(precision)
        return np.einsum("nij,nj->ni", covariance, rest) / self.noise, covariance

    def at(self, study: Study, rows: pd.DataFrame, time: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Mean and variance (N,) of a new reading at `time`, and the slope, from values until each row's landmark."""
        mean, covariance = self.state(study, rows)
        x = np.stack([np.ones(len(rows)), time - self.centre], axis=1)
        level = self._base(study, rows) + self.fixed[1] * x[:, 1] + (x * mean).sum(1)
        return level, np.einsum("ni,nij,nj->n", x, covariance, x) + self.noise, self.fixed[1] + mean[:, 1]

    def _base(self, study: Study, rows: pd.DataFrame) -> np.ndarray:
        return self.fixed[0] + background(study, rows.patient_id) @ self.fixed[2:]


@cache
def fit_mixed(study: Study, name: str, fold: int, *, seed: int = 0) -> MixedModel:
    """Fit one signal on the patients of the other folds, from the plan's first year on."""
    series = SignalSeries(study, name, since=study.plan.mixed_from)
    mine = study.fold.reindex(series.codes).to_numpy() != fold
    kept = mine[series.owner]
    drawn = np.random.default_rng(seed).permutation(np.unique(series.owner[kept]))[:_PATIENTS]
    kept &= np.isin(series.owner, drawn)
    centre = float(np.median(series.time[kept]))
    sums = _sums(series, kept, centre, background(study, series.codes))
    spread = float(np.log(np.var(series.value[kept])))
    # a first guess: half of the variance between patients, a slope of a tenth of their spread a year
    start = np.array([0.5 * (spread - 0.7), 0.0, 0.5 * (spread - 5.0), spread - 0.7])
    found = minimize(lambda x: _criterion(sums, x)[0], start, method="L-BFGS-B", bounds=_bounds(spread))
    _, fixed, random, noise = _criterion(sums, found.x)
    return MixedModel(series=series, fixed=fixed, random=random, noise=noise, centre=centre)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Sums:
    """All the likelihood needs of P patients: Z'Z (P, 2, 2), Z'y (P, 2), y'y, n, and B with X = Z B (P, 2, 4)."""

    zz: np.ndarray
    zy: np.ndarray
    yy: float
    n: int
    design: np.ndarray


def _sums(series: SignalSeries, kept: np.ndarray, centre: float, known: np.ndarray) -> _Sums:
    owner, t, y = series.owner[kept], series.time[kept] - centre, series.value[kept]
    n, st, stt, sy, sty = (np.bincount(owner, w, len(known)) for w in (np.ones(len(t)), t, t * t, y, t * y))
    here = n > 0
    design = np.zeros((len(known), 2, 4))
    design[:, 0, 0] = design[:, 1, 1] = 1
    design[:, 0, 2:] = known
    zz = np.stack([np.stack([n, st], -1), np.stack([st, stt], -1)], 1)[here]
    return _Sums(zz=zz, zy=np.stack([sy, sty], -1)[here], yy=float(y @ y), n=len(y), design=design[here])


def _bounds(spread: float) -> list[tuple[float | None, float | None]]:
    """A component is held above a millionth of the signal's variance, so that its inverse stays finite."""
    low = 0.5 * (spread - 14)
    return [(low, None), (None, None), (low, None), (spread - 14, None)]


def _criterion(sums: _Sums, x: np.ndarray) -> tuple[float, np.ndarray, np.ndarray, float]:
    """Minus the restricted log-likelihood a reading (Laird & Ware 1982), with its fixed effects and covariance.

    `x`: Cholesky factor of the random covariance (log, plain, log) and log noise variance.
    """
    factor = np.array([[np.exp(x[0]), 0.0], [x[1], np.exp(x[2])]])
    random, noise = factor @ factor.T, float(np.exp(x[3]))
    inner = noise * np.linalg.inv(random) + sums.zz
    shrunk = np.linalg.solve(inner, np.concatenate([sums.zz, sums.zy[:, :, None]], axis=2))
    k = (sums.zz - sums.zz @ shrunk[:, :, :2]) / noise
    v = (sums.zy - np.einsum("pij,pj->pi", sums.zz, shrunk[:, :, 2])) / noise
    # 1e-8: a covariate without spread (one sex only) gets no weight
    information = np.einsum("pik,pij,pjl->kl", sums.design, k, sums.design) + 1e-8 * np.eye(4)
    right = np.einsum("pik,pi->k", sums.design, v)
    fixed = np.linalg.solve(information, right)
    rest = (sums.yy - np.einsum("pi,pi->", sums.zy, shrunk[:, :, 2])) / noise - right @ fixed
    logdet = (sums.n - 2 * len(sums.zz)) * x[3] + np.linalg.slogdet(inner)[1].sum()
    logdet += 2 * len(sums.zz) * (x[0] + x[2]) + np.linalg.slogdet(information)[1]
    return float(0.5 * (rest + logdet) / sums.n), fixed, random, noise


def background(study: Study, patients: pd.Index | pd.Series) -> np.ndarray:
    """Age at time zero (decades from 50) and sex, (N, 2); sex is 0 where the cohort has one only."""
    found = study.patients.reindex(patients)
    sex = next((found[name].to_numpy(float) for name in ("male", "female") if name in study.plan.static), None)
    age = (found["age"].to_numpy(float) - 50) / 10
    return np.stack([age, np.zeros(len(age)) if sex is None else sex], axis=1)
