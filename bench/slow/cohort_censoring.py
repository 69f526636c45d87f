"""Does a model foretell the event, or only who will soon be out of sight?

    .venv/bin/python bench/slow/cohort_censoring.py --task nafld_death --risk NAME=FILE [NAME=FILE ...]

The scorer weighs by one curve of censoring for all. Where the end of data collection shows in the record (who has
been known for longest leaves first), people without an event drop out of its weights and people with one stay: a
model that reads the end of follow-up from the record gains AUC by it. Each cell (landmark, horizon) is scored three
times: as the scorer does (all); with the scorer's weights on those rows only whose stratum, one of 25 of how long
somebody has been known, is watched to the horizon in a quarter of its people (watched); and on the same rows with
weights from a curve of each stratum (strata). Weights need such positivity (Robins and Rotnitzky 1992). Intervals:
95 %, bootstrap over patients, weights held fixed.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np
import pandas as pd

from bench.cohorts.study import PLANS, SHARED, Study, read_study, scorer

STRATA = 25
WATCHED_AT_LEAST = 0.25
AT_LEAST = 5  # cases, and controls: as the scorer
WEIGHTS = ("all", "watched", "strata")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--task", choices=[task for task in sorted(PLANS) if scorer().P[task]["landmarks"] != "visits"])
    asked.add_argument("--risk", nargs="+", required=True, metavar="NAME=FILE")
    asked.add_argument("--boot", type=int, default=200)
    asked.add_argument("--shared", type=Path, default=SHARED)
    given = asked.parse_args()
    study = read_study(given.task, given.shared)
    files = dict(item.partition("=")[::2] for item in given.risk)
    names = list(files)
    told = np.stack([_risk(study, file) for file in files.values()], axis=1)
    cells = [cell for index in _cells(study) if (cell := _cell(study, index, told)) is not None]
    kept, rows = (sum(len(cell.weights[which].nonzero()[0]) for cell in cells) for which in ("watched", "all"))
    print(f"rows with a weight: {rows}, of them where a quarter is watched: {kept / rows:.1%}")
    patients = study.risk_tasks.patient_id.astype("category").cat.codes.to_numpy()
    rng = np.random.default_rng(0)
    count = patients.max() + 1
    draws = [np.ones(count), *(np.bincount(rng.integers(0, count, count), minlength=count) for _ in range(given.boot))]
    for which in WEIGHTS:
        found = np.array([[_auc(cells, which, draw[patients], at) for at in range(len(names))] for draw in draws])
        for place, name in enumerate(names):
            gap = found[:, 0] - found[:, place]
            low, high = np.quantile(gap[1:], (0.025, 0.975))
            gained = "" if place == 0 else f"  {names[0]} minus it {gap[0]:+.4f} ({low:+.4f} to {high:+.4f})"
            print(f"{which:8} {name:12} AUC {found[0, place]:.4f}{gained}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """One landmark and horizon: rows of the task, labels (N,), risks (N, models), and each kind of weight (N,)."""

    index: np.ndarray
    label: np.ndarray
    risk: np.ndarray
    weights: dict[str, np.ndarray]


def _risk(study: Study, file: str) -> np.ndarray:
    """The risk of every row of the task, in its order."""
    key = ["patient_id", "landmark_time", "horizon"]
    told = pd.read_csv(file)
    found = study.risk_tasks[key].merge(told[[*key, "risk"]], on=key, how="left", validate="one_to_one").risk
    if found.isna().any():
        raise SystemExit(f"{file}: {int(found.isna().sum())} rows of the task are missing")
    return found.to_numpy()


def _cells(study: Study) -> list[np.ndarray]:
    return list(study.risk_tasks.groupby(["landmark_time", "horizon"]).indices.values())


def _cell(study: Study, index: np.ndarray, told: np.ndarray) -> Cell | None:
    """One cell; None where the scorer would not score it."""
    part = study.risk_tasks.iloc[index]
    truth = study.outcomes.reindex(part.patient_id)
    time, status = truth.time.to_numpy() - part.landmark_time.to_numpy(), truth.status.to_numpy()
    horizon = float(part.horizon.iloc[0])
    label, weight = scorer().ipcw(time, status, 0.0, horizon)
    if min(((label == side) & (weight > 0)).sum() for side in (0, 1)) < AT_LEAST:
        return None
    first = study.visits.groupby("patient_id").time.min().reindex(part.patient_id).to_numpy()
    known_for = part.landmark_time.to_numpy() - first
    stratum = np.searchsorted(np.quantile(known_for, np.linspace(0, 1, STRATA + 1)[1:-1]), known_for)
    strata, watched = np.zeros(len(label)), np.zeros(len(label), dtype=bool)
    for number in np.unique(stratum):
        mine = stratum == number
        if scorer().km_censor(time[mine], status[mine] == 0)(np.array([horizon]))[0] >= WATCHED_AT_LEAST:
            strata[mine], watched[mine] = scorer().ipcw(time[mine], status[mine], 0.0, horizon)[1], True
    weights = {"all": weight, "watched": weight * watched, "strata": strata}
    return Cell(index=index, label=label, risk=told[index], weights=weights)


def _auc(cells: list[Cell], which: str, draw: np.ndarray, at: int) -> float:
    found = [scorer().auc_w(cell.label, cell.weights[which] * draw[cell.index], cell.risk[:, at]) for cell in cells]
    return float(np.nanmean(found))


if __name__ == "__main__":
    main()
