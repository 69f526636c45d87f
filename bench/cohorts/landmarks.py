"""From which rows does a landmark model learn, and how does it fill what is not known?"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from bench.cohorts.study import Study, asked_rows, scorer, with_ends


@dataclass(frozen=True, kw_only=True, slots=True)
class Stack:
    """Training rows over all landmarks at once: features and what came after, cut at the longest horizon."""

    rows: pd.DataFrame  # patient_id, landmark_time
    features: pd.DataFrame
    years: np.ndarray  # to event, competing event or censoring
    status: np.ndarray  # 0 censored, 1 event, 2 competing
    horizons: tuple[float, ...]

    def until(self, *, competing_stays: bool) -> tuple[np.ndarray, np.ndarray]:
        """Years (cut at the longest horizon) and 0/1 event for a hazard model.

        `competing_stays` keeps who had the competing event in the risk set, event-free, to the longest horizon: the
        model then gives the cumulative incidence the protocol scores (Fine & Gray 1999, doi:10.2307/2670170, without
        their censoring weights). Otherwise it is a censoring, and the risk is the cause-specific one.
        """
        longest = max(self.horizons) + 1e-3
        years = np.where((self.status == 2) & competing_stays, longest, self.years)
        return np.minimum(years, longest), ((self.status == 1) & (self.years <= longest)).astype(int)

    def known_by(self, horizon: float) -> tuple[np.ndarray, np.ndarray]:
        """Label at `horizon` and its inverse-probability-of-censoring weight, landmark by landmark."""
        label, weight = np.zeros(len(self.rows)), np.zeros(len(self.rows))
        where = self.rows.groupby("landmark_time").indices
        # where every visit is a landmark there is one residual time scale for all, as in the protocol
        for index in where.values() if len(where) <= 40 else [np.arange(len(self.rows))]:
            label[index], weight[index] = scorer().ipcw(self.years[index], self.status[index], 0.0, horizon)
        return label, weight


def training_rows(study: Study, fold: int, extra: tuple[float, ...] = ()) -> pd.DataFrame:
    """(patient, landmark) pairs of the other folds: those of the task, and those at the `extra` landmarks."""
    rows = asked_rows(study.risk_tasks)
    first = study.visits.groupby("patient_id").time.min().reindex(study.outcomes.index)
    for s in extra:
        ids = study.outcomes.index[(study.outcomes.time > s) & (first.to_numpy() <= s)]
        rows = pd.concat([rows, pd.DataFrame({"patient_id": ids, "landmark_time": float(s)})], ignore_index=True)
    rows = rows.drop_duplicates()
    return rows[study.fold.reindex(rows.patient_id).to_numpy() != fold].reset_index(drop=True)


def stack(study: Study, rows: pd.DataFrame, features: pd.DataFrame) -> Stack:
    """Put features and what came after side by side."""
    years, status = with_ends(study, rows)
    return Stack(rows=rows, features=features, years=years, status=status, horizons=study.horizons)


def telling(features: pd.DataFrame) -> list[str]:
    """Columns with two values or more among at least 2 % of the rows: trees cannot bin the others."""
    enough = features.notna().mean() >= 0.02
    return [name for name in features.columns if enough[name] and features[name].nunique() > 1]


@dataclass(frozen=True, kw_only=True, slots=True)
class Filling:
    """Median imputation with a missing indicator, and standardising, learned on training rows."""

    median: pd.Series
    flagged: tuple[str, ...]
    mean: pd.Series
    spread: pd.Series

    @classmethod
    def of(cls, features: pd.DataFrame) -> "Filling":
        kept = features.loc[:, features.notna().any() & (features.nunique() > 1)]
        share = kept.isna().mean()
        flagged = tuple(share.index[share > 0.01])  # rarer gaps give an indicator nothing can be learned from
        draft = cls(median=kept.median(), flagged=flagged, mean=pd.Series(dtype=float), spread=pd.Series(dtype=float))
        raw = draft._raw(features)
        raw = raw.loc[:, raw.std() > 1e-9]
        return cls(median=kept.median(), flagged=flagged, mean=raw.mean(), spread=raw.std())

    def __call__(self, features: pd.DataFrame) -> pd.DataFrame:
        raw = self._raw(features)[self.mean.index]
        # 6: a value further out than any training spread must not carry a linear predictor away
        return ((raw - self.mean) / self.spread).clip(-6, 6)

    def _raw(self, features: pd.DataFrame) -> pd.DataFrame:
        gaps = features[list(self.flagged)].isna().astype(float).add_prefix("no_")
        return pd.concat([features[self.median.index].fillna(self.median), gaps], axis=1)
