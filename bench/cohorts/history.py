"""What was known of a patient at a landmark, as one row of numbers?

Nothing after the landmark enters: every column comes from a binary search for the last observation at or before it
and from running sums up to there. A number that is not known is NaN here, inside the bench; each peer imputes it.
"""

import numpy as np
import pandas as pd

from bench.cohorts.study import Study

_YEAR_SPAN = 1e4  # years; longer than any follow-up, so that patient and time make one sortable key


def last_values(study: Study, rows: pd.DataFrame) -> pd.DataFrame:
    """Age at the landmark, baseline covariates, last values, years since the last visit, diagnoses so far.

    One row an asked row. How stale the last values are matters: with it the Cox on pbcseq rises from AUC .869 to .881.
    """
    at = rows.landmark_time.to_numpy(float)
    found = study.patients.reindex(rows.patient_id)
    columns = {name: found[name].to_numpy(float) for name in study.plan.static}
    columns["age"] = columns["age"] + at
    columns["since_start"] = np.log1p(np.maximum(at, 0))
    columns["since_visit"] = np.log1p(np.minimum(_years_since_visit(study, rows), 20.0))  # 20: "long ago" is enough
    for name in (*study.plan.log, *study.plan.linear):
        columns[name] = SignalSeries(study, name).ask(rows)["last"]
    for name in study.plan.diagnoses:
        columns[f"had_{name}"] = np.isfinite(_years_since_diagnosis(study, name, rows)).astype(float)
    return pd.DataFrame(columns)


def whole_history(study: Study, rows: pd.DataFrame) -> pd.DataFrame:
    """`last_values` and, for each signal, how it went: mean, spread, trend, extremes, how often and how long ago."""
    columns = {name: col.to_numpy() for name, col in last_values(study, rows).items()}
    for name in (*study.plan.log, *study.plan.linear):
        for what, value in SignalSeries(study, name).ask(rows).items():
            if what != "last":
                columns[f"{name}_{what}"] = value
    for name in study.plan.diagnoses:
        columns[f"years_since_{name}"] = _years_since_diagnosis(study, name, rows)
    columns |= _visiting(study, rows)
    return pd.DataFrame(columns)


class SignalSeries:
    """The observations of one signal, on its working scale, ready to be asked at many (patient, time) pairs."""

    def __init__(self, study: Study, name: str, *, since: float = -_YEAR_SPAN) -> None:
        seen = study.visits[["patient_id", "time", name]].dropna()
        seen = seen[seen.time >= since]
        value = seen[name].to_numpy(float)
        self.value = np.log(value) if name in study.plan.log else value
        self.time = seen.time.to_numpy(float)
        self.codes = pd.Index(study.patients.index)
        owner = self.codes.get_indexer(seen.patient_id)
        order = np.lexsort((self.time, owner))
        self.value, self.time, self.owner = self.value[order], self.time[order], owner[order]
        self.key = self.owner * _YEAR_SPAN + self.time
        t, y = self.time, self.value
        self.sums = np.concatenate([np.zeros((1, 5)), np.cumsum(np.stack([t, t * t, y, t * y, y * y], 1), axis=0)])

    def span(self, rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        """Where, among all observations, those at or before each row's landmark begin and end."""
        owner = self.codes.get_indexer(rows.patient_id) * _YEAR_SPAN
        until = owner + rows.landmark_time.to_numpy(float) + 1e-6  # data are rounded to 1e-4
        return np.searchsorted(self.key, owner - _YEAR_SPAN / 2), np.searchsorted(self.key, until, side="right")

    def sums_until(self, rows: pd.DataFrame) -> tuple[np.ndarray, ...]:
        """Of the values at or before each row's landmark: their number, and the sums of t, t t, y and t y."""
        start, stop = self.span(rows)
        t, tt, y, ty, _ = (self.sums[stop] - self.sums[start]).T
        return (stop - start).astype(float), t, tt, y, ty

    def ask(self, rows: pd.DataFrame) -> dict[str, np.ndarray]:
        owner = self.codes.get_indexer(rows.patient_id)
        at = rows.landmark_time.to_numpy(float)
        start, stop = self.span(rows)
        n = (stop - start).astype(float)
        none = n == 0
        last = np.where(none, np.nan, self.value[np.maximum(stop - 1, 0)])
        before = np.where(n < 2, np.nan, self.value[np.maximum(stop - 2, 0)])
        first = np.where(none, np.nan, self.value[np.minimum(start, len(self.value) - 1)])
        with np.errstate(invalid="ignore", divide="ignore"):
            t, tt, y, ty, yy = (self.sums[stop] - self.sums[start]).T / n[:, None].T
            spread = np.sqrt(np.maximum(yy - y * y, 0))
            slope = np.where((n >= 2) & (tt - t * t > 1e-4), (ty - t * y) / (tt - t * t), np.nan)
            recent = np.searchsorted(self.key, owner * _YEAR_SPAN + at - 1.0)  # readings of the last year
            recent = np.maximum(recent, start)
            lately = np.where(stop > recent, (self.sums[stop, 2] - self.sums[recent, 2]) / (stop - recent), np.nan)
        return {
            "last": last,
            "mean": np.where(none, np.nan, y),
            "lately": lately,
            "spread": np.where(n < 3, np.nan, spread),
            "slope": np.clip(slope, -50, 50),
            "step": last - before,
            "gain": last - first,
            "count": n,
            "years_ago": np.where(none, np.nan, at - self.time[np.maximum(stop - 1, 0)]),
        }


def _years_since_diagnosis(study: Study, name: str, rows: pd.DataFrame) -> np.ndarray:
    first = study.diagnoses[study.diagnoses.event == name].groupby("patient_id").time.min()
    gap = rows.landmark_time.to_numpy(float) - first.reindex(rows.patient_id).to_numpy(float)
    return np.where(gap >= 0, gap, np.nan)


def _years_since_visit(study: Study, rows: pd.DataFrame) -> np.ndarray:
    codes = pd.Index(study.patients.index)
    key = np.sort(codes.get_indexer(study.visits.patient_id) * _YEAR_SPAN + study.visits.time.to_numpy(float))
    asked = codes.get_indexer(rows.patient_id) * _YEAR_SPAN + rows.landmark_time.to_numpy(float)
    gap = asked - key[np.maximum(np.searchsorted(key, asked + 1e-6, side="right") - 1, 0)]
    return np.where((gap < -1e-5) | (gap > _YEAR_SPAN / 2), np.nan, np.maximum(gap, 0))


def _visiting(study: Study, rows: pd.DataFrame) -> dict[str, np.ndarray]:
    """How often the patient was seen: sick people are seen more often, so the visits themselves inform."""
    codes = pd.Index(study.patients.index)
    key = np.sort(codes.get_indexer(study.visits.patient_id) * _YEAR_SPAN + study.visits.time.to_numpy(float))
    owner = codes.get_indexer(rows.patient_id) * _YEAR_SPAN
    at = rows.landmark_time.to_numpy(float)
    stop = np.searchsorted(key, owner + at + 1e-6, side="right")
    counts = {"visits": stop - np.searchsorted(key, owner - _YEAR_SPAN / 2)}
    for years in (1, 3):
        counts[f"visits_{years}y"] = stop - np.searchsorted(key, owner + at - years)
    return {name: count.astype(float) for name, count in counts.items()}
