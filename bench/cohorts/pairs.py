"""The rows of the forecast task, on each signal's working scale, with quantiles learned from training residuals."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from bench.cohorts.study import Study, scorer

LEVELS = np.array([0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975])


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Pairs:
    """Origin (`rows`: patient_id, landmark_time) and target of one signal; on the log scale where the plan says so."""

    signal: str
    logged: bool
    tasks: pd.DataFrame
    rows: pd.DataFrame
    target: np.ndarray  # years since time zero
    ahead: np.ndarray
    value: np.ndarray  # working scale
    fold: np.ndarray

    def from_scale(self, value: np.ndarray) -> np.ndarray:
        return np.exp(value) if self.logged else value


def pairs_of(study: Study, signal: str) -> Pairs:
    """All rows of one signal, with the target's value: a peer learns from it on training folds only."""
    tasks = study.forecast_tasks[study.forecast_tasks.biomarker == signal].reset_index(drop=True)
    seen = study.visits[["patient_id", "time", signal]].dropna()
    key = scorer().tkey
    seen = seen.assign(k=key(seen.time)).drop_duplicates(["patient_id", "k"])
    found = tasks.assign(k=key(tasks.target_time)).merge(seen, on=["patient_id", "k"], how="left")
    value = found[signal].to_numpy(float)
    return Pairs(
        signal=signal,
        logged=signal in study.plan.log,
        tasks=tasks,
        rows=pd.DataFrame({"patient_id": tasks.patient_id, "landmark_time": tasks.origin_time}),
        target=tasks.target_time.to_numpy(float),
        ahead=(tasks.target_time - tasks.origin_time).to_numpy(float),
        value=np.log(value) if signal in study.plan.log else value,
        fold=study.fold.reindex(tasks.patient_id).to_numpy(),
    )


def residual_quantiles(pairs: Pairs, train: np.ndarray, centre: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Quantiles (N, 9) around `centre`: those of the training rows' standardised residuals, bin by bin.

    The median is left in, so that a forecaster that is off on average is set right.
    """
    standard = (pairs.value - centre) / spread
    quantiles = np.empty((len(centre), len(LEVELS)))
    for name in pairs.tasks.bin.unique():
        here = (pairs.tasks.bin == name).to_numpy()
        quantiles[here] = np.quantile(standard[here & train], LEVELS)
    return centre[:, None] + spread[:, None] * quantiles
