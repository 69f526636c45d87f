"""Where do our cohort models stand beside the peers of the same run?

    .venv/bin/python bench/slow/cohort_compare.py --task pbcseq --peers DIR --ours FILE [FILE ...]

DIR is what `cohort_peers.py --out DIR` wrote. FILE is a risk, forecast or replay file of all five folds (told apart by
its columns); without `--ours` the peers stand alone. Intervals: 95 %, bootstrap over patients, paired for differences.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import pandas as pd

from bench.cohorts.comparison import forecast_table, replay_table, risk_table
from bench.cohorts.study import PLANS, SHARED, read_study

_TOLD_BY = {"risk": "risk", "forecast": "biomarker", "replay": "score"}


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--task", choices=sorted(PLANS), required=True)
    asked.add_argument("--peers", type=Path, required=True)
    asked.add_argument("--ours", type=Path, nargs="+", default=[])
    asked.add_argument("--what", nargs="+", choices=sorted(_TOLD_BY), help="default: what ours are, or all")
    asked.add_argument("--boot", type=int, default=500)
    asked.add_argument("--budget", type=float, default=10.0, help="alerts per 100 patient-years")
    asked.add_argument("--shared", type=Path, default=SHARED)
    given = asked.parse_args()
    study = read_study(given.task, given.shared)
    ours = {_kind(path): path for path in given.ours}
    tables = {"risk": risk_table, "forecast": forecast_table}
    for kind in given.what or sorted(ours or _TOLD_BY):
        peers = {path.parent.name: path for path in sorted((given.peers / given.task).glob(f"*/{kind}.csv"))}
        if not peers:
            continue
        mine = ours.get(kind)
        if kind == "replay":
            lines = replay_table(study, mine, peers, given.boot, given.budget)
        else:
            lines = tables[kind](study, mine, peers, given.boot)
        print(f"\n{given.task}\n")
        for line in lines:
            print(line, flush=True)


def _kind(path: Path) -> str:
    columns = pd.read_csv(path, nrows=0).columns
    found = [kind for kind, column in _TOLD_BY.items() if column in columns]
    if len(found) != 1:
        raise SystemExit(f"{path}: neither a risk nor a forecast nor a replay file")
    return found[0]


if __name__ == "__main__":
    main()
