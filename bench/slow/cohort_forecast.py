"""How good are the joint model's forecasts of a research cohort, five-fold by patient, with and without correction?

    .venv/bin/python bench/slow/cohort_forecast.py --task pbcseq --out DIR

Fits the trajectories of `docs/cohorts/TASK.toml` on four folds, forecasts the fifth, and scores all five by
`../shared/tools/score_cohort.py`. DIR gets `TASK/forecast.csv` (corrected by past errors, as served),
`TASK/engine.csv` (the model alone) and the fitted models, which `--again` reads instead of fitting.
"""

import argparse
import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np
import pandas as pd

from bench.cohorts.study import PLANS, SHARED
from twin.cohort import tables
from twin.cohort.course import middles, readings
from twin.cohort.fitting import AHEAD
from twin.cohort.predicting import LEVELS
from twin.cohort.spec import Spec
from twin.cohort.spec import read as read_spec
from twin.forecast.joint.calibrate import calibrate
from twin.forecast.joint.filter import states_at
from twin.forecast.joint.fit import fit
from twin.forecast.joint.model import JointModel
from twin.forecast.joint.predict import quantiles
from twin.forecast.joint.series import Series, of_patients

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """One cohort with its folds and the forecasts asked for (`patient` is the index of the series)."""

    spec: Spec
    series: Series
    fold: np.ndarray
    asked: pd.DataFrame


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("--task", choices=sorted(PLANS), required=True)
    given.add_argument("--out", type=Path, required=True)
    given.add_argument("--shared", type=Path, default=SHARED)
    given.add_argument("--again", action="store_true", help="the models are fitted already: forecast with them")
    given.add_argument("--boot", type=int, default=200)
    asked = given.parse_args()
    out = asked.out / asked.task
    out.mkdir(parents=True, exist_ok=True)
    data = asked.shared / "data" / "cohorts" / asked.task.removesuffix("_death").removesuffix("_mace")
    tool = asked.shared / "tools" / "score_cohort.py"
    task = _task(asked.task, data, tool, out)
    parts: dict[str, list[pd.DataFrame]] = {"engine": [], "forecast": []}
    for fold in sorted(np.unique(task.fold)):
        alone, taught = _models(task, fold, out / f"model_{fold}", asked.again)
        for name, model in (("engine", alone), ("forecast", taught)):
            parts[name].append(_forecast(task, model, fold))
    for name, tables_ in parts.items():
        path = out / f"{name}.csv"
        pd.concat(tables_, ignore_index=True).to_csv(path, index=False, float_format="%.8g")
        _show(name, _scored(asked.task, data, tool, path, out / "tasks_forecast.csv", asked.boot))


def _task(name: str, data: Path, tool: Path, out: Path) -> Task:
    subprocess.run([sys.executable, tool, "tasks", name, "--data", data, "--out", out], check=True, capture_output=True)
    spec = read_spec(ROOT / "docs" / "cohorts" / f"{name}.toml")
    cohort = tables.read(data, spec)
    fold = pd.read_csv(data / "folds.csv").set_index("patient_id")["fold"].reindex(cohort.ids).to_numpy()
    asked = pd.read_csv(out / "tasks_forecast.csv")
    asked["patient"] = cohort.index_of(asked["patient_id"].to_numpy(dtype=object), "tasks_forecast.csv")
    series = readings(cohort, spec, middles(cohort, spec), [each.column for each in spec.biomarkers])
    return Task(spec=spec, series=series, fold=fold, asked=asked)


def _models(task: Task, fold: int, path: Path, again: bool) -> tuple[JointModel, JointModel]:
    """The model alone and corrected, of the patients outside the fold."""
    training = of_patients(task.series, np.flatnonzero(task.fold != fold))
    keys = [each.column for each in task.spec.biomarkers]
    start = time.process_time()
    if again:
        written = json.loads(path.with_suffix(".json").read_text())
        alone = JointModel.from_arrays(dict(np.load(path.with_suffix(".npz"))), written)
    else:
        scales = [each.scale for each in task.spec.biomarkers]
        alone = fit(training, keys, scales, since=task.spec.course_since)
        arrays, written = alone.to_arrays()
        np.savez(path.with_suffix(".npz"), **arrays)
        path.with_suffix(".json").write_text(json.dumps(written))
    fitted = time.process_time()
    wanted = [keys.index(name) for name in task.asked["biomarker"].unique()]
    taught = calibrate(alone, training, wanted, AHEAD, since=max(task.spec.course_since, 0.0))
    print(f"fold {fold}: fit {fitted - start:.0f} s, corrections {time.process_time() - fitted:.0f} s", flush=True)
    return alone, taught


def _forecast(task: Task, model: JointModel, fold: int) -> pd.DataFrame:
    mine = task.asked[task.fold[task.asked["patient"]] == fold]
    parts = []
    for name, rows in mine.groupby("biomarker", sort=False):
        state = states_at(model, task.series, rows["patient"].to_numpy(), rows["origin_time"].to_numpy())
        years = (rows["target_time"] - rows["origin_time"]).to_numpy()
        found = quantiles(model, state, model.keys.index(str(name)), years, np.array(LEVELS))
        part = rows[["patient_id", "biomarker", "origin_time", "target_time"]].assign(mean=found[:, LEVELS.index(0.5)])
        parts.append(part.assign(**{f"q{level:g}": found[:, at] for at, level in enumerate(LEVELS)}))
    return pd.concat(parts, ignore_index=True)


def _scored(task: str, data: Path, tool: Path, path: Path, tasks: Path, boot: int) -> list[dict[str, object]]:
    command = [sys.executable, tool, "forecast", task, "--truth", data / "visits.csv", "--pred", path]
    command += ["--complete", tasks, "--boot", str(boot)]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return list(found["bins"])


def _show(name: str, cells: list[dict[str, object]]) -> None:
    print(
        f"\n| {name} | n | MAE | CRPS | 95 % interval | 80 % covers | 95 % covers |\n|---|---:|---:|---:|---|---:|---:|"
    )
    for cell in cells:
        low, high = cell["crps_ci"]
        print(
            f"| {cell['biomarker']} {cell['bin']} | {cell['n']} | {cell['mae']:.4g} | {cell['crps']:.4g} | "
            f"{low:.4g} to {high:.4g} | {cell['cov80']:.3f} | {cell['cov95']:.3f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
