"""Which data, landmarks, horizons and folds does one of the seven research tasks have?

The protocol and the scoring are those of `../shared/tools/score_cohort.py`, loaded as it stands. This folder is for
comparison only: nothing in `twin` reads it, and it is the one place where code names a cohort.
"""

from dataclasses import dataclass
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd

SHARED = Path(__file__).parents[3] / "shared"
_ROW = ["patient_id", "landmark_time"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What a peer may look at in one cohort, and how: `log` signals are positive and skewed."""

    folder: str
    log: tuple[str, ...] = ()
    linear: tuple[str, ...] = ()
    static: tuple[str, ...] = ()
    diagnoses: tuple[str, ...] = ()
    mixed: tuple[str, ...] = ()  # the signals whose level and slope the mixed-model Cox takes
    mixed_from: float = -5.0  # years since time zero; earlier values don't enter a straight line through time
    cox: tuple[str, ...] = ()  # the columns of the last-value Cox where fewer do better; empty: all
    cox_ridge: float = 0.01  # the best or next to it of .005, .01, .02 on the risk tasks
    extra: tuple[float, ...] = ()  # landmarks to learn from beside the task's, where they help the last-value Cox
    replay_extra: tuple[float, ...] = (0.0,)  # the same for a replay, which asks at every visit from time zero on
    replay_horizon: float = 3.0  # years; the task's horizon nearest to the look-back of the replay


_HEART = ("nafld", "diabetes", "htn", "dyslipidemia", "ang_isc", "afib")
_BODY = ("age", "male", "bmi", "weight", "height")
PLANS: dict[str, Plan] = {
    "pbcseq": Plan(
        folder="pbcseq",
        log=("bili", "chol", "albumin", "alk_phos", "ast", "platelet", "protime"),
        linear=("ascites", "hepato", "spiders", "edema", "stage"),
        static=("age", "male", "trt"),
        mixed=("bili", "albumin", "protime", "platelet", "ast"),
        cox=("age", "since_visit", "bili", "albumin", "protime", "alk_phos", "edema", "hepato", "spiders", "stage"),
        cox_ridge=0.02,
        extra=(0.0, 0.5, 1.5, 2.5, 3.5, 4.5, 5.5),
        replay_extra=(0.0, 0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 7.0, 8.0, 10.0),
    ),
    "nafld_death": Plan(
        folder="nafld",
        log=("hdl", "fib4_high"),
        linear=("sbp", "smoke"),
        static=_BODY,
        diagnoses=(*_HEART, "MI", "stroke", "heart_failure", "cardiac_arrest"),
        mixed=("hdl", "sbp"),
        cox_ridge=0.005,
        replay_horizon=2.0,
    ),
    "nafld_mace": Plan(
        folder="nafld",
        log=("hdl", "fib4_high"),
        linear=("sbp", "smoke"),
        static=_BODY,
        diagnoses=_HEART,
        mixed=("hdl", "sbp"),
        cox_ridge=0.005,
        replay_horizon=2.0,
    ),
    "framingham": Plan(
        folder="framingham",
        log=("totchol", "hdlc", "sysbp", "diabp", "bmi", "heartrte", "glucose"),
        linear=("cursmoke", "cigpday", "diabetes", "bpmeds", "prevap", "prevhyp"),
        static=("age", "male", "educ"),
        mixed=("sysbp", "totchol", "bmi", "glucose"),
        replay_horizon=10.0,
    ),
    "aneur": Plan(
        folder="aneur",
        log=("diam",),
        static=("age",),
        mixed=("diam",),
        cox_ridge=0.02,
        replay_extra=(),
    ),
    "cav": Plan(
        folder="cav",
        linear=("cav_grade", "cumrej"),
        static=("age", "dage", "female", "pdiag_ihd"),
        mixed=("cav_grade", "cumrej"),
        replay_extra=(0.0, 2.0, 4.0, 6.0, 8.0, 10.0),
        replay_horizon=2.0,
    ),
    "renal": Plan(
        folder="renal",
        log=("gfr", "haematocrit"),
        linear=("proteinuria",),
        static=("age", "weight", "male"),
        mixed=("gfr", "haematocrit", "proteinuria"),
        mixed_from=0.5,  # a graft recovers in its first months: with them CRPS is 6.4 for 4.3 at six months
        cox=("age", "weight", "male", "since_start", "gfr", "haematocrit", "proteinuria"),
        cox_ridge=0.005,
        extra=(3.0, 5.0, 7.0),
        replay_extra=(0.0, 0.25, 0.5, 1.0, 1.5, 3.0, 5.0, 7.0, 10.0, 12.0),
    ),
}


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Study:
    """One task with its tables; times are years since the cohort's time zero."""

    task: str
    plan: Plan
    patients: pd.DataFrame  # one row a patient, index patient_id
    visits: pd.DataFrame
    diagnoses: pd.DataFrame  # patient_id, time, event; empty where the cohort has none
    outcomes: pd.DataFrame  # index patient_id: time, status of the task's endpoint
    fold: pd.Series  # index patient_id
    landmarks: tuple[float, ...]  # empty: every eligible visit is one
    horizons: tuple[float, ...]
    risk_tasks: pd.DataFrame
    forecast_tasks: pd.DataFrame

    def replay_rows(self) -> pd.DataFrame:
        """Every visit from time zero on and before the end of follow-up: before time zero nobody is at risk."""
        seen = self.visits[self.visits.patient_id.isin(self.outcomes.index) & (self.visits.time >= 0)]
        seen = seen[seen.time.to_numpy() < self.outcomes.time.reindex(seen.patient_id).to_numpy()]
        rows = seen[["patient_id", "time"]].drop_duplicates()
        return rows.rename(columns={"time": "landmark_time"}).reset_index(drop=True)


@cache
def scorer(shared: Path = SHARED) -> ModuleType:
    """The protocol's own scorer, as a module."""
    spec = spec_from_file_location("score_cohort", shared / "tools" / "score_cohort.py")
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def read_study(task: str, shared: Path = SHARED) -> Study:
    """Read one task's tables from `shared/data/cohorts` and its rows to predict from the protocol."""
    plan, protocol = PLANS[task], scorer(shared).P[task]
    folder = shared / "data" / "cohorts" / plan.folder
    visits = pd.read_csv(folder / "visits.csv").sort_values(["patient_id", "time"]).reset_index(drop=True)
    outcomes = pd.read_csv(folder / "outcomes.csv")
    dated = folder / "events.csv"
    at = protocol["landmarks"]
    return Study(
        task=task,
        plan=plan,
        patients=pd.read_csv(folder / "patients.csv").set_index("patient_id"),
        visits=visits,
        diagnoses=pd.read_csv(dated) if dated.exists() else pd.DataFrame(columns=["patient_id", "time", "event"]),
        outcomes=outcomes[outcomes.endpoint == protocol["endpoint"]].set_index("patient_id")[["time", "status"]],
        fold=pd.read_csv(folder / "folds.csv").set_index("patient_id").fold,
        landmarks=() if at == "visits" else tuple(float(s) for s in at),
        horizons=tuple(float(w) for w in protocol["horizons"]),
        risk_tasks=scorer(shared).risk_tasks(task, visits, outcomes),
        forecast_tasks=scorer(shared).forecast_tasks(task, visits),
    )


def asked_rows(tasks: pd.DataFrame) -> pd.DataFrame:
    """The distinct (patient, landmark) pairs of a task list, in its order."""
    return tasks[_ROW].drop_duplicates().reset_index(drop=True)


def with_ends(study: Study, rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Years from each landmark to the end of follow-up, and its status (0 censored, 1 event, 2 competing)."""
    end = study.outcomes.reindex(rows.patient_id)
    return end.time.to_numpy() - rows.landmark_time.to_numpy(float), end.status.to_numpy(int)
