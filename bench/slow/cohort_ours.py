"""Our cohort models on patients they have not seen: five folds through the command line, for `cohort_compare.py`.

    .venv/bin/python bench/slow/cohort_ours.py --task pbcseq --out DIR
    .venv/bin/python bench/slow/cohort_compare.py --task pbcseq --peers PEERS --ours DIR/risk.csv DIR/replay.csv

Each fold is what a stranger would type: `twin cohort fit --ids`, `predict`, `replay`. A fold that is
done is not done again.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).parents[2]
FOLDS = range(5)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--task", required=True)
    asked.add_argument("--out", type=Path, required=True)
    asked.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    given = asked.parse_args()
    data = given.shared / "data" / "cohorts" / given.task.partition("_")[0]
    scorer = given.shared / "tools" / "score_cohort.py"
    given.out.mkdir(parents=True, exist_ok=True)
    _run([sys.executable, str(scorer), "tasks", given.task, "--data", str(data), "--out", str(given.out / "tasks")])
    fold = pd.read_csv(data / "folds.csv").set_index("patient_id").fold
    for number in FOLDS:
        _fold(given.task, number, fold, data, given.out)
    for name in ("risk", "forecast", "replay"):
        parts = [pd.read_csv(given.out / str(number) / f"{name}.csv") for number in FOLDS]
        held = [part[fold.reindex(part.patient_id).to_numpy() == number] for number, part in enumerate(parts)]
        pd.concat(held).to_csv(given.out / f"{name}.csv", index=False)


def _fold(task: str, number: int, fold: "pd.Series[int]", data: Path, out: Path) -> None:
    here = out / str(number)
    if (here / "replay.csv").exists():
        return
    here.mkdir(exist_ok=True)
    train, held = here / "train.csv", set(fold.index[fold == number])
    fold.index[fold != number].to_frame(index=False).to_csv(train, index=False)
    for name in ("tasks_risk.csv", "tasks_forecast.csv"):
        rows = pd.read_csv(out / "tasks" / name)
        rows[rows.patient_id.isin(held)].to_csv(here / name, index=False)
    model, spec = str(here / "fold.model"), str(ROOT / "docs" / "cohorts" / f"{task}.toml")
    begun = time.monotonic()
    told = _twin(["fit", "--spec", spec, "--data", str(data), "--model", model, "--ids", str(train)])
    print(
        task,
        number,
        f"{time.monotonic() - begun:.0f} s",
        json.dumps({each: told[each] for each in ("penalty", "net")}),
        flush=True,
    )
    _twin(["predict", "--model", model, "--data", str(data), "--tasks", str(here), "--out", str(here)])
    _twin(["replay", "--model", model, "--data", str(data), "--out", str(here / "replay.csv")])


def _twin(arguments: list[str]) -> dict[str, object]:
    found: dict[str, object] = json.loads(_run([sys.executable, "-m", "twin", "cohort", *arguments, "--json"]))
    return found


def _run(command: list[str]) -> str:
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr[-2000:]}")
    return done.stdout


if __name__ == "__main__":
    main()
