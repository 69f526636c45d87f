"""Do signals foretell better together than alone? Every reading of two cohorts foretold from all before it.

    python bench/bench_together.py

`../shared/data/cohorts` has the readings. By signal: how many readings that had an earlier one, mean CRPS of the house
dynamics alone and together (working scale, paired, with 95 % interval), and how many readings lie in the 80 % interval.
Once foretold before the visit, and once with the other signals of the same visit read already.
"""

import csv
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import groupby
from math import exp
from pathlib import Path

import numpy as np
from scipy.stats import norm

from twin.forecast.dynamics import GroupState, Observation, at_time, observation, reading, update
from twin.forecast.group import Group, alone, group_of
from twin.forecast.kernels import SEEN
from twin.forecast.result import State
from twin.record.signal import signal

DATA = Path(__file__).parents[2] / "shared" / "data" / "cohorts"
START = datetime(2000, 1, 1, tzinfo=UTC)
COHORTS = {
    "framingham": {"sysbp": ("sbp", "mm[Hg]"), "diabp": ("dbp", "mm[Hg]"), "bmi": ("bmi", "kg/m2")},
    "pbcseq": {
        "log_bili": ("bilirubin_total", "mg/dL"), "albumin": ("albumin", "g/dL"), "protime": ("prothrombin_time", "s"),
        "ast": ("ast", "U/L"), "alk_phos": ("alp", "U/L"),
    },
}  # fmt: skip


def main() -> None:
    print(
        "cohort     signal            when          n   CRPS alone, together   gain %          in 80 %: alone, together"
    )
    for cohort, columns in COHORTS.items():
        people = _people(cohort, columns)
        for key, _ in columns.values():
            linked = group_of(key)
            single = alone(linked.motions[linked.keys.index(key)])
            for when in ("before visit", "during visit"):
                one, both = (_foretold(people, key, group, when == "during visit") for group in (single, linked))
                gain, usual = one[:, 0] - both[:, 0], one[:, 0].mean() / 100
                wide = 1.96 * gain.std() / np.sqrt(len(gain))
                inside = f"{one[:, 1].mean():.2f} {both[:, 1].mean():.2f}"
                print(
                    f"{cohort:10} {key:17} {when}  {len(gain):6}   {one[:, 0].mean():.4f} {both[:, 0].mean():.4f}   "
                    f"{gain.mean() / usual:+5.1f} (+-{wide / usual:.1f})   {inside}"
                )


def _people(cohort: str, columns: dict[str, tuple[str, str]]) -> list[list[tuple[datetime, str, float]]]:
    """The readings of each patient, canonical, in order of time."""
    found = defaultdict(list)
    with (DATA / cohort / "visits.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            for column, (key, unit) in columns.items():
                if row[column]:
                    raw = exp(float(row[column])) if column == "log_bili" else float(row[column])
                    linear = signal(key).conversions[unit]
                    at = START + timedelta(days=365.25 * float(row["time"]))
                    found[row["patient_id"]].append((at, key, raw * linear.factor + linear.offset))
    return [sorted(each) for each in found.values()]


def _foretold(people: list[list[tuple[datetime, str, float]]], key: str, group: Group, is_during: bool) -> np.ndarray:
    """CRPS and whether it lay in the 80 % interval, of each reading of `key` that had an earlier one (N, 2)."""
    rows, place = [], group.keys.index(key)
    for readings in people:
        state: GroupState | None = None
        for at, visit in groupby(readings, lambda each: each[0]):
            known, waiting = state, None
            for _, of, value in visit:
                if of not in group.keys:
                    continue
                here = group.keys.index(of)
                seen = observation(group.motions[here], at, value)
                assert seen is not None
                state, _ = update(group, state, reading(seen, here))
                if of == key:
                    waiting = seen
                else:
                    known = (update(group, known, reading(seen, here))[0]) if is_during else known
            if waiting is not None and known is not None and known.tally[place, SEEN] > 0:
                rows.append(_scored(at_time(group, known, at).of(place), waiting))
    return np.array(rows)


def _scored(before: State, seen: Observation) -> tuple[float, bool]:
    sd = np.sqrt(before.level_var + seen.noise)
    z = (seen.value - before.level) / sd
    return sd * (z * (2 * norm.cdf(z) - 1) + 2 * norm.pdf(z) - 1 / np.sqrt(np.pi)), abs(z) <= 1.2815515655446004


if __name__ == "__main__":
    main()
