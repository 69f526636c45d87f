"""Does a model foretell the event, or only who will soon be out of sight?

    .venv/bin/python bench/slow/cohort_censoring.py --task nafld_death --risk NAME=FILE [NAME=FILE ...]

The scorer weighs by one curve of censoring for all. Where the end of data collection shows in the record (who has
been known for longest leaves first), people without an event drop out of its weights and people with one stay: a
model that reads the end of follow-up from the record gains AUC by it. Here each cell is scored twice: by the scorer's
weights, and by weights from curves within 25 strata of how long somebody has been known, as far as a quarter of the
stratum is still watched at the horizon (weights need positivity: Robins and Rotnitzky 1992).
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np
import pandas as pd

from bench.cohorts.study import PLANS, SHARED, Study, read_study, scorer

STRATA = 25
WATCHED_AT_LEAST = 0.25


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--task", choices=sorted(PLANS), required=True)
    asked.add_argument("--risk", nargs="+", required=True, metavar="NAME=FILE")
    asked.add_argument("--boot", type=int, default=200)
    asked.add_argument("--shared", type=Path, default=SHARED)
    given = asked.parse_args()
    study = read_study(given.task, given.shared)
    names = [item.partition("=")[0] for item in given.risk]
    rows = _risks(study, [item.partition("=")[2] for item in given.risk], names)
    cells = [_cell(study, part, names) for _, part in rows.groupby(["landmark_time", "horizon"])]
    print(f"rows scored by strata: {sum(c['kept'].sum() for c in cells) / len(rows):.1%}")
    patients = np.unique(np.concatenate([cell["patient"] for cell in cells]), return_inverse=True)[1]
    at = np.split(patients, np.cumsum([len(cell["y"]) for cell in cells])[:-1])
    rng = np.random.default_rng(0)
    draws = [np.ones(patients.max() + 1)]
    draws += [
        np.bincount(rng.integers(0, len(draws[0]), len(draws[0])), minlength=len(draws[0])) for _ in range(given.boot)
    ]
    for weights in ("marginal", "strata"):
        found = np.array([[_auc(cells, at, draw, weights, name) for name in names] for draw in draws])
        for place, name in enumerate(names):
            gap = found[:, 0] - found[:, place]
            low, high = np.quantile(gap[1:], (0.025, 0.975))
            gained = f"{names[0]} minus it {gap[0]:+.4f} ({low:+.4f} to {high:+.4f})"
            print(f"{weights:9} {name:12} AUC {found[0, place]:.4f}  {gained}")


def _risks(study: Study, files: list[str], names: list[str]) -> pd.DataFrame:
    rows = study.risk_tasks
    for name, file in zip(names, files, strict=True):
        told = pd.read_csv(file).rename(columns={"risk": name})
        rows = rows.merge(told[["patient_id", "landmark_time", "horizon", name]], validate="one_to_one")
    first = study.visits.groupby("patient_id").time.min()
    return rows.assign(known_for=rows.landmark_time - first.reindex(rows.patient_id).to_numpy())


def _cell(study: Study, part: pd.DataFrame, names: list[str]) -> dict[str, np.ndarray]:
    """Labels, both weights, and the risks of one landmark and horizon."""
    truth = study.outcomes.reindex(part.patient_id)
    time, status = truth.time.to_numpy() - part.landmark_time.to_numpy(), truth.status.to_numpy()
    horizon = float(part.horizon.iloc[0])
    y, marginal = scorer().ipcw(time, status, 0.0, horizon)
    known = part.known_for.to_numpy()
    stratum = np.searchsorted(np.quantile(known, np.linspace(0, 1, STRATA + 1)[1:-1]), known)
    strata, kept = np.zeros(len(y)), np.zeros(len(y), dtype=bool)
    for number in np.unique(stratum):
        mine = stratum == number
        watched = scorer().km_censor(time[mine], status[mine] == 0)(np.array([horizon]))[0]
        if watched >= WATCHED_AT_LEAST:
            strata[mine], kept[mine] = scorer().ipcw(time[mine], status[mine], 0.0, horizon)[1], True
    found = {"y": y, "marginal": marginal, "strata": strata, "kept": kept, "patient": part.patient_id.to_numpy()}
    return found | {name: part[name].to_numpy() for name in names}


def _auc(cells: list[dict[str, np.ndarray]], at: list[np.ndarray], draw: np.ndarray, weights: str, name: str) -> float:
    found = [scorer().auc_w(c["y"], c[weights] * draw[who], c[name]) for c, who in zip(cells, at, strict=True)]
    return float(np.nanmean(found))


if __name__ == "__main__":
    main()
