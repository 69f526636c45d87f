"""Do biomarkers pass a line as often as `twin cohort predict` says of patients left out?

    .venv/bin/python bench/slow/cohort_thresholds.py --models DIR

DIR holds `TASK/FOLD/fold.model` as `cohort_ours.py --out DIR/TASK` left them. Asked are patients of the fold whose
newest reading is not past the line, who are seen at least twice within the horizon and also at its end. What came true:
the middle of three readings in a row lies past the line, so one reading alone does not count. That is no true level:
where readings are frequent short dips count, where they are rare lasting ones are missed.
"""

import argparse
import time
from pathlib import Path

import pandas as pd

from twin.cohort import fitted, tables
from twin.cohort.thresholds import predict_thresholds

ROOT = Path(__file__).parents[2]
ASKED = (("renal", "gfr", 30.0, (2.0, 4.0, 6.0), 1.0), ("pbcseq", "albumin", 3.0, (1.0, 2.0, 3.0, 4.0), 2.0))
BANDS = (0.0, 0.05, 0.2, 0.4, 0.6, 0.8, 1.0)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--models", type=Path, required=True)
    asked.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    given = asked.parse_args()
    for task, biomarker, line, origins, horizon in ASKED:
        data = given.shared / "data" / "cohorts" / task
        fold = pd.read_csv(data / "folds.csv").set_index("patient_id").fold
        readings = pd.read_csv(data / "visits.csv").dropna(subset=[biomarker]).sort_values("time")
        told, seconds = [], 0.0
        for number in sorted(fold.unique()):
            model, _ = fitted.load(given.models / task / str(number) / "fold.model")
            mine = readings[readings.patient_id.map(fold) == number]
            rows = _rows(mine, biomarker, line, origins, horizon)
            begun = time.perf_counter()
            found = predict_thresholds(model, tables.read(data, model.spec), rows)
            seconds += time.perf_counter() - begun
            told.append(found.assign(came=rows.came))
        _tell(f"{task}: {biomarker} below {line:g} within {horizon:g} years", pd.concat(told), seconds)


def _rows(
    readings: pd.DataFrame, biomarker: str, line: float, origins: tuple[float, ...], horizon: float
) -> pd.DataFrame:
    found = []
    for patient_id, own in readings.groupby("patient_id"):
        for origin in origins:
            before, after = own[own.time <= origin], own[(own.time > origin) & (own.time <= origin + horizon)]
            if before.empty or len(after) < 2 or own.time.max() < origin + horizon - 0.1:
                continue
            if before[biomarker].iloc[-1] < line:
                continue
            middle = after[biomarker].rolling(3, min_periods=2, center=True).median()
            found.append((patient_id, biomarker, origin, line, "below", horizon, bool((middle < line).any())))
    names = ["patient_id", "biomarker", "origin_time", "threshold", "direction", "horizon", "came"]
    return pd.DataFrame(found, columns=names)


def _tell(what: str, found: pd.DataFrame, seconds: float) -> None:
    auc = found.probability.rank()[found.came].sum() - found.came.sum() * (found.came.sum() + 1) / 2
    auc /= found.came.sum() * (~found.came).sum()
    print(
        f"{what}: {len(found)} rows, foretold {found.probability.mean():.3f}, came {found.came.mean():.3f}, "
        f"AUC {auc:.3f}, {seconds / len(found) * 1000:.1f} ms a row"
    )
    band = pd.cut(found.probability, BANDS, include_lowest=True)
    for name, part in found.groupby(band, observed=True):
        print(f"  {name}: {len(part)} rows, foretold {part.probability.mean():.3f}, came {part.came.mean():.3f}")


if __name__ == "__main__":
    main()
