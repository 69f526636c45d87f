"""A signal's level and slope by a linear mixed model: random intercept and slope (Laird & Ware 1982, statsmodels).

Variance components are fitted on training patients; a patient's own level and slope are then the best linear unbiased
prediction from the values at or before the asked time alone.
"""

import warnings
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
from statsmodels.regression.mixed_linear_model import MixedLM
from statsmodels.tools.sm_exceptions import ConvergenceWarning

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
        return self.fixed[0] + _background(study, rows.patient_id) @ self.fixed[2:]


@cache
def fit_mixed(study: Study, name: str, fold: int, *, seed: int = 0) -> MixedModel:
    """Fit one signal on the patients of the other folds (values from five years before time zero on)."""
    series = SignalSeries(study, name)
    table = pd.DataFrame({"owner": series.owner, "time": series.time, "value": series.value})
    mine = study.fold.reindex(series.codes).to_numpy() != fold
    table = table[mine[table.owner] & (table.time >= -5)]
    drawn = np.random.default_rng(seed).permutation(np.unique(table.owner))[:_PATIENTS]
    table = table[table.owner.isin(drawn)]
    centre = float(table.time.median())
    time = table.time.to_numpy() - centre
    random = np.stack([np.ones(len(table)), time], axis=1)
    fixed = np.column_stack([random, _background(study, series.codes[table.owner])])
    model = MixedLM(table.value.to_numpy(), fixed, groups=table.owner.to_numpy(), exog_re=random)
    with warnings.catch_warnings():
        # a component near zero ends on the border of the parameter space: the estimate is used as it is
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", UserWarning)
        found = model.fit(reml=True, method=["lbfgs", "powell"])
    covariance = np.asarray(found.cov_re)
    floor = 1e-6 * float(found.scale) * np.eye(2)  # keeps the inverse finite where a component is zero
    return MixedModel(
        series=series, fixed=np.asarray(found.fe_params), random=covariance + floor, noise=float(found.scale),
        centre=centre,
    )  # fmt: skip


def _background(study: Study, patients: pd.Index | pd.Series) -> np.ndarray:
    """Age at time zero (decades from 50) and sex, (N, 2); sex is 0 where the cohort has one only."""
    found = study.patients.reindex(patients)
    sex = next((found[name].to_numpy(float) for name in ("male", "female") if name in study.plan.static), None)
    age = (found["age"].to_numpy(float) - 50) / 10
    return np.stack([age, np.zeros(len(age)) if sex is None else sex], axis=1)
