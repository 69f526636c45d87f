"""What do the peers of our cohort models predict, fitted on four folds and asked on the fifth?

    PEERS/bin/pip install -e '.[bench]'        an environment of its own: lifelines holds pandas below 3
    PEERS/bin/python bench/slow/cohort_peers.py --task pbcseq --out DIR [--peers cox_last forest] [--what risk replay]

Writes DIR/TASK/PEER/{risk,replay,forecast}.csv in the format of `score_cohort.py`, and the task lists beside
them. Seeds are fixed; one thread.
"""

import argparse
import os
import sys
import time
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
# before the first import of a library that starts threads: on few cores they wait on one another
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import torch

from bench.cohorts.folds import cross_fit_replay, cross_fit_risk
from bench.cohorts.forecasts import FORECAST_PEERS, cross_fit_forecast
from bench.cohorts.guideline import rule_scores
from bench.cohorts.peers import RISK_PEERS
from bench.cohorts.study import PLANS, SHARED, Study, read_study, scorer

_KINDS = ("risk", "replay", "forecast")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--task", nargs="+", choices=sorted(PLANS), default=sorted(PLANS))
    asked.add_argument("--peers", nargs="+", help="default: all")
    asked.add_argument("--what", nargs="+", choices=_KINDS, default=_KINDS)
    asked.add_argument("--out", type=Path, required=True)
    asked.add_argument("--shared", type=Path, default=SHARED)
    given = asked.parse_args()
    torch.set_num_threads(1)
    # lifelines and statsmodels still call what pandas has deprecated
    warnings.simplefilter("ignore", FutureWarning)
    for task in given.task:
        study = read_study(task, given.shared)
        folder = given.out / task
        folder.mkdir(parents=True, exist_ok=True)
        study.risk_tasks.to_csv(folder / "tasks_risk.csv", index=False)
        study.forecast_tasks.to_csv(folder / "tasks_forecast.csv", index=False)
        if {"risk", "replay"} & set(given.what):
            _risks(study, folder, given.peers, given.what)
        if "replay" in given.what:
            _rules(study, folder, given.peers)
        if "forecast" in given.what:
            _forecasts(study, folder, given.peers)


def _risks(study: Study, folder: Path, keys: list[str] | None, what: list[str]) -> None:
    truth = study.outcomes.reset_index().assign(endpoint=scorer().P[study.task]["endpoint"])
    for peer in RISK_PEERS:
        if keys and peer.key not in keys:
            continue
        (folder / peer.key).mkdir(exist_ok=True)
        began = time.perf_counter()
        if "risk" in what:
            risk = cross_fit_risk(study, peer)
            risk.to_csv(folder / peer.key / "risk.csv", index=False)
            mean = scorer().score_risk(study.task, truth, risk, boot=0)["mean"]
            print(study.task, peer.key, {name: round(value, 4) for name, value in mean.items()}, end=" ")
        if "replay" in what:
            cross_fit_replay(study, peer).to_csv(folder / peer.key / "replay.csv", index=False)
        print(study.task, peer.key, f"{time.perf_counter() - began:.0f} s", flush=True)


def _rules(study: Study, folder: Path, keys: list[str] | None) -> None:
    rows = study.replay_rows()
    for key, score in rule_scores(study, rows).items():
        if keys and key not in keys:
            continue
        (folder / key).mkdir(exist_ok=True)
        table = rows.rename(columns={"landmark_time": "time"}).assign(score=score)
        table.to_csv(folder / key / "replay.csv", index=False)


def _forecasts(study: Study, folder: Path, keys: list[str] | None) -> None:
    for key, peer in FORECAST_PEERS.items():
        if (keys and key not in keys) or not len(study.forecast_tasks):
            continue
        (folder / key).mkdir(exist_ok=True)
        began = time.perf_counter()
        table = cross_fit_forecast(study, peer)
        table.to_csv(folder / key / "forecast.csv", index=False)
        bins = scorer().score_forecast(study.task, study.visits, table, boot=0)["bins"]
        said = [f"{b['biomarker']} {b['bin']} {b['crps']:.4f}/{b['cov80']:.3f}" for b in bins]
        print(study.task, key, "CRPS/cov80:", *said, f"{time.perf_counter() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
