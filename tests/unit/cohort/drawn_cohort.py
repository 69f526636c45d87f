"""Draws a cohort whose truth is known: a marker that drifts, and a hazard that rises with it."""

from pathlib import Path

import numpy as np
import pandas as pd

SPEC = """
key = "drawn"
title = "A drawn cohort"
organ = "liver"
[endpoint]
name = "death"
horizons = [1, 2]
[landmarks]
times = [1, 2, 3]
visits = 2
[biomarkers]
marker = { scale = "log", forecast = true, plausible = [0.01, 1000] }
another = { scale = "linear" }
[states]
sign = {}
[baseline]
male = {}
age = { grows = true }
[diagnoses]
names = ["diabetes"]
[people]
age = "age"
sex = "male"
"""


def draw(folder: Path, patients: int = 240, seed: int = 0) -> Path:
    """Write `cohort.toml`, the tables and `truth.csv` (the hazard in the third year, the course) into `folder`.

    Returns it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    rows, outcomes, people, events, truth = [], [], [], [], []
    for number in range(patients):
        name, age, male = f"P{number:04d}", rng.uniform(40, 80), int(rng.integers(2))
        level, drift = rng.normal(0, 0.6), rng.normal(0.1, 0.25)
        when = np.arange(0, 6, 0.5) + np.where(np.arange(12) > 0, rng.uniform(-0.1, 0.1, 12), 0)
        end, status = rng.uniform(3, 6), 0
        for month in range(72):
            years = month / 12
            if years >= end:
                break
            here = np.exp(-3.2 + 1.5 * (level + drift * years) + 0.03 * (age - 60)) / 12
            u = rng.random()
            if u < here:
                end, status = years + 0.04, 1
            elif u < here + 0.02 / 12:
                end, status = years + 0.04, 2
        marker = np.exp(level + drift * when + rng.normal(0, 0.15, 12))
        for at, value in zip(when, marker, strict=True):
            if at < end:
                another = round(float(rng.normal(20, 3)), 2) if rng.random() < 0.4 else None
                rows.append((name, round(at, 4), round(value, 5), another, int(rng.random() < 0.3)))
        truth.append((name, np.exp(-3.2 + 1.5 * (level + drift * 2.5) + 0.03 * (age - 60)), level, drift))
        people.append((name, round(age, 2), male))
        outcomes.append((name, "death", round(end, 4), status))
        if rng.random() < 0.3:
            events.append((name, round(rng.uniform(-2, 4), 3), "diabetes"))
    _write(folder / "patients.csv", people, ["patient_id", "age", "male"])
    _write(folder / "visits.csv", rows, ["patient_id", "time", "marker", "another", "sign"])
    _write(folder / "outcomes.csv", outcomes, ["patient_id", "endpoint", "time", "status"])
    _write(folder / "events.csv", events, ["patient_id", "time", "event"])
    _write(folder / "truth.csv", truth, ["patient_id", "hazard", "level", "drift"])
    (folder / "cohort.toml").write_text(SPEC, encoding="utf-8")
    return folder


def tasks(folder: Path, at: float = 2.0) -> Path:
    """Write both task files for everybody still in sight at `at`, and return their folder."""
    out = folder / "tasks"
    out.mkdir(exist_ok=True)
    became = pd.read_csv(folder / "outcomes.csv")
    ids = became[became.time > at].patient_id
    _write(
        out / "tasks_risk.csv",
        [(name, at, horizon) for name in ids for horizon in (1, 2)],
        ["patient_id", "landmark_time", "horizon"],
    )
    _write(
        out / "tasks_forecast.csv",
        [(name, "marker", at, at + 1.0) for name in ids],
        ["patient_id", "biomarker", "origin_time", "target_time"],
    )
    return out


def _write(path: Path, rows: list[tuple[object, ...]], columns: list[str]) -> None:
    pd.DataFrame(rows, columns=columns).to_csv(path, index=False)
