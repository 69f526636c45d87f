"""How many events does a replay find in time, at a budget of alerts whose threshold was set on the training folds?

The threshold for one fold is set on the scores of the other four (each of which was predicted by a model that had not
seen that patient). Firing and counting are the protocol's; only the bootstrap over patients is done here.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from bench.cohorts.study import Study, scorer

_MEASURES = ("sens", "sens_6mo", "sens_12mo", "ppv", "alerts_per_100py")


@dataclass(frozen=True, kw_only=True, slots=True)
class Replayed:
    """Pooled figures, and the counts of each patient they are made of."""

    figures: dict[str, float]
    median_lead: float | None  # months
    counts: pd.DataFrame  # index patient_id: events, found, found_6mo, found_12mo, alerts, known, good, years


def replay(study: Study, table: pd.DataFrame, budget: float = 10.0) -> Replayed:
    """Replay one file of scores (`patient_id, time, score`), fold by fold, at `budget` alerts per 100 patient-years.

    Raises SystemExit where a visit of the replay has no score.
    """
    protocol = scorer().P[study.task]
    refractory = protocol.get("refractory", scorer().REFRACTORY)
    look_back = protocol.get("lookback", scorer().LOOKBACK)
    scores = _every_visit(study, table)
    truth = study.outcomes.reset_index().assign(endpoint=protocol["endpoint"])
    fold = study.fold.reindex(scores.patient_id).to_numpy()
    above = np.empty(len(scores))
    for k in np.unique(fold):
        above[fold == k] = scores.score.to_numpy()[fold == k] - scorer().budget_threshold(
            study.task, truth, scores[fold != k], budget
        )
    scores = scores.assign(score=above)
    counts = _counts(study, scores, refractory, look_back)
    known = scorer().replay_once(study.outcomes, scores, 0.0, refractory, look_back)
    figures = _figures(counts.to_numpy(float).sum(0))
    assert abs(figures["sens"] - known["sens"]) < 1e-9 and abs(figures["ppv"] - known["ppv"]) < 1e-9, "not the protocol"
    return Replayed(figures=figures, median_lead=known["lead_mo"], counts=counts)


def intervals(one: Replayed, other: Replayed | None = None, *, boot: int = 500) -> dict[str, tuple[float, float]]:
    """95 % bootstrap intervals over patients of `one`'s figures, or of `one` minus `other` on the same draws."""
    draw = np.random.default_rng(0)
    mine = one.counts.to_numpy(float)
    theirs = None if other is None else other.counts.loc[one.counts.index].to_numpy(float)
    drawn = []
    for _ in range(boot):
        index = draw.integers(0, len(mine), len(mine))
        figures = np.array(list(_figures(mine[index].sum(0)).values()))
        if theirs is not None:
            figures = figures - np.array(list(_figures(theirs[index].sum(0)).values()))
        drawn.append(figures)
    low, high = np.percentile(np.array(drawn), [2.5, 97.5], axis=0)
    return {name: (float(low[j]), float(high[j])) for j, name in enumerate(_MEASURES)}


def _every_visit(study: Study, table: pd.DataFrame) -> pd.DataFrame:
    rows = study.replay_rows().rename(columns={"landmark_time": "time"})
    key = scorer().tkey
    given = table.assign(k=key(table.time))[["patient_id", "k", "score"]].drop_duplicates(["patient_id", "k"])
    found = rows.assign(k=key(rows.time)).merge(given, on=["patient_id", "k"], how="left")
    if found.score.isna().any():
        raise SystemExit(
            f"replay of {study.task}: {int(found.score.isna().sum())} of {len(found)} visits have no score"
        )
    return found[["patient_id", "time", "score"]]


def _counts(study: Study, scores: pd.DataFrame, refractory: float, look_back: float) -> pd.DataFrame:
    first = scores.groupby("patient_id").time.min()
    end, status = study.outcomes.time.reindex(first.index), study.outcomes.status.reindex(first.index)
    least = scorer().MIN_LEAD
    table = pd.DataFrame(0.0, index=first.index, columns=["events", "found", "found_6mo", "found_12mo", "alerts"])
    table["known"] = table["good"] = 0.0
    table["years"] = (end - first).clip(lower=0)
    table["events"] = ((status == 1) & (first <= end - least)).astype(float)
    alerts = pd.DataFrame(scorer().fire(scores, 0.0, refractory), columns=["patient_id", "time"])
    gap = end.reindex(alerts.patient_id).to_numpy() - alerts.time.to_numpy(float)
    kind = status.reindex(alerts.patient_id).to_numpy()
    alerts["good"] = ((kind == 1) & (gap <= look_back)).astype(float)
    alerts["known"] = ((gap > look_back) | (kind == 2) | (alerts.good == 1)).astype(float)
    by_patient = alerts.groupby("patient_id")
    table.loc[list(by_patient.groups), "alerts"] = by_patient.size()
    for name in ("good", "known"):
        table.loc[list(by_patient.groups), name] = by_patient[name].sum()
    in_time = alerts.assign(gap=gap)[(kind == 1) & (gap >= least) & (gap <= look_back)]
    lead = in_time.groupby("patient_id").gap.max().reindex(table.index)
    for name, months in (("found", 0), ("found_6mo", 6), ("found_12mo", 12)):
        table[name] = ((lead * 12 >= months) & (table.events == 1)).astype(float)
    return table[["events", "found", "found_6mo", "found_12mo", "alerts", "known", "good", "years"]]


def _figures(sums: np.ndarray) -> dict[str, float]:
    events, found, half, whole, alerts, known, good, years = sums
    return {
        "sens": found / max(events, 1),
        "sens_6mo": half / max(events, 1),
        "sens_12mo": whole / max(events, 1),
        "ppv": good / max(known, 1),
        "alerts_per_100py": 100 * alerts / max(years, 1e-9),
    }
